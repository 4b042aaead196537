//! From text to [`Document`]: the checks that AWS makes on Put, in its order and with its sentences. Identity policies
//! go through IAM's validator, trust and resource policies through the one that IAM's roles share with S3.
//!
//! Few of these sentences are recorded from AWS (tests/policy/refusals.rs names them); the rest, and the order of the
//! checks, follow public reports and want confirming against AWS.

use std::collections::HashSet;

use crate::condition::Clause;
use crate::date;
use crate::document::{Document, DocumentKind, Malformed, Rules};
use crate::glob::{Fold, Syntax, Template};
use crate::json;
use crate::operand::Operand;
use crate::operator::Family;
use crate::principal::{Principal, Principals};
use crate::resource;
use crate::shape::{self, Flaw, Listing, Outline, Sketch, Who};
use crate::statement::{Effect, Pattern, Patterns, Statement};

const SYNTAX: &str = "Syntax errors in policy.";
const LEGACY: &str = "The policy failed legacy parsing";
const CURRENT: &str = "2012-10-17";

pub(crate) fn document(text: &str, kind: DocumentKind, rules: &Rules) -> Result<Document, Malformed> {
    check_size(text, kind, rules)?;
    let value = json::read(text, rules.max_depth).map_err(|detail| malformed(invalid_json(kind, text), detail))?;
    let outline = shape::outline(&value).map_err(|(flaw, statement)| of_shape(kind, &flaw, statement))?;
    match kind {
        DocumentKind::Identity => check_identity(&outline, rules)?,
        DocumentKind::Resource => check_resource_policy(&outline, rules)?,
        DocumentKind::Trust => check_trust_policy(&outline)?,
    }
    let variables = outline.version == Some(CURRENT);
    let statements = outline.statements.iter().enumerate();
    let statements = statements.map(|(index, sketch)| build(index, sketch, kind, variables)).collect::<Result<_, _>>()?;
    Ok(Document { text: text.to_owned(), kind, id: outline.id.map(str::to_owned), statements })
}

fn malformed(message: impl Into<String>, detail: impl Into<String>) -> Malformed {
    Malformed { message: message.into(), detail: detail.into(), too_large: false }
}

/// A refusal of one statement.
fn refuse(index: usize, message: impl Into<String>) -> Malformed {
    malformed(message, format!("statement {index}"))
}

fn check_size(text: &str, kind: DocumentKind, rules: &Rules) -> Result<(), Malformed> {
    let counted = |byte: &u8| rules.count_white_space || !byte.is_ascii_whitespace();
    let size = text.bytes().filter(counted).count();
    let limit = rules.max_bytes;
    if size <= limit {
        return Ok(());
    }
    let message = match kind {
        DocumentKind::Identity => format!("Cannot exceed quota for PolicySize: {limit}"),
        DocumentKind::Trust => format!("Cannot exceed quota for ACLSizePerRole: {limit}"),
        DocumentKind::Resource => "Policy exceeds the maximum allowed document size.".to_owned(),
    };
    Err(Malformed { message, detail: format!("{size} bytes, {limit} are allowed"), too_large: true })
}

fn invalid_json(kind: DocumentKind, text: &str) -> &'static str {
    match kind {
        DocumentKind::Identity => SYNTAX,
        DocumentKind::Resource if !text.starts_with('{') => "Policies must be valid JSON and the first byte must be '{'",
        DocumentKind::Resource | DocumentKind::Trust => "This policy contains invalid Json",
    }
}

fn of_shape(kind: DocumentKind, flaw: &Flaw, statement: Option<usize>) -> Malformed {
    let detail = statement.map_or_else(|| flaw.to_string(), |index| format!("statement {index}: {flaw}"));
    if kind == DocumentKind::Identity {
        return malformed(SYNTAX, detail);
    }
    let message = match flaw {
        Flaw::NotAnObject if kind == DocumentKind::Resource => invalid_json(kind, "").to_owned(),
        Flaw::NotAnObject => invalid_json(kind, "{").to_owned(),
        Flaw::UnknownField(name) => format!("Unknown field {name}"),
        Flaw::MissingField(name) => format!("Missing required field {name}"),
        Flaw::Version(_) => "The policy must contain a valid version string".to_owned(),
        Flaw::EmptyStatement => "Could not parse the policy: Statement is empty!".to_owned(),
        Flaw::Effect(effect) => format!("Invalid effect: {effect}"),
        Flaw::Operator(name) => format!("Invalid Condition type : {name}"),
        Flaw::EmptyPrincipal => "Missing required field Principal cannot be empty!".to_owned(),
        Flaw::Principal(_) => "Invalid principal in policy".to_owned(),
        Flaw::WrongType(_) | Flaw::Both(..) => SYNTAX.to_owned(),
    };
    malformed(message, detail)
}

