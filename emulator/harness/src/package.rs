//! Function binaries of the pipeline: building them with cargo, and packing each as the zip that Lambda takes.

use serde_json::Value;
use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::Stdio,
};

/// The pipeline's functions, which are also the names of their binaries.
const FUNCTIONS: [&str; 6] = ["presign", "process", "batch", "part", "images", "aggregate"];

/// Where the pipeline's binaries are.
#[derive(Clone, Debug, PartialEq)]
pub struct PipelineBinaries {
    /// Hands out upload URLs.
    pub presign: PathBuf,
    /// Makes renditions and metadata.
    pub process: PathBuf,
    /// Parts batches.
    pub batch: PathBuf,
    /// Works through a part of a batch.
    pub part: PathBuf,
    /// Lists, gives and deletes images.
    pub images: PathBuf,
    /// Sums up each day.
    pub aggregate: PathBuf,
}

impl PipelineBinaries {
    /// The binaries in one folder, as cargo leaves them.
    pub fn in_folder(folder: &Path) -> PipelineBinaries {
        let [presign, process, batch, part, images, aggregate] = FUNCTIONS.map(|name| folder.join(name));
        PipelineBinaries { presign, process, batch, part, images, aggregate }
    }
    /// Name and path of each.
    pub fn all(&self) -> [(&'static str, &Path); FUNCTIONS.len()] {
        let paths = [&self.presign, &self.process, &self.batch, &self.part, &self.images, &self.aggregate];
        std::array::from_fn(|at| (FUNCTIONS[at], paths[at].as_path()))
    }
}

/// Why the pipeline's functions could not be had.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The sources are elsewhere.
    #[error("there is no pipeline/ beside Cargo.toml in {0} or above; run windtunnel from a checkout, or use --no-stack")]
    NoSources(String),
    /// cargo said no.
    #[error("cargo could not build the pipeline's functions (see above); `{0}` ended with {1}")]
    Cargo(String, std::process::ExitStatus),
    /// cargo was content and named no binary of this function.
    #[error("cargo built no binary {0}; it told of {1}")]
    NotBuilt(&'static str, String),
    /// A file could not be read or written.
    #[error("{0}: {1}")]
    Io(String, std::io::Error),
}

/// The checkout that holds the pipeline: the working folder or one above it.
pub fn checkout() -> Result<PathBuf, PackageError> {
    let here = std::env::current_dir().map_err(|e| PackageError::Io("the working folder".into(), e))?;
    let found = here.ancestors().find(|dir| dir.join("pipeline/template.yaml").is_file() && dir.join("Cargo.toml").is_file());
    found.map(Path::to_path_buf).ok_or_else(|| PackageError::NoSources(here.display().to_string()))
}

/// Builds the functions with cargo in the profile of the running program, and in its target folder where it lies in one. Where cargo puts them
/// (CARGO_TARGET_DIR, its configuration, a target of its own) it says itself. Shows cargo's own progress.
pub fn build_pipeline() -> Result<PipelineBinaries, PackageError> {
    let root = checkout()?;
    let exe = std::env::current_exe().map_err(|e| PackageError::Io("the path of this program".into(), e))?;
    let folder = exe.parent().map(Path::to_path_buf).unwrap_or_default();
    let release = folder.file_name().is_some_and(|name| name == "release");
    let target = folder.parent().filter(|dir| dir.join("CACHEDIR.TAG").is_file());
    let mut command = cargo(&root);
    // The whole workspace is selected, as by the `cargo run` that built this program, and only these of its binaries are built: another
    // selection would unify the features of dependencies differently and build most of them again.
    command.arg("build").args(FUNCTIONS.iter().flat_map(|name| ["--bin", name]));
    if release {
        command.arg("--release");
    }
    if let Some(target) = target {
        command.arg("--target-dir").arg(target);
    }
    // The lock file decides the versions. Where all is fetched nobody asks the network; building this program may have fetched less.
    command.arg("--locked");
    if fetched(&root) {
        command.arg("--offline");
    }
    command.arg("--message-format=json-render-diagnostics").stdout(Stdio::piped());
    let broken = |e| PackageError::Io("cargo".into(), e);
    let mut child = command.spawn().map_err(broken)?;
    let built = child.stdout.take().map(executables).unwrap_or_default();
    let status = child.wait().map_err(broken)?;
    if !status.success() {
        return Err(PackageError::Cargo(format!("{command:?}").replace('"', ""), status));
    }
    found(&built)
}

/// Binaries that cargo built or found built already, by name.
fn executables(told: impl Read) -> BTreeMap<String, PathBuf> {
    let artifact = |line: String| {
        let line: Value = serde_json::from_str(&line).ok()?;
        Some((line["target"]["name"].as_str()?.to_owned(), PathBuf::from(line["executable"].as_str()?)))
    };
    // All of it is read: cargo must not wait for a reader.
    BufReader::new(told).lines().map_while(Result::ok).filter_map(artifact).collect()
}

fn found(built: &BTreeMap<String, PathBuf>) -> Result<PipelineBinaries, PackageError> {
    let told = || match built.is_empty() {
        true => "none".to_owned(),
        false => built.values().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "),
    };
    let path = |name: &'static str| built.get(name).cloned().ok_or_else(|| PackageError::NotBuilt(name, told()));
    let [presign, process, batch, part, images, aggregate] = FUNCTIONS.map(path);
    Ok(PipelineBinaries { presign: presign?, process: process?, batch: batch?, part: part?, images: images?, aggregate: aggregate? })
}

fn cargo(root: &Path) -> std::process::Command {
    let mut command = std::process::Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root).stdin(Stdio::null());
    // `cargo run` tells this program of the package that it is. Build scripts that look at these names (ring's) would run again.
    let of_package = |name: &std::ffi::OsStr| {
        let name = name.to_string_lossy();
        name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") || name == "CARGO_BIN_NAME" || name == "CARGO_CRATE_NAME"
    };
    std::env::vars_os().filter(|(name, _)| of_package(name)).for_each(|(name, _)| {
        command.env_remove(name);
    });
    command
}

