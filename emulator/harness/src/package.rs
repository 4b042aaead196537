//! Function binaries of the pipeline: building them with cargo, and packing each as the zip that Lambda takes.

use std::{
    io::Write,
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

/// Builds the functions with cargo in the profile and target folder of the running program. Shows cargo's own progress.
pub fn build_pipeline() -> Result<PipelineBinaries, PackageError> {
    let root = checkout()?;
    let exe = std::env::current_exe().map_err(|e| PackageError::Io("the path of this program".into(), e))?;
    let folder = exe.parent().map(Path::to_path_buf).unwrap_or_default();
    let release = folder.file_name().is_some_and(|name| name == "release");
    let target = folder.parent().filter(|dir| dir.join("CACHEDIR.TAG").is_file()).map(Path::to_path_buf);
    let mut command = cargo(&root);
    // The whole workspace is selected, as by the `cargo run` that built this program, and only these of its binaries are built: another
    // selection would unify the features of dependencies differently and build most of them again.
    command.arg("build").args(FUNCTIONS.iter().flat_map(|name| ["--bin", name]));
    if release {
        command.arg("--release");
    }
    if let Some(target) = &target {
        command.arg("--target-dir").arg(target);
    }
    // The lock file decides the versions. Where all is fetched nobody asks the network; building this program may have fetched less.
    command.arg("--locked");
    if fetched(&root) {
        command.arg("--offline");
    }
    let status = command.status().map_err(|e| PackageError::Io("cargo".into(), e))?;
    if !status.success() {
        return Err(PackageError::Cargo(format!("{command:?}").replace('"', ""), status));
    }
    let out = target.unwrap_or_else(|| root.join("target")).join(if release { "release" } else { "debug" });
    Ok(PipelineBinaries::in_folder(&out))
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
