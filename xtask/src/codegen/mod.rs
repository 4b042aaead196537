//! `cargo xtask codegen`: AWS's public service models and a service's own operation table become `src/model.rs`.
//!
//! The order of work is the list in [`generate`]: read the table, read the model, apply the patch, choose what the table reaches, write
//! Rust, format it. One file a step. Nothing here knows a service; what a service needs differently stands in its
//! `src/model.patch.json`, a JSON merge patch (RFC 7396) over AWS's model.

mod botocore;
mod model;
mod names;
mod selection;
mod source;
mod table;
mod tables;
mod types;

use crate::Result;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The release of AWS's models (PyPI package `botocore`) that everything is generated from.
pub const BOTOCORE: &str = "1.43.11";

/// A service crate that has an operation table.
struct Service {
    /// Folder name under `emulator/services`.
    folder: String,
    /// The crate's `src`.
    src: PathBuf,
    /// The table in its `lib.rs`.
    table: table::Table,
}

/// Generates the named services (all with a table when none is named), or with `check` compares and writes nothing.
pub fn run(root: &Path, names: &[String], check: bool) -> Result<()> {
    let services = find(root, names)?;
    let models: Vec<&str> = services.iter().map(|s| s.table.model.as_str()).collect();
    let cache = botocore::fetch(root, BOTOCORE, &models)?;
    let mut stale = Vec::new();
    for service in &services {
        let text = generate(root, &cache, service).map_err(|e| format!("{}: {e}", service.folder))?;
        let path = service.src.join("model.rs");
        let fresh = std::fs::read_to_string(&path).is_ok_and(|old| old == text);
        let shown = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        if check {
            if !fresh {
                stale.push(shown);
            }
        } else {
            if !fresh {
                std::fs::write(&path, &text).map_err(|e| format!("{shown}: {e}"))?;
            }
            let state = if fresh { "unchanged" } else { "written" };
            println!("{shown}: {} operations, {} lines, {state}", service.table.operations.len(), text.lines().count());
        }
    }
    match stale.as_slice() {
        [] if check => println!("{} generated files are fresh", services.len()),
        [] => {}
        files => return Err(format!("out of date: {}\nRun `cargo xtask codegen` and commit what it writes.", files.join(", "))),
    }
    Ok(())
}

/// The service crates to generate, in folder order.
fn find(root: &Path, names: &[String]) -> Result<Vec<Service>> {
    let home = root.join("emulator/services");
    let entries = std::fs::read_dir(&home).map_err(|e| format!("{}: {e}", home.display()))?;
    let mut folders: Vec<String> = entries
        .filter_map(|entry| entry.ok())
        .filter(|entry| entry.path().join("src/lib.rs").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    folders.sort();
    if let Some(unknown) = names.iter().find(|name| !folders.contains(name)) {
        return Err(format!("there is no service `{unknown}`; there are: {}", folders.join(", ")));
    }
    let mut services = Vec::new();
    for folder in folders {
        let named = names.contains(&folder);
        if !names.is_empty() && !named {
            continue;
        }
        let src = home.join(&folder).join("src");
        let lib = src.join("lib.rs");
        let text = std::fs::read_to_string(&lib).map_err(|e| format!("{}: {e}", lib.display()))?;
        match table::read(&text).map_err(|e| format!("{}: {e}", lib.display()))? {
            Some(table) => services.push(Service { folder, src, table }),
            None if named => return Err(format!("{} has no `kit::service! {{ ... }}` table", lib.display())),
            None => println!("{folder}: no operation table yet, passed over"),
        }
    }
    Ok(services)
}

/// The text of one `model.rs`.
fn generate(root: &Path, cache: &Path, service: &Service) -> Result<String> {
    let mut json = botocore::read(cache, &service.table.model)?;
    let patch = service.src.join("model.patch.json");
    if patch.is_file() {
        model::merge(&mut json, &botocore::read_json(&patch)?);
    }
    let model = model::Model::new(json)?;
    let selection = selection::Selection::new(&model, &service.table.operations)?;
    let rust = source::write(&model, &selection, &service.table.model);
    format_rust(root, &rust).map_err(|e| keep_for_inspection(cache, &service.folder, &rust, &e))
}

/// Formats with rustfmt under the workspace's settings; lines of 140 where it has none of its own.
fn format_rust(root: &Path, rust: &str) -> Result<String> {
    let mut command = Command::new("rustfmt");
    command.current_dir(root).args(["--edition", "2024", "--emit", "stdout"]);
    if !root.join("rustfmt.toml").is_file() && !root.join(".rustfmt.toml").is_file() {
        command.args(["--config", "max_width=140,use_small_heuristics=Max"]);
    }
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("rustfmt doesn't start ({e}); `rustup component add rustfmt` installs it"))?;
    let mut stdin = child.stdin.take().expect("stdin is piped");
    let text = rust.to_owned();
    // From a thread: rustfmt may write before it has read everything.
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().map_err(|e| format!("rustfmt: {e}"))?;
    let written = writer.join().expect("the writer doesn't panic");
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    written.map_err(|e| format!("rustfmt: {e}"))?;
    String::from_utf8(output.stdout).map_err(|e| format!("rustfmt: {e}"))
}

/// Keeps what rustfmt refused and says where.
fn keep_for_inspection(cache: &Path, folder: &str, rust: &str, error: &str) -> String {
    let path = cache.join(format!("{folder}.refused.rs"));
    match std::fs::write(&path, rust) {
        Ok(()) => format!("{error}\nThe text that rustfmt refused is in {}", path.display()),
        Err(_) => error.to_owned(),
    }
}
