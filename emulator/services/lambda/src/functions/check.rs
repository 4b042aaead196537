//! What a configuration may say: limits that AWS's model doesn't state, members that aren't honoured, and the role.

use crate::{
    model::*,
    state::{invalid, not_implemented},
};
use kit::{Context, Fault, Need};
use std::collections::BTreeMap;

/// Environment variables that are Lambda's own.
const RESERVED: &[&str] = &[
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
];
const VARIABLE_BYTES: usize = 4096;

/// The members that CreateFunction and UpdateFunctionConfiguration share and that aren't honoured.
pub(super) struct Extras<'a> {
    pub vpc: &'a Option<VpcConfig>,
    pub file_systems: &'a Option<Vec<FileSystemConfig>>,
    pub image: &'a Option<ImageConfig>,
    pub snap_start: &'a Option<SnapStart>,
    pub capacity: &'a Option<CapacityProviderConfig>,
    pub durable: &'a Option<DurableConfig>,
}

/// Refuses what isn't honoured; forms that mean "none" pass.
pub(super) fn extras(extras: Extras<'_>) -> Result<(), Fault> {
    let vpc = extras.vpc.as_ref().is_some_and(|vpc| {
        vpc.subnet_ids.as_ref().is_some_and(|ids| !ids.is_empty()) || vpc.security_group_ids.as_ref().is_some_and(|ids| !ids.is_empty())
    });
    let snap = extras.snap_start.as_ref().is_some_and(|snap| snap.apply_on == Some(SnapStartApplyOn::PublishedVersions));
    let refused = [
        (vpc, "functions in a VPC (VpcConfig)"),
        (extras.file_systems.as_ref().is_some_and(|f| !f.is_empty()), "file systems (FileSystemConfigs)"),
        (extras.image.is_some(), "container images (ImageConfig)"),
        (snap, "SnapStart (SnapStart)"),
        (extras.capacity.is_some(), "managed instances (CapacityProviderConfig)"),
        (extras.durable.is_some(), "durable functions (DurableConfig)"),
    ];
    match refused.into_iter().find(|(given, _)| *given) {
        Some((_, what)) => Err(not_implemented(what)),
        None => Ok(()),
    }
}

/// Environment variables.
pub(super) fn variables(variables: &BTreeMap<String, String>) -> Result<(), Fault> {
    let reserved: Vec<&str> = variables.keys().map(String::as_str).filter(|key| RESERVED.contains(key)).collect();
    if !reserved.is_empty() {
        return Err(invalid(format!(
            "Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: {}",
            reserved.join(", ")
        )));
    }
    if let Some(bad) = variables.iter().find(|(key, value)| key.contains('=') || key.contains('\0') || value.contains('\0')) {
        return Err(invalid(format!("The environment variable {} can't be given to a process.", bad.0)));
    }
    let text = serde_json::to_string(variables).unwrap_or_default();
    match text.len() > VARIABLE_BYTES {
        true => Err(invalid(format!(
            "Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: {text}"
        ))),
        false => Ok(()),
    }
}

/// The runtime: one that AWS still takes, and that this machine can run.
pub(super) fn runtime(runtime: Runtime) -> Result<String, Fault> {
    let name = runtime.as_str();
    const DEPRECATED: &[&str] = &[
        "nodejs",
        "nodejs4.3",
        "nodejs4.3-edge",
        "nodejs6.10",
        "nodejs8.10",
        "nodejs10.x",
        "nodejs12.x",
        "nodejs14.x",
        "java8",
        "python2.7",
        "python3.6",
        "python3.7",
        "dotnetcore1.0",
        "dotnetcore2.0",
        "dotnetcore2.1",
        "dotnetcore3.1",
        "go1.x",
        "ruby2.5",
        "ruby2.7",
        "provided",
    ];
    if DEPRECATED.contains(&name) {
        return Err(invalid(format!(
            "The runtime parameter of {name} is no longer supported for creating or updating AWS Lambda functions. We recommend you use a supported runtime while creating or updating functions."
        )));
    }
    match name.starts_with("provided.") || name.starts_with("python3.") || name.starts_with("nodejs") {
        true => Ok(name.to_owned()),
        false => Err(not_implemented(&format!("the runtime {name}; it runs provided.al2023, provided.al2, python3.x and nodejs"))),
    }
}

