//! The variables of an environment: AWS's set and the function's own, nothing of the emulator's.

use super::environment::Plan;
use kit::ports::TemporaryKey;
use std::{ffi::OsString, path::Path};

/// What is known only when an environment starts.
pub(crate) struct Start<'a> {
    pub api_address: &'a str,
    pub key: &'a TemporaryKey,
    pub log_stream: &'a str,
    pub task_root: &'a Path,
    /// Where layers lie, as the function sees it.
    pub opt: &'a Path,
    /// As the function sees it.
    pub tmp: &'a Path,
    pub shim: Option<(&'a Path, &'a Path)>,
}

/// All variables. The function's own come last and may not name AWS's (CreateFunction refuses them).
pub(crate) fn variables(plan: &Plan, start: &Start<'_>) -> Vec<(OsString, OsString)> {
    let mut all: Vec<(OsString, OsString)> = Vec::with_capacity(40);
    let mut set = |name: &str, value: &dyn AsRef<std::ffi::OsStr>| all.push((name.into(), value.as_ref().to_owned()));
    let root = start.task_root.display();
    set("AWS_LAMBDA_RUNTIME_API", &start.api_address);
    set("_HANDLER", &plan.handler);
    set("LAMBDA_TASK_ROOT", &start.task_root);
    set("AWS_REGION", &plan.region);
    set("AWS_DEFAULT_REGION", &plan.region);
    set("AWS_ACCESS_KEY_ID", &start.key.access_key_id);
    set("AWS_SECRET_ACCESS_KEY", &start.key.secret_access_key);
    set("AWS_SESSION_TOKEN", &start.key.session_token);
    set("AWS_LAMBDA_FUNCTION_NAME", &plan.function);
    set("AWS_LAMBDA_FUNCTION_VERSION", &plan.version);
    set("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &plan.memory_mb.to_string());
    set("AWS_LAMBDA_LOG_GROUP_NAME", &plan.log_group);
    set("AWS_LAMBDA_LOG_STREAM_NAME", &start.log_stream);
    set("AWS_LAMBDA_INITIALIZATION_TYPE", &plan.initialization());
    set("AWS_XRAY_CONTEXT_MISSING", &"LOG_ERROR");
    if plan.json_logs {
        set("AWS_LAMBDA_LOG_FORMAT", &"JSON");
        set("AWS_LAMBDA_LOG_LEVEL", &plan.log_level);
    }
    if !plan.runtime.starts_with("provided") {
        set("AWS_EXECUTION_ENV", &format!("AWS_Lambda_{}", plan.runtime));
    }
    set("TZ", &":UTC");
    set("LANG", &"en_US.UTF-8");
    let opt = start.opt.display();
    set("PATH", &format!("/usr/local/bin:/usr/bin:/bin:{opt}/bin"));
    set("LD_LIBRARY_PATH", &format!("{root}:{root}/lib:{opt}/lib"));
    search_paths(&mut set, &plan.runtime, start.opt);
    set("TMPDIR", &start.tmp);
    if !plan.endpoint.is_empty() {
        // AWS's SDKs and CLI send every call here, which is how a function stays inside this cloud.
        set("AWS_ENDPOINT_URL", &plan.endpoint);
    }
    set("AWS_EC2_METADATA_DISABLED", &"true");
    if let Some((library, page)) = start.shim {
        set("LD_PRELOAD", &library);
        set("WINDTUNNEL_CLOCK", &page);
    }
    for (name, value) in &plan.variables {
        // A function's own PATH or TZ counts, as on AWS.
        all.retain(|(other, _)| other != name.as_str());
        all.push((name.into(), value.into()));
    }
    all
}

/// Where interpreters look into layers, as AWS's own images have it.
fn search_paths(set: &mut impl FnMut(&str, &dyn AsRef<std::ffi::OsStr>), runtime: &str, opt: &Path) {
    let opt = opt.display();
    if runtime.starts_with("python") {
        set("PYTHONPATH", &format!("{opt}/python/lib/{runtime}/site-packages:{opt}/python"));
    }
    if let Some(version) = runtime.strip_prefix("nodejs") {
        let major = version.split('.').next().unwrap_or_default();
        set("NODE_PATH", &format!("{opt}/nodejs/node{major}/node_modules:{opt}/nodejs/node_modules"));
    }
}
