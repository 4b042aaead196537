//! Replays written as text: a line a call, in the order of the recording.
//!
//! ```text
//! test TestS3::test_name[$A] for A in CRC32 SHA1     one replay for each value
//!   put: PutObject Key=k Body=x -> v=.VersionId      in $b, the bucket that every replay has
//!   take-it: take .ETag                              a part of what was answered last
//!   each N in 1|2                                    lines up to `end` for each value
//!   get-$N: GetObject Key=k-$N
//!   end
//! ```
//! A label names the recorded step that the answer must be; a call without one must succeed, unless `?` stands before it (whatever comes)
//! or `!` (it must fail). `as anonymous`, `as root`, `in eu-west-1` say who calls and where; `advance 5` moves the clock by seconds;
//! `set name value` and `-> name=.path` keep values, `bucket name` makes one more bucket, `versioned` and `suspended` set versioning,
//! `sort Path Key` orders a list of the last answer. In values `$name` is what was kept, `@60` a moment 60 seconds from now.

use super::{Recorder, client, request, xml};
use base64::{Engine, prelude::BASE64_STANDARD};
use md5::{Digest, Md5};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Lets everybody read the objects of $b.
const POLICY: &str = r#""{\"Version\":\"2012-10-17\",\"Statement\":[{\"Action\":\"s3:GetObject\",\"Effect\":\"Allow\",\"Resource\":\"arn:aws:s3:::$b/*\",\"Principal\":{\"AWS\":\"*\"}}]}""#;

/// A replay: the snapshot's name without its file, and its lines.
pub struct Replay {
    pub name: String,
    pub lines: Vec<String>,
    vars: HashMap<String, Value>,
}

/// The replays of a script.
pub fn read(script: &str) -> Vec<Replay> {
    let mut out: Vec<Replay> = Vec::new();
    let mut open = 0;
    for line in script.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let Some(rest) = line.strip_prefix("test ") else {
            out[open..].iter_mut().for_each(|r| r.lines.push(line.to_owned()));
            continue;
        };
        open = out.len();
        let (name, values) = rest.split_once(" for ").unwrap_or((rest, ""));
        let (variables, values) = values.split_once(" in ").unwrap_or(("", ""));
        let variables: Vec<&str> = variables.split(',').collect();
        let instances: Vec<Vec<&str>> =
            if values.is_empty() { vec![vec![]] } else { values.split(' ').map(|v| v.split('|').collect()).collect() };
        for instance in instances {
            let vars: HashMap<String, Value> = variables.iter().zip(instance).map(|(n, v)| (n.to_string(), Value::from(v))).collect();
            let name = fill_text(name, &vars);
            out.push(Replay { name, lines: Vec::new(), vars });
        }
    }
    out.iter_mut().for_each(|replay| replay.lines = unrolled(&replay.lines));
    out
}

/// The lines with those between `each` and `end` repeated.
fn unrolled(lines: &[String]) -> Vec<String> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let Some((name, values)) = repeats(&lines[at]) else {
            out.push(lines[at].clone());
            at += 1;
            continue;
        };
        let end = at + lines[at..].iter().position(|l| l == "end").expect("each has its end");
        for value in values {
            out.push(format!("set {name} {}", Value::from(value)));
            out.extend_from_slice(&lines[at + 1..end]);
        }
        at = end + 1;
    }
    out
}

/// `each N in a|b|c` and `numbers N from 1 to 3`.
fn repeats(line: &str) -> Option<(&str, Vec<String>)> {
    if let Some((name, values)) = line.strip_prefix("each ").and_then(|each| each.split_once(" in ")) {
        return Some((name, values.split('|').map(str::to_owned).collect()));
    }
    let (name, range) = line.strip_prefix("numbers ")?.split_once(" from ")?;
    let (first, last) = range.split_once(" to ")?;
    Some((name, (first.parse::<u32>().ok()?..=last.parse().ok()?).map(|n| n.to_string()).collect()))
}

/// Runs a replay's lines.
pub async fn run(replay: &Replay, rec: &mut Recorder) -> Result<(), String> {
    let mut vars = replay.vars.clone();
    vars.insert("kms".into(), fakes::keys::KEY.rsplit('/').next().into());
    let mut state = State { vars, caller: client::Caller::default(), last: Value::Null, buckets: 0, macros: Vec::new() };
    if replay.lines.first().is_none_or(|l| l != "no bucket") {
        state.bucket("b", rec).await?;
    }
    for line in &replay.lines {
        state.step(line, rec).await.map_err(|what| format!("{line}: {what}"))?;
    }
    Ok(())
}