/// The instruction set: only the machine's own can run.
pub(super) fn architecture(architectures: &Option<Vec<Architecture>>) -> Result<String, Fault> {
    let wanted = architectures.as_ref().and_then(|list| list.first()).copied().unwrap_or(Architecture::X8664);
    let host = if cfg!(target_arch = "aarch64") { Architecture::Arm64 } else { Architecture::X8664 };
    // Interpreted code doesn't mind, but its native parts do; AWS's default must work on every machine.
    match wanted == host || architectures.is_none() {
        true => Ok(wanted.as_str().to_owned()),
        false => Err(not_implemented(&format!("functions for {wanted}: this machine runs {host}"))),
    }
}

/// Logging as it is kept: always with format and group.
pub(super) fn logging(given: Option<LoggingConfig>, function: &str) -> Result<LoggingConfig, Fault> {
    let mut logging = given.unwrap_or_default();
    let json = logging.log_format == Some(LogFormat::Json);
    if !json && (logging.application_log_level.is_some() || logging.system_log_level.is_some()) {
        return Err(invalid("Cannot set ApplicationLogLevel or SystemLogLevel when LogFormat is Text."));
    }
    logging.log_format.get_or_insert(LogFormat::Text);
    if json {
        logging.application_log_level.get_or_insert(ApplicationLogLevel::Info);
        logging.system_log_level.get_or_insert(SystemLogLevel::Info);
    }
    logging.log_group.get_or_insert_with(|| format!("/aws/lambda/{function}"));
    Ok(logging)
}

/// The role: it must be there, trust Lambda, and be able to reach the dead-letter queue or topic.
pub(super) async fn role(cx: &Context, role_arn: &str, function: &str, dead_letter_arn: Option<&str>) -> Result<(), Fault> {
    let sessions = cx.cloud().ports().sessions()?;
    let assumed = sessions.for_service(cx, role_arn, "lambda.amazonaws.com", function, 3600).await;
    let key = assumed.map_err(|fault| match fault.status {
        500.. => fault,
        _ => invalid("The role defined for the function cannot be assumed by Lambda."),
    })?;
    let Some(target) = dead_letter_arn else { return Ok(()) };
    let as_role = cx.as_role(std::sync::Arc::new(key.session));
    let (action, sentence) = match kit::Arn::parse(target).map(|arn| arn.service) {
        Some("sns") => ("sns:Publish", "The provided execution role does not have permissions to call Publish on SNS"),
        _ => ("sqs:SendMessage", "The provided execution role does not have permissions to call SendMessage on SQS"),
    };
    match as_role.decide(&Need::on(action, target)).allowed {
        true => Ok(()),
        false => Err(invalid(sentence)),
    }
}

/// The dead-letter target: a queue or a topic; an empty ARN takes it away.
pub(super) fn dead_letter(given: &Option<DeadLetterConfig>) -> Result<Option<String>, Fault> {
    let Some(target) = given.as_ref().and_then(|d| d.target_arn.clone()).filter(|arn| !arn.is_empty()) else { return Ok(None) };
    match kit::Arn::parse(&target).map(|arn| arn.service) {
        Some("sqs" | "sns") => Ok(Some(target)),
        _ => Err(invalid(format!("The provided dead letter target {target} is invalid."))),
    }
}

/// Active tracing has no X-Ray to write to.
pub(super) fn tracing(cx: &Context, given: &Option<TracingConfig>) -> Option<String> {
    let mode = given.as_ref()?.mode?;
    if mode == TracingMode::Active {
        cx.warn("member TracingConfig.Mode Active has no effect: no traces are written");
    }
    Some(mode.as_str().to_owned())
}

/// Tags of a function.
pub(crate) fn tags(tags: &BTreeMap<String, String>) -> Result<(), Fault> {
    match tags.len() > 50 {
        true => Err(invalid("Number of tags exceeds resource tag limit.")),
        false => Ok(()),
    }
}
