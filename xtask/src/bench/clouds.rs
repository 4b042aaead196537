//! The library: how long a cloud takes to start, and what 200 of them hold. The program `bench_clouds` does it; here is what it printed.

use super::report::Row;
use crate::Result;
use std::path::Path;
use std::process::Command;

/// Start of the library, and 200 clouds in one process.
pub fn measure(program: &Path) -> Result<Vec<Row>> {
    let output = Command::new(program).output().map_err(|error| format!("{} could not be started: {error}", program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        return Err(format!("{} ended with {}: {}", program.display(), output.status, String::from_utf8_lossy(&output.stderr)));
    }
    let printed = |name: &str| -> Result<f64> {
        let found = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        found.ok_or_else(|| format!("{} printed no {name}: {text}", program.display()))
    };
    let how = "`bench_clouds`: `Emulator::builder().start()` until it listens, all services";
    Ok(vec![
        Row::new("library start, first in its process", printed("first_start_ms")?, 10.0, "ms", how),
        Row::new("library start, median of the clouds after it", printed("median_start_ms")?, 10.0, "ms", how),
        Row::new("200 clouds in one process, resident", printed("clouds_resident_mb")?, 1024.0, "MB", "VmRSS with all 200 listening"),
        Row::new("resident with one cloud", printed("one_resident_mb")?, None, "MB", "VmRSS"),
        Row::new("200 clouds, started one after the other", printed("clouds_ms")?, None, "ms", "wall"),
    ])
}
