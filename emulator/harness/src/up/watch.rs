//! Takes up new builds: a function's binary that changed is packed and given to Lambda, which lets what runs run to its end.

use super::{Pipeline, call::call};
use crate::{Emulator, cli::pause, package};
use base64::{Engine, engine::general_purpose::STANDARD};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use serde_json::json;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::mpsc,
    task::{AbortHandle, JoinHandle},
};

/// Real time without a change after which a binary counts as written.
const STILL: Duration = Duration::from_millis(150);

/// One function: its name in the cloud, its binary, and what the binary was when it was last taken up.
struct Watched {
    function: String,
    binary: PathBuf,
    known: Option<Stamp>,
    /// Waits for the first answer of the newest build.
    first: Option<AbortHandle>,
}

/// Watches the binaries; `None` when the machine can't (told).
pub(super) fn functions(emulator: Arc<Emulator>, pipeline: &Pipeline) -> Option<JoinHandle<()>> {
    let names = BTreeMap::from([
        ("presign", "PresignFunction"),
        ("process", "ProcessFunction"),
        ("batch", "BatchFunction"),
        ("part", "PartFunction"),
        ("images", "ImagesFunction"),
        ("aggregate", "AggregateFunction"),
    ]);
    let mut watched: Vec<Watched> = Vec::new();
    for (name, binary) in pipeline.binaries.all() {
        let Some(function) = names.get(name).and_then(|output| pipeline.outputs.get(*output)) else { continue };
        watched.push(Watched { function: function.clone(), binary: binary.to_owned(), known: stamp(binary), first: None });
    }
    let folder = watched.first()?.binary.parent()?.to_owned();
    let (watcher, mut changes) = watcher(&folder)?;
    eprintln!("\nWatching {}: a new build of a function is live as soon as it is written.", folder.display());
    Some(tokio::spawn(async move {
        let _watcher = watcher;
        while changes.recv().await.is_some() {
            // A linker writes in many strokes.
            while tokio::time::timeout(STILL, changes.recv()).await.is_ok_and(|change| change.is_some()) {}
            for one in &mut watched {
                if let Some(stamp) = stamp(&one.binary).filter(|stamp| one.known != Some(*stamp)) {
                    one.known = Some(stamp);
                    if let Some(older) = one.first.take() {
                        older.abort();
                    }
                    one.first = take_up(&emulator, one, stamp.1).await;
                }
            }
        }
    }))
}

/// A watcher of a folder and what it tells; `None`, told, when the machine can't.
pub(super) fn watcher(folder: &Path) -> Option<(RecommendedWatcher, mpsc::UnboundedReceiver<Vec<PathBuf>>)> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let tell = move |event: notify::Result<notify::Event>| {
        // Being read is no change; who reads after every event would never be done.
        if let Ok(event) = event
            && !event.kind.is_access()
        {
            let _ = sender.send(event.paths);
        }
    };
    let made =
        notify::recommended_watcher(tell).and_then(|mut watcher| watcher.watch(folder, RecursiveMode::NonRecursive).map(|()| watcher));
    made.inspect_err(|e| eprintln!("Not watching {}: {e}", folder.display())).ok().map(|watcher| (watcher, receiver))
}

/// Length and moment of the last write: tells one build from another.
type Stamp = (u64, kit::Timestamp);

fn stamp(binary: &Path) -> Option<Stamp> {
    let meta = std::fs::metadata(binary).ok()?;
    let since = meta.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some((meta.len(), kit::Timestamp { unix_ns: since.as_nanos() as i128 }))
}

async fn take_up(emulator: &Arc<Emulator>, one: &Watched, saved: kit::Timestamp) -> Option<AbortHandle> {
    let zip = package::zip(&one.binary).inspect_err(|error| eprintln!("{}: {error}", one.function)).ok()?;
    let input = json!({ "FunctionName": one.function, "ZipFile": STANDARD.encode(zip) });
    if let Err(fault) = call(emulator, "lambda", "UpdateFunctionCode", &input).await {
        eprintln!("{}: {}: {}", one.function, fault.code, fault.message);
        return None;
    }
    // From here on whatever starts anew is of the new build.
    let first = tokio::spawn(tell_first(emulator.clone(), one.function.clone(), saved));
    let live = wait_live(emulator, &one.function).await;
    let ms = emulator.cloud().clock().real_now().millis() - saved.millis();
    eprintln!("{} {} {ms} ms after it was saved", one.function, if live { "is live" } else { "was given to Lambda, not yet live," });
    Some(first.abort_handle())
}

/// Says when the new build has answered for the first time: a run in an environment that was started for it.
async fn tell_first(emulator: Arc<Emulator>, function: String, saved: kit::Timestamp) {
    let mut news = emulator.cloud().journal().watch();
    let is = |record: &kit::Record| {
        let named = record.resource.split(':').nth(6).is_some_and(|name| name == function);
        record.kind == kit::RecordKind::Invocation && named && record.detail["cold"] == true
    };
    while let Some(record) = news.recv().await {
        if is(&record) {
            let ms = emulator.cloud().clock().real_now().millis() - saved.millis();
            return eprintln!("{function} answered from the new build {ms} ms after it was saved ({})", record.outcome);
        }
    }
}

/// Whether the function reports its update done, in patience.
async fn wait_live(emulator: &Emulator, function: &str) -> bool {
    for _ in 0..100 {
        let found = call(emulator, "lambda", "GetFunctionConfiguration", &json!({ "FunctionName": function })).await;
        match found.ok().and_then(|f| f["LastUpdateStatus"].as_str().map(str::to_owned)).as_deref() {
            Some("InProgress") => pause(Duration::from_millis(20)).await,
            Some("Failed") | None => return false,
            Some(_) => return true,
        }
    }
    false
}