struct State {
    vars: HashMap<String, Value>,
    caller: client::Caller,
    last: Value,
    buckets: usize,
    /// Words that stand for parameters.
    macros: Vec<(&'static str, String)>,
}

impl State {
    async fn step(&mut self, line: &str, rec: &mut Recorder) -> Result<(), String> {
        let (line, keeps) = line.split_once(" -> ").unwrap_or((line, ""));
        let (label, call) = match line.split_once(": ").filter(|(l, _)| !l.contains([' ', '='])) {
            Some((label, call)) => (Some(fill_text(label, &self.vars)), call.trim()),
            None => (None, line),
        };
        let (verb, args) = call.split_once(' ').unwrap_or((call, ""));
        let args = self.macros.iter().fold(args.to_owned(), |args, (name, text)| args.replace(name, text));
        self.verb(verb, args.trim(), label.is_some(), rec).await?;
        if let Some(label) = label {
            rec.matches(&label, &self.last);
        }
        for keep in keeps.split(", ").filter(|k| !k.is_empty()) {
            let keep = fill_text(keep, &self.vars);
            let (name, path) = keep.split_once('=').ok_or("-> wants name=.path")?;
            let value = at(&self.last, path).ok_or_else(|| format!("nothing at {path} of {}", self.last))?;
            self.vars.insert(name.to_owned(), value);
        }
        Ok(())
    }

