//! Lambda through the front door, with the pipeline's own `process` function: a warm invoke, and an upload until its renditions are there.

use super::http::{Ask, Client};
use super::{process::Server, report::Row, zip};
use crate::Result;
use serde_json::json;
use std::path::Path;

const INVOKES: u32 = 5000;
const UPLOADS: u32 = 20;
const FUNCTION: &str = "/2015-03-31/functions/process";
/// What S3 sends when a notification is set up: the function answers it without asking anybody.
const TEST_EVENT: &[u8] =
    br#"{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-01-22T08:00:00.000Z","Bucket":"images","RequestId":"1","HostId":"1"}"#;

/// Everything under uploads/ runs the function.
const NOTIFY: &str = "<NotificationConfiguration><CloudFunctionConfiguration><Id>uploads</Id>\
    <CloudFunction>arn:aws:lambda:us-east-1:000000000000:function:process</CloudFunction><Event>s3:ObjectCreated:*</Event>\
    <Filter><S3Key><FilterRule><Name>prefix</Name><Value>uploads/</Value></FilterRule></S3Key></Filter></CloudFunctionConfiguration>\
    </NotificationConfiguration>";

/// CPU of a warm invoke: emulator and function together.
pub fn invoke(program: &Path, process: &Path) -> Result<Vec<Row>> {
    let server = Server::start(program)?;
    let mut client = Client::connect(server.port)?;
    set_up(&mut client, process)?;
    let ask = Ask {
        method: "POST",
        target: &format!("{FUNCTION}/invocations"),
        service: "lambda",
        content_type: "application/json",
        body: TEST_EVENT,
    };
    let answer = client.ask(&ask)?;
    if answer.body != br#"{"results":[]}"# {
        return Err(format!("the function answered {}", String::from_utf8_lossy(&answer.body)));
    }
    let bytes = client.signed(&ask);
    let mut run = |invokes: u32| -> Result<()> {
        (0..invokes).try_for_each(|_| match client.send(&bytes)?.status {
            200 => Ok(()),
            status => Err(format!("an invoke was answered with {status}.")),
        })
    };
    run(INVOKES / 10)?;
    let before = server.cpu()?;
    run(INVOKES)?;
    let cpu = server.cpu()?.since(before);
    let ms = |seconds: f64| seconds * 1000.0 / f64::from(INVOKES);
    let how = format!(
        "signed Invoke over HTTP of the pipeline's `process` with S3's test event, {INVOKES} times; CPU of the server and its functions"
    );
    Ok(vec![
        Row::new("warm Lambda invoke, in all", ms(cpu.all()), 0.65, "ms CPU", how),
        Row::new("of it, the function", ms(cpu.functions), None, "ms CPU", "the function's process"),
    ])
}

/// CPU from an upload to its renditions: emulator and function, against the function alone. The larger of the two photographs, which is nearer
/// to what cameras make, is the one that is held to the target; the smaller shows what the emulator costs whatever the size.
pub fn upload(program: &Path, process: &Path, photos: &Path) -> Result<Vec<Row>> {
    let mut rows = upload_of(program, process, &photos.join("hubble_deep_field.jpg"), Some(1.15))?;
    rows.extend(upload_of(program, process, &photos.join("rocket.jpg"), None)?);
    Ok(rows)
}

fn upload_of(program: &Path, process: &Path, photo: &Path, most: Option<f64>) -> Result<Vec<Row>> {
    let picture = std::fs::read(photo).map_err(|error| format!("{}: {error}", photo.display()))?;
    let server = Server::start(program)?;
    let mut client = Client::connect(server.port)?;
    set_up(&mut client, process)?;
    client.ask(&s3("PUT", "/images?notification", NOTIFY.as_bytes()))?;
    upload_and_settle(&mut client, 0, &picture)?;
    let before = server.cpu()?;
    for number in 1..=UPLOADS {
        upload_and_settle(&mut client, number, &picture)?;
    }
    let cpu = server.cpu()?.since(before);
    let made = renditions(&mut client)?;
    if made < UPLOADS as usize {
        return Err(format!("{UPLOADS} uploads made {made} manifests."));
    }
    let ms = |seconds: f64| seconds * 1000.0 / f64::from(UPLOADS);
    let name = photo.file_name().unwrap_or_default().to_string_lossy();
    let how = format!("signed PUT ({} kB), event, `process`, renditions and row back in S3; {UPLOADS} uploads, warm", picture.len() / 1000);
    Ok(vec![
        Row::new(
            format!("upload of {name} to its renditions, in all to the function alone"),
            cpu.all() / cpu.functions,
            most,
            "times",
            how,
        ),
        Row::new(
            format!("{name}, the function alone"),
            ms(cpu.functions),
            None,
            "ms CPU",
            "the function's process, its S3 client included",
        ),
        Row::new(format!("{name}, the emulator"), ms(cpu.server), None, "ms CPU", "the server's process"),
    ])
}

