//! Unpacked packages, one folder per content, shared by all clouds of the process and written by nobody.

use super::{MOST_UNZIPPED, package};
use crate::{runtime::workdir, state::Code};
use kit::{Context, Fault};
use parking_lot::Mutex;
use std::{
    collections::{HashMap, VecDeque},
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock, Weak},
};

/// Folders kept although nothing runs in them.
const KEPT: usize = 32;

/// An unpacked package; removed with its last user.
#[derive(Debug)]
pub(crate) struct CodeDir {
    path: PathBuf,
}

impl CodeDir {
    /// LAMBDA_TASK_ROOT.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for CodeDir {
    fn drop(&mut self) {
        workdir::remove(std::mem::take(&mut self.path));
    }
}

#[derive(Default)]
struct Cache {
    dirs: HashMap<String, Weak<CodeDir>>,
    recent: VecDeque<Arc<CodeDir>>,
}

fn cache() -> &'static Mutex<Cache> {
    static CACHE: OnceLock<Mutex<Cache>> = OnceLock::new();
    CACHE.get_or_init(Mutex::default)
}

fn found(sha256: &str) -> Option<Arc<CodeDir>> {
    cache().lock().dirs.get(sha256).and_then(Weak::upgrade)
}

/// The folder of a package, unpacked on first use.
pub(crate) async fn unpacked(cx: &Context, code: &Code) -> Result<Arc<CodeDir>, Fault> {
    unpacked_over(cx, &[code]).await
}

/// The folder of several packages, each over those before it.
pub(crate) async fn unpacked_over(cx: &Context, codes: &[&Code]) -> Result<Arc<CodeDir>, Fault> {
    let key = codes.iter().map(|code| code.sha256.as_str()).collect::<Vec<_>>().join(" ");
    if let Some(dir) = found(&key) {
        return Ok(dir);
    }
    let mut zips = Vec::with_capacity(codes.len());
    for code in codes {
        zips.push(cx.store().blobs().read(&code.zip).await?);
    }
    let made = tokio::task::spawn_blocking(move || unpack(&key, &zips)).await;
    match made {
        Ok(Ok(dir)) => Ok(dir),
        Ok(Err(e)) if e.kind() == io::ErrorKind::InvalidData => {
            Err(crate::Error::InvalidZipFile.says("Lambda could not unzip the deployment package."))
        }
        Ok(Err(e)) => Err(Fault::internal(format!("unpacking a package: {e}"))),
        Err(e) => Err(Fault::internal(format!("unpacking a package: {e}"))),
    }
}

fn unpack(key: &str, zips: &[kit::Bytes]) -> io::Result<Arc<CodeDir>> {
    let path = workdir::fresh("code")?;
    // Owned before it is filled, so that a package that can't be unpacked leaves nothing behind.
    let dir = Arc::new(CodeDir { path });
    let mut left = MOST_UNZIPPED;
    for zip in zips {
        left = package::unpack(zip, &dir.path, left)?;
    }
    fs::set_permissions(&dir.path, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let mut cache = cache().lock();
    // Two may have unpacked the same at once; the first stays.
    if let Some(other) = cache.dirs.get(key).and_then(Weak::upgrade) {
        return Ok(other);
    }
    cache.dirs.retain(|_, dir| dir.strong_count() > 0);
    cache.dirs.insert(key.to_owned(), Arc::downgrade(&dir));
    cache.recent.push_back(dir.clone());
    if cache.recent.len() > KEPT {
        cache.recent.pop_front();
    }
    Ok(dir)
}
