//! Where AWS's models come from: the PyPI package botocore, one pinned version, laid out as plain JSON under `target/codegen`.
//!
//! Only codegen needs Python and, once, a network; a build needs neither.

use crate::Result;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Lays out what Python finds in the installed package or the wheel.
const LAY_OUT: &str = include_str!("botocore.py");

/// Makes sure that every named model lies in the cache; answers the cache's folder.
pub fn fetch(root: &Path, version: &str, models: &[&str]) -> Result<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let cache = target.join("codegen").join(format!("botocore-{version}"));
    std::fs::create_dir_all(&cache).map_err(|e| format!("{}: {e}", cache.display()))?;
    let missing: Vec<&&str> = models.iter().filter(|name| !cache.join(format!("{name}.json")).is_file()).collect();
    if missing.is_empty() {
        return Ok(cache);
    }
    let output = Command::new("python3")
        .args(["-c", LAY_OUT, version])
        .arg(&cache)
        .args(missing)
        .output()
        .map_err(|e| format!("codegen reads AWS's models with python3, which doesn't start ({e}). A build doesn't need it."))?;
    if !output.status.success() {
        return Err(format!("AWS's models are not to be had.\n{}", String::from_utf8_lossy(&output.stderr).trim_end()));
    }
    Ok(cache)
}

/// One model out of the cache.
pub fn read(cache: &Path, model: &str) -> Result<Value> {
    read_json(&cache.join(format!("{model}.json")))
}

/// A JSON file.
pub fn read_json(path: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))
}
