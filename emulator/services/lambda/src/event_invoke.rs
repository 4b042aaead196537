//! Settings of asynchronous invocation: retries, age, destinations; one per qualifier.

use crate::{Lambda, functions::bad_marker, model::*, names::Name, state::*};
use kit::{Arn, Context, Fault, Need, Read};

impl Lambda {
    /// Sets all settings anew.
    pub async fn put_function_event_invoke_config(
        &self,
        cx: &Context,
        input: PutFunctionEventInvokeConfigInput,
    ) -> Result<PutFunctionEventInvokeConfigOutput, Fault> {
        let name = qualified(cx, &input.function_name, &input.qualifier)?;
        if input.maximum_retry_attempts.is_none() && input.maximum_event_age_in_seconds.is_none() && input.destination_config.is_none() {
            return Err(invalid("You must specify at least one of error handling or destination setting."));
        }
        let settings = EventSettings {
            retries: input.maximum_retry_attempts,
            age_secs: input.maximum_event_age_in_seconds,
            destinations: input.destination_config,
            modified: cx.now(),
        };
        let destinations = settings.destinations.clone();
        write(cx, &name, destinations, |_| Ok(settings)).await
    }

    /// Changes the settings given.
    pub async fn update_function_event_invoke_config(
        &self,
        cx: &Context,
        input: UpdateFunctionEventInvokeConfigInput,
    ) -> Result<UpdateFunctionEventInvokeConfigOutput, Fault> {
        let name = qualified(cx, &input.function_name, &input.qualifier)?;
        write(cx, &name, input.destination_config.clone(), |old| {
            let mut settings = old.ok_or_else(|| missing(&name))?;
            settings.retries = input.maximum_retry_attempts.or(settings.retries);
            settings.age_secs = input.maximum_event_age_in_seconds.or(settings.age_secs);
            settings.destinations = input.destination_config.or(settings.destinations);
            settings.modified = cx.now();
            Ok(settings)
        })
        .await
    }

    /// The settings of a qualifier.
    pub async fn get_function_event_invoke_config(
        &self,
        cx: &Context,
        input: GetFunctionEventInvokeConfigInput,
    ) -> Result<GetFunctionEventInvokeConfigOutput, Fault> {
        let name = qualified(cx, &input.function_name, &input.qualifier)?;
        let settings = cx.store().read(|s| s.get(&EVENT_SETTINGS, &name.scope, &key(&name)))?;
        Ok(show(&name, settings.ok_or_else(|| missing(&name))?))
    }

    /// All settings of a function.
    pub async fn list_function_event_invoke_configs(
        &self,
        cx: &Context,
        input: ListFunctionEventInvokeConfigsInput,
    ) -> Result<ListFunctionEventInvokeConfigsOutput, Fault> {
        let name = Name::parse(cx, &input.function_name, None)?.unqualified()?;
        let rows = cx.store().read(|s| {
            let missing = |_| user(Error::ResourceNotFound.says("The function doesn't exist."));
            function(s, &name).map_err(missing)?;
            s.scan(&EVENT_SETTINGS, &name.scope).prefix(&(name.function.as_str(),)).collect::<Result<Vec<_>, Fault>>()
        })?;
        let limit = input.max_items.unwrap_or(50).min(50) as usize;
        let page = kit::pages::page(rows, |((_, q), _)| q.clone(), input.marker.as_deref(), limit, bad_marker)?;
        let configs = page.items.into_iter().map(|((_, qualifier), settings)| show(&name.with(&qualifier), settings)).collect();
        Ok(ListFunctionEventInvokeConfigsOutput { function_event_invoke_configs: Some(configs), next_marker: page.next })
    }

    /// Back to AWS's defaults.
    pub async fn delete_function_event_invoke_config(
        &self,
        cx: &Context,
        input: DeleteFunctionEventInvokeConfigInput,
    ) -> Result<DeleteFunctionEventInvokeConfigOutput, Fault> {
        let name = qualified(cx, &input.function_name, &input.qualifier)?;
        let gone = cx.store().write(|tx| tx.delete(&EVENT_SETTINGS, &name.scope, &key(&name))).await?;
        gone.ok_or_else(|| missing(&name))?;
        Ok(DeleteFunctionEventInvokeConfigOutput {})
    }
}

fn qualified(cx: &Context, text: &str, qualifier: &Option<String>) -> Result<Name, Fault> {
    let name = Name::parse(cx, text, qualifier.as_deref())?;
    Ok(name.with(name.qualifier.as_deref().unwrap_or(LATEST)))
}

fn key(name: &Name) -> (String, String) {
    (name.function.clone(), name.qualifier.clone().unwrap_or_else(|| LATEST.into()))
}

fn missing(name: &Name) -> Fault {
    user(Error::ResourceNotFound.says(format!("The function {} doesn't have an EventInvokeConfig", name.arn())))
}

