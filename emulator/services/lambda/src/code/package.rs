//! The zip itself: what it may hold, and how it is unpacked. Nothing in it is believed before it is measured.

use super::MOST_UNZIPPED;
use crate::state::invalid;
use kit::Fault;
use std::{
    fs,
    io::{self, Read, Write},
    os::unix::fs::{PermissionsExt, symlink},
    path::{Component, Path, PathBuf},
};
use zip::ZipArchive;

/// Entries of a package.
const MOST_ENTRIES: usize = 100_000;

fn unreadable() -> Fault {
    invalid("Could not unzip uploaded file. Please check your file, then try to upload again.")
}

/// Checks the directory of a zip: names stay inside, sizes add up to what AWS takes, links lead nowhere else.
pub(super) fn check(bytes: &[u8]) -> Result<(), Fault> {
    check_within(bytes, MOST_UNZIPPED)
}

fn check_within(bytes: &[u8], most: u64) -> Result<(), Fault> {
    let mut archive = ZipArchive::new(io::Cursor::new(bytes)).map_err(|_| unreadable())?;
    if archive.is_empty() {
        return Err(invalid("Uploaded file must be a non-empty zip"));
    }
    if archive.len() > MOST_ENTRIES {
        return Err(unreadable());
    }
    let mut total: u64 = 0;
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).map_err(|_| unreadable())?;
        let path = entry.name().ok().and_then(|name| inside(&name)).ok_or_else(unreadable)?;
        total = total.saturating_add(entry.size());
        if total > most {
            return Err(invalid(format!("Unzipped size must be smaller than {most} bytes")));
        }
        if entry.is_symlink() {
            let mut target = String::new();
            (&mut entry).take(4096).read_to_string(&mut target).map_err(|_| unreadable())?;
            stays(&path, &target).ok_or_else(unreadable)?;
        }
    }
    Ok(())
}

/// A name as a path below the root; `None` when it would lead out.
fn inside(name: &str) -> Option<PathBuf> {
    let path = Path::new(name);
    let good = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    (good && !name.contains('\\') && !name.contains('\0')).then(|| path.to_owned())
}

/// Whether a link at `path` stays below the root.
fn stays(path: &Path, target: &str) -> Option<()> {
    let mut depth = path.components().count() as i64 - 1;
    for part in Path::new(target).components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::ParentDir => depth -= 1,
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
        if depth < 0 {
            return None;
        }
    }
    Some(())
}

/// Unpacks a checked zip into a folder, over what is there. Sizes are counted again: a directory may lie about its entries. Answers what is left
/// of `left` bytes.
pub(super) fn unpack(bytes: &[u8], root: &Path, mut left: u64) -> io::Result<u64> {
    let bad = |e: zip::result::ZipError| io::Error::new(io::ErrorKind::InvalidData, e);
    let mut archive = ZipArchive::new(io::Cursor::new(bytes)).map_err(bad)?;
    let mut links = Vec::new();
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).map_err(bad)?;
        let path = inside(&entry.name().map_err(bad)?).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
        let to = root.join(&path);
        if entry.is_dir() {
            fs::create_dir_all(&to)?;
            continue;
        }
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        if entry.is_symlink() {
            let mut target = String::new();
            (&mut entry).take(4096).read_to_string(&mut target)?;
            stays(&path, &target).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
            links.push((target, to));
            continue;
        }
        make_room(&to)?;
        let mode = entry.unix_mode().unwrap_or(0o644);
        let mut file = fs::File::create_new(&to)?;
        let written = io::copy(&mut (&mut entry).take(left + 1), &mut file)?;
        file.flush()?;
        left =
            left.checked_sub(written).ok_or_else(|| io::Error::new(io::ErrorKind::FileTooLarge, "the package is larger than it says"))?;
        // Shared by all environments of this code, so nobody may write it; what the zip says about running it holds.
        file.set_permissions(fs::Permissions::from_mode(mode & 0o555 | 0o444))?;
    }
    // Last, so that no entry is written through a link.
    for (target, to) in links {
        make_room(&to)?;
        symlink(target, to)?;
    }
    Ok(left)
}

/// A later layer's file takes the place of an earlier one's; the same name twice in one zip was refused by nobody, and the last counts.
fn make_room(at: &Path) -> io::Result<()> {
    match fs::symlink_metadata(at) {
        Ok(meta) if meta.is_dir() => Err(io::Error::new(io::ErrorKind::InvalidData, "a file where another layer has a folder")),
        Ok(_) => fs::remove_file(at),
        Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zip::{ZipWriter, write::SimpleFileOptions};

    fn zip(entries: &[(&str, &str)]) -> Vec<u8> {
        let mut writer = ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, text) in entries {
            writer.start_file(*name, SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn names_that_lead_out_are_refused() {
        assert!(check(&zip(&[("bootstrap", "x"), ("lib/a", "y")])).is_ok());
        for name in ["../a", "/etc/passwd", "a/../../b", "a\\..\\b"] {
            assert!(check(&zip(&[(name, "x")])).is_err(), "{name}");
        }
        assert!(check(b"no zip").unwrap_err().message.starts_with("Could not unzip"));
        assert!(check(&zip(&[])).is_err());
    }

    #[test]
    fn links_stay_inside() {
        let link = |name: &str, target: &str| {
            let mut writer = ZipWriter::new(io::Cursor::new(Vec::new()));
            writer.add_symlink(name, target, SimpleFileOptions::default()).unwrap();
            writer.finish().unwrap().into_inner()
        };
        assert!(check(&link("bin/run", "../bootstrap")).is_ok());
        assert!(check(&link("run", "/bin/sh")).is_err());
        assert!(check(&link("bin/run", "../../x")).is_err());
    }

    #[test]
    fn bombs_are_refused_by_their_size() {
        let mut writer = ZipWriter::new(io::Cursor::new(Vec::new()));
        let zeros = vec![0u8; 1 << 10];
        for part in 0..65 {
            writer.start_file(format!("zeros{part}"), SimpleFileOptions::default()).unwrap();
            writer.write_all(&zeros).unwrap();
        }
        let bytes = writer.finish().unwrap().into_inner();
        assert!(bytes.len() < 1 << 14);
        assert!(check_within(&bytes, 1 << 20).is_ok());
        assert!(check_within(&bytes, 1 << 16).unwrap_err().message.starts_with("Unzipped size must be smaller than"));
    }
}