fn upload_and_settle(client: &mut Client, number: u32, picture: &[u8]) -> Result<()> {
    client.ask(&s3("PUT", &format!("/images/uploads/somebody/photo-{number}.jpg"), picture))?;
    client.own("POST", "/_windtunnel/settle", "{}").map(drop)
}

/// How many manifests there are: the last thing that `process` writes.
fn renditions(client: &mut Client) -> Result<usize> {
    let list = client.ask(&s3("GET", "/images?list-type=2&prefix=renditions%2F", b""))?;
    Ok(String::from_utf8_lossy(&list.body).matches("/image.json</Key>").count())
}

fn s3<'a>(method: &'a str, target: &'a str, body: &'a [u8]) -> Ask<'a> {
    Ask { method, target, service: "s3", content_type: "", body }
}

/// Buckets, a role that may do everything with them, and the function.
fn set_up(client: &mut Client, process: &Path) -> Result<()> {
    for bucket in ["/images", "/metadata", "/code"] {
        client.ask(&s3("PUT", bucket, b""))?;
    }
    let binary = std::fs::read(process).map_err(|error| format!("{}: {error}", process.display()))?;
    client.ask(&s3("PUT", "/code/process.zip", &zip::bootstrap(&binary)))?;
    let trust = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole" } });
    iam(client, &[("Action", "CreateRole"), ("RoleName", "process"), ("AssumeRolePolicyDocument", &trust.to_string())])?;
    let may = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": ["s3:*", "logs:*"], "Resource": "*" } });
    iam(client, &[("Action", "PutRolePolicy"), ("RoleName", "process"), ("PolicyName", "may"), ("PolicyDocument", &may.to_string())])?;
    let function = json!({
        "FunctionName": "process", "Runtime": "provided.al2023", "Handler": "bootstrap", "Role": "arn:aws:iam::000000000000:role/process",
        "Code": { "S3Bucket": "code", "S3Key": "process.zip" }, "MemorySize": 1024, "Timeout": 120,
        "Environment": { "Variables": { "IMAGES_BUCKET": "images", "METADATA_BUCKET": "metadata", "RENDITION_SIZES": "160,640,1600", "JPEG_QUALITY": "82", "WEBP_QUALITY": "80" } },
    });
    lambda(client, "/2015-03-31/functions", &function)?;
    let permission = json!({ "StatementId": "s3", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com", "SourceArn": "arn:aws:s3:::images", "SourceAccount": "000000000000" });
    lambda(client, &format!("{FUNCTION}/policy"), &permission)?;
    client.own("POST", "/_windtunnel/settle", "{}").map(drop)
}

fn lambda(client: &mut Client, target: &str, body: &serde_json::Value) -> Result<()> {
    let body = body.to_string();
    client.ask(&Ask { method: "POST", target, service: "lambda", content_type: "application/json", body: body.as_bytes() }).map(drop)
}

fn iam(client: &mut Client, parameters: &[(&str, &str)]) -> Result<()> {
    let mut body = "Version=2010-05-08".to_owned();
    for (name, value) in parameters {
        let value: String =
            value.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }).collect();
        body.push_str(&format!("&{name}={value}"));
    }
    client
        .ask(&Ask { method: "POST", target: "/", service: "iam", content_type: "application/x-www-form-urlencoded", body: body.as_bytes() })
        .map(drop)
}