/// IAM's validator. The order of its complaints follows public reports of AWS's.
fn check_identity(outline: &Outline<'_>, rules: &Rules) -> Result<(), Malformed> {
    let statements = &outline.statements;
    if rules.require_current_version && outline.version != Some(CURRENT) {
        let detail = format!("Version is {:?}", outline.version.unwrap_or("missing"));
        return Err(malformed("Policy document must be version 2012-10-17 or greater.", detail));
    }
    for (index, statement) in statements.iter().enumerate() {
        if statement.principal.is_some() {
            return Err(refuse(index, "Policy document should not specify a principal."));
        }
        check_legacy(index, statement)?;
    }
    let bad_resource = first_resource_complaint(statements)?;
    check_sids(statements)?;
    if let Some(index) = statements.iter().position(|s| s.action.as_ref().is_none_or(|a| a.items.is_empty())) {
        return Err(refuse(index, "Policy statement must contain actions."));
    }
    if let Some(complaint) = bad_resource {
        return Err(complaint);
    }
    check_actions(statements)?;
    match statements.iter().position(|s| s.resource.as_ref().is_none_or(|r| r.items.is_empty())) {
        Some(index) => Err(refuse(index, "Policy statement must contain resources.")),
        None => Ok(()),
    }
}

/// What IAM leaves to its older parser: the case of Effect, and dates.
fn check_legacy(index: usize, statement: &Sketch<'_>) -> Result<(), Malformed> {
    if !matches!(statement.effect, "Allow" | "Deny") {
        return Err(malformed(LEGACY, format!("statement {index}: Effect is {:?}", statement.effect)));
    }
    for condition in &statement.conditions {
        let is_date = matches!(condition.operator.base.family, Family::Date(_));
        if let Some(bad) = condition.values.iter().find(|value| is_date && date::parse(value).is_none()) {
            return Err(malformed(LEGACY, format!("statement {index}: {bad:?} is no date")));
        }
    }
    Ok(())
}

