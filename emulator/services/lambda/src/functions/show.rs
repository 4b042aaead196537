//! A version as AWS shows it.

use crate::{layers::Used, model::*, names::Name, state::*};
use sha2::{Digest, Sha256};

/// The configuration of a version. The ARN carries the qualifier that was asked for.
pub(crate) fn show(name: &Name, function: &Function, config: &Config) -> FunctionConfiguration {
    let arn = match (&name.qualifier, config.version.as_str()) {
        (None, LATEST) => name.function_arn(),
        (None, version) => name.with(version).arn(),
        (Some(_), _) => name.arn(),
    };
    let runtime = Runtime::parse(&config.runtime);
    FunctionConfiguration {
        function_name: Some(function.name.clone()),
        function_arn: Some(arn),
        runtime,
        role: Some(config.role.clone()),
        handler: Some(config.handler.clone()),
        code_size: config.code.as_ref().map(|c| c.bytes as i64),
        code_sha256: config.code.as_ref().map(|c| c.sha256.clone()),
        description: Some(config.description.clone()),
        timeout: Some(config.timeout_secs),
        memory_size: Some(config.memory_mb),
        last_modified: Some(kit::time::iso_millis(config.modified).replace('Z', "+0000")),
        version: Some(config.version.clone()),
        dead_letter_config: config.dead_letter_arn.clone().map(|arn| DeadLetterConfig { target_arn: Some(arn) }),
        environment: config.variables.clone().map(|v| EnvironmentResponse { variables: Some(v), error: None }),
        kms_key_arn: config.kms_key_arn.clone(),
        tracing_config: Some(TracingConfigResponse {
            mode: Some(config.tracing.as_deref().and_then(TracingMode::parse).unwrap_or(TracingMode::PassThrough)),
        }),
        revision_id: Some(match config.version.as_str() {
            LATEST => function.revision().to_owned(),
            _ => config.revision.clone(),
        }),
        state: Some(State::Active),
        last_update_status: Some(LastUpdateStatus::Successful),
        package_type: Some(PackageType::Zip),
        architectures: Architecture::parse(&config.architecture).map(|a| vec![a]),
        ephemeral_storage: Some(EphemeralStorage { size: config.ephemeral_mb }),
        snap_start: Some(SnapStartResponse {
            apply_on: Some(SnapStartApplyOn::None),
            optimization_status: Some(SnapStartOptimizationStatus::Off),
        }),
        runtime_version_config: Some(RuntimeVersionConfig { runtime_version_arn: Some(runtime_version_arn(name, config)), error: None }),
        logging_config: config.logging.clone(),
        layers: (!config.layers.is_empty()).then(|| config.layers.iter().map(layer).collect()),
        ..FunctionConfiguration::default()
    }
}

fn layer(used: &Used) -> Layer {
    Layer { arn: Some(used.arn.clone()), code_size: Some(used.code.bytes as i64), ..Layer::default() }
}

/// A configuration as lists show it: without what is under way, and without the build of the runtime.
pub(crate) fn listed(mut shown: FunctionConfiguration) -> FunctionConfiguration {
    shown.state = None;
    shown.last_update_status = None;
    shown.runtime_version_config = None;
    shown
}

/// A version that was made this moment, as its maker sees it.
pub(crate) fn pending(mut shown: FunctionConfiguration) -> FunctionConfiguration {
    shown.state = Some(State::Pending);
    shown.state_reason = Some("The function is being created.".into());
    shown.state_reason_code = Some(StateReasonCode::Creating);
    shown.last_update_status = None;
    shown
}

/// AWS names the exact build of a runtime by a hash; ours is one of the runtime's name.
pub(crate) fn runtime_version_arn(name: &Name, config: &Config) -> String {
    format!("arn:aws:lambda:{}::runtime:{}", name.scope.region, kit::hex(&Sha256::digest(config.runtime.as_bytes())))
}
