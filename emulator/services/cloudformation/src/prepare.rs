//! From a request to what a stack is to be: template, parameters, capabilities and role, all checked, with the plan that leads there.

use crate::{
    CloudFormation, Parameter, Tag, capabilities, engine,
    plan::{Before, Plan},
    side::{Side, Standing},
    state::{self, Definition, Stack},
    template::{
        self, Template,
        evaluate::Pseudo,
        invalid,
        parameters::{self, Asked},
    },
    validate,
};
use kit::{Context, Fault};
use std::collections::{BTreeMap, BTreeSet};

/// What a request asks of a stack.
#[derive(Default)]
pub(crate) struct Request {
    pub template: String,
    pub parameters: Vec<Parameter>,
    pub capabilities: Vec<String>,
    pub tags: Vec<(String, String)>,
    pub role_arn: Option<String>,
    pub resource_types: Option<Vec<String>>,
}

/// What came of it.
pub(crate) struct Prepared {
    pub definition: Definition,
    pub plan: Plan,
}

impl Prepared {
    /// Whether there is anything to do: resources, outputs or tags that differ.
    pub(crate) fn changes_something(&self, stack: &Stack) -> bool {
        let is = |old: &state::Output| {
            self.plan
                .outputs
                .iter()
                .any(|new| new.name == old.name && new.value == old.value && new.description == old.description && new.export == old.export)
        };
        let same = self.plan.outputs.len() == stack.definition.outputs.len() && stack.definition.outputs.iter().all(is);
        // A stack that stopped half-way is gone on with, whatever the template says.
        let stopped = stack.status.ends_with("_FAILED");
        stopped || !self.plan.changes.is_empty() || !same || self.definition.tags != stack.definition.tags
    }
}

impl CloudFormation {
    /// Checks a request against a stack that is, or is to be (with its name and id).
    pub(crate) async fn prepare(&self, cx: &Context, stack: &Stack, request: Request) -> Result<Prepared, Fault> {
        let template = template::parse(&request.template)?;
        let live = !stack.definition.template.is_empty();
        let parameters =
            parameters::resolve(&template.parameters, &asked(request.parameters)?, live.then_some(&stack.definition.parameters))?;
        capabilities::check(&template, &request.capabilities)?;
        allowed_types(&template, request.resource_types.as_deref())?;
        validate::types(cx.cloud(), &template)?;
        let pseudo = Pseudo {
            account: cx.account().to_owned(),
            region: cx.region().to_owned(),
            stack_name: stack.name.clone(),
            stack_id: stack.arn(cx.scope()),
        };
        let (rows, exports) =
            cx.store().read(|s| Ok::<_, Fault>((state::resources(s, cx.scope(), stack)?, state::exports(s, cx.scope())?)))?;
        let rows: BTreeMap<_, _> =
            rows.into_iter().filter(|(_, row)| row.physical_id.is_some() && row.status != "DELETE_COMPLETE" && live).collect();
        let exports: BTreeMap<String, String> = exports.into_iter().map(|(name, export)| (name, export.value)).collect();

        let side = Side::new(template, parameters, pseudo)?;
        // Properties are checked as if nothing were there yet: a value that changes is not hidden behind the one that was.
        let unknown: BTreeSet<String> = side.graph.keys().cloned().collect();
        validate::properties(&side, &Standing { side: &side, rows: &rows, exports: &exports, unknown: &unknown, planning: true })?;
        let before = Before { rows: &rows, parameters: live.then_some(&stack.definition.parameters), tags: &stack.definition.tags };
        let plan = Plan::new(&before, &side, &request.tags, &exports)?;
        if let Some(role) = &request.role_arn {
            let assumed = engine::assume(cx, role, &stack.arn(cx.scope())).await;
            assumed.map_err(|_| invalid(format!("Role {role} is invalid or cannot be assumed")))?;
        }
        let definition = Definition {
            template: request.template,
            parameters: side.parameters,
            capabilities: request.capabilities,
            tags: request.tags,
            role_arn: request.role_arn,
            description: side.template.description.clone(),
            outputs: stack.definition.outputs.clone(),
            imports: stack.definition.imports.clone(),
        };
        Ok(Prepared { definition, plan })
    }
}

fn asked(given: Vec<Parameter>) -> Result<BTreeMap<String, Asked>, Fault> {
    let mut out = BTreeMap::new();
    for parameter in given {
        let key = parameter.parameter_key.unwrap_or_default();
        let value = match (parameter.parameter_value, parameter.use_previous_value) {
            (Some(_), Some(true)) => {
                return Err(invalid(format!(
                    "Invalid input for parameter key {key}. Cannot specify usePreviousValue as true and non empty value for a parameter"
                )));
            }
            (Some(value), _) => Asked::Value(value),
            (None, Some(true)) => Asked::Previous,
            (None, _) => {
                return Err(invalid(format!(
                    "Invalid input for parameter key {key}. Either a value or usePreviousValue must be specified"
                )));
            }
        };
        if out.insert(key.clone(), value).is_some() {
            return Err(invalid(format!("Invalid input for parameter key {key}. It is specified more than once")));
        }
    }
    Ok(out)
}

fn allowed_types(template: &Template, allowed: Option<&[String]>) -> Result<(), Fault> {
    let Some(allowed) = allowed.filter(|list| !list.is_empty()) else { return Ok(()) };
    let fits = |kind: &str| allowed.iter().any(|a| a == kind || a.strip_suffix('*').is_some_and(|prefix| kind.starts_with(prefix)));
    match template.resources.iter().find(|r| !fits(&r.kind)) {
        Some(resource) => {
            Err(invalid(format!("Resource type {} is not allowed by parameter ResourceTypes [{}]", resource.kind, allowed.join(", "))))
        }
        None => Ok(()),
    }
}

/// Tags of a request, checked.
pub(crate) fn tags(given: Option<Vec<Tag>>) -> Result<Vec<(String, String)>, Fault> {
    let mut out: Vec<(String, String)> = Vec::new();
    for tag in given.unwrap_or_default() {
        if tag.key.starts_with("aws:") {
            return Err(invalid(format!("Tag key {} must not start with aws:", tag.key)));
        }
        if out.iter().any(|(key, _)| *key == tag.key) {
            return Err(invalid(format!("Duplicate tag key {}", tag.key)));
        }
        out.push((tag.key, tag.value));
    }
    match out.len() > 50 {
        true => Err(invalid("A stack has at most 50 tags")),
        false => Ok(out),
    }
}

/// Refuses members by name that this build does not honour.
pub(crate) fn refuse(members: &[(&str, bool)]) -> Result<(), Fault> {
    match members.iter().find(|(_, given)| *given) {
        Some((name, _)) => Err(invalid(format!("{name} is not supported by windtunnel"))),
        None => Ok(()),
    }
}

/// The name of a new stack, checked as AWS does.
pub(crate) fn stack_name(name: &str) -> Result<(), Fault> {
    let mut letters = name.bytes();
    let fits = letters.next().is_some_and(|b| b.is_ascii_alphabetic()) && letters.all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let problem = match (fits, name.len() > 128) {
        (true, false) => return Ok(()),
        (false, _) => "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*",
        (true, true) => "Member must have length less than or equal to 128",
    };
    Err(invalid(format!("1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: {problem}")))
}
