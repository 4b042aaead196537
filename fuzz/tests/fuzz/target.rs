//! How a target is run: samples as they are, then samples with edits until the time is over, each within its budget.

use crate::{budget, edit::Edited};
use std::panic::{AssertUnwindSafe, RefUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What a reader is tried with.
pub struct Target {
    /// Name of its folder under `found/`.
    pub name: &'static str,
    /// Sound input, and input that once broke it.
    pub samples: Vec<Vec<u8>>,
    /// Words that mean something to the reader.
    pub words: Vec<&'static [u8]>,
    /// Bytes of memory that an input may make it hold.
    pub most_held_bytes: fn(&[u8]) -> usize,
}

impl Target {
    /// A target with samples and words.
    pub fn new(name: &'static str, samples: impl IntoIterator<Item = Vec<u8>>, words: &'static str) -> Target {
        let mut samples: Vec<Vec<u8>> = samples.into_iter().collect();
        samples.push(Vec::new());
        samples.extend(files(&folder().join(name)));
        Target { name, samples, words: words.split(' ').map(str::as_bytes).collect(), most_held_bytes: |_| 64 << 20 }
    }

    /// Asserts of every sample, and of as many edited ones as there is time for, that `holds` returns, in time and without much memory.
    /// `holds` says whether the input was taken; a target that takes everything, or nothing, tries nothing.
    pub fn run(self, holds: impl Fn(&[u8]) -> bool + RefUnwindSafe) {
        let smallest = Mutex::new(usize::MAX);
        let (inputs, taken) = (AtomicU64::new(0), AtomicU64::new(0));
        let weigh = |bytes: &[u8]| match catch_unwind(AssertUnwindSafe(|| self.weigh(bytes, &holds))) {
            Ok(one) => {
                inputs.fetch_add(1, Relaxed);
                taken.fetch_add(u64::from(one), Relaxed);
            }
            Err(panic) => {
                self.keep(bytes, &mut smallest.lock().expect("nobody panics while holding it"));
                resume_unwind(panic);
            }
        };
        self.samples.iter().for_each(|sample| weigh(sample));
        bolero::check!(name = self.name).with_type::<Edited>().for_each(|input| weigh(&input.apply(&self.samples, &self.words)));
        let (inputs, taken) = (inputs.into_inner(), taken.into_inner());
        println!("{}: {inputs} inputs, {taken} taken", self.name);
        assert!(taken > 0 && taken < inputs, "{} tries nothing", self.name);
    }

    fn weigh(&self, bytes: &[u8], holds: &impl Fn(&[u8]) -> bool) -> bool {
        let (taken, cpu_ms, held) = budget::cost_of(|| holds(bytes));
        assert!(cpu_ms < budget::MOST_CPU_MS, "{} bytes took {cpu_ms} ms of CPU", bytes.len());
        assert!(held < (self.most_held_bytes)(bytes), "{} bytes made the reader hold {held} bytes", bytes.len());
        taken
    }

    /// Leaves input that breaks the target in the target folder, the smallest there has been. The search for a smaller one calls this often.
    fn keep(&self, bytes: &[u8], smallest: &mut usize) {
        if bytes.len() >= *smallest {
            return;
        }
        *smallest = bytes.len();
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("broke-{}", self.name));
        std::fs::write(&place, bytes).expect("the target folder takes files");
        eprintln!(
            "{} bytes broke {}; once understood, move {} to {}/{}/",
            bytes.len(),
            self.name,
            place.display(),
            folder().display(),
            self.name
        );
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("found")
}

/// The files of a folder and below, in order; none where it is absent.
pub fn files(folder: &Path) -> Vec<Vec<u8>> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths.iter().flat_map(|path| if path.is_dir() { files(path) } else { std::fs::read(path).into_iter().collect() }).collect()
}

/// A file or folder of the workspace.
pub fn workspace(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}