/// Whether everything that the functions are built from is on this machine.
fn fetched(root: &Path) -> bool {
    let mut tree = cargo(root);
    tree.args(["tree", "--edges", "no-dev", "--locked", "--offline"]);
    tree.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// A zip whose only file is `bootstrap`, executable. The same binary makes the same bytes.
pub fn zip(binary: &Path) -> Result<Vec<u8>, PackageError> {
    let wrong = |e| PackageError::Io(binary.display().to_string(), e);
    let bytes = std::fs::read(binary).map_err(wrong)?;
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .compression_level(Some(1))
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o755);
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::with_capacity(bytes.len() / 2)));
    let packed = writer.start_file("bootstrap", options).and_then(|()| writer.write_all(&bytes).map_err(Into::into));
    packed.and_then(|()| writer.finish()).map(std::io::Cursor::into_inner).map_err(|e| wrong(std::io::Error::other(e)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_functions_are_where_cargo_says() {
        let line = |name: &str| {
            let (target, executable) = (serde_json::json!({ "name": name, "kind": ["bin"] }), format!("/elsewhere/debug/{name}"));
            serde_json::json!({ "reason": "compiler-artifact", "target": target, "executable": executable }).to_string()
        };
        let library = r#"{"reason":"compiler-artifact","target":{"name":"pipeline"},"executable":null}"#;
        let told =
            [library.to_owned(), "no JSON".into(), FUNCTIONS.map(line).join("\n"), r#"{"reason":"build-finished"}"#.into()].join("\n");
        let binaries = found(&executables(told.as_bytes())).unwrap();
        assert_eq!(binaries, PipelineBinaries::in_folder(Path::new("/elsewhere/debug")));
        let less = told.replace("debug/part\"", "debug/other\"").replace("\"name\":\"part\"", "\"name\":\"other\"");
        let error = found(&executables(less.as_bytes())).unwrap_err().to_string();
        assert!(error.starts_with("cargo built no binary part; it told of /elsewhere/debug/aggregate, "), "{error}");
    }
}
