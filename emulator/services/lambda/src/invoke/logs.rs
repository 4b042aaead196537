//! Lines on their way to CloudWatch Logs, written as the function's role: what the role may not, isn't written, and the journal says so.

use kit::{Context, Fault, Need, RecordKind, RoleSession, Timestamp};
use serde_json::json;
use std::sync::Arc;

/// Where lines go.
pub(crate) struct Stream<'a> {
    pub group: &'a str,
    pub name: &'a str,
    /// Whether the stream was made already.
    pub made: bool,
}

/// Writes lines; whether the stream is there now.
pub(crate) async fn write(cx: &Context, session: Arc<RoleSession>, stream: Stream<'_>, lines: Vec<(Timestamp, String)>) -> bool {
    let role = cx.as_role(session);
    match append(&role, &stream, lines).await {
        Ok(()) => true,
        Err(fault) => {
            let detail = json!({ "message": fault.message, "stream": stream.name });
            cx.cloud().journal().write(&role, RecordKind::Event, "lambda", "PutLogs", stream.group, &fault.code, detail);
            stream.made
        }
    }
}

async fn append(role: &Context, stream: &Stream<'_>, lines: Vec<(Timestamp, String)>) -> Result<(), Fault> {
    let create = match stream.made {
        true => false,
        false => make(role, stream).await?,
    };
    match put(role, stream, lines.clone(), create).await {
        // Someone deleted the group since, or the first attempt to make it failed.
        Err(fault) if stream.made && fault.code == "ResourceNotFoundException" => {
            let create = make(role, stream).await?;
            put(role, stream, lines, create).await
        }
        other => other,
    }
}

async fn put(role: &Context, stream: &Stream<'_>, lines: Vec<(Timestamp, String)>, create: bool) -> Result<(), Fault> {
    let resource = format!("arn:aws:logs:{}:{}:log-group:{}:log-stream:{}", role.region(), role.account(), stream.group, stream.name);
    let grant = role.grant(&Need::on("logs:PutLogEvents", resource))?;
    role.cloud().ports().logs()?.append(role, grant, stream.group, stream.name, lines, create).await
}

/// Makes the stream, and the group where it is missing, each with the role's own permission. Answers whether the port is to make them,
/// which is so where only a stand-in for CloudWatch Logs is there.
async fn make(role: &Context, stream: &Stream<'_>) -> Result<bool, Fault> {
    if role.cloud().service("logs").is_none() {
        return Ok(true);
    }
    let call = |operation: &'static str, input: serde_json::Value| async move {
        match role.cloud().call_json(role, "logs", operation, &input).await {
            Err(fault) if fault.code == "ResourceAlreadyExistsException" => Ok(()),
            other => other.map(drop),
        }
    };
    let new_stream = || json!({ "logGroupName": stream.group, "logStreamName": stream.name });
    match call("CreateLogStream", new_stream()).await {
        Err(fault) if fault.code == "ResourceNotFoundException" => {
            call("CreateLogGroup", json!({ "logGroupName": stream.group })).await?;
            call("CreateLogStream", new_stream()).await?;
        }
        other => other?,
    }
    Ok(false)
}
