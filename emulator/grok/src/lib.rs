//! Grok: named patterns put together to read lines (`%{IP:client} %{NUMBER:bytes:int}`). For crawlers that recognise logs and readers that
//! query them; knows neither.

mod patterns;

use fancy_regex::{Regex, RegexBuilder};
use std::collections::HashMap;

/// Patterns that name patterns that name patterns: no deeper.
const DEEPEST: usize = 50;
/// Characters of the regular expression that a pattern becomes.
const MOST_CHARS: usize = 200_000;
/// Steps back that one line may take before it counts as one that does not match.
const BACKTRACKS: usize = 200_000;

/// A compiled pattern.
#[derive(Debug)]
pub struct Grok {
    regex: Regex,
    fields: Vec<Field>,
    /// The group of each field: a field that stands in several alternatives has several.
    groups: Vec<Vec<usize>>,
}

/// What a pattern takes out of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name, lower case, as catalogs keep column names.
    pub name: String,
    /// The data type behind a second colon (`int`).
    pub kind: Option<String>,
}

/// Why a pattern is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// No pattern of this name is known.
    Unknown(String),
    /// Patterns name each other in a ring, or too deep.
    Deep(String),
    /// The regular expression can't be compiled.
    Expression(String),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Unknown(name) => write!(f, "no grok pattern is named {name}"),
            Error::Deep(name) => write!(f, "the grok pattern {name} contains itself or is nested too deep"),
            Error::Expression(why) => write!(f, "the grok pattern is no regular expression: {why}"),
        }
    }
}

impl std::error::Error for Error {}

impl Grok {
    /// Compiles a pattern. `custom` has patterns of the customer's, one a line: a name, a space, the expression.
    pub fn new(pattern: &str, custom: &str) -> Result<Grok, Error> {
        let own: HashMap<&str, &str> = custom.lines().filter_map(|line| line.trim().split_once(char::is_whitespace)).collect();
        let mut build = Build { own, out: String::new(), captures: Vec::new() };
        build.expand(pattern, 0)?;
        let regex = RegexBuilder::new(&build.out).backtrack_limit(BACKTRACKS).build().map_err(|e| Error::Expression(e.to_string()))?;
        let (mut fields, mut groups): (Vec<Field>, Vec<Vec<usize>>) = (Vec::new(), Vec::new());
        for (at, name) in regex.capture_names().enumerate() {
            let Some(index) = name.and_then(|name| name.strip_prefix("_g")).and_then(|n| n.parse::<usize>().ok()) else {
                // Named groups of the customer's own are fields too.
                if let Some(name) = name {
                    add(&mut fields, &mut groups, Field { name: name.to_lowercase(), kind: None }, at);
                }
                continue;
            };
            add(&mut fields, &mut groups, build.captures[index].clone(), at);
        }
        Ok(Grok { regex, fields, groups })
    }

    /// The fields, in the order of their appearance.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Whether a line fits. One that takes too many steps doesn't.
    pub fn matches(&self, line: &str) -> bool {
        self.regex.is_match(line).unwrap_or(false)
    }

    /// The fields' values in a line, in the order of [`fields`](Self::fields); `None` where the line doesn't fit.
    pub fn read<'l>(&self, line: &'l str) -> Option<Vec<Option<&'l str>>> {
        let captures = self.regex.captures(line).ok()??;
        let value = |groups: &Vec<usize>| groups.iter().find_map(|group| captures.get(*group)).map(|found| found.as_str());
        Some(self.groups.iter().map(value).collect())
    }
}

fn add(fields: &mut Vec<Field>, groups: &mut Vec<Vec<usize>>, field: Field, group: usize) {
    match fields.iter().position(|f| f.name == field.name) {
        Some(at) => groups[at].push(group),
        None => {
            fields.push(field);
            groups.push(vec![group]);
        }
    }
}

struct Build<'a> {
    own: HashMap<&'a str, &'a str>,
    out: String,
    captures: Vec<Field>,
}

