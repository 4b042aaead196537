//! Which targets are taken: those that are delivered to. Others are refused by name, so that nothing is accepted and dropped.

use super::template;
use crate::{check::*, deliver::path::Path, model::*};
use kit::{Arn, Fault};

/// Refuses what can't be delivered to.
pub(super) fn check_target(target: &Target) -> Result<(), Fault> {
    let not_an_arn = || invalid(format!("Parameter {} is not valid. Reason: Provided Arn is not in correct format.", target.arn));
    let arn = Arn::parse(&target.arn).ok_or_else(not_an_arn)?;
    let known = match arn.service {
        "lambda" => arn.resource.starts_with("function:"),
        "events" => arn.resource.starts_with("event-bus/"),
        "logs" => arn.resource.starts_with("log-group:"),
        "glue" => arn.resource.starts_with("workflow/"),
        "sqs" | "sns" => true,
        _ => false,
    };
    if !known {
        let what =
            format!("targets of {} ({}); it delivers to lambda, sqs, sns, logs, Glue workflows and event buses", arn.service, target.arn);
        return Err(not_implemented(&what));
    }
    if arn.service == "logs" && !arn.resource.starts_with("log-group:/aws/events/") {
        // AWS: the name of the log group must start so; its sentence is not recorded.
        return Err(invalid(format!("Log group of target {} must have a name that starts with /aws/events/.", target.id)));
    }
    if arn.service == "sqs" && arn.resource.ends_with(".fifo") && group(target).is_none() {
        return Err(invalid(format!("Parameter(s) SqsParameters must be specified for target: {}.", target.id)));
    }
    if arn.service == "glue" {
        workflow(target)?;
    }
    parameters(target)?;
    input(target)
}

/// Workflows have no policies of their own, so a role has to be there; the sentence is what AWS says of other targets of this kind.
fn workflow(target: &Target) -> Result<(), Fault> {
    if target.role_arn.is_none() {
        return Err(invalid(format!("RoleArn is required for target {}.", target.arn)));
    }
    match target.input.is_some() || target.input_path.is_some() || target.input_transformer.is_some() {
        true => Err(not_implemented("inputs for Glue workflows, which are told the event's id alone")),
        false => Ok(()),
    }
}

/// The message group of a FIFO queue's target.
pub(crate) fn group(target: &Target) -> Option<&str> {
    target.sqs_parameters.as_ref()?.message_group_id.as_deref()
}

/// Members for targets that aren't built.
fn parameters(target: &Target) -> Result<(), Fault> {
    let others = [
        ("KinesisParameters", target.kinesis_parameters.is_some()),
        ("RunCommandParameters", target.run_command_parameters.is_some()),
        ("EcsParameters", target.ecs_parameters.is_some()),
        ("BatchParameters", target.batch_parameters.is_some()),
        ("HttpParameters", target.http_parameters.is_some()),
        ("RedshiftDataParameters", target.redshift_data_parameters.is_some()),
        ("SageMakerPipelineParameters", target.sage_maker_pipeline_parameters.is_some()),
        ("AppSyncParameters", target.app_sync_parameters.is_some()),
    ];
    if let Some((name, _)) = others.iter().find(|(_, given)| *given) {
        return Err(invalid(format!("Parameter {name} is not valid for target {}: {} does not take it.", target.id, target.arn)));
    }
    let Some(letters) = target.dead_letter_config.as_ref().and_then(|config| config.arn.as_deref()) else { return Ok(()) };
    let queue = Arn::parse(letters).filter(|arn| arn.service == "sqs");
    match queue {
        Some(queue) if !queue.resource.ends_with(".fifo") => Ok(()),
        _ => {
            Err(invalid(format!("Parameter DeadLetterConfig.Arn is not valid. Reason: {letters} is not the ARN of a standard SQS queue.")))
        }
    }
}

fn input(target: &Target) -> Result<(), Fault> {
    let given = [target.input.is_some(), target.input_path.is_some(), target.input_transformer.is_some()];
    if given.iter().filter(|given| **given).count() > 1 {
        return Err(invalid(format!("Only one of Input, InputPath, or InputTransformer must be provided for target {}.", target.id)));
    }
    if let Some(text) = &target.input
        && serde_json::from_str::<serde_json::Value>(text).is_err()
    {
        return Err(invalid(format!("JSON syntax error in input for target {}.", target.id)));
    }
    let Some(transformer) = &target.input_transformer else {
        return target.input_path.as_deref().map_or(Ok(()), |path| check_path(target, path));
    };
    let paths = transformer.input_paths_map.clone().unwrap_or_default();
    for (name, path) in &paths {
        if name.starts_with("AWS.") || name.starts_with("aws.") {
            return Err(invalid(format!("InputPathsMap for target {} contains a reserved key {name}.", target.id)));
        }
        check_path(target, path)?;
    }
    match template::placeholders(&transformer.input_template).find(|name| !paths.contains_key(*name) && !template::is_predefined(name)) {
        Some(name) => Err(invalid(format!("InputTemplate for target {} contains invalid placeholder {name}.", target.id))),
        None => Ok(()),
    }
}

fn check_path(target: &Target, path: &str) -> Result<(), Fault> {
    match Path::parse(path) {
        Some(_) => Ok(()),
        None => Err(invalid(format!("Invalid JsonPath {path} for target {}.", target.id))),
    }
}
