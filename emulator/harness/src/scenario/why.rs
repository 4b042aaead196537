//! Why something was denied: the decisions of a step that said no, each explained statement by statement.

use kit::{Arn, Cloud, Context, DEFAULT_ACCOUNT, Need, Principal, Record, RecordKind, RoleSession, Scope, UserIdentity};
use std::sync::Arc;

/// At most so many denials are explained.
const MOST: usize = 3;

/// Explanations of the denials among these records. The conditions of the request itself (prefixes, headers) are not in the journal,
/// so that a statement with such a condition shows as not fitting.
pub fn denied(cloud: &Arc<Cloud>, records: &[Record]) -> Vec<String> {
    let denials = records.iter().filter(|r| r.kind == RecordKind::Decision && &*r.outcome == "denied");
    let mut seen = std::collections::HashSet::new();
    denials
        .filter(|r| seen.insert((r.principal.clone(), r.operation.clone(), r.resource.clone())))
        .take(MOST)
        .filter_map(|r| explain(cloud, r))
        .collect()
}

fn explain(cloud: &Arc<Cloud>, record: &Record) -> Option<String> {
    let cx = cloud.house_context("why");
    let principal = principal(&cx, &record.principal, &record.account)?;
    let cx = cx.with_principal(principal).in_scope(Scope::new(&record.account, kit::DEFAULT_REGION));
    let need = Need::on(record.operation.to_string(), record.resource.to_string());
    let prefix = need.action.split(':').next()?.to_owned();
    let service = cloud.services().iter().find(|s| s.schema().signing_name == prefix || s.schema().name == prefix);
    let need = service.and_then(|s| s.complete(&cx, &need)).unwrap_or(need);
    let view = service.map(|s| s.resource_view(&cx, &need)).unwrap_or_default();
    let need = view.owner.map_or_else(|| need.clone(), |owner| need.clone().owned_by(owner));
    let text = cloud.decider().explain(&cx, &need, view.policy.as_deref());
    Some(format!("{} on {} by {}\n{}", record.operation, record.resource, record.principal, text.trim_end()))
}

/// The principal that the journal names by ARN.
fn principal(cx: &Context, text: &str, account: &str) -> Option<Principal> {
    if text == "anonymous" {
        return Some(Principal::Anonymous);
    }
    let Some(arn) = Arn::parse(text) else {
        return Some(Principal::Service { name: text.into(), source_arn: None, source_account: Some(account.into()) });
    };
    let owner: Arc<str> = if arn.account.is_empty() { DEFAULT_ACCOUNT.into() } else { arn.account.into() };
    let (kind, rest) = arn.resource.split_once('/').unwrap_or((arn.resource, ""));
    match kind {
        "assumed-role" => {
            let (role_name, session_name) = rest.split_once('/')?;
            let found = cx.cloud().ports().roles().ok()?.role(cx, &format!("arn:aws:iam::{owner}:role/{role_name}"));
            let (role_path, role_id) = found.map_or(("/".to_owned(), String::new()), |r| (r.path, r.id));
            Some(Principal::Session(Arc::new(RoleSession {
                account: owner,
                role_name: role_name.into(),
                role_path,
                role_id,
                session_name: session_name.into(),
                session_policies: Vec::new(),
                tags: Vec::new(),
                federated: None,
                expires: cx.now(),
            })))
        }
        "user" => {
            let (path, name) = rest.rsplit_once('/').map_or(("/".to_owned(), rest), |(path, name)| (format!("/{path}/"), name));
            Some(Principal::User(Arc::new(UserIdentity { account: owner, name: name.into(), path, user_id: String::new() })))
        }
        _ => Some(Principal::Root { account: owner }),
    }
}
