//! `cargo xtask tidy`: the house rules that a compiler doesn't know, each as a check.
//!
//! A rule gives back findings and never stops at the first. What is generated is measured nowhere and held to no rule of style.

mod arrows;
mod files;
mod text;

use crate::Result;
use std::path::Path;

/// Something that breaks a rule.
#[derive(Debug, PartialEq)]
pub struct Finding {
    /// File, from the root of the workspace.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub what: String,
}

/// Checks every rule; prints the sizes, and the findings as the error.
pub fn run(root: &Path) -> Result<()> {
    let files = files::read(root)?;
    let mut findings = text::check(&files);
    findings.extend(arrows::check(&files));
    findings.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    println!("{}", sizes(&files));
    if findings.is_empty() {
        println!("tidy");
        return Ok(());
    }
    let list: Vec<String> = findings.iter().map(|f| format!("{}:{}: {}", f.file, f.line, f.what)).collect();
    Err(format!("{}\n{} to put right", list.join("\n"), findings.len()))
}

/// How many hand-written files there are, their median length, and the longest.
fn sizes(files: &[files::File]) -> String {
    let mut sizes: Vec<(usize, &str)> =
        files.iter().filter(|f| f.is_rust() && !f.generated).map(|f| (f.lines(), f.path.as_str())).collect();
    sizes.sort();
    let Some((median, _)) = sizes.get(sizes.len() / 2) else { return "no Rust files".to_owned() };
    let longest: Vec<String> = sizes.iter().rev().take(5).map(|(lines, path)| format!("  {lines:>4} {path}")).collect();
    let generated: usize = files.iter().filter(|f| f.generated).map(files::File::lines).sum();
    let total: usize = sizes.iter().map(|(lines, _)| lines).sum();
    format!(
        "{} hand-written Rust files, {total} lines, median {median}; {generated} lines generated. The longest:\n{}",
        sizes.len(),
        longest.join("\n")
    )
}
