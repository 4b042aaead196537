//! From a path and a verb to a resource and a method: literal parts before variables, variables before greedy ones.

use crate::{model::*, state::Api};
use percent_encoding::percent_decode_str;
use std::collections::BTreeMap;

/// What a request means.
pub(crate) struct Matched {
    pub resource: Resource,
    pub method: Method,
    /// As they were sent, not decoded.
    pub parameters: BTreeMap<String, String>,
}

/// Finds the method of a path. The best resource decides: another one is not tried when it lacks the verb.
pub(crate) fn find(api: &Api, path: &str, verb: &str) -> Option<Matched> {
    let root = api.resources.values().find(|r| r.parent_id.is_none())?;
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    let segments: Vec<&str> = if path.is_empty() { Vec::new() } else { path.split('/').collect() };
    let mut parameters = BTreeMap::new();
    let resource = descend(api, root, &segments, &mut parameters)?;
    let methods = resource.resource_methods.as_ref()?;
    let method = methods.get(verb).or_else(|| methods.get("ANY"))?;
    Some(Matched { resource: resource.clone(), method: method.clone(), parameters })
}

fn descend<'a>(api: &'a Api, at: &'a Resource, segments: &[&str], parameters: &mut BTreeMap<String, String>) -> Option<&'a Resource> {
    let Some((segment, rest)) = segments.split_first() else {
        // A resource that is only a step on the way answers nothing.
        return at.resource_methods.as_ref().is_some_and(|m| !m.is_empty()).then_some(at);
    };
    let children = || api.resources.values().filter(|r| r.parent_id.is_some() && r.parent_id == at.id);
    let decoded = percent_decode_str(segment).decode_utf8_lossy();
    let literal = children().find(|r| r.path_part.as_deref().is_some_and(|part| part == *segment || part == decoded));
    if let Some(found) = literal.and_then(|child| descend(api, child, rest, parameters)) {
        return Some(found);
    }
    let variable = children().find_map(|r| Some((r, r.path_part.as_deref()?.strip_prefix('{')?.strip_suffix('}')?)));
    let (child, name) = variable?;
    match name.strip_suffix('+') {
        Some(name) => {
            let found = descend(api, child, &[], parameters)?;
            parameters.insert(name.to_owned(), segments.join("/"));
            Some(found)
        }
        None if segment.is_empty() => None,
        None => {
            let found = descend(api, child, rest, parameters)?;
            parameters.insert(name.to_owned(), (*segment).to_owned());
            Some(found)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(paths: &[(&str, &str)]) -> Api {
        let mut api = Api::default();
        api.resources.insert("/".into(), Resource { id: Some("/".into()), path: Some("/".into()), ..Default::default() });
        for (path, verb) in paths {
            let mut parent = "/".to_owned();
            for part in path.split('/').filter(|p| !p.is_empty()) {
                let id = format!("{}/{part}", parent.trim_end_matches('/'));
                api.resources.entry(id.clone()).or_insert(Resource {
                    id: Some(id.clone()),
                    parent_id: Some(parent),
                    path_part: Some(part.into()),
                    path: Some(id.clone()),
                    resource_methods: None,
                });
                parent = id;
            }
            let resource = api.resources.get_mut(&parent).unwrap();
            resource.resource_methods.get_or_insert_default().insert((*verb).into(), Method::default());
        }
        api
    }
    fn found(api: &Api, path: &str, verb: &str) -> Option<(String, Vec<String>)> {
        let matched = find(api, path, verb)?;
        Some((matched.resource.path?, matched.parameters.into_iter().map(|(k, v)| format!("{k}={v}")).collect()))
    }

    #[test]
    fn literals_before_variables_before_greedy_ones() {
        let api = api(&[
            ("/", "GET"),
            ("/pets", "GET"),
            ("/pets/{id}", "ANY"),
            ("/pets/top", "GET"),
            ("/files/{proxy+}", "ANY"),
            ("/a/b/c", "GET"),
            ("/{x}/b/d", "GET"),
        ]);
        let hit = |path: &str, verb: &str| found(&api, path, verb);
        assert_eq!(hit("/", "GET"), Some(("/".into(), vec![])));
        assert_eq!(hit("/pets/", "GET"), Some(("/pets".into(), vec![])));
        assert_eq!(hit("/pets/top", "GET"), Some(("/pets/top".into(), vec![])));
        assert_eq!(hit("/pets/a%20b", "PUT"), Some(("/pets/{id}".into(), vec!["id=a%20b".into()])));
        assert_eq!(hit("/files/x//y/", "GET"), Some(("/files/{proxy+}".into(), vec!["proxy=x//y".into()])));
        assert_eq!(hit("/a/b/d", "GET"), Some(("/{x}/b/d".into(), vec!["x=a".into()])));
        assert_eq!(hit("/pets/top", "PUT"), None);
        assert_eq!(hit("/files", "GET"), None);
        assert_eq!(hit("/nowhere/x", "GET"), None);
    }
}
