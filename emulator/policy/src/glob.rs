//! Compiled patterns: literals, `*`, `?` and `${policy variables}`, and the matcher that never backtracks exponentially.
//! Knows nothing of statements; variables are looked up through a [`Scope`].

use std::borrow::Cow;
use std::str::Chars;

use crate::keys::Scope;

/// One element of a compiled pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Char(char),
    Star,
    One,
    /// Index into the template's variables.
    Variable(u32),
}

/// `${key}` or `${key, 'default'}`.
#[derive(Clone, Debug)]
struct Variable {
    key: String,
    default: Option<String>,
}

/// Whether letters are compared with regard to case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fold {
    Exact,
    IgnoreCase,
}

/// What a text may contain besides literals.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Syntax {
    pub wildcards: bool,
    /// Policy variables exist only in documents of version 2012-10-17.
    pub variables: bool,
}

/// A text of a policy, ready to be compared.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    tokens: Box<[Token]>,
    variables: Box<[Variable]>,
}

impl Template {
    pub(crate) fn compile(text: &str, syntax: Syntax) -> Self {
        let mut tokens = Vec::with_capacity(text.len());
        let mut variables = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if syntax.variables
                && let Some((inside, after)) = rest.strip_prefix("${").and_then(|r| r.split_once('}'))
            {
                push_variable(inside, &mut tokens, &mut variables);
                rest = after;
                continue;
            }
            match first {
                '*' if syntax.wildcards => {
                    if tokens.last() != Some(&Token::Star) {
                        tokens.push(Token::Star);
                    }
                }
                '?' if syntax.wildcards => tokens.push(Token::One),
                other => tokens.push(Token::Char(other)),
            }
            rest = &rest[first.len_utf8()..];
        }
        Self { tokens: tokens.into(), variables: variables.into() }
    }

    /// The pattern with its variables filled in; values stand for themselves, so a `*` in a value is no wildcard.
    /// None where a variable has no value and no default: such a text matches nothing.
    pub(crate) fn resolve<'t>(&'t self, scope: &Scope<'_>) -> Option<Cow<'t, [Token]>> {
        if self.variables.is_empty() {
            return Some(Cow::Borrowed(&self.tokens));
        }
        let mut filled = Vec::with_capacity(self.tokens.len() + 32);
        for token in &self.tokens {
            let Token::Variable(index) = token else {
                filled.push(*token);
                continue;
            };
            let variable = &self.variables[*index as usize];
            let values = scope.values(&variable.key);
            let value = match &values {
                Some(values) => values.single().or(variable.default.as_deref())?,
                None => variable.default.as_deref()?,
            };
            filled.extend(value.chars().map(Token::Char));
        }
        Some(Cow::Owned(filled))
    }

    /// The key of the first variable without a value and without a default.
    pub(crate) fn unresolved(&self, scope: &Scope<'_>) -> Option<&str> {
        let missing = |v: &&Variable| v.default.is_none() && scope.values(&v.key).is_none_or(|f| f.single().is_none());
        self.variables.iter().find(missing).map(|v| v.key.as_str())
    }

    pub(crate) fn matches(&self, subject: &str, fold: Fold, scope: &Scope<'_>) -> bool {
        self.resolve(scope).is_some_and(|tokens| glob(&tokens, subject, fold))
    }
}

fn push_variable(inside: &str, tokens: &mut Vec<Token>, variables: &mut Vec<Variable>) {
    // ${*}, ${?} and ${$} are how a policy writes these three characters as themselves.
    if let "*" | "?" | "$" = inside {
        tokens.extend(inside.chars().map(Token::Char));
        return;
    }
    let (key, default) = match inside.split_once(',') {
        Some((key, default)) => (key.trim(), Some(default.trim().trim_matches('\'').to_owned())),
        None => (inside.trim(), None),
    };
    tokens.push(Token::Variable(variables.len() as u32));
    variables.push(Variable { key: key.to_owned(), default });
}

