//! The clock shim on disk, and whether a program can be given it.

use super::workdir;
use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// Empty where there was no C compiler.
const SHIM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/clock_shim.so"));

/// The library to preload.
pub(crate) fn library() -> Option<&'static Path> {
    static PATH: OnceLock<Option<PathBuf>> = OnceLock::new();
    let write = || {
        let path = workdir::root().ok()?.join("clock_shim.so");
        fs::write(&path, SHIM).ok()?;
        Some(path)
    };
    PATH.get_or_init(|| if SHIM.is_empty() { None } else { write() }).as_deref()
}

/// How a program is linked, as far as preloading goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Linkage {
    /// Takes preloaded libraries. Scripts count: their interpreter is asked by nobody, and is dynamic as a rule.
    Dynamic,
    /// Has no dynamic loader (static musl, Go): sees real time.
    Static,
}

/// Looks for a loader (PT_INTERP) in a 64-bit ELF file.
pub(crate) fn linkage(program: &Path) -> Linkage {
    let mut head = vec![0; 64 * 1024];
    let read = fs::File::open(program).and_then(|mut file| read_up_to(&mut file, &mut head));
    let Ok(read) = read else { return Linkage::Dynamic };
    head.truncate(read);
    if !head.starts_with(b"\x7fELF") || head.get(4) != Some(&2) {
        return Linkage::Dynamic;
    }
    let number = |at: usize, len: usize| -> Option<u64> {
        let bytes = head.get(at..at + len)?;
        Some(bytes.iter().rev().fold(0, |n, b| n << 8 | *b as u64))
    };
    let (Some(table), Some(size), Some(count)) = (number(32, 8), number(54, 2), number(56, 2)) else { return Linkage::Dynamic };
    let interp = (0..count).any(|i| number((table + i * size) as usize, 4) == Some(3));
    if interp { Linkage::Dynamic } else { Linkage::Static }
}

fn read_up_to(file: &mut fs::File, into: &mut [u8]) -> std::io::Result<usize> {
    let mut done = 0;
    while done < into.len() {
        match file.read(&mut into[done..])? {
            0 => break,
            n => done += n,
        }
    }
    Ok(done)
}
