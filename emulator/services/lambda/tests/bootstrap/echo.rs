//! A function for the tests: speaks the Runtime API over a plain socket and does what the event tells it.
//! It lives by the machine's clock, as functions do: that is what the tests look at.
#![allow(clippy::disallowed_methods)]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

mod extension;

fn main() {
    // Under another name, in a layer's extensions/, it is an extension.
    let name = std::env::args().next().unwrap_or_default();
    if name.contains("/extensions/") {
        return extension::run(name.rsplit('/').next().unwrap());
    }
    if std::env::var("INIT").as_deref() == Ok("exit") {
        std::process::exit(127);
    }
    let api = std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap();
    let stream = TcpStream::connect(&api).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut runtime = Runtime { reader: BufReader::new(stream.try_clone().unwrap()), stream };
    if std::env::var("INIT").as_deref() == Ok("error") {
        runtime.call("POST", "init/error", r#"{"errorType":"Extension.Broken","errorMessage":"no config"}"#);
        std::process::exit(1);
    }
    if std::env::var("INIT").as_deref() == Ok("extension") {
        extension::internal(&api);
    }
    for count in 1.. {
        let (head, event) = runtime.call("GET", "invocation/next", "");
        let id = header(&head, "lambda-runtime-aws-request-id");
        if event.contains("\"stream") {
            runtime.stream(id, &event);
            continue;
        }
        match work(&event, &head, count) {
            Ok(answer) => runtime.call("POST", &format!("invocation/{id}/response"), &answer),
            Err(error) => runtime.call("POST", &format!("invocation/{id}/error"), &error),
        };
        if event.contains("\"again\"") {
            let (second, _) = runtime.call("POST", &format!("invocation/{id}/response"), "{}");
            println!("second answer: {}", second.lines().next().unwrap());
        }
    }
}

/// Words of the event choose what to do.
fn work(event: &str, head: &str, count: u32) -> Result<String, String> {
    let has = |word: &str| event.contains(&format!("\"{word}\""));
    println!("event {event}");
    if let Ok(path) = std::env::var("NOTE") {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        file.write_all(format!("{event}\n").as_bytes()).unwrap();
    }
    if event.contains("AWSTraceHeader") {
        println!("trace {}", header(head, "lambda-runtime-trace-id"));
    }
    if has("hang") {
        std::thread::sleep(Duration::from_secs(60));
    }
    if has("pause") {
        std::thread::sleep(Duration::from_millis(300));
    }
    if has("long") {
        // Long enough for a thousand of us to be there at once.
        std::thread::sleep(Duration::from_secs(45));
    }
    if has("exit-quietly") {
        std::process::exit(0);
    }
    if has("exit") {
        std::process::exit(3);
    }
    if has("fail") {
        return Err(r#"{"errorType":"Boom","errorMessage":"it went wrong"}"#.into());
    }
    if has("large") {
        return Ok(format!("\"{}\"", "x".repeat(6_291_600)));
    }
    if has("grow") {
        let mut held: Vec<Vec<u8>> = Vec::new();
        for _ in 0..1000 {
            held.push(vec![1; 4 << 20]);
            std::thread::sleep(Duration::from_millis(5));
        }
        println!("{} blocks", held.len());
    }
    if has("fill") {
        let written = std::fs::write("/tmp/large", vec![1u8; 540 << 20]);
        std::fs::remove_file("/tmp/large").unwrap();
        return Ok(format!("\"{:?}\"", written.map_err(|e| e.raw_os_error())));
    }
    if let Some(path) = event.split("\"read ").nth(1).and_then(|rest| rest.split('"').next()) {
        let text = std::fs::read_to_string(path).unwrap_or_else(|e| e.to_string());
        return Ok(quoted(&text));
    }
    if has("wait") {
        // Until little of its time is left, by the clock that it sees.
        let deadline: u128 = header(head, "lambda-runtime-deadline-ms").parse().unwrap();
        let left = || deadline.saturating_sub(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis());
        let began = std::time::Instant::now();
        while left() > 30_000 {
            std::thread::sleep(Duration::from_millis(5));
        }
        return Ok(format!(r#"{{"left":{},"waited_ms":{}}}"#, left(), began.elapsed().as_millis()));
    }
    if let Ok(of) = std::env::var("REPORT") {
        return Ok(if event.contains("\"aws:kafka\"") { bad_records(event, &of) } else { bad_items(event) });
    }
    if has("write") {
        std::fs::write("/tmp/mine", "kept").unwrap();
    }
    let environment: Vec<String> = std::env::vars().map(|(k, v)| format!("{}:{}", quoted(&k), quoted(&v))).collect();
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    Ok(format!(
        r#"{{"event":{event},"count":{count},"pid":{},"arn":{},"deadline":{},"now":{now_ms},"trace":{},"context":{},"tmp":{},"cwd":{},"env":{{{}}}}}"#,
        std::process::id(),
        quoted(header(head, "lambda-runtime-invoked-function-arn")),
        header(head, "lambda-runtime-deadline-ms"),
        quoted(header(head, "lambda-runtime-trace-id")),
        quoted(header(head, "lambda-runtime-client-context")),
        std::fs::exists("/tmp/mine").unwrap(),
        quoted(&std::env::current_dir().unwrap().display().to_string()),
        environment.join(",")
    ))
}

/// The messages of a batch whose body is `bad`. A record's id comes before its body.
fn bad_items(event: &str) -> String {
    let records = event.split(r#""messageId":""#).skip(1).filter(|record| record.contains(r#""body":"bad""#));
    let items: Vec<String> =
        records.filter_map(|record| record.split('"').next()).map(|id| format!(r#"{{"itemIdentifier":"{id}"}}"#)).collect();
    format!(r#"{{"batchItemFailures":[{}]}}"#, items.join(","))
}

/// The records of a topic's one partition whose value is `bad`, in base 64. A record's offset comes before its value.
fn bad_records(event: &str, partition: &str) -> String {
    let records = event.split(r#""offset":"#).skip(1).filter(|record| record.contains(r#""value":"YmFk""#));
    let offset = |record: &str| record.chars().take_while(char::is_ascii_digit).collect::<String>();
    let item = |record| format!(r#"{{"itemIdentifier":{{"partition":"{partition}","offset":{}}}}}"#, offset(record));
    format!(r#"{{"batchItemFailures":[{}]}}"#, records.map(item).collect::<Vec<_>>().join(","))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")));
    line.map_or("", |line| line[name.len() + 1..].trim())
}

struct Runtime {
    reader: BufReader<TcpStream>,
    stream: TcpStream,
}

impl Runtime {
    /// Answers in two parts, with an error in the trailers where the event says so, with a prelude where it asks for HTTP.
    fn stream(&mut self, id: &str, event: &str) {
        let has = |word: &str| event.contains(word);
        let kind = if has("stream-http") { "application/vnd.awslambda.http-integration-response" } else { "text/plain" };
        let mut text = format!(
            "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nHost: runtime\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\
             Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\nLambda-Runtime-Function-Response-Mode: streaming\r\n\r\n"
        );
        let mut chunk = |part: &str| text.push_str(&format!("{:x}\r\n{part}\r\n", part.len()));
        if has("stream-http") {
            chunk("{\"statusCode\":201,\"headers\":{\"x-mine\":\"1\"}}");
            chunk("\0\0\0\0\0\0\0\0");
        }
        chunk("first ");
        self.stream.write_all(text.as_bytes()).unwrap();
        if has("stream-pause") {
            std::thread::sleep(Duration::from_millis(300));
        }
        let mut end = "6\r\nsecond\r\n0\r\n".to_owned();
        if has("stream-fail") {
            end.push_str(
                "Lambda-Runtime-Function-Error-Type: Broken\r\nLambda-Runtime-Function-Error-Body: eyJlcnJvclR5cGUiOiJCcm9rZW4ifQ==\r\n",
            );
        }
        end.push_str("\r\n");
        self.stream.write_all(end.as_bytes()).unwrap();
        self.answer();
    }

    /// Head and body of the answer.
    fn call(&mut self, method: &str, path: &str, body: &str) -> (String, String) {
        let length = body.len();
        let request = format!("{method} /2018-06-01/runtime/{path} HTTP/1.1\r\nHost: runtime\r\nContent-Length: {length}\r\n\r\n{body}");
        // A refusal of something large may come before all of it is sent.
        let _ = self.stream.write_all(request.as_bytes());
        self.answer()
    }

    fn answer(&mut self) -> (String, String) {
        let mut head = String::new();
        loop {
            let mut line = String::new();
            if self.reader.read_line(&mut line).unwrap_or(0) == 0 {
                std::process::exit(9);
            }
            if line.trim().is_empty() {
                break;
            }
            head.push_str(&line);
        }
        let mut body = vec![0; header(&head, "content-length").parse().unwrap_or(0)];
        self.reader.read_exact(&mut body).unwrap();
        (head, String::from_utf8(body).unwrap())
    }
}
