//! Functions that are closures of this process: given to Lambda before the cloud starts, deployed when it has.

use crate::emulator::StartError;
use base64::{Engine, prelude::BASE64_STANDARD};
use kit::{Cloud, Fault};
use lambda::in_process::{Handler, Invocation, package};
use serde_json::json;
use std::sync::Arc;

const ROLE: &str = "windtunnel-closures";

/// Lambda, knowing these closures.
pub(crate) fn lambda(functions: &[(String, Arc<dyn Handler>)]) -> Result<lambda::Lambda, StartError> {
    let lambda = lambda::Lambda::new();
    for (name, closure) in functions {
        let closure = closure.clone();
        let added = lambda.register(name, move |event: serde_json::Value, invocation: Invocation| closure.call(event, invocation));
        added.map_err(|e| StartError::Cloud(Fault::internal(format!("the package of {name}: {e}"))))?;
    }
    Ok(lambda)
}

/// Makes a function of each, with a role that may do everything. One that is there already, in a folder that was kept, stays as it is.
pub(crate) async fn create(cloud: &Arc<Cloud>, functions: &[(String, Arc<dyn Handler>)]) -> Result<(), Fault> {
    if functions.is_empty() {
        return Ok(());
    }
    let cx = cloud.house_context("closures");
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole",
    }] });
    let made = cloud.call_json(&cx, "iam", "CreateRole", &json!({ "RoleName": ROLE, "AssumeRolePolicyDocument": trust.to_string() })).await;
    there_already(made)?;
    let all = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] });
    let policy = json!({ "RoleName": ROLE, "PolicyName": "all", "PolicyDocument": all.to_string() });
    cloud.call_json(&cx, "iam", "PutRolePolicy", &policy).await?;
    for (name, _) in functions {
        let zip = package(name).map_err(|e| Fault::internal(format!("the package of {name}: {e}")))?;
        let input = json!({
            "FunctionName": name, "Runtime": "provided.al2023", "Handler": "closure", "Timeout": 30,
            "Role": format!("arn:aws:iam::{}:role/{ROLE}", cx.account()), "Code": { "ZipFile": BASE64_STANDARD.encode(zip) },
        });
        there_already(cloud.call_json(&cx, "lambda", "CreateFunction", &input).await)?;
    }
    Ok(())
}

fn there_already(made: Result<serde_json::Value, Fault>) -> Result<(), Fault> {
    match made {
        Err(fault) if fault.status == 409 => Ok(()),
        other => other.map(drop),
    }
}
