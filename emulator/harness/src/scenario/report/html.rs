//! A page to look at: every scenario, its steps with their times, and what failed. One file, nothing fetched.

use super::{junit::escape, text};
use crate::scenario::{Report, Status, StepReport};
use std::fmt::Write;

const HEAD: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>Scenarios</title><style>\
:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}\
summary{cursor:pointer;padding:.3rem 0}.passed>summary::before{content:'passed ';color:#18794e}.skipped>summary::before{content:'skipped ';opacity:.6}.failed>summary::before{content:'failed ';color:#cd2b31;font-weight:bold}\
table{border-collapse:collapse;width:100%;margin:.4rem 0 1rem}td{padding:.15rem .6rem;border-bottom:1px solid #8884;vertical-align:top}\
td.ms{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}tr.failed td{color:#cd2b31}tr.skipped td{opacity:.6}\
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#8881;padding:.6rem;border-radius:4px}code{font-size:.9em}</style>";

/// The page.
pub fn write(reports: &[Report]) -> String {
    let passed = reports.iter().filter(|r| r.passed && r.skipped.is_none()).count();
    let mut out = String::from(HEAD);
    let _ = write!(out, "<h1>{passed} of {} scenarios passed</h1>", reports.len());
    // What failed is what one came for.
    for report in reports.iter().filter(|r| !r.passed).chain(reports.iter().filter(|r| r.passed)) {
        scenario(&mut out, report);
    }
    out.push_str("</html>\n");
    out
}

fn scenario(out: &mut String, report: &Report) {
    let (class, open) = match (&report.skipped, report.passed) {
        (Some(_), _) => ("skipped", ""),
        (None, true) => ("passed", ""),
        (None, false) => ("failed", " open"),
    };
    let _ = write!(
        out,
        "<details class=\"{class}\"{open}><summary>{} <code>{}</code>, {}</summary><p>Seed {}. Tags: {}.</p>",
        escape(&report.name),
        escape(&report.file.display().to_string()),
        text::took(report.took_ms),
        report.seed,
        escape(&report.tags.join(", ")),
    );
    out.push_str("<table>");
    report.steps.iter().for_each(|s| step(out, s));
    out.push_str("</table>");
    if let Some(why) = &report.skipped {
        let _ = write!(out, "<p>Skipped: {}</p>", escape(why));
    }
    if !report.passed {
        let _ = write!(out, "<pre>{}</pre>", escape(&text::failure(report)));
    }
    out.push_str("</details>");
}

fn step(out: &mut String, step: &StepReport) {
    let class = match step.status {
        Status::Passed => "passed",
        Status::Failed => "failed",
        Status::Skipped => "skipped",
    };
    let _ = write!(
        out,
        "<tr class=\"{class}\"><td>{}</td><td style=\"padding-left:{}rem\">{}</td><td><code>{}</code> line {}</td><td class=\"ms\">{}</td></tr>",
        step.index,
        0.6 + step.depth as f32,
        escape(&step.label),
        step.verb,
        step.at.line,
        text::took(step.took_ms),
    );
}