impl Build<'_> {
    /// Writes an expression with its `%{NAME:field:type}` replaced.
    fn expand(&mut self, text: &str, depth: usize) -> Result<(), Error> {
        let mut rest = text;
        while let Some(start) = rest.find("%{") {
            let end = rest[start..].find('}').ok_or_else(|| Error::Expression("%{ has no }".into()))? + start;
            self.out.push_str(&rest[..start]);
            self.reference(&rest[start + 2..end], depth)?;
            rest = &rest[end + 1..];
        }
        self.out.push_str(rest);
        match self.out.len() > MOST_CHARS {
            true => Err(Error::Expression("it is too long".into())),
            false => Ok(()),
        }
    }

    fn reference(&mut self, text: &str, depth: usize) -> Result<(), Error> {
        let mut parts = text.splitn(3, ':');
        let (name, field, kind) = (parts.next().unwrap_or(""), parts.next(), parts.next());
        if depth >= DEEPEST {
            return Err(Error::Deep(name.into()));
        }
        let expression = self.own.get(name).map(|own| (*own).to_owned()).or_else(|| patterns::find(name).map(str::to_owned));
        let expression = expression.ok_or_else(|| Error::Unknown(name.into()))?;
        match field.filter(|field| !field.is_empty()) {
            Some(field) => {
                self.out.push_str(&format!("(?<_g{}>", self.captures.len()));
                self.captures.push(Field { name: field.to_lowercase(), kind: kind.map(str::to_lowercase) });
            }
            None => self.out.push_str("(?:"),
        }
        self.expand(&expression, depth + 1)?;
        self.out.push(')');
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_taken_out_of_lines() {
        let grok = Grok::new("%{IP:Client} %{WORD:verb} (?:%{NUMBER:bytes:int}|-) %{GREEDYDATA}", "").unwrap();
        let fields: Vec<_> = grok.fields().iter().map(|f| (f.name.as_str(), f.kind.as_deref())).collect();
        assert_eq!(fields, [("client", None), ("verb", None), ("bytes", Some("int"))]);
        assert_eq!(grok.read("10.0.0.1 GET 12 x"), Some(vec![Some("10.0.0.1"), Some("GET"), Some("12")]));
        assert_eq!(grok.read("10.0.0.1 GET - x"), Some(vec![Some("10.0.0.1"), Some("GET"), None]));
        assert_eq!(grok.read("300 GET"), None);
    }

    #[test]
    fn customers_bring_patterns_of_their_own() {
        let grok = Grok::new("%{SHOP:shop}/%{ITEM}", "SHOP [a-z]{3}\nITEM %{INT:item:long}x").unwrap();
        assert_eq!(grok.read("abc/12x"), Some(vec![Some("abc"), Some("12")]));
        assert_eq!(Grok::new("%{NONE}", "").unwrap_err(), Error::Unknown("NONE".into()));
        assert_eq!(Grok::new("%{A}", "A %{B}\nB %{A}").unwrap_err(), Error::Deep("A".into()));
        assert!(matches!(Grok::new("%{INT", "").unwrap_err(), Error::Expression(_)));
        assert!(matches!(Grok::new("(", "").unwrap_err(), Error::Expression(_)));
    }

    #[test]
    fn every_pattern_compiles() {
        for name in patterns::names() {
            Grok::new(&format!("^%{{{name}:x}}$"), "").unwrap_or_else(|e| panic!("{name}: {e}"));
        }
    }

    #[test]
    fn patterns_know_what_they_are_for() {
        let cases = [
            ("IPV6", "2001:db8::1", true),
            ("IPV4", "256.1.1.1", false),
            ("HOSTNAME", "a-b.example.com", true),
            ("UUID", "123e4567-e89b-12d3-a456-426614174000", true),
            ("TIMESTAMP_ISO8601", "2026-11-23T01:02:03.004Z", true),
            ("HTTPDATE", "10/Oct/2000:13:55:36 -0700", true),
            ("LOGLEVEL", "WARN", true),
            ("QS", "\"a \\\" b\"", true),
            ("MAC", "00:1b:44:11:3a:b7", true),
            ("EMAILADDRESS", "a.b@example.org", true),
            ("URI", "https://u@x.org:80/a/b?c=d", true),
            ("PATH", "/usr/bin", true),
            ("NUMBER", "1.5e3", false),
            ("MONTHDAY", "32", false),
        ];
        for (name, text, fits) in cases {
            assert_eq!(Grok::new(&format!("^%{{{name}}}$"), "").unwrap().matches(text), fits, "{name} {text}");
        }
    }
}