async fn write(
    cx: &Context,
    name: &Name,
    destinations: Option<DestinationConfig>,
    make: impl FnOnce(Option<EventSettings>) -> Result<EventSettings, Fault>,
) -> Result<FunctionEventInvokeConfig, Fault> {
    let missing = |_| user(Error::ResourceNotFound.says("The function doesn't exist."));
    let role = cx.store().read(|s| {
        let function = function(s, name).map_err(missing)?;
        let config = config(s, name, &function).map_err(missing)?;
        check(s, name, destinations.as_ref())?;
        Ok::<_, Fault>(config.role)
    })?;
    permitted(cx, name, &role, destinations.as_ref()).await?;
    let settings = cx
        .store()
        .write(|tx| {
            let function = function(tx, name).map_err(missing)?;
            config(tx, name, &function).map_err(missing)?;
            let settings = make(tx.get(&EVENT_SETTINGS, &name.scope, &key(name))?)?;
            check(tx, name, settings.destinations.as_ref())?;
            tx.put(&EVENT_SETTINGS, &name.scope, &key(name), &settings)?;
            Ok(settings)
        })
        .await?;
    Ok(show(name, settings))
}

/// Destinations must be queues, topics, event buses or other functions; a bucket takes failures only.
fn check(read: &impl Read, name: &Name, destinations: Option<&DestinationConfig>) -> Result<(), Fault> {
    let Some(destinations) = destinations else { return Ok(()) };
    let success = destinations.on_success.as_ref().and_then(|d| d.destination.as_deref());
    let failure = destinations.on_failure.as_ref().and_then(|d| d.destination.as_deref());
    for target in success.into_iter().chain(failure).filter(|arn| !arn.is_empty()) {
        let arn = Arn::parse(target).ok_or_else(|| invalid(format!("The destination ARN {target} is invalid.")))?;
        match arn.service {
            "sqs" | "sns" if target.ends_with(".fifo") => {
                return Err(invalid(format!("The destination ARN {target} is invalid: FIFO queues and topics are no destinations.")));
            }
            "sqs" | "sns" | "events" => {}
            "s3" if success != Some(target) => {}
            "lambda" => {
                let other = Name::read(&name.scope, target).ok_or_else(|| invalid(format!("The destination ARN {target} is invalid.")))?;
                if other.function == name.function && other.scope == name.scope {
                    return Err(invalid("You can't specify the function as a destination for itself."));
                }
                function(read, &other).map_err(|_| invalid(format!("The destination ARN {target} is invalid.")))?;
            }
            _ => {
                let text = |arn: Option<&str>, kind: &str| arn.map_or("null".to_owned(), |arn| format!("{kind}(destination={arn})"));
                return Err(invalid(format!(
                    "The provided destination config DestinationConfig(onSuccess={}, onFailure={}) is invalid.",
                    text(success, "OnSuccess"),
                    text(failure, "OnFailure")
                )));
            }
        }
    }
    Ok(())
}

/// The function's role must be able to reach the destinations. The sentence is AWS's as its users report it; no recording has it.
async fn permitted(cx: &Context, name: &Name, role: &str, destinations: Option<&DestinationConfig>) -> Result<(), Fault> {
    let Some(destinations) = destinations else { return Ok(()) };
    let success = destinations.on_success.as_ref().and_then(|d| d.destination.as_deref());
    let failure = destinations.on_failure.as_ref().and_then(|d| d.destination.as_deref());
    let targets: Vec<&str> = success.into_iter().chain(failure).filter(|arn| !arn.is_empty()).collect();
    if targets.is_empty() {
        return Ok(());
    }
    let sessions = cx.cloud().ports().sessions()?;
    let assumed = sessions.for_service(cx, role, "lambda.amazonaws.com", &name.function, 3600).await;
    let key = assumed.map_err(|fault| match fault.status {
        500.. => fault,
        _ => invalid("The role defined for the function cannot be assumed by Lambda."),
    })?;
    let role = cx.as_role(std::sync::Arc::new(key.session));
    for target in targets {
        let (action, resource) = match Arn::parse(target).map(|arn| arn.service) {
            Some("sqs") => ("sqs:SendMessage", target.to_owned()),
            Some("sns") => ("sns:Publish", target.to_owned()),
            Some("lambda") => ("lambda:InvokeFunction", target.to_owned()),
            Some("events") => ("events:PutEvents", target.to_owned()),
            // Records get names of their own.
            _ => ("s3:PutObject", format!("{target}/aws/lambda/async/{}/record", name.function)),
        };
        if !role.decide(&Need::on(action, &*resource)).allowed {
            let call = action.split_once(':').map_or(action, |(_, call)| call);
            return Err(invalid(format!("The function's execution role does not have permissions to call {call} on {target}")));
        }
    }
    Ok(())
}

fn show(name: &Name, settings: EventSettings) -> FunctionEventInvokeConfig {
    let mut destinations = settings.destinations.unwrap_or_default();
    destinations.on_success.get_or_insert_default();
    destinations.on_failure.get_or_insert_default();
    FunctionEventInvokeConfig {
        last_modified: Some(settings.modified),
        function_arn: Some(name.arn()),
        maximum_retry_attempts: settings.retries,
        maximum_event_age_in_seconds: settings.age_secs,
        destination_config: Some(destinations),
    }
}
