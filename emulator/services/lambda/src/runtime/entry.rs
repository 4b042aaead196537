//! What a runtime starts: the package's own `bootstrap`, or the host's interpreter with a small client of ours.

use super::workdir;
use std::{
    ffi::OsString,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

const PYTHON_CLIENT: &str = include_str!("clients/python_client.py");
const NODE_CLIENT: &str = include_str!("clients/node_client.mjs");

/// A program with its arguments.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub program: PathBuf,
    pub arguments: Vec<OsString>,
}

/// What to start for a runtime; the error is the sentence of `Runtime.InvalidEntrypoint`.
pub(crate) fn entry(runtime: &str, task_root: &Path) -> Result<Entry, String> {
    if let Some(version) = runtime.strip_prefix("python") {
        let interpreter = on_path(&[&format!("python{version}"), "python3"])
            .ok_or_else(|| format!("Couldn't find python{version} or python3 on this machine"))?;
        return Ok(Entry { program: interpreter, arguments: vec!["-u".into(), client("python_client.py", PYTHON_CLIENT)?] });
    }
    if runtime.starts_with("nodejs") {
        let interpreter = on_path(&["node"]).ok_or("Couldn't find node on this machine")?;
        return Ok(Entry { program: interpreter, arguments: vec![client("node_client.mjs", NODE_CLIENT)?] });
    }
    let program = task_root.join("bootstrap");
    match fs::metadata(&program) {
        Err(_) => Err("Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]".into()),
        Ok(meta) if meta.permissions().mode() & 0o111 == 0 => Err("fork/exec /var/task/bootstrap: permission denied".into()),
        Ok(_) => Ok(Entry { program, arguments: Vec::new() }),
    }
}

fn client(name: &str, text: &str) -> Result<OsString, String> {
    let write = || {
        let path = workdir::root()?.join(name);
        if !path.exists() {
            // Whole or not at all: several may start at once.
            let draft = workdir::fresh("client")?;
            fs::write(draft.join(name), text)?;
            fs::rename(draft.join(name), &path)?;
            let _ = fs::remove_dir(draft);
        }
        Ok::<_, std::io::Error>(path.into_os_string())
    };
    write().map_err(|e| format!("Couldn't write the runtime client: {e}"))
}

fn on_path(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let runs = |file: &PathBuf| fs::metadata(file).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0);
    names.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(runs))
}
