//! Filters of Describe operations: each name must be met by one of its values, in which `*` and `?` stand for others.

use crate::{faults::fault, model::Filter, state::Tags};
use kit::{Context, Fault};

/// What a resource says under names of filters.
pub(crate) type Says<T> = &'static [(&'static [&'static str], Told<T>)];
type Told<T> = fn(&Context, &T) -> Vec<String>;

/// The filters of a request, their names looked up.
pub(crate) struct Filters<T: 'static>(Vec<(About<T>, Vec<String>)>);

enum About<T: 'static> {
    Tag(String),
    TagKeys,
    Told(Told<T>),
}

impl<T: 'static> Filters<T> {
    /// Refuses names that the operation doesn't know, whether there is a resource or not.
    pub fn of(asked: Option<Vec<Filter>>, says: Says<T>) -> Result<Filters<T>, Fault> {
        let about = |name: &str| match name.split_once(':') {
            Some(("tag", key)) => Some(About::Tag(key.to_owned())),
            _ if name == "tag-key" => Some(About::TagKeys),
            _ => says.iter().find(|(names, _)| names.contains(&name)).map(|(_, told)| About::Told(*told)),
        };
        let one = |filter: Filter| {
            let name = filter.name.unwrap_or_default();
            let unknown = || fault("InvalidParameterValue", format!("The filter '{name}' is invalid"));
            Ok((about(&name).ok_or_else(unknown)?, filter.values.unwrap_or_default()))
        };
        asked.into_iter().flatten().map(one).collect::<Result<_, Fault>>().map(Filters)
    }

    /// Whether a resource passes them all.
    pub fn pass(&self, cx: &Context, tags: &Tags, resource: &T) -> bool {
        self.0.iter().all(|(about, values)| {
            let found = match about {
                About::Tag(key) => tags.get(key).cloned().into_iter().collect(),
                About::TagKeys => tags.keys().cloned().collect(),
                About::Told(told) => told(cx, resource),
            };
            found.iter().any(|text| values.iter().any(|value| like(value, text)))
        })
    }
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
