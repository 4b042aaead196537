//! A folder whose files go the user's way: presign at the API, then PUT, as the demo user.

use super::{demo, watch::watcher};
use crate::{Emulator, deploy::Outputs, scenario::http_client::Outgoing};
use serde_json::Value;
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::task::JoinHandle;

/// Real time without a change after which a file counts as whole.
const STILL: Duration = Duration::from_millis(300);

/// Watches the folder, which is made if it isn't there; `None`, told, when the machine can't.
pub(super) fn folder(emulator: Arc<Emulator>, outputs: Outputs, folder: PathBuf) -> Option<JoinHandle<()>> {
    if let Err(error) = std::fs::create_dir_all(&folder) {
        eprintln!("Not watching {}: {error}", folder.display());
        return None;
    }
    let (watcher, mut changes) = watcher(&folder)?;
    eprintln!("Pictures dropped into {} are uploaded as {}.", folder.display(), demo::USER);
    Some(tokio::spawn(async move {
        let _watcher = watcher;
        let mut sent: HashMap<PathBuf, u64> = HashMap::new();
        while let Some(mut paths) = changes.recv().await {
            while let Ok(Some(more)) = tokio::time::timeout(STILL, changes.recv()).await {
                paths.extend(more);
            }
            paths.sort();
            paths.dedup();
            for path in paths {
                let Some(length) = std::fs::metadata(&path).ok().filter(|m| m.is_file()).map(|m| m.len()) else { continue };
                if length == 0 || hidden(&path) || sent.insert(path.clone(), length) == Some(length) {
                    continue;
                }
                match upload(&emulator, &outputs, &path).await {
                    Ok(key) => eprintln!("{} is uploaded as {key}", path.display()),
                    Err(why) => eprintln!("{} is not uploaded: {why}", path.display()),
                }
            }
        }
    }))
}

fn hidden(path: &Path) -> bool {
    path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'))
}

async fn upload(emulator: &Emulator, outputs: &Outputs, file: &Path) -> Result<String, String> {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let content_type = match file.extension().map(|e| e.to_string_lossy().to_lowercase()).as_deref() {
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("png") => "image/png",
        Some("webp") => "image/webp",
        Some("gif") => "image/gif",
        Some("tif" | "tiff") => "image/tiff",
        Some("bmp") => "image/bmp",
        _ => return Err("its name ends like no picture's".into()),
    };
    let body = std::fs::read(file).map_err(|e| e.to_string())?;
    let token = demo::sign_in(emulator, outputs).await?;
    let api = outputs.get("ApiUrl").ok_or("the stack has no ApiUrl")?;
    let encode = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let url = format!("{api}/uploads/presign?filename={}&contentType={}&size={}", encode(&name), encode(content_type), body.len());
    let mut ask = Outgoing::new(emulator, "GET", &url)?;
    ask.headers.push(("authorization".into(), format!("Bearer {token}")));
    let answer = ask.send(emulator).await?;
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let signed: Value =
        serde_json::from_str(&text).ok().filter(|_| answer.status == 200).ok_or_else(|| format!("HTTP {}: {text}", answer.status))?;
    let mut put = Outgoing::new(emulator, "PUT", signed["url"].as_str().ok_or("no URL came back")?)?;
    let headers = signed["headers"].as_object().into_iter().flatten();
    put.headers.extend(headers.filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))));
    put.body = body.into();
    let answer = put.send(emulator).await?;
    match answer.status {
        200 => Ok(signed["key"].as_str().unwrap_or_default().to_owned()),
        status => Err(format!("HTTP {status}: {}", String::from_utf8_lossy(&answer.body))),
    }
}
