//! Resource policies of buses: PutPermission and RemovePermission.

use crate::{Error, EventBridge, check, model::*, names::BusName, state::*};
use kit::{Context, Fault};
use serde_json::{Value, json};

const MOST_POLICY_BYTES: usize = 10_240;

impl EventBridge {
    /// Adds a statement to the policy of a bus, or sets the whole policy.
    pub async fn put_permission(&self, cx: &Context, input: PutPermissionInput) -> Result<PutPermissionOutput, Fault> {
        let name = BusName::read(cx, input.event_bus_name.as_deref());
        let new = match &input.policy {
            Some(policy) => New::Policy(whole(policy)?),
            None => New::Statement(statement(&input, &name.arn())?),
        };
        change(cx, &name, |old| match new {
            New::Policy(policy) => Ok(Some(policy)),
            New::Statement(statement) => {
                let mut policy = old.unwrap_or_else(|| json!({ "Version": "2012-10-17", "Statement": [] }));
                let statements = statements(&mut policy);
                statements.retain(|s| s["Sid"] != statement["Sid"]);
                statements.push(statement);
                Ok(Some(policy))
            }
        })
        .await?;
        Ok(PutPermissionOutput {})
    }

    /// Takes a statement, or all of them, away.
    pub async fn remove_permission(&self, cx: &Context, input: RemovePermissionInput) -> Result<RemovePermissionOutput, Fault> {
        let name = BusName::read(cx, input.event_bus_name.as_deref());
        change(cx, &name, |old| {
            if input.remove_all_permissions == Some(true) {
                return Ok(None);
            }
            let id = input.statement_id.ok_or_else(|| check::invalid("Parameter StatementId must be specified."))?;
            let missing = || Error::ResourceNotFound.says("Statement with the provided id does not exist.");
            let mut policy = old.ok_or_else(missing)?;
            let statements = statements(&mut policy);
            let before = statements.len();
            statements.retain(|s| s["Sid"] != id.as_str());
            match statements.len() {
                left if left == before => Err(missing()),
                0 => Ok(None),
                _ => Ok(Some(policy)),
            }
        })
        .await?;
        Ok(RemovePermissionOutput {})
    }
}

enum New {
    Policy(Value),
    Statement(Value),
}

fn whole(text: &str) -> Result<Value, Fault> {
    let bad = |why: String| check::invalid(format!("Parameter Policy is not valid. Reason: {why}"));
    kit::policy::Document::parse(text, kit::policy::DocumentKind::Resource).map_err(|e| bad(e.to_string()))?;
    let mut policy: Value = serde_json::from_str(text).map_err(|e| bad(e.to_string()))?;
    // One statement may stand without its list.
    if policy["Statement"].is_object() {
        policy["Statement"] = json!([policy["Statement"].take()]);
    }
    Ok(policy)
}

fn statement(input: &PutPermissionInput, bus_arn: &str) -> Result<Value, Fault> {
    let (Some(action), Some(principal), Some(sid)) = (&input.action, &input.principal, &input.statement_id) else {
        return Err(check::invalid("Parameters Action, Principal and StatementId must be specified unless Policy is."));
    };
    if action != "events:PutEvents" {
        return Err(check::invalid("Provided value in parameter 'action' is not supported."));
    }
    let principal = match principal.as_str() {
        "*" => json!("*"),
        account => json!({ "AWS": format!("arn:aws:iam::{account}:root") }),
    };
    let mut statement = json!({ "Sid": sid, "Effect": "Allow", "Principal": principal, "Action": action, "Resource": bus_arn });
    if let Some(condition) = &input.condition {
        statement["Condition"] = json!({ &condition.r#type: { &condition.key: &condition.value } });
    }
    Ok(statement)
}

fn statements(policy: &mut Value) -> &mut Vec<Value> {
    if !policy["Statement"].is_array() {
        policy["Statement"] = json!([]);
    }
    policy["Statement"].as_array_mut().expect("just made one")
}

async fn change(cx: &Context, name: &BusName, f: impl FnOnce(Option<Value>) -> Result<Option<Value>, Fault>) -> Result<(), Fault> {
    cx.store()
        .write(|tx| {
            let mut bus = bus(tx, name)?;
            let old = bus.policy.as_deref().and_then(|text| serde_json::from_str(text).ok());
            bus.policy = f(old)?.map(|policy| policy.to_string());
            if bus.policy.as_ref().is_some_and(|text| text.len() > MOST_POLICY_BYTES) {
                return Err(Error::PolicyLengthExceeded.says("The policy is longer than 10240 bytes, the most that an event bus may have."));
            }
            bus.modified = cx.now();
            tx.put(&BUSES, &name.scope, &bus.name, &bus)
        })
        .await
}
