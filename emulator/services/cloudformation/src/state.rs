//! What is kept: stacks, their resources, their events, their change sets and their exports.
//!
//! A stack's name belongs to one live stack at a time; deleted stacks stay and are found by id, as on AWS.

use crate::template::{Policy, invalid, parameters::Parameters};
use kit::{Context, Fault, Principal, Read, RoleSession, Scope, Table, TableScope, UserIdentity};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use std::{collections::BTreeMap, sync::Arc};
use wire::Timestamp;

/// By name and the id's uuid.
pub(crate) const STACKS: Table<(String, String), Stack> = Table::new("cloudformation.stacks", TableScope::Region);
/// By the stack's uuid and logical id.
pub(crate) const RESOURCES: Table<(String, String), Resource> = Table::new("cloudformation.resources", TableScope::Region);
/// By the stack's uuid and a sequence number.
pub(crate) const EVENTS: Table<(String, u64), Event> = Table::new("cloudformation.events", TableScope::Region);
/// By the stack's uuid and the change set's uuid.
pub(crate) const CHANGE_SETS: Table<(String, String), ChangeSet> = Table::new("cloudformation.change_sets", TableScope::Region);
/// By export name.
pub(crate) const EXPORTS: Table<String, Export> = Table::new("cloudformation.exports", TableScope::Region);

/// The kind of the task that runs a stack's operation.
pub(crate) const EXECUTE: &str = "execute";

/// A stack.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Stack {
    pub name: String,
    pub uuid: String,
    pub status: String,
    pub reason: Option<String>,
    pub definition: Definition,
    pub created: Timestamp,
    pub updated: Option<Timestamp>,
    pub deleted: Option<Timestamp>,
    pub change_set_id: Option<String>,
    pub disable_rollback: bool,
    pub on_failure_delete: bool,
    pub retain_except_on_create: bool,
    pub termination_protection: bool,
    pub timeout_minutes: Option<i32>,
    /// What is under way.
    pub operation: Option<Operation>,
    /// A way back that got stuck, to be gone on with by ContinueUpdateRollback.
    pub stuck: Option<Operation>,
}

/// What a stack is meant to be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Definition {
    pub template: String,
    pub parameters: Parameters,
    pub capabilities: Vec<String>,
    pub tags: Vec<(String, String)>,
    pub role_arn: Option<String>,
    pub description: Option<String>,
    pub outputs: Vec<Output>,
    /// Names of the exports that it imports.
    pub imports: Vec<String>,
}

/// An output of a stack.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Output {
    pub name: String,
    pub value: String,
    pub description: Option<String>,
    pub export: Option<String>,
}

/// An operation on a stack, from request to end. It survives a crash: the task that runs it picks up where rows say it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Operation {
    pub id: String,
    pub kind: OperationKind,
    pub phase: Phase,
    pub started: Timestamp,
    pub token: Option<String>,
    pub actor: Actor,
    /// The resources as they were, for the way back.
    pub before: Vec<Resource>,
    /// The definition as it was, for the way back.
    pub previous: Option<Box<Definition>>,
    /// What is replaced, removed or given up, to be deleted in the clean-up.
    pub leftovers: Vec<Resource>,
    /// Logical ids that a deletion, or a way back that is continued, leaves alone.
    pub retain: Vec<String>,
    /// A deletion that gives up on what it cannot delete.
    pub force: bool,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum OperationKind {
    Create,
    Update,
    Delete,
}

/// Where an operation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Phase {
    Apply,
    Cleanup,
    Rollback,
    RollbackCleanup,
    Delete,
}

/// Who asked for an operation, to be acted for later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Actor {
    Root(String),
    User { account: String, name: String, path: String, user_id: String },
    Session(RoleSession),
    Service,
}

/// A resource of a stack.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Resource {
    pub logical_id: String,
    pub kind: String,
    pub physical_id: Option<String>,
    pub status: String,
    pub reason: Option<String>,
    pub updated: Timestamp,
    /// The properties it has, resolved.
    pub properties: Json,
    /// The properties that an update that failed was to bring.
    pub attempted: Option<Json>,
    pub attributes: Map<String, Json>,
    pub metadata: Option<Json>,
    pub description: Option<String>,
    pub depends_on: Vec<String>,
    pub deletion_policy: Policy,
    pub update_replace_policy: Policy,
    /// The operation that touched it last.
    pub operation: String,
}

/// An event of a stack.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Event {
    pub id: String,
    pub at: Timestamp,
    pub logical_id: String,
    pub physical_id: String,
    pub kind: String,
    pub status: String,
    pub reason: Option<String>,
    pub properties: Option<String>,
    pub token: Option<String>,
}

/// A change set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ChangeSet {
    pub name: String,
    pub uuid: String,
    pub stack_name: String,
    pub stack_uuid: String,
    pub description: Option<String>,
    pub created: Timestamp,
    pub status: String,
    pub execution_status: String,
    pub reason: Option<String>,
    /// What could not be evaluated, told with the property values.
    pub warning: Option<String>,
    pub definition: Definition,
    /// Names of parameters in the order of the template.
    pub changes: Vec<crate::plan::Change>,
    pub on_stack_failure: Option<String>,
    pub create: bool,
    pub token: Option<String>,
}

