//! What a runtime starts: the package's or a layer's own `bootstrap`, or the host's interpreter with awslambdaric where that is installed, else
//! with a small client of ours.

use super::workdir;
use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    io::Read,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
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
pub(crate) fn entry(runtime: &str, handler: &str, task_root: &Path, opt: Option<&Path>) -> Result<Entry, String> {
    if runtime.starts_with("python") {
        let ask = ["-c", "import sys; print(sys.executable)"];
        let interpreter = interpreter(&[runtime, "python3"], ask)
            .ok_or_else(|| format!("Couldn't find a working {runtime} or python3 on this machine"))?;
        // Folders of code are shared: nothing is compiled into them.
        let mut arguments: Vec<OsString> = vec!["-u".into(), "-B".into()];
        match task_root.join("awslambdaric").is_dir() || has_awslambdaric(&interpreter) {
            true => arguments.extend(["-m".into(), "awslambdaric".into(), handler.into()]),
            false => arguments.push(client("python_client.py", PYTHON_CLIENT)?),
        }
        return Ok(Entry { program: interpreter, arguments });
    }
    if runtime.starts_with("nodejs") {
        let interpreter = interpreter(&["node"], ["-p", "process.execPath"]).ok_or("Couldn't find a working node on this machine")?;
        return Ok(Entry { program: interpreter, arguments: vec![client("node_client.mjs", NODE_CLIENT)?] });
    }
    let own = task_root.join("bootstrap");
    // A layer may bring the runtime.
    let program = opt.map(|opt| opt.join("bootstrap")).filter(|there| !own.exists() && there.exists()).unwrap_or(own);
    match fs::metadata(&program) {
        Err(_) => Err("Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]".into()),
        Ok(meta) if meta.permissions().mode() & 0o111 == 0 => Err("fork/exec /var/task/bootstrap: permission denied".into()),
        // The C library would try a shell; Lambda does not.
        Ok(_) if !is_program(&program) => Err("fork/exec /var/task/bootstrap: exec format error".into()),
        Ok(_) => Ok(Entry { program, arguments: Vec::new() }),
    }
}

/// Whether the kernel could run it: an ELF file, or a script that names its interpreter.
fn is_program(path: &Path) -> bool {
    let mut head = [0; 4];
    let read = fs::File::open(path).and_then(|mut file| file.read(&mut head)).unwrap_or(0);
    head[..read].starts_with(b"\x7fELF") || head[..read].starts_with(b"#!")
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

/// The first of these programs that works, by the path it says it has: what lies on PATH may be a version manager's stand-in, which
/// needs an environment that functions don't get. Asked once a process.
fn interpreter(names: &[&str], ask: [&str; 2]) -> Option<PathBuf> {
    static KNOWN: Mutex<BTreeMap<String, Option<PathBuf>>> = Mutex::new(BTreeMap::new());
    let look = |name: &&str| {
        let mut known = KNOWN.lock();
        known.entry((*name).to_owned()).or_insert_with(|| own_path(name, ask)).clone()
    };
    names.iter().find_map(look)
}

/// Whether AWS's own client lies beside the interpreter; asked once a process.
fn has_awslambdaric(interpreter: &Path) -> bool {
    static KNOWN: Mutex<BTreeMap<PathBuf, bool>> = Mutex::new(BTreeMap::new());
    let ask = || {
        let mut command = Command::new(interpreter);
        command.args(["-c", "import awslambdaric"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    *KNOWN.lock().entry(interpreter.to_owned()).or_insert_with(ask)
}

fn own_path(name: &str, ask: [&str; 2]) -> Option<PathBuf> {
    let said =
        Command::new(name).args(ask).stdin(Stdio::null()).stderr(Stdio::null()).output().ok().filter(|said| said.status.success())?;
    let path = PathBuf::from(String::from_utf8(said.stdout).ok()?.trim());
    path.is_absolute().then_some(path)
}