/// IAM's complaint about the first bad resource, which it utters later; or the refusal of its older parser, at once.
fn first_resource_complaint(statements: &[Sketch<'_>]) -> Result<Option<Malformed>, Malformed> {
    for (index, statement) in statements.iter().enumerate() {
        for resource in statement.resource.iter().flat_map(|listing| &listing.items) {
            if let Some(complaint) = resource::complaint(resource) {
                return Ok(Some(refuse(index, complaint)));
            }
            if !resource::passes_legacy_parser(resource) {
                return Err(malformed(LEGACY, format!("statement {index}: {resource:?} is no ARN")));
            }
        }
    }
    Ok(None)
}

fn check_sids(statements: &[Sketch<'_>]) -> Result<(), Malformed> {
    let mut seen = HashSet::new();
    for (index, statement) in statements.iter().enumerate() {
        let Some(sid) = statement.sid.filter(|sid| !sid.is_empty()) else { continue };
        if !sid.bytes().all(|b| b.is_ascii_alphanumeric()) {
            let message = "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*";
            return Err(refuse(index, message));
        }
        if !seen.insert(sid) {
            return Err(refuse(index, "Statement IDs (SID) in a single policy must be unique."));
        }
    }
    Ok(())
}

fn check_actions(statements: &[Sketch<'_>]) -> Result<(), Malformed> {
    for (index, statement) in statements.iter().enumerate() {
        for action in statement.action.iter().flat_map(|listing| &listing.items) {
            if let Some(complaint) = action_complaint(action) {
                return Err(refuse(index, complaint));
            }
        }
    }
    Ok(())
}

fn action_complaint(action: &str) -> Option<String> {
    let Some((vendor, name)) = action.split_once(':') else {
        let message = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
        return (action != "*").then(|| message.to_owned());
    };
    if name.contains(':') {
        return Some("Actions/Condition can contain only one colon.".to_owned());
    }
    let sound = vendor.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'));
    (!sound && vendor != "*").then(|| format!("Vendor {vendor} is not valid"))
}

fn check_resource_policy(outline: &Outline<'_>, rules: &Rules) -> Result<(), Malformed> {
    if rules.require_current_version && outline.version != Some(CURRENT) {
        return Err(malformed("The policy must contain a valid version string", "Version"));
    }
    check_unique_sids(&outline.statements)?;
    for (index, statement) in outline.statements.iter().enumerate() {
        let require = |missing: bool, field: &str| {
            if missing { Err(refuse(index, format!("Missing required field {field}"))) } else { Ok(()) }
        };
        check_effect(index, statement)?;
        require(statement.principal.is_none(), "Principal")?;
        require(statement.action.as_ref().is_none_or(|a| a.items.is_empty()), "Action")?;
        let resources = statement.resource.as_ref().map(|r| r.items.as_slice());
        require(!rules.resource_may_be_absent && resources.is_none_or(<[_]>::is_empty), "Resource")?;
        if statement.principal.as_ref().is_some_and(|p| p.negated) && statement.effect == "Allow" {
            return Err(refuse(index, "Allow with NotPrincipal is not allowed."));
        }
        let actions = statement.action.iter().flat_map(|a| &a.items);
        if let Some(action) = actions.copied().find(|action| action_complaint(action).is_some()) {
            return Err(malformed("Policy has invalid action", format!("statement {index}: {action:?}")));
        }
        if let Some(bad) = resources.unwrap_or_default().iter().find(|resource| !is_resource(resource)) {
            return Err(malformed("Policy has invalid resource", format!("statement {index}: {bad:?}")));
        }
    }
    Ok(())
}

/// An ARN, `*`, or API Gateway's short form.
fn is_resource(resource: &str) -> bool {
    resource == "*" || resource.starts_with("arn:") || resource.starts_with(EXECUTE_API)
}

fn check_trust_policy(outline: &Outline<'_>) -> Result<(), Malformed> {
    check_unique_sids(&outline.statements)?;
    for (index, statement) in outline.statements.iter().enumerate() {
        check_effect(index, statement)?;
        if let Some(resource) = &statement.resource {
            let field = if resource.negated { "NotResource" } else { "Resource" };
            return Err(refuse(index, format!("Has prohibited field {field}")));
        }
        match &statement.principal {
            None => return Err(refuse(index, "Missing required field Principal")),
            Some(who) if who.negated => {
                return Err(refuse(index, "AssumeRole policy must not contain NotPrincipal field."));
            }
            Some(_) => {}
        }
        let actions = statement.action.as_ref().map_or(&[][..], |listing| &listing.items);
        if actions.is_empty() {
            return Err(refuse(index, "Missing required field Action"));
        }
        if actions.iter().any(|action| !action.to_ascii_lowercase().starts_with("sts:") || action_complaint(action).is_some()) {
            return Err(refuse(index, "AssumeRole policy may only specify STS AssumeRole actions."));
        }
    }
    Ok(())
}

fn check_effect(index: usize, statement: &Sketch<'_>) -> Result<(), Malformed> {
    let exact = matches!(statement.effect, "Allow" | "Deny");
    if exact { Ok(()) } else { Err(refuse(index, format!("Invalid effect: {}", statement.effect))) }
}

/// Unlike IAM's, these Sids may hold any characters.
fn check_unique_sids(statements: &[Sketch<'_>]) -> Result<(), Malformed> {
    let mut seen = HashSet::new();
    let mut sids = statements.iter().map(|s| s.sid.filter(|sid| !sid.is_empty()));
    match sids.position(|sid| sid.is_some_and(|sid| !seen.insert(sid))) {
        Some(index) => Err(refuse(index, "Statement IDs (SID) in a single policy must be unique.")),
        None => Ok(()),
    }
}

/// API Gateway's resource policies may leave out the ARN's front: `execute-api:/stage/METHOD/path`.
const EXECUTE_API: &str = "execute-api:/";

fn build(index: usize, sketch: &Sketch<'_>, kind: DocumentKind, variables: bool) -> Result<Statement, Malformed> {
    let action = |text: &str| {
        let template = Template::compile(text, Syntax { wildcards: true, variables: false });
        Pattern { text: text.to_owned(), template, fold: Fold::IgnoreCase }
    };
    let resource = |text: &str| {
        let short = text.strip_prefix(EXECUTE_API).map(|rest| format!("arn:*:execute-api:*:*:*/{rest}"));
        let full = short.as_deref().unwrap_or(text);
        let template = Template::compile(full, Syntax { wildcards: true, variables });
        Pattern { text: text.to_owned(), template, fold: Fold::Exact }
    };
    let clauses = sketch.conditions.iter().map(|condition| Clause {
        operator: condition.operator,
        key: condition.key.to_owned(),
        values: condition.values.iter().map(|v| Operand::compile(v, condition.operator.base, variables)).collect(),
    });
    let no_actions = Patterns { negated: false, list: Vec::new() };
    Ok(Statement {
        index,
        sid: sketch.sid.filter(|sid| !sid.is_empty()).map(str::to_owned),
        effect: if sketch.effect == "Allow" { Effect::Allow } else { Effect::Deny },
        principals: sketch.principal.as_ref().map(|who| principals(index, who, kind)).transpose()?,
        actions: sketch.action.as_ref().map_or(no_actions, |listing| patterns(listing, action)),
        resources: sketch.resource.as_ref().map(|listing| patterns(listing, resource)),
        clauses: clauses.collect(),
    })
}

fn patterns(listing: &Listing<'_>, compile: impl Fn(&str) -> Pattern) -> Patterns {
    Patterns { negated: listing.negated, list: listing.items.iter().map(|item| compile(item)).collect() }
}

fn principals(index: usize, who: &Who<'_>, kind: DocumentKind) -> Result<Principals, Malformed> {
    let parse = |(form, name): &(&str, &str)| {
        principal(form, name).ok_or_else(|| {
            let message = match kind {
                DocumentKind::Trust => {
                    format!("Invalid principal in policy: \"{}\":\"{name}\"", form.to_ascii_uppercase())
                }
                DocumentKind::Identity | DocumentKind::Resource => "Invalid principal in policy".to_owned(),
            };
            malformed(message, format!("statement {index}: {form} {name:?}"))
        })
    };
    Ok(Principals { negated: who.negated, entries: who.entries.iter().map(parse).collect::<Result<_, _>>()? })
}

/// None for a name that isn't of its form. Names know no wildcards but the `*` that stands alone.
fn principal(form: &str, name: &str) -> Option<Principal> {
    let plain = !name.is_empty() && !name.contains(['*', '?']) && !name.contains(char::is_whitespace);
    match form {
        "AWS" if name == "*" => Some(Principal::Everyone),
        "AWS" => aws_principal(name),
        "Service" => {
            let sound = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
            (name.contains('.') && name.bytes().all(sound)).then(|| Principal::Service(name.to_owned()))
        }
        "Federated" if plain => Some(Principal::Federated(name.to_owned())),
        "CanonicalUser" if plain => Some(Principal::CanonicalUser(name.to_owned())),
        _ => None,
    }
}

fn aws_principal(name: &str) -> Option<Principal> {
    let is_account = |text: &str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
    if is_account(name) {
        return Some(Principal::Account(name.to_owned()));
    }
    let mut parts = name.splitn(6, ':');
    let (arn, partition, service, region) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let (account, path) = (parts.next()?, parts.next()?);
    // CloudFront's origin access identities are users of an account named cloudfront, with spaces in their names.
    let cloudfront = account == "cloudfront" && path.starts_with("user/");
    if arn != "arn" || !partition.starts_with("aws") || !region.is_empty() || path.contains(['*', '?']) {
        return None;
    }
    if !cloudfront && (!is_account(account) || path.contains(char::is_whitespace)) {
        return None;
    }
    let named = |starts: &[&str]| starts.iter().any(|start| path.len() > start.len() && path.starts_with(start));
    match service {
        "iam" if path == "root" => Some(Principal::Account(account.to_owned())),
        "iam" if named(&["user/", "role/"]) => Some(Principal::Arn(name.to_owned())),
        "sts" if named(&["assumed-role/", "federated-user/"]) => Some(Principal::Arn(name.to_owned())),
        _ => None,
    }
}
