//! Resource policies: statements by id, on the function or on one of its qualifiers.

use crate::{Lambda, model::*, names::Name, state::*};
use kit::{Context, Fault, Read, Tx};
use serde_json::{Map, Value, json};

/// Bytes of a policy.
const MOST_BYTES: usize = 20_480;

impl Lambda {
    /// Adds a statement.
    pub async fn add_permission(&self, cx: &Context, input: AddPermissionInput) -> Result<AddPermissionOutput, Fault> {
        let name = Name::parse(cx, &input.function_name, input.qualifier.as_deref())?;
        if name.qualifier.as_deref() == Some(LATEST) {
            return Err(invalid("We currently do not support adding policies for $LATEST."));
        }
        let statement = statement(&name, &input)?.to_string();
        cx.store()
            .write(|tx| {
                let mut function = function(tx, &Name { qualifier: None, ..name.clone() })?;
                let config = config(tx, &name, &function).map_err(|fault| no_alias(&name, fault))?;
                let own = own_revision(tx, &name, &function, &config)?;
                let policy = function.policies.entry(name.qualifier.clone().unwrap_or_default()).or_default();
                // Before there is a policy the revision is that of the function, version or alias.
                let current = if policy.revision.is_empty() { &own } else { &policy.revision };
                same_revision(&input.revision_id, current, "GetPolicy")?;
                if position(policy, &input.statement_id).is_some() {
                    return Err(user(Error::ResourceConflict.says(format!(
                        "The statement id ({}) provided already exists. Please provide a new statement id, or remove the existing statement.",
                        input.statement_id
                    ))));
                }
                policy.statements.push(statement.clone());
                policy.revision = revision(cx);
                if policy.document().len() > MOST_BYTES {
                    return Err(user(Error::PolicyLengthExceeded.says("The final policy size is bigger than the limit (20480).")));
                }
                tx.put(&FUNCTIONS, &name.scope, &name.function, &function)
            })
            .await?;
        Ok(AddPermissionOutput { statement: Some(statement) })
    }

    /// Takes a statement away.
    pub async fn remove_permission(&self, cx: &Context, input: RemovePermissionInput) -> Result<RemovePermissionOutput, Fault> {
        let name = Name::parse(cx, &input.function_name, input.qualifier.as_deref())?;
        cx.store()
            .write(|tx| {
                let no_function = |_| user(Error::ResourceNotFound.says(format!("No policy found for: {}", name.arn())));
                let mut function = function(tx, &Name { qualifier: None, ..name.clone() }).map_err(no_function)?;
                config(tx, &name, &function).map_err(|fault| no_alias(&name, fault))?;
                let key = name.qualifier.clone().unwrap_or_default();
                let missing =
                    || user(Error::ResourceNotFound.says(format!("Statement {} is not found in resource policy.", input.statement_id)));
                let no_policy = || user(Error::ResourceNotFound.says("No policy is associated with the given resource."));
                let policy = function.policies.get_mut(&key).ok_or_else(no_policy)?;
                revision_matches(&input.revision_id, policy)?;
                let at = position(policy, &input.statement_id).ok_or_else(missing)?;
                policy.statements.remove(at);
                policy.revision = revision(cx);
                if policy.statements.is_empty() {
                    function.policies.remove(&key);
                }
                tx.put(&FUNCTIONS, &name.scope, &name.function, &function)
            })
            .await?;
        Ok(RemovePermissionOutput {})
    }

    /// The policy.
    pub async fn get_policy(&self, cx: &Context, input: GetPolicyInput) -> Result<GetPolicyOutput, Fault> {
        let name = Name::parse(cx, &input.function_name, input.qualifier.as_deref())?;
        let missing = || user(Error::ResourceNotFound.says("The resource you requested does not exist."));
        let function = cx.store().read(|s| function(s, &Name { qualifier: None, ..name.clone() })).map_err(|_| missing())?;
        let policy = function.policies.get(name.qualifier.as_deref().unwrap_or("")).ok_or_else(missing)?;
        Ok(GetPolicyOutput { policy: Some(policy.document()), revision_id: Some(policy.revision.clone()) })
    }
}

