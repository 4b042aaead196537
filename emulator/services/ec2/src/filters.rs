//! Filters of Describe operations: each name must be met by one of its values, in which `*` and `?` stand for others.

use crate::{faults::fault, model::Filter, state::Tags};
use kit::Fault;

/// What a resource says under a filter's name; `None` for names that the operation does not know.
pub(crate) type Says<'a> = &'a dyn Fn(&str) -> Option<Vec<String>>;

/// Whether a resource passes all filters.
pub(crate) fn passes(filters: &Option<Vec<Filter>>, tags: &Tags, says: Says<'_>) -> Result<bool, Fault> {
    for filter in filters.iter().flatten() {
        let name = filter.name.as_deref().unwrap_or_default();
        let values = filter.values.as_deref().unwrap_or_default();
        let found = match name.split_once(':') {
            Some(("tag", key)) => tags.get(key).cloned().into_iter().collect(),
            _ if name == "tag-key" => tags.keys().cloned().collect(),
            _ => says(name).ok_or_else(|| fault("InvalidParameterValue", format!("The filter '{name}' is invalid")))?,
        };
        if !found.iter().any(|text| values.iter().any(|value| like(value, text))) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a text is as a pattern has it.
fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((at, from)) => {
                    (p, t) = (at + 1, from + 1);
                    star = Some((at, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text, is) in
            [("*", "", true), ("a*c", "abbc", true), ("a?c", "abbc", false), ("a*b*", "axxbyy", true), ("ab", "abc", false)]
        {
            assert_eq!(like(pattern, text), is, "{pattern} {text}");
        }
    }
}
