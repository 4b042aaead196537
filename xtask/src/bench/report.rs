//! Figures as rows of a Markdown table, and the place in docs/measurements.md where they stand.

use crate::Result;
use std::path::Path;

/// Where the release figures stand.
pub const HEADING: &str = "## Release figures";

/// One figure.
pub struct Row {
    /// What was measured.
    pub what: String,
    /// What came out.
    pub value: f64,
    /// What it may be at most; `None` for figures that only explain others.
    pub most: Option<f64>,
    /// Unit of both.
    pub unit: &'static str,
    /// How it was measured.
    pub how: String,
}

impl Row {
    /// A figure with what it may be.
    pub fn new(what: impl Into<String>, value: f64, most: impl Into<Option<f64>>, unit: &'static str, how: impl Into<String>) -> Row {
        Row { what: what.into(), value, most: most.into(), unit, how: how.into() }
    }
    /// Whether it is within its target.
    pub fn holds(&self) -> bool {
        self.most.is_none_or(|most| self.value <= most)
    }
    /// For the terminal.
    pub fn line(&self) -> String {
        let target = self.most.map_or(String::new(), |most| format!(" (at most {})", number(most)));
        format!("{}: {} {}{target}", self.what, number(self.value), self.unit)
    }
}

fn number(value: f64) -> String {
    match value {
        v if v >= 100.0 || v.fract() == 0.0 => format!("{v:.0}"),
        v if v >= 10.0 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    }
}

/// The load of the machine over the last minute, before anything was measured.
pub fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().filter(|word| !word.is_empty()).unwrap_or("unknown").to_owned()
}

/// The table with what has to be known to read it.
pub fn table(rows: &[Row], profile: &str, load: &str) -> String {
    let mut out = format!("{}, profile {profile}.\n\n", taken(load));
    out.push_str("| figure | measured | at most | how |\n|---|---|---|---|\n");
    for row in rows {
        let most = row.most.map_or(String::new(), |most| format!("{} {}", number(most), row.unit));
        out.push_str(&format!("| {} | {} {} | {most} | {} |\n", row.what, number(row.value), row.unit, row.how));
    }
    out
}

/// The command, the day and the load under which figures were taken.
pub fn taken(load: &str) -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let command: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--write").collect();
    format!("`cargo xtask {}`, {}, {cores} cores, load {load} before it began", command.join(" "), today())
}

/// Puts a table under its heading, in place of the one that stands there.
pub fn write(page: &Path, heading: &str, table: &str) -> Result<()> {
    let said = |error: std::io::Error| format!("{}: {error}", page.display());
    let text = std::fs::read_to_string(page).map_err(said)?;
    std::fs::write(page, replaced(&text, heading, table)).map_err(said)
}

fn replaced(text: &str, heading: &str, table: &str) -> String {
    let section = format!("{heading}\n\n{table}");
    let Some(start) = text.find(heading) else { return format!("{}\n\n{section}", text.trim_end()) };
    let rest = &text[start + heading.len()..];
    match rest.find("\n## ") {
        Some(next) => format!("{}{section}{}", &text[..start], &rest[next..]),
        None => format!("{}{section}", &text[..start]),
    }
}

/// The date in UTC, `2026-11-22`.
fn today() -> String {
    super::http::moment()[..8]
        .to_owned()
        .chars()
        .enumerate()
        .flat_map(|(at, c)| (at == 4 || at == 6).then_some('-').into_iter().chain([c]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_takes_the_place_of_the_one_before() {
        let page = "# M\n\n## A\n\na\n\n## Release figures\n\nold\n\n## B\n\nb\n";
        assert_eq!(replaced(page, HEADING, "new\n"), "# M\n\n## A\n\na\n\n## Release figures\n\nnew\n\n## B\n\nb\n");
        assert_eq!(replaced("# M\n", HEADING, "new\n"), "# M\n\n## Release figures\n\nnew\n");
    }

    #[test]
    fn figures_are_held_to_their_targets() {
        let row = |value| Row::new("start", value, 10.0, "ms", "");
        assert!(row(9.99).holds() && !row(10.01).holds());
        assert_eq!(row(9.994).line(), "start: 9.99 ms (at most 10)");
    }
}