/// An export.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Export {
    pub value: String,
    pub stack_name: String,
    pub stack_uuid: String,
}

impl Stack {
    /// The stack's ARN.
    pub(crate) fn arn(&self, scope: &Scope) -> String {
        stack_arn(scope, &self.name, &self.uuid)
    }
    pub(crate) fn key(&self) -> (String, String) {
        (self.name.clone(), self.uuid.clone())
    }
    /// Whether something is under way.
    pub(crate) fn in_progress(&self) -> bool {
        self.status.ends_with("_IN_PROGRESS") && self.status != "REVIEW_IN_PROGRESS"
    }
    pub(crate) fn is_deleted(&self) -> bool {
        self.status == "DELETE_COMPLETE"
    }
}

impl ChangeSet {
    /// The change set's ARN.
    pub(crate) fn arn(&self, scope: &Scope) -> String {
        format!("arn:aws:cloudformation:{}:{}:changeSet/{}/{}", scope.region, scope.account, self.name, self.uuid)
    }
    pub(crate) fn key(&self) -> (String, String) {
        (self.stack_uuid.clone(), self.uuid.clone())
    }
    /// Executed change sets are still described by id, and count no longer.
    pub(crate) fn is_executed(&self) -> bool {
        self.execution_status == "EXECUTE_COMPLETE"
    }
}

/// The ARN of a stack; `*` may stand for what is not known.
pub(crate) fn stack_arn(scope: &Scope, name: &str, uuid: &str) -> String {
    format!("arn:aws:cloudformation:{}:{}:stack/{name}/{uuid}", scope.region, scope.account)
}

/// A stack by name (the live one) or by ARN (also a deleted one).
pub(crate) fn find_stack(read: &impl Read, scope: &Scope, name_or_arn: &str) -> Result<Option<Stack>, Fault> {
    if name_or_arn.starts_with("arn:") {
        let Some((_, rest)) = name_or_arn.split_once(":stack/") else { return Ok(None) };
        let Some((name, uuid)) = rest.split_once('/') else { return Ok(None) };
        let found = read.get(&STACKS, scope, &(name.to_owned(), uuid.to_owned()))?;
        return Ok(found.filter(|stack| stack.arn(scope) == name_or_arn));
    }
    for row in read.scan(&STACKS, scope).prefix(&(name_or_arn.to_owned(),)) {
        let (_, stack) = row?;
        if !stack.is_deleted() {
            return Ok(Some(stack));
        }
    }
    Ok(None)
}

/// A stack, or AWS's complaint about its absence as most operations word it.
pub(crate) fn stack(read: &impl Read, scope: &Scope, name_or_arn: &str) -> Result<Stack, Fault> {
    find_stack(read, scope, name_or_arn)?.ok_or_else(|| invalid(format!("Stack [{name_or_arn}] does not exist")))
}

/// The resources of a stack by logical id.
pub(crate) fn resources(read: &impl Read, scope: &Scope, stack: &Stack) -> Result<BTreeMap<String, Resource>, Fault> {
    read.scan(&RESOURCES, scope).prefix(&(stack.uuid.clone(),)).map(|row| row.map(|((_, id), resource)| (id, resource))).collect()
}

/// The exports of the account and region.
pub(crate) fn exports(read: &impl Read, scope: &Scope) -> Result<BTreeMap<String, Export>, Fault> {
    read.scan(&EXPORTS, scope).collect()
}

/// The names of live stacks that import an export.
pub(crate) fn importers(read: &impl Read, scope: &Scope, export: &str) -> Result<Vec<String>, Fault> {
    let mut out = Vec::new();
    for row in read.scan(&STACKS, scope) {
        let (_, stack) = row?;
        if !stack.is_deleted() && stack.definition.imports.iter().any(|name| name == export) {
            out.push(stack.name);
        }
    }
    Ok(out)
}

impl Actor {
    /// Who calls now.
    pub(crate) fn of(principal: &Principal) -> Actor {
        match principal {
            Principal::Root { account } => Actor::Root(account.to_string()),
            Principal::User(user) => Actor::User {
                account: user.account.to_string(),
                name: user.name.clone(),
                path: user.path.clone(),
                user_id: user.user_id.clone(),
            },
            Principal::Session(session) => Actor::Session((**session).clone()),
            Principal::Service { .. } | Principal::Federated { .. } | Principal::Anonymous => Actor::Service,
        }
    }
    /// A context that acts for whoever asked, by way of CloudFormation.
    pub(crate) fn context(&self, cx: &Context) -> Context {
        let principal = match self.clone() {
            Actor::Root(account) => Principal::Root { account: account.into() },
            Actor::User { account, name, path, user_id } => {
                Principal::User(Arc::new(UserIdentity { account: account.into(), name, path, user_id }))
            }
            Actor::Session(session) => Principal::Session(Arc::new(session)),
            Actor::Service => return cx.clone(),
        };
        cx.with_principal(principal).via("cloudformation.amazonaws.com")
    }
}
