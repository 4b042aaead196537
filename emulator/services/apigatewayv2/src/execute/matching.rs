//! From a path and a verb to a route: the most specific one wins, whole paths before variables, variables before greedy ones, a verb before
//! ANY, and `$default` takes the rest.

use crate::{model::*, state::Kept};
use std::collections::BTreeMap;

/// The route of a request and the variables of its path, as they were sent.
pub(crate) fn find<'a>(api: &'a Kept, path: &str, verb: &str) -> Option<(&'a Route, BTreeMap<String, String>)> {
    let fits = |route: &'a Route| {
        let (own_verb, pattern) = route.route_key.split_once(' ')?;
        let rank_of_verb = match own_verb {
            own if own == verb => 1,
            "ANY" => 0,
            _ => return None,
        };
        let (rank, parameters) = fit(pattern, path)?;
        Some(((rank, rank_of_verb), route, parameters))
    };
    let best = api.routes.values().filter_map(fits).max_by(|a, b| a.0.cmp(&b.0));
    if let Some((_, route, parameters)) = best {
        return Some((route, parameters));
    }
    let default = api.routes.values().find(|route| route.route_key == "$default")?;
    Some((default, BTreeMap::new()))
}

/// How well a pattern fits a path: part by part, 2 for a literal, 1 for a variable, 0 for the greedy rest.
fn fit(pattern: &str, path: &str) -> Option<(Vec<u8>, BTreeMap<String, String>)> {
    let mut parts = path.strip_prefix('/')?.split('/').peekable();
    let (mut rank, mut parameters) = (Vec::new(), BTreeMap::new());
    for own in pattern.strip_prefix('/')?.split('/') {
        match own.strip_prefix('{').and_then(|own| own.strip_suffix('}')) {
            Some(name) => match name.strip_suffix('+') {
                Some(name) => {
                    let rest: Vec<&str> = parts.by_ref().collect();
                    if rest.join("/").is_empty() {
                        return None;
                    }
                    parameters.insert(name.to_owned(), rest.join("/"));
                    rank.push(0);
                    return Some((rank, parameters));
                }
                None => {
                    let value = parts.next().filter(|part| !part.is_empty())?;
                    parameters.insert(name.to_owned(), value.to_owned());
                    rank.push(1);
                }
            },
            None => {
                parts.next().filter(|part| *part == own)?;
                rank.push(2);
            }
        }
    }
    // A slash at the end makes no difference.
    match parts.next() {
        None => Some((rank, parameters)),
        Some("") if parts.peek().is_none() => Some((rank, parameters)),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_route_wins() {
        let mut api = Kept::default();
        for key in ["GET /pets/dog/1", "GET /pets/dog/{id}", "GET /pets/{proxy+}", "ANY /{proxy+}", "ANY /pets/dog/1", "$default"] {
            api.routes.insert(key.into(), Route { route_key: key.into(), ..Default::default() });
        }
        let hit = |path: &str, verb: &str| {
            find(&api, path, verb)
                .map(|(route, p)| (route.route_key.clone(), p.into_iter().map(|(k, v)| format!("{k}={v}")).collect::<String>()))
        };
        let of = |key: &str, parameters: &str| Some((key.to_owned(), parameters.to_owned()));
        // AWS's documented example.
        assert_eq!(hit("/pets/dog/1", "GET"), of("GET /pets/dog/1", ""));
        assert_eq!(hit("/pets/dog/2", "GET"), of("GET /pets/dog/{id}", "id=2"));
        assert_eq!(hit("/pets/cat/1", "GET"), of("GET /pets/{proxy+}", "proxy=cat/1"));
        assert_eq!(hit("/test/5", "POST"), of("ANY /{proxy+}", "proxy=test/5"));
        assert_eq!(hit("/pets/dog/1", "PUT"), of("ANY /pets/dog/1", ""));
        assert_eq!(hit("/", "GET"), of("$default", ""));
    }
}