/// Whether the whole subject matches. Greedy with one retry point, so the time is at most pattern times subject.
pub(crate) fn glob(pattern: &[Token], subject: &str, fold: Fold) -> bool {
    let mut at = 0;
    let mut rest = subject.chars();
    let mut retry: Option<(usize, Chars<'_>)> = None;
    loop {
        match pattern.get(at) {
            Some(Token::Star) => {
                at += 1;
                if at == pattern.len() {
                    return true;
                }
                retry = Some((at, rest.clone()));
                continue;
            }
            Some(token) => {
                let mut ahead = rest.clone();
                if ahead.next().is_some_and(|c| accepts(*token, c, fold)) {
                    rest = ahead;
                    at += 1;
                    continue;
                }
            }
            None if rest.as_str().is_empty() => return true,
            None => {}
        }
        // Nothing fits here: let the last star swallow one character more.
        let Some((star, from)) = retry.as_mut() else { return false };
        if from.next().is_none() {
            return false;
        }
        at = *star;
        rest = from.clone();
    }
}

fn accepts(token: Token, c: char, fold: Fold) -> bool {
    match token {
        Token::Char(wanted) if wanted == c => true,
        Token::Char(wanted) => fold == Fold::IgnoreCase && wanted.to_lowercase().eq(c.to_lowercase()),
        Token::One => true,
        Token::Star | Token::Variable(_) => false,
    }
}

/// ARN comparison: the six colon-separated parts one by one, so that `*` never crosses a colon, except in the last part.
pub(crate) fn glob_arn(pattern: &[Token], subject: &str) -> bool {
    if pattern == [Token::Star] {
        return true;
    }
    let mut parts = subject.splitn(6, ':');
    let mut rest = pattern;
    for part_index in 0..6 {
        let Some(part) = parts.next() else { return false };
        if part_index == 5 {
            return glob(rest, part, Fold::Exact);
        }
        let Some(colon) = rest.iter().position(|t| *t == Token::Char(':')) else { return false };
        if !glob(&rest[..colon], part, Fold::Exact) {
            return false;
        }
        rest = &rest[colon + 1..];
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Box<[Token]> {
        Template::compile(text, Syntax { wildcards: true, variables: false }).tokens
    }

    #[test]
    fn wildcards() {
        let table = [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "anything/at:all", true),
            ("?", "", false),
            ("?", "é", true),
            ("a*c", "abbbc", true),
            ("a*c", "abbbd", false),
            ("a*b*c", "a-b-b-c", true),
            ("*.jpg", "x/y.jpg", true),
            ("*.jpg", "x/y.jpeg", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("**a", "bba", true),
            ("ab*ab", "ab", false),
            ("ab*ab", "abab", true),
        ];
        for (pattern, subject, expected) in table {
            assert_eq!(glob(&tokens(pattern), subject, Fold::Exact), expected, "{pattern} against {subject}");
        }
    }

    #[test]
    fn hostile_pattern_ends_soon() {
        let pattern = tokens(&"a*".repeat(500));
        let subject = "a".repeat(499) + &"b".repeat(5_000);
        assert!(!glob(&pattern, &subject, Fold::Exact));
    }

    #[test]
    fn arn_parts_are_compared_one_by_one() {
        let table = [
            ("arn:aws:s3:::b/*", "arn:aws:s3:::b/x:y", true),
            ("arn:aws:*:::b", "arn:aws:s3:us-east-1:1:b", false),
            ("arn:aws:sns:*:*:t", "arn:aws:sns:us-east-1:123:t", true),
            ("arn:aws:sns:*:t", "arn:aws:sns:us-east-1:123:t", false),
            ("arn:*", "arn:aws:s3:::b", false),
            ("*", "arn:aws:s3:::b", true),
            ("arn:aws:s3:::b", "b", false),
        ];
        for (pattern, subject, expected) in table {
            assert_eq!(glob_arn(&tokens(pattern), subject), expected, "{pattern} against {subject}");
        }
    }
}
