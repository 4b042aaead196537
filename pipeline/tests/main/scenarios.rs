//! Every scenario of the checkout passes: eight at a time, one at a time, and twice in a row.

use crate::{
    programs::lacking,
    standing::{binaries, consumer, root},
};
use windtunnel::scenario::{self, Options, Report, Scenario, cli::run_all};

/// All scenarios, in the order of their names.
pub fn all() -> Vec<Scenario> {
    let folder = root().join("scenarios");
    let mut files: Vec<_> = std::fs::read_dir(&folder).expect("scenarios/ is there").filter_map(|e| e.ok().map(|e| e.path())).collect();
    files.retain(|file| file.extension().is_some_and(|e| e == "yaml"));
    files.sort();
    assert!(files.len() > 10, "the journey and at least ten more: {files:?}");
    files.iter().map(|file| scenario::load(file).unwrap_or_else(|error| panic!("{error}"))).collect()
}

/// How scenarios are run here.
pub fn options() -> Options {
    Options { binaries: Some(binaries()), consumer: consumer(), ..Options::default() }
}

fn all_pass(reports: &[Report]) {
    let failed: String = reports.iter().filter(|r| !r.passed).map(scenario::report::text::failure).collect();
    assert!(failed.is_empty(), "{failed}");
    for report in reports {
        if let Some(why) = &report.skipped {
            lacking(&format!("what {} needs: {why}", report.file.display()));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_pass_eight_at_a_time_and_then_one_at_a_time() {
    for jobs in [8, 1] {
        all_pass(&run_all(all(), options(), jobs, true).await);
    }
}