    async fn verb(&mut self, verb: &str, args: &str, labelled: bool, rec: &mut Recorder) -> Result<(), String> {
        match verb {
            "no" => {}
            "bucket" => return self.bucket(args, rec).await,
            "multipart" => return self.multipart(args, rec).await,
            "policy" => {
                self.call("DeletePublicAccessBlock", "", false, rec).await?;
                return self.call("PutBucketPolicy", &format!("{args} Policy={POLICY}"), labelled, rec).await;
            }
            "locked" => {
                self.vars.insert("b".into(), "locked-bucket".into());
                return self.call("CreateBucket", "ObjectLockEnabledForBucket=true", false, rec).await;
            }
            "sum" | "sumofsum" => {
                let mut words = args.splitn(3, ' ').map(|word| fill_text(word, &self.vars));
                let (Some(name), Some(algorithm), Some(data)) = (words.next(), words.next(), words.next()) else {
                    return Err("sum wants a name, an algorithm and a text".into());
                };
                let data = match verb {
                    "sumofsum" => BASE64_STANDARD.decode(data).map_err(|e| e.to_string())?,
                    _ => request::bytes(&data.into()),
                };
                self.vars.insert(name, request::sum(&algorithm, &data).into());
            }
            "opened" => {
                self.call("DeleteBucketOwnershipControls", "", false, rec).await?;
                return self.call("DeletePublicAccessBlock", "", false, rec).await;
            }
            "aws-headers" => {
                let headers = self.last["ResponseMetadata"]["HTTPHeaders"].as_object().cloned().unwrap_or_default();
                self.last =
                    headers.into_iter().filter(|(n, _)| n.starts_with("x-amz") || n == "content-type").collect::<Map<_, _>>().into();
            }
            "versioned" => return self.call("PutBucketVersioning", "VersioningConfiguration={Status:Enabled}", false, rec).await,
            "suspended" => return self.call("PutBucketVersioning", "VersioningConfiguration={Status:Suspended}", false, rec).await,
            "sort" => {
                let (path, key) = args.split_once(' ').ok_or("sort wants a path and a key")?;
                let list = self.last.get_mut(path).and_then(Value::as_array_mut).ok_or("sort wants a list")?;
                list.sort_by_key(|item| item.get(key).map(Value::to_string));
            }
            "set" => {
                let (name, value) = args.split_once(' ').unwrap_or((args, ""));
                // Twice: a value out of the test's own list may name another.
                let value = self.fill(self.fill(read_value(value, false).0, rec), rec);
                self.vars.insert(name.to_owned(), value);
            }
            "as" => self.caller.anonymous = args == "anonymous",
            "in" => self.caller.region = Some(fill_text(args, &self.vars)),
            "advance" => rec.desk.advance(args.parse().map_err(|_| "advance wants seconds")?).await,
            "like" => {
                // Another value of the same form: the end of one that is known, replaced.
                let words: Vec<String> = args.split(' ').map(|word| fill_text(word, &self.vars)).collect();
                let [name, value, end] = &words[..] else { return Err("like wants a name, a value and an end".into()) };
                self.vars.insert(name.clone(), format!("{}{end}", &value[..value.len() - end.len()]).into());
            }
            "parsed" => {
                let text = self.last.get(args).and_then(Value::as_str).ok_or("parsed wants a text")?;
                let value = serde_json::from_str(text).map_err(|e| e.to_string())?;
                self.last[args] = value;
            }
            "page" => {
                let words: Vec<String> = args.split(' ').map(|word| fill_text(word, &self.vars)).collect();
                let [method, bucket, path] = &words[..] else { return Err("page wants a method, a bucket and a path".into()) };
                let host = format!("{bucket}.s3-website.localhost:{}", rec.desk.address().port());
                let nobody = client::Caller { anonymous: true, region: None };
                let answer = nobody.send(&rec.desk, method, path, &[("host", &host)], b"").await;
                self.last = answer.text().into();
            }
            "notify" => {
                let events: Vec<&str> = args.split(' ').collect();
                let queue = json!([{ "QueueArn": crate::desk::QUEUE, "Events": events }]);
                let args = format!("NotificationConfiguration={{QueueConfigurations:{queue}}}");
                return self.call("PutBucketNotificationConfiguration", &args, false, rec).await;
            }
            "records" => {
                // What queues were told since this was asked before, in the order of the paths.
                rec.desk.settle().await;
                let told = std::mem::take(&mut *rec.desk.told.queues.lock().unwrap());
                let records = told.into_iter().flat_map(|(_, body)| body["Records"].as_array().cloned().unwrap_or_default());
                let mut records: Vec<Value> = records.collect();
                let order = |record: &Value| args.split(' ').map(|path| order_of(at(record, path))).collect::<Vec<_>>();
                records.sort_by_key(order);
                self.last = records.into();
            }
            "keys" => {
                let pair = |bytes: &[u8]| (BASE64_STANDARD.encode(bytes), BASE64_STANDARD.encode(Md5::digest(bytes)));
                let ((key, md5), (second, second_md5), (short, short_md5)) =
                    (pair(b"1234567890abcdef1234567890abcdef"), pair(b"abcdef1234567890abcdef1234567890"), pair(b"1234567890"));
                let params = |prefix: &str, key: &str, md5: &str| {
                    format!("{prefix}SSECustomerAlgorithm=AES256 {prefix}SSECustomerKey={key} {prefix}SSECustomerKeyMD5={md5}")
                };
                self.macros = vec![
                    ("%one", params("", &key, &md5)),
                    ("%two", params("", &second, &second_md5)),
                    ("%from", params("CopySource", &key, &md5)),
                ];
                let bad = format!("{}{}", if md5.starts_with('a') { 'b' } else { 'a' }, &md5[1..]);
                for (name, value) in [("key", key), ("md5", md5), ("short", short), ("shortmd5", short_md5), ("badmd5", bad)] {
                    self.vars.insert(name.into(), value.into());
                }
            }
            "xml" | "fullxml" | "send" | "headers" => {
                let (method, rest) = args.split_once(' ').ok_or("xml wants a method and a target")?;
                let (target, mut rest) = rest.split_once(' ').unwrap_or((rest, ""));
                let target = fill_text(target, &self.vars);
                let (mut headers, mut body) = (Vec::new(), String::new());
                while let Some((name, after)) = rest.split_once('=') {
                    let (value, after) = read_value(after, false);
                    let value = fill_text(value.as_str().unwrap_or_default(), &self.vars);
                    match name.trim() {
                        "body" => body = value,
                        name => headers.push((name, value)),
                    }
                    rest = after;
                }
                let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
                let answer = self.caller.send(&rec.desk, method, &target, &headers, body.as_bytes()).await;
                if verb == "send" {
                    return Ok(());
                }
                if verb == "headers" {
                    self.last = described(&answer);
                    return Ok(());
                }
                let root = xml::Element::read(&answer.text()).ok_or("no XML")?;
                self.last = json!({ root.name.clone(): root.to_value(verb == "fullxml") });
            }
            "json" => self.last = self.fill(read_value(args, true).0, rec),
            "take" => self.last = at(&self.last, args).ok_or_else(|| format!("nothing at {args} of {}", self.last))?,
            _ => return self.call(verb, args, labelled, rec).await,
        }
        Ok(())
    }

