//! JUnit's XML, as CI systems read it: a file's scenario is a test case.

use super::text;
use crate::scenario::Report;
use std::fmt::Write;

/// The document.
pub fn write(reports: &[Report]) -> String {
    let failed = reports.iter().filter(|r| !r.passed).count();
    let seconds = |ms: u64| format!("{:.3}", ms as f64 / 1000.0);
    let total: u64 = reports.iter().map(|r| r.took_ms).sum();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuites><testsuite name=\"windtunnel\" tests=\"{}\" failures=\"{failed}\" errors=\"0\" skipped=\"{}\" time=\"{}\">",
        reports.len(),
        super::not_run(reports),
        seconds(total)
    );
    for report in reports {
        let (file, name) = (escape(&report.file.display().to_string()), escape(&report.name));
        let _ = write!(out, "<testcase classname=\"{file}\" name=\"{name}\" file=\"{file}\" time=\"{}\">", seconds(report.took_ms));
        if let Some(why) = &report.skipped {
            let _ = write!(out, "<skipped message=\"{}\"/>", escape(why));
        }
        if !report.passed {
            let first = report.steps.iter().flat_map(|s| s.failures.iter().map(move |f| (s, f))).next();
            let message = match (first, &report.problem) {
                (Some((step, f)), _) => format!("{}: expected {}, got {}", step.label, f.expected, f.got),
                (None, problem) => problem.clone().unwrap_or_default(),
            };
            let _ = write!(out, "<failure message=\"{}\">{}</failure>", escape(&message), escape(&text::failure(report)));
        }
        let _ = writeln!(out, "<system-out>seed {}</system-out></testcase>", report.seed);
    }
    out.push_str("</testsuite></testsuites>\n");
    out
}

/// Text as XML takes it; characters that XML can't hold become spaces.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_xml_can_not_hold_is_taken_out() {
        assert_eq!(super::escape("a<b>&\"\u{1}\n"), "a&lt;b&gt;&amp;&quot; \n");
    }
}
