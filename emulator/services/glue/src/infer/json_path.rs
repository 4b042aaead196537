//! The paths of custom JSON classifiers: `$`, `$.rows[*]`, `$['a'][0]`, `$[*]`.

/// Longer paths are refused.
const MOST_STEPS: usize = 32;

/// Where records are.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Path {
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    Member(String),
    Item(usize),
    /// Every member or item.
    All,
}

impl Path {
    /// Reads the operators that Glue has: `$`, `*`, `.name`, `['name']`, `[n]`.
    pub fn parse(text: &str) -> Option<Path> {
        let mut rest = text.trim().strip_prefix('$')?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if steps.len() >= MOST_STEPS {
                return None;
            }
            let (step, after) = match rest.strip_prefix('.') {
                Some(after) => member(after)?,
                None => bracket(rest.strip_prefix('[')?)?,
            };
            steps.push(step);
            rest = after;
        }
        Some(Path { steps })
    }
}

fn member(text: &str) -> Option<(Step, &str)> {
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let step = if name == "*" { Step::All } else { Step::Member(name.to_owned()) };
    (!name.is_empty()).then_some((step, rest))
}

fn bracket(text: &str) -> Option<(Step, &str)> {
    if let Some(quoted) = text.strip_prefix('\'') {
        let (name, rest) = quoted.split_once("']")?;
        return Some((Step::Member(name.to_owned()), rest));
    }
    let (inner, rest) = text.split_once(']')?;
    let step = if inner == "*" { Step::All } else { Step::Item(inner.parse().ok()?) };
    Some((step, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_or_refused() {
        let steps = |text| Path::parse(text).map(|path| path.steps);
        assert_eq!(steps("$"), Some(vec![]));
        assert_eq!(steps("$.a[*]['b c'][2]"), Some(vec![Step::Member("a".into()), Step::All, Step::Member("b c".into()), Step::Item(2)]));
        for bad in ["", "a", "$.", "$[", "$[x]", "$..a", "$['a"] {
            assert_eq!(steps(bad), None, "{bad}");
        }
    }
}