    async fn bucket(&mut self, name: &str, rec: &mut Recorder) -> Result<(), String> {
        self.buckets += 1;
        let bucket = format!("test-bucket-{}", self.buckets);
        self.vars.insert(name.to_owned(), bucket.clone().into());
        self.call("CreateBucket", &format!("Bucket={bucket}"), false, rec).await
    }

    /// `multipart key 2 data`: an upload of so many parts, all but the last as large as they have to be.
    async fn multipart(&mut self, args: &str, rec: &mut Recorder) -> Result<(), String> {
        let words: Vec<&str> = args.splitn(3, ' ').collect();
        let [key, count, data] = words[..] else { return Err("multipart wants key, count and data".into()) };
        let count: u32 = count.parse().map_err(|_| "multipart wants a number")?;
        let piece = String::from_utf8_lossy(&request::bytes(&read_value(data, false).0)).into_owned();
        self.call("CreateMultipartUpload", &format!("Key={key}"), false, rec).await?;
        let upload = self.last["UploadId"].as_str().unwrap_or_default().to_owned();
        let mut parts = Vec::new();
        for number in 1..=count {
            let times = if number < count { 5_242_880 / piece.len() + 1 } else { 1 };
            let args = format!("Key={key} UploadId={upload} PartNumber={number} Body={}", Value::from(piece.repeat(times)));
            self.call("UploadPart", &args, false, rec).await?;
            parts.push(json!({ "ETag": self.last["ETag"], "PartNumber": number.to_string() }));
        }
        let args = format!("Key={key} UploadId={upload} MultipartUpload={{Parts:{}}}", Value::from(parts));
        self.call("CompleteMultipartUpload", &args, false, rec).await
    }

    async fn call(&mut self, verb: &str, args: &str, labelled: bool, rec: &mut Recorder) -> Result<(), String> {
        let verb = fill_text(verb, &self.vars);
        let (name, wish) = match verb.split_at(1) {
            ("?", name) => (name, None),
            ("!", name) => (name, Some(false)),
            _ => (&*verb, Some(true)),
        };
        let op = client::operation(name).ok_or_else(|| format!("{name} is not built"))?;
        let mut params = Map::new();
        let mut rest = args;
        while let Some((key, after)) = rest.split_once('=') {
            let (value, after) = read_value(after, false);
            params.insert(fill_text(key.trim(), &self.vars), self.fill(value, rec));
            rest = after.trim_start();
        }
        if !params.contains_key("Bucket") && op.input.members().iter().any(|m| m.name == "Bucket") {
            params.insert("Bucket".into(), self.vars.get("b").cloned().unwrap_or_default());
        }
        self.last = client::call(&rec.desk, &self.caller, op, params).await;
        let failed = self.last.get("Error").is_some();
        match wish {
            Some(wish) if !labelled && wish == failed => Err(format!("answered {}", self.last)),
            _ => Ok(()),
        }
    }

