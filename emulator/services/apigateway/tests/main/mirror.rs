//! An endpoint that shows what it was sent, as those did that AWS was recorded with: `/whole`, `/trimmed` (without `x-` headers) and `/post` tell the
//! request as JSON, `/body` gives the body back, `/status/404` answers with that status.

use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Starts one; its port.
pub async fn mirror() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut bytes, mut buffer) = (Vec::new(), vec![0; 65_536]);
                loop {
                    let read = socket.read(&mut buffer).await.unwrap_or(0);
                    bytes.extend_from_slice(&buffer[..read]);
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                    let length = head.lines().find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
                    if read > 0 && body.len() < length.map_or(0, |l| l.parse().unwrap()) {
                        continue;
                    }
                    let _ = socket.write_all(answer(head, body).as_bytes()).await;
                    return;
                }
            });
        }
    });
    port
}

fn answer(head: &str, body: &str) -> String {
    let mut lines = head.lines();
    let mut request = lines.next().unwrap().split(' ');
    let (method, target) = (request.next().unwrap(), request.next().unwrap());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers: Map<String, Value> =
        lines.filter_map(|l| l.split_once(": ")).map(|(name, value)| (name.to_ascii_lowercase(), json!(value))).collect();
    let (status, text, more) = match path {
        "/body" => (200, body.to_owned(), ""),
        "/post" => {
            let told = json!({ "data": body, "headers": headers });
            (200, told.to_string(), "access-control-allow-origin: *\r\naccess-control-allow-credentials: true\r\n")
        }
        path if path.starts_with("/status/") => {
            let status = path.rsplit('/').next().unwrap().parse().unwrap();
            (status, json!({ "status_code": status, "message": "" }).to_string(), "")
        }
        path => {
            let mut headers = headers.clone();
            if path.starts_with("/bare") {
                let told = json!({ "args": arguments(query), "data": body, "domain": headers["host"], "method": method, "origin": "127.0.0.1", "path": path.trim_start_matches("/bare") });
                return written(200, &told.to_string(), "");
            }
            let (domain, trimmed) = (headers["host"].clone(), path.starts_with("/trimmed"));
            headers.retain(|name, _| !(trimmed && name.starts_with("x-")));
            let told = json!({ "args": arguments(query), "data": body, "domain": domain, "headers": headers, "method": method, "origin": "127.0.0.1", "path": "/" });
            (200, told.to_string(), "x-amzn-requestid: 6ba7b810-9dad-11d1-80b4-00c04fd430c8\r\nx-amzn-trace-id: Root=1-0-0\r\n")
        }
    };
    written(status, &text, more)
}

fn written(status: u16, text: &str, more: &str) -> String {
    format!(
        "HTTP/1.1 {status} x\r\ndate: Tue, 14 Nov 2023 22:13:20 GMT\r\nconnection: keep-alive\r\ncontent-type: application/json\r\n{more}content-length: {}\r\n\r\n{text}",
        text.len()
    )
}

/// Values of one name are joined, as function URLs join them.
fn arguments(query: &str) -> Map<String, Value> {
    let mut out: Map<String, Value> = Map::new();
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        let joined = out.get(name).and_then(Value::as_str).map_or(value.to_owned(), |there| format!("{there},{value}"));
        out.insert(name.to_owned(), joined.into());
    }
    out
}
