//! Least privilege from what was seen: a policy that allows exactly the observed actions on the observed resources.
//! The same observations in any order give the same document. Knows nothing of journals; callers bring the pairs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// How closely the policy follows the observations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// More than this many objects of one bucket, or streams of one log group, under one action become one pattern that
    /// ends in `*` at their last common `/`. None keeps every name.
    pub collapse_after: Option<usize>,
}

impl Default for Options {
    /// Names beyond three become a pattern.
    fn default() -> Self {
        Self { collapse_after: Some(3) }
    }
}

/// The policy as a JSON document for (action, resource) pairs such as `("s3:GetObject", "arn:aws:s3:::b/k")`. Actions
/// without a resource have `*`. Without observations there is no policy: None, since AWS refuses an empty Statement.
pub fn document<A, R>(observations: impl IntoIterator<Item = (A, R)>, options: Options) -> Option<Value>
where
    A: AsRef<str>,
    R: AsRef<str>,
{
    let by_action = gather(observations, options);
    if by_action.is_empty() {
        return None;
    }
    let mut statements = Vec::new();
    for (service, actions) in by_service(by_action) {
        let groups = fewest(&actions);
        for (number, (actions, resources)) in groups.into_iter().enumerate() {
            statements.push(json!({
                "Sid": format!("{}{}", sid(&service), number + 1),
                "Effect": "Allow",
                "Action": one_or_list(actions),
                "Resource": one_or_list(resources),
            }));
        }
    }
    Some(json!({ "Version": "2012-10-17", "Statement": statements }))
}

/// [`document`] as indented text.
pub fn text<A, R>(observations: impl IntoIterator<Item = (A, R)>, options: Options) -> Option<String>
where
    A: AsRef<str>,
    R: AsRef<str>,
{
    document(observations, options).map(|value| format!("{value:#}"))
}

type Names = BTreeSet<String>;

fn gather<A, R>(observations: impl IntoIterator<Item = (A, R)>, options: Options) -> BTreeMap<String, Names>
where
    A: AsRef<str>,
    R: AsRef<str>,
{
    let mut by_action: BTreeMap<String, Names> = BTreeMap::new();
    for (action, resource) in observations {
        by_action.entry(action.as_ref().to_owned()).or_default().insert(literal(resource.as_ref()));
    }
    for resources in by_action.values_mut() {
        if resources.contains("*") {
            *resources = Names::from(["*".to_owned()]);
        } else if let Some(most) = options.collapse_after {
            *resources = collapse(resources, most);
        }
    }
    by_action
}

/// A name as a pattern that matches only itself.
fn literal(resource: &str) -> String {
    if resource == "*" {
        return resource.to_owned();
    }
    resource.replace("${", "${$}{").replace('*', "${*}").replace('?', "${?}")
}

/// The part that names of one container share: bucket of an object, group of a log stream.
fn container(resource: &str) -> Option<usize> {
    let objects = "arn:aws:s3:::";
    if let Some(rest) = resource.strip_prefix(objects) {
        return rest.find('/').map(|slash| objects.len() + slash + 1);
    }
    let streams = ":log-stream:";
    resource.find(streams).map(|at| at + streams.len())
}

fn collapse(resources: &Names, most: usize) -> Names {
    let mut families: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut kept = Names::new();
    for resource in resources {
        match container(resource) {
            Some(end) => families.entry(&resource[..end]).or_default().push(resource),
            None => drop(kept.insert(resource.clone())),
        }
    }
    for (family, names) in families {
        if names.len() <= most {
            kept.extend(names.into_iter().map(str::to_owned));
            continue;
        }
        let common = names.iter().skip(1).fold(names[0], |common, name| shared(common, name));
        let cut = common.rfind('/').map_or(0, |slash| slash + 1).max(family.len());
        // What was escaped is never cut in two: a slash isn't part of an escape.
        kept.insert(format!("{}*", &common[..cut]));
    }
    kept
}

fn shared<'n>(left: &'n str, right: &str) -> &'n str {
    let equal = left.char_indices().zip(right.chars()).take_while(|((_, a), b)| a == b);
    let end = equal.last().map_or(0, |((at, c), _)| at + c.len_utf8());
    &left[..end]
}

fn by_service(by_action: BTreeMap<String, Names>) -> BTreeMap<String, BTreeMap<String, Names>> {
    let mut services: BTreeMap<String, BTreeMap<String, Names>> = BTreeMap::new();
    for (action, resources) in by_action {
        let service = action.split(':').next().unwrap_or_default().to_owned();
        services.entry(service).or_default().insert(action, resources);
    }
    services
}

/// Statements as (actions, resources), grouped by equal resources or by equal actions, whichever needs fewer.
fn fewest(actions: &BTreeMap<String, Names>) -> Vec<(Names, Names)> {
    let mut by_resource: BTreeMap<String, Names> = BTreeMap::new();
    for (action, resources) in actions {
        for resource in resources {
            by_resource.entry(resource.clone()).or_default().insert(action.clone());
        }
    }
    let same_resources: Vec<(Names, Names)> = grouped(actions).into_iter().map(|(r, a)| (a, r)).collect();
    let same_actions: Vec<(Names, Names)> = grouped(&by_resource).into_iter().collect();
    let mut best = if same_actions.len() < same_resources.len() { same_actions } else { same_resources };
    best.sort();
    best
}

/// Turns name -> set into set -> names.
fn grouped(map: &BTreeMap<String, Names>) -> BTreeMap<Names, Names> {
    let mut groups: BTreeMap<Names, Names> = BTreeMap::new();
    for (name, set) in map {
        groups.entry(set.clone()).or_default().insert(name.clone());
    }
    groups
}

/// `cognito-idp` becomes `CognitoIdp`: a Sid has letters and digits only.
fn sid(service: &str) -> String {
    let words = service.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| word[..1].to_ascii_uppercase() + &word[1..]).collect()
}

fn one_or_list(names: Names) -> Value {
    let mut names: Vec<String> = names.into_iter().collect();
    if names.len() == 1 { Value::String(names.remove(0)) } else { Value::from(names) }
}
