//! Event buses: made, described, listed, changed, deleted.

use crate::{Error, EventBridge, check, model::*, names::*, state::*};
use kit::{Context, Fault, Read, Scope};

/// AWS's quota.
const MOST_BUSES: usize = 100;

impl EventBridge {
    /// Makes a bus.
    pub async fn create_event_bus(&self, cx: &Context, input: CreateEventBusInput) -> Result<CreateEventBusOutput, Fault> {
        if input.event_source_name.is_some() {
            return Err(check::not_implemented("partner event sources (EventSourceName)"));
        }
        refuse(&input.kms_key_identifier, &input.log_config)?;
        check::tags(input.tags.as_deref().unwrap_or_default())?;
        warn_of_dead_letters(cx, &input.dead_letter_config);
        let bus = Bus {
            name: input.name.clone(),
            description: input.description.clone(),
            dead_letter: input.dead_letter_config.clone(),
            policy: None,
            tags: tags(input.tags),
            created: cx.now(),
            modified: cx.now(),
        };
        cx.store()
            .write(|tx| {
                if bus.name == DEFAULT_BUS || tx.exists(&BUSES, cx.scope(), &bus.name)? {
                    return Err(Error::ResourceAlreadyExists.says(format!("Event bus {} already exists.", bus.name)));
                }
                if tx.count(&BUSES, cx.scope())? >= MOST_BUSES {
                    return Err(check::too_many());
                }
                tx.put(&BUSES, cx.scope(), &bus.name, &bus)
            })
            .await?;
        Ok(CreateEventBusOutput {
            event_bus_arn: Some(bus.arn(cx.scope())),
            description: bus.description,
            dead_letter_config: bus.dead_letter,
            ..Default::default()
        })
    }

    /// Deletes a bus without rules; one that isn't there is no error, as on AWS.
    pub async fn delete_event_bus(&self, cx: &Context, input: DeleteEventBusInput) -> Result<DeleteEventBusOutput, Fault> {
        let name = BusName::read(cx, Some(&input.name));
        if name.name == DEFAULT_BUS {
            return Err(check::invalid("Cannot delete event bus default."));
        }
        cx.store()
            .write(|tx| {
                if tx.scan(&RULES, &name.scope).prefix(&(name.name.as_str(),)).first()?.is_some() {
                    return Err(check::invalid(format!("Event bus {} can't be deleted since it has rules.", name.name)));
                }
                tx.delete(&BUSES, &name.scope, &name.name).map(drop)
            })
            .await?;
        Ok(DeleteEventBusOutput {})
    }

    /// Describes a bus.
    pub async fn describe_event_bus(&self, cx: &Context, input: DescribeEventBusInput) -> Result<DescribeEventBusOutput, Fault> {
        let name = BusName::read(cx, input.name.as_deref());
        let bus = cx.store().read(|s| bus(s, &name))?;
        Ok(DescribeEventBusOutput {
            arn: Some(bus.arn(&name.scope)),
            name: Some(bus.name),
            description: bus.description,
            dead_letter_config: bus.dead_letter,
            policy: bus.policy,
            creation_time: Some(bus.created),
            last_modified_time: Some(bus.modified),
            ..Default::default()
        })
    }

    /// Buses by name.
    pub async fn list_event_buses(&self, cx: &Context, input: ListEventBusesInput) -> Result<ListEventBusesOutput, Fault> {
        let prefix = input.name_prefix.unwrap_or_default();
        let all = cx.store().read(|s| every_bus(s, cx.scope()))?;
        let named = all.into_iter().filter(|bus| bus.name.starts_with(&prefix));
        let page =
            kit::pages::page(named, |bus| bus.name.clone(), input.next_token.as_deref(), check::limit(input.limit), check::bad_token)?;
        let show = |bus: Bus| EventBus {
            arn: Some(bus.arn(cx.scope())),
            name: Some(bus.name),
            description: bus.description,
            policy: bus.policy,
            creation_time: Some(bus.created),
            last_modified_time: Some(bus.modified),
        };
        Ok(ListEventBusesOutput { event_buses: Some(page.items.into_iter().map(show).collect()), next_token: page.next })
    }

    /// Changes a bus; what is not given stays.
    pub async fn update_event_bus(&self, cx: &Context, input: UpdateEventBusInput) -> Result<UpdateEventBusOutput, Fault> {
        refuse(&input.kms_key_identifier, &input.log_config)?;
        warn_of_dead_letters(cx, &input.dead_letter_config);
        let name = BusName::read(cx, input.name.as_deref());
        let bus = cx
            .store()
            .write(|tx| {
                let mut bus = bus(tx, &name)?;
                // An empty text or structure takes away what was there.
                bus.description = input.description.or(bus.description).filter(|text| !text.is_empty());
                bus.dead_letter = input.dead_letter_config.or(bus.dead_letter).filter(|config| config.arn.is_some());
                bus.modified = cx.now();
                tx.put(&BUSES, &name.scope, &bus.name, &bus)?;
                Ok(bus)
            })
            .await?;
        Ok(UpdateEventBusOutput {
            arn: Some(bus.arn(&name.scope)),
            name: Some(bus.name),
            description: bus.description,
            dead_letter_config: bus.dead_letter,
            ..Default::default()
        })
    }
}

/// The buses of an account and region in order of name, the default one among them.
fn every_bus(read: &impl Read, scope: &Scope) -> Result<Vec<Bus>, Fault> {
    let mut all: Vec<Bus> = read.scan(&BUSES, scope).map(|row| row.map(|(_, bus)| bus)).collect::<Result<_, _>>()?;
    if let Err(at) = all.binary_search_by(|bus| bus.name.as_str().cmp(DEFAULT_BUS)) {
        all.insert(at, default_bus());
    }
    Ok(all)
}

fn refuse(key: &Option<String>, log: &Option<LogConfig>) -> Result<(), Fault> {
    if key.as_ref().is_some_and(|key| !key.is_empty()) {
        return Err(check::not_implemented("customer managed keys of event buses (KmsKeyIdentifier)"));
    }
    match log {
        Some(_) => Err(check::not_implemented("logging of event buses (LogConfig)")),
        None => Ok(()),
    }
}

/// AWS sends there what it can't decrypt; nothing is encrypted with a key of the customer's here.
fn warn_of_dead_letters(cx: &Context, config: &Option<DeadLetterConfig>) {
    if config.as_ref().is_some_and(|config| config.arn.is_some()) {
        cx.warn("member DeadLetterConfig of an event bus has no effect, because keys of event buses are refused");
    }
}