    fn fill(&self, value: Value, rec: &Recorder) -> Value {
        match value {
            Value::String(text) => match text.strip_prefix('@').and_then(|secs| secs.parse::<i64>().ok()) {
                Some(secs) => {
                    rec.desk.cloud.clock().now().plus_ns(secs as i128 * 1_000_000_000).format(wire::TimestampFormat::DateTime).into()
                }
                None => match text.strip_prefix('$').and_then(|name| self.vars.get(name)) {
                    Some(value) => value.clone(),
                    None => fill_text(&text, &self.vars).into(),
                },
            },
            Value::Array(list) => list.into_iter().map(|v| self.fill(v, rec)).collect(),
            Value::Object(map) => map.into_iter().map(|(k, v)| (fill_text(&k, &self.vars), self.fill(v, rec))).collect(),
            other => other,
        }
    }
}

/// Numbers by their size, texts by their letters, what is absent first.
fn order_of(value: Option<Value>) -> (u64, String) {
    match value {
        Some(Value::String(text)) => (0, text),
        Some(other) => (other.as_u64().unwrap_or(0), String::new()),
        None => (0, String::new()),
    }
}

/// Status, headers and body of an answer, as a browser would look at them.
fn described(answer: &crate::http::Answer) -> Value {
    let headers = answer.headers.iter().filter(|(n, _)| !["connection", "transfer-encoding", "content-length"].contains(&&**n));
    let headers: Map<String, Value> = headers.map(|(n, v)| (n.clone(), v.clone().into())).collect();
    let is_xml = answer.header("content-type") == Some("application/xml");
    let body = match xml::Element::read(&answer.text()).filter(|_| is_xml) {
        Some(root) => json!({ root.name.clone(): root.to_value(true) }),
        None => answer.text().into(),
    };
    json!({ "StatusCode": answer.status, "Headers": headers, "Body": body })
}

/// `$name` and `${name}` in a text.
fn fill_text(text: &str, vars: &HashMap<String, Value>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let braced = after.strip_prefix('{').and_then(|a| a.split_once('}'));
        let end = after.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(after.len());
        let (name, behind) = braced.unwrap_or_else(|| after.split_at(end));
        match vars.get(name) {
            Some(Value::String(value)) => out.push_str(value),
            Some(value) => out.push_str(&value.to_string()),
            None => {
                out.push('$');
                rest = after;
                continue;
            }
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// `.Contents[0].Key` of a value; `.` is all of it.
fn at(value: &Value, path: &str) -> Option<Value> {
    let mut now = value;
    for part in path.split('.').filter(|p| !p.is_empty()) {
        let (name, indexes) = part.split_once('[').unwrap_or((part, ""));
        if !name.is_empty() {
            now = now.get(name)?;
        }
        for index in indexes.split('[').filter(|i| !i.is_empty()) {
            now = now.get(index.trim_end_matches(']').parse::<usize>().ok()?)?;
        }
    }
    Some(now.clone())
}

/// A value at the beginning of a text, and the rest: JSON whose quotes may be left out. Only `typed` ones have numbers and booleans.
fn read_value(text: &str, typed: bool) -> (Value, &str) {
    read_nested(text.trim_start(), typed, &[' '])
}

fn read_nested<'a>(text: &'a str, typed: bool, ends: &[char]) -> (Value, &'a str) {
    if text.starts_with('"') {
        let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        let value = stream.next().and_then(Result::ok).unwrap_or_else(|| panic!("a string that does not end: {text}"));
        return (value, &text[stream.byte_offset()..]);
    }
    if let Some(mut rest) = text.strip_prefix('[') {
        let mut list = Vec::new();
        loop {
            rest = rest.trim_start_matches([' ', ',']);
            if let Some(after) = rest.strip_prefix(']') {
                return (list.into(), after);
            }
            let (value, after) = read_nested(rest, typed, &[',', ']']);
            list.push(value);
            rest = after;
        }
    }
    if let Some(mut rest) = text.strip_prefix('{') {
        let mut map = Map::new();
        loop {
            rest = rest.trim_start_matches([' ', ',']);
            if let Some(after) = rest.strip_prefix('}') {
                return (map.into(), after);
            }
            let (key, after) = read_nested(rest, false, &[':']);
            let (value, after) = read_nested(after.trim_start_matches([':', ' ']), typed, &[',', '}']);
            map.insert(key.as_str().unwrap_or_default().to_owned(), value);
            rest = after;
        }
    }
    let end = text.find(ends).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let word = word.trim_end();
    let value = match word {
        "true" | "false" if typed => json!(word == "true"),
        "null" if typed => Value::Null,
        _ => word.parse::<i64>().ok().filter(|_| typed).map_or_else(|| word.into(), Value::from),
    };
    (value, rest)
}

#[test]
fn values_without_quotes() {
    let (value, rest) = read_value("{Tags: [{Key: a, Value: \"b c\"}], n: 1} next", true);
    assert_eq!((value, rest), (json!({ "Tags": [{ "Key": "a", "Value": "b c" }], "n": 1 }), " next"));
    let replays = read("test T::a[$X] for X in p q\n  one\n  two\ntest T::b\n  three");
    assert_eq!(replays.iter().map(|r| (&*r.name, r.lines.len())).collect::<Vec<_>>(), [("T::a[p]", 2), ("T::a[q]", 2), ("T::b", 1)]);
}
