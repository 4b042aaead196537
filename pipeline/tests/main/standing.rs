//! What the tests start from: a cloud, with the pipeline deployed in it or not, and where things lie in the checkout.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};
use windtunnel::{
    Emulator,
    deploy::{self, Outputs},
    package::PipelineBinaries,
};

/// The checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("pipeline/ lies in the checkout").to_path_buf()
}

/// The pipeline's template.
pub fn template() -> PathBuf {
    root().join("pipeline/template.yaml")
}

/// The functions as cargo has just built them, without what only debuggers read: that is four fifths of a debug build, and every
/// deployment packs, signs and sums all of it.
pub fn binaries() -> PipelineBinaries {
    static STRIPPED: OnceLock<PipelineBinaries> = OnceLock::new();
    let all = || PipelineBinaries {
        presign: stripped(env!("CARGO_BIN_EXE_presign")),
        process: stripped(env!("CARGO_BIN_EXE_process")),
        batch: stripped(env!("CARGO_BIN_EXE_batch")),
        part: stripped(env!("CARGO_BIN_EXE_part")),
        images: stripped(env!("CARGO_BIN_EXE_images")),
        aggregate: stripped(env!("CARGO_BIN_EXE_aggregate")),
    };
    STRIPPED.get_or_init(all).clone()
}

/// The consumer application, where it was built: it is no default member of the workspace.
pub fn consumer() -> Option<PathBuf> {
    let file = Path::new(env!("CARGO_BIN_EXE_process")).with_file_name("consumer");
    file.is_file().then_some(file)
}

/// The binary without debug information, or as it is where that can't be had. `strip` comes with every linker.
fn stripped(binary: &str) -> PathBuf {
    let binary = Path::new(binary);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("functions");
    let made = folder.join(binary.file_name().expect("a binary has a name"));
    let changed = |file: &Path| std::fs::metadata(file).and_then(|m| m.modified()).ok();
    if changed(&made) > changed(binary) {
        return made;
    }
    // Another process of these tests may do the same: each writes a file of its own, and the last one stays.
    let own = made.with_extension(std::process::id().to_string());
    let done = std::fs::create_dir_all(&folder).is_ok()
        && Command::new("strip").arg("--strip-debug").arg("-o").arg(&own).arg(binary).status().is_ok_and(|s| s.success())
        && std::fs::rename(&own, &made).is_ok();
    if done { made } else { binary.to_owned() }
}

/// A cloud that listens, with nothing in it.
pub async fn bare() -> Emulator {
    Emulator::builder().start().await.expect("the emulator starts")
}

/// A cloud with the pipeline in it.
pub struct Standing {
    /// The cloud.
    pub emulator: Emulator,
    /// The stack's outputs, the API's URL in its local form.
    pub outputs: Outputs,
}

impl Standing {
    /// One of the outputs.
    pub fn output(&self, name: &str) -> &str {
        self.outputs.get(name).unwrap_or_else(|| panic!("the stack has no output {name}: {:?}", self.outputs))
    }
}

/// Starts a cloud and deploys the pipeline into it, through the one deploy path.
pub async fn with_pipeline() -> Standing {
    let emulator = bare().await;
    let deployed = deploy::deploy_pipeline(&emulator, &template(), &binaries(), BTreeMap::new()).await;
    let outputs = deployed.unwrap_or_else(|error| panic!("the pipeline was not deployed: {error}"));
    Standing { emulator, outputs }
}
