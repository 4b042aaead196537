//! Log lines: a customer's grok pattern, and the logs that the built-in classifiers know.

use super::{
    Form, Found, Sample,
    kinds::{Column, Kind},
};
use grok::Grok;
use std::sync::{Arc, OnceLock};

/// Lines that are looked at.
const MOST_LINES: usize = 1_000;
const LINE_BYTES: usize = 64 * 1024;

/// A customer's classifier.
#[derive(Clone, Debug)]
pub(crate) struct Custom {
    pub classification: String,
    pub pattern: String,
    pub custom: Option<String>,
    pub grok: Arc<Grok>,
}

/// What the built-in classifiers know: classification and pattern.
const BUILT_IN: [(&str, &str); 7] = [
    ("combinedapache", "%{COMBINEDAPACHELOG}"),
    ("apache", "%{COMMONAPACHELOG}"),
    ("linux_kernel", "%{SYSLOGBASE} \\[%{NUMBER:uptime}\\] %{GREEDYDATA:message}"),
    ("ruby_logger", "%{RUBY_LOGGER}"),
    ("redislog", "\\[%{POSINT:pid}\\] %{REDISTIMESTAMP:timestamp} [*#.-] %{GREEDYDATA:message}"),
    (
        "redismonlog",
        "%{NUMBER:timestamp} \\[%{INT:database} %{IPORHOST:client}:%{NUMBER:port}\\] \"%{WORD:command}\"\\s?%{GREEDYDATA:params}",
    ),
    (
        "squid",
        "%{NUMBER:timestamp}\\s+%{NUMBER:duration} %{IP:client} %{WORD:cache_result}/%{INT:status} %{INT:bytes} %{WORD:method} %{NOTSPACE:url} %{NOTSPACE:user} %{WORD:hierarchy}/%{NOTSPACE:server} %{NOTSPACE:content_type}",
    ),
];

fn compiled() -> &'static Vec<Grok> {
    static ALL: OnceLock<Vec<Grok>> = OnceLock::new();
    ALL.get_or_init(|| BUILT_IN.iter().map(|(name, p)| Grok::new(p, "").unwrap_or_else(|e| panic!("{name}: {e}"))).collect())
}

/// The first of the known logs that every line fits.
pub(crate) fn built_in(sample: &Sample<'_>) -> Option<Found> {
    let text = sample.text()?;
    let index = compiled().iter().position(|grok| fits(grok, text, 1.0).is_some())?;
    let (classification, pattern) = BUILT_IN[index];
    let grok = &compiled()[index];
    let form = Form::Grok { pattern: pattern.into(), custom: None };
    Some(Found::of_text(classification, columns(grok), form, text.lines().count() as u64, sample))
}

/// A customer's pattern: most lines have to fit it; what does not is null in queries.
pub(crate) fn custom(sample: &Sample<'_>, custom: &Custom) -> Option<Found> {
    let text = sample.text()?;
    fits(&custom.grok, text, 0.5)?;
    let form = Form::Grok { pattern: custom.pattern.clone(), custom: custom.custom.clone() };
    Some(Found::of_text(&custom.classification, columns(&custom.grok), form, text.lines().count() as u64, sample))
}

/// Whether more than this share of the lines fits (all of them at 1).
fn fits(grok: &Grok, text: &str, share: f64) -> Option<()> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(MOST_LINES).collect();
    let fit = lines.iter().filter(|line| line.len() <= LINE_BYTES && grok.matches(line)).count();
    let enough = fit as f64 >= lines.len() as f64 * share && fit > 0 && (share >= 1.0 || fit * 2 > lines.len());
    enough.then_some(())
}

fn columns(grok: &Grok) -> Vec<Column> {
    grok.fields().iter().map(|field| Column::new(field.name.clone(), kind(field.kind.as_deref()))).collect()
}

/// The data types that a grok pattern may name.
fn kind(name: Option<&str>) -> Kind {
    match name {
        Some("byte") => Kind::TinyInt,
        Some("boolean") => Kind::Boolean,
        Some("double") => Kind::Double,
        Some("short") => Kind::SmallInt,
        Some("int") => Kind::Int,
        Some("long") => Kind::BigInt,
        Some("float") => Kind::Float,
        _ => Kind::String,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_logs_are_known() {
        let apache = r#"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a.gif HTTP/1.0" 200 2326 "http://x.y/" "Mozilla/4.08 [en]""#;
        let found = built_in(&Sample { head: apache.as_bytes(), whole: true, tail: &[] }).unwrap();
        assert_eq!(found.classification, "combinedapache");
        let names: Vec<_> = found.columns.iter().map(|c| c.name.as_str()).collect();
        let wanted = [
            "clientip",
            "ident",
            "auth",
            "timestamp",
            "verb",
            "request",
            "httpversion",
            "rawrequest",
            "response",
            "bytes",
            "referrer",
            "agent",
        ];
        assert_eq!(names, wanted);
        let ruby = "I, [1999-03-03T02:34:24.895701 #19074]  INFO -- Main: info.\n";
        assert_eq!(built_in(&Sample { head: ruby.as_bytes(), whole: true, tail: &[] }).unwrap().classification, "ruby_logger");
        let squid = "1286536309.586    921 192.168.0.68 TCP_MISS/200 507 POST http://r.g.com/s - DIRECT/66.102.9.99 text/html\n";
        assert_eq!(built_in(&Sample { head: squid.as_bytes(), whole: true, tail: &[] }).unwrap().classification, "squid");
        assert_eq!(built_in(&Sample { head: b"some words\n", whole: true, tail: &[] }), None);
    }
}
