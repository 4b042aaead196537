//! An image out of a binary: from scratch, with the libraries that it links (as `ldd` names them) and a `/tmp`. No registry is asked.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

/// Where the binary lies in the image.
const ENTRY: &str = "windtunnel";

/// Why no image was made.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// A file can't be read or written.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A program is missing or failed.
    #[error("`{command}` failed: {why}")]
    Program {
        /// The command.
        command: String,
        /// What it said.
        why: String,
    },
}

/// Builds the image `tag` (`windtunnel:local`) out of a binary of `windtunnel`, with `docker`.
pub fn build(binary: &Path, tag: &str) -> Result<(), ImageError> {
    let folder = std::env::temp_dir().join(format!("windtunnel-image-{}", std::process::id()));
    let built = context(binary, &folder).and_then(|()| run("docker", &["build", "--quiet", "--tag", tag, &folder.display().to_string()]));
    // The copy of the binary is large; that it can't be removed is no reason to fail.
    let _ = fs::remove_dir_all(&folder);
    built.map(drop)
}

/// Writes what Docker builds from: a Dockerfile and the image's root.
pub fn context(binary: &Path, folder: &Path) -> Result<(), ImageError> {
    let root = folder.join("root");
    copy(binary, &root.join(ENTRY))?;
    // Symbols are most of a binary; without `strip` the image is larger.
    let _ = Command::new("strip").arg(root.join(ENTRY)).output();
    for library in libraries(binary)? {
        copy(&library, &root.join(library.strip_prefix("/").unwrap_or(&library)))?;
    }
    let tmp = root.join("tmp");
    fs::create_dir_all(&tmp).map_err(|error| ImageError::File { path: tmp.clone(), error })?;
    let dockerfile = folder.join("Dockerfile");
    fs::write(&dockerfile, dockerfile_text()).map_err(|error| ImageError::File { path: dockerfile, error })
}

fn dockerfile_text() -> String {
    let (port, kafka) = (crate::PORT, crate::KAFKA_PORT);
    format!(
        "FROM scratch\nCOPY root/ /\nENV HOME=/tmp\nEXPOSE {port} {kafka}\nENTRYPOINT [\"/{ENTRY}\"]\nCMD [\"up\", \"--no-stack\", \"--bind\", \"0.0.0.0\"]\n"
    )
}

/// The libraries that a binary links, with the loader; none of a static one.
fn libraries(binary: &Path) -> Result<Vec<PathBuf>, ImageError> {
    let said = match run("ldd", &[&binary.display().to_string()]) {
        Err(ImageError::Program { why, .. }) if why.contains("not a dynamic executable") => return Ok(Vec::new()),
        other => other?,
    };
    if let Some(missing) = said.lines().find(|line| line.contains("not found")) {
        return Err(ImageError::Program { command: format!("ldd {}", binary.display()), why: missing.trim().to_owned() });
    }
    let path = |line: &str| line.split_whitespace().find(|word| word.starts_with('/')).map(PathBuf::from);
    Ok(said.lines().filter_map(path).collect())
}

fn copy(from: &Path, to: &Path) -> Result<(), ImageError> {
    let copied = fs::create_dir_all(to.parent().unwrap_or(to)).and_then(|()| fs::copy(from, to));
    copied.map(drop).map_err(|error| ImageError::File { path: from.to_owned(), error })
}

fn run(program: &str, arguments: &[&str]) -> Result<String, ImageError> {
    let command = format!("{program} {}", arguments.join(" "));
    let output = Command::new(program).args(arguments).output();
    let output = output.map_err(|error| ImageError::Program { command: command.clone(), why: error.to_string() })?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    match output.status.success() {
        true => Ok(text(&output.stdout)),
        false => Err(ImageError::Program { command, why: format!("{} {}", text(&output.stderr), text(&output.stdout)) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_has_the_binary_and_what_it_links() {
        let folder = std::env::temp_dir().join(format!("windtunnel-context-{}", std::process::id()));
        context(&std::env::current_exe().unwrap(), &folder).unwrap();
        let root = folder.join("root");
        let libraries = libraries(&root.join(ENTRY)).unwrap();
        assert!(libraries.iter().any(|library| library.ends_with("libc.so.6")), "{libraries:?}");
        for library in &libraries {
            assert!(root.join(library.strip_prefix("/").unwrap()).is_file(), "{}", library.display());
        }
        assert!(fs::read_to_string(folder.join("Dockerfile")).unwrap().starts_with("FROM scratch\n"));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_is_missing_is_said() {
        let error = context(Path::new("/nowhere/windtunnel"), &std::env::temp_dir().join("windtunnel-nowhere")).unwrap_err();
        assert!(error.to_string().starts_with("/nowhere/windtunnel: "), "{error}");
    }
}