/// The policy of a function's ARN, qualified or not, for the decider.
pub(crate) fn of_arn(cx: &Context, arn: &str) -> Option<String> {
    let name = Name::read(cx.scope(), arn)?;
    let function = cx.store().read(|s| function(s, &name)).ok()?;
    let qualifier = name.qualifier.filter(|qualifier| qualifier != LATEST).unwrap_or_default();
    function.policies.get(&qualifier).map(Policy::document)
}

/// Takes away the policy of a version or alias that is no more: one of its name that is made later has none.
pub(crate) fn forget_policy(tx: &mut Tx<'_>, name: &Name, qualifier: &str) -> Result<(), Fault> {
    let Some(mut function) = tx.get(&FUNCTIONS, &name.scope, &name.function)? else { return Ok(()) };
    match function.policies.remove(qualifier) {
        Some(_) => tx.put(&FUNCTIONS, &name.scope, &name.function, &function),
        None => Ok(()),
    }
}

fn revision_matches(given: &Option<String>, policy: &Policy) -> Result<(), Fault> {
    same_revision(given, &policy.revision, "GetPolicy")
}

/// Policies have a sentence of their own for an alias that isn't there. A name that no alias can have is not looked for among them.
fn no_alias(name: &Name, fault: Fault) -> Fault {
    match name.qualifier.as_deref() {
        Some(alias) if !is_number(alias) && !alias.contains('$') => {
            user(Error::ResourceNotFound.says(format!("Cannot find alias arn: {}", name.arn())))
        }
        _ => fault,
    }
}

/// The revision of what a name leads to.
fn own_revision(read: &impl Read, name: &Name, function: &Function, config: &Config) -> Result<String, Fault> {
    match name.qualifier.as_deref() {
        None | Some(LATEST) => Ok(function.revision().to_owned()),
        Some(number) if is_number(number) => Ok(config.revision.clone()),
        Some(alias) => {
            let found = read.get(&ALIASES, &name.scope, &(name.function.clone(), alias.to_owned()))?;
            Ok(found.map(|alias| alias.revision).unwrap_or_default())
        }
    }
}

fn position(policy: &Policy, id: &str) -> Option<usize> {
    let sid = |text: &String| serde_json::from_str::<Value>(text).is_ok_and(|s| s["Sid"] == id);
    policy.statements.iter().position(sid)
}

fn statement(name: &Name, input: &AddPermissionInput) -> Result<Value, Fault> {
    let principal = match input.principal.as_str() {
        "*" => json!("*"),
        service if service.ends_with(".amazonaws.com") => json!({ "Service": service }),
        account if account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()) => {
            json!({ "AWS": format!("arn:aws:iam::{account}:root") })
        }
        arn if arn.starts_with("arn:aws:iam::") || arn.starts_with("arn:aws:sts::") => json!({ "AWS": arn }),
        _ => return Err(invalid("The provided principal was invalid. Please check the principal and try again.")),
    };
    let mut equals = Map::new();
    let mut add = |key: &str, value: &Option<String>| {
        if let Some(value) = value {
            equals.insert(key.into(), value.clone().into());
        }
    };
    add("AWS:SourceAccount", &input.source_account);
    add("lambda:FunctionUrlAuthType", &input.function_url_auth_type.map(|t| t.as_str().to_owned()));
    add("aws:PrincipalOrgID", &input.principal_org_id);
    add("lambda:EventSourceToken", &input.event_source_token);
    let mut condition = Map::new();
    if !equals.is_empty() {
        condition.insert("StringEquals".into(), equals.into());
    }
    if let Some(flag) = input.invoked_via_function_url {
        condition.insert("Bool".into(), json!({ "lambda:InvokedViaFunctionUrl": flag.to_string() }));
    }
    if let Some(arn) = &input.source_arn {
        condition.insert("ArnLike".into(), json!({ "AWS:SourceArn": arn }));
    }
    let mut statement = json!({
        "Sid": input.statement_id, "Effect": "Allow", "Principal": principal, "Action": input.action, "Resource": name.arn(),
    });
    if !condition.is_empty() {
        statement["Condition"] = condition.into();
    }
    Ok(statement)
}
