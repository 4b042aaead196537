//! What the tests start from: a cloud, with the pipeline deployed in it or not, and where things lie in the checkout.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
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

/// The functions as cargo has just built them.
pub fn binaries() -> PipelineBinaries {
    PipelineBinaries {
        presign: env!("CARGO_BIN_EXE_presign").into(),
        process: env!("CARGO_BIN_EXE_process").into(),
        images: env!("CARGO_BIN_EXE_images").into(),
    }
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
