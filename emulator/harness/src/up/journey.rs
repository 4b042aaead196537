//! The pipeline's journey, shown step by step: the scenario `photo-journey`, in a cloud of its own, so that time can pass there without
//! the standing cloud losing anything.

use crate::{
    package::{self, PipelineBinaries},
    scenario::{Event, Options, load, report::text, run_one},
};
use std::sync::Arc;

/// Whether it went as it should; what went wrong is told.
pub(super) async fn walk(binaries: &PipelineBinaries) -> bool {
    let file = match package::checkout() {
        Ok(root) => root.join("scenarios/photo-journey.yaml"),
        Err(error) => {
            eprintln!("No journey: {error}");
            return false;
        }
    };
    let scenario = match load(&file) {
        Ok(scenario) => scenario,
        Err(error) => {
            eprintln!("No journey: {error}");
            return false;
        }
    };
    eprintln!("\nThe journey, in a cloud of its own:");
    let watch = |event: &Event<'_>| text::line(event).into_iter().for_each(|line| eprintln!("{line}"));
    let options = Options { binaries: Some(binaries.clone()), watch: Some(Arc::new(watch)), ..Options::default() };
    let report = run_one(&scenario, &options).await;
    eprintln!("{}", text::verdict(&report));
    if !report.passed {
        eprint!("{}", text::failure(&report));
    }
    report.passed
}
