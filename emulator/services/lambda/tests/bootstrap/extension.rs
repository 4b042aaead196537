//! The same program as an extension: registers, subscribes to telemetry, prints what it is told, and keeps some of it in /tmp.

use crate::header;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
};

/// An external extension; its name chooses what it does.
pub fn run(name: &str) {
    println!("extension {name} begins; handler {:?}", std::env::var("_HANDLER"));
    if name == "dies" {
        std::process::exit(4);
    }
    let api = std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap();
    let (head, about) =
        call(&api, "POST", "/2020-01-01/extension/register", &[("Lambda-Extension-Name", name)], r#"{"events":["INVOKE","SHUTDOWN"]}"#);
    println!("registered {about}");
    let id = header(&head, "lambda-extension-identifier").to_owned();
    let mine = [("Lambda-Extension-Identifier", id.as_str())];
    if name == "refuses" {
        let kind = ("Lambda-Extension-Function-Error-Type", "Extension.NoConfig");
        call(&api, "POST", "/2020-01-01/extension/init/error", &[mine[0], kind], r#"{"errorMessage":"nothing to watch"}"#);
        std::process::exit(1);
    }
    if name == "listens" {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || listen(listener));
        let body = format!(
            r#"{{"schemaVersion":"2022-12-13","types":["platform","function"],"buffering":{{"timeoutMs":25}},"destination":{{"protocol":"HTTP","URI":"http://sandbox.localdomain:{port}"}}}}"#
        );
        let (head, _) = call(&api, "PUT", "/2022-07-01/telemetry", &mine, &body);
        println!("subscribed {}", head.lines().next().unwrap());
    }
    loop {
        let (_, event) = call(&api, "GET", "/2020-01-01/extension/event/next", &mine, "");
        println!("extension got {event}");
        if event.contains("SHUTDOWN") {
            if let Some(path) = std::env::var_os("TELL") {
                std::fs::write(path, event).unwrap();
            }
            return;
        }
    }
}

/// An extension in a thread of the runtime.
pub fn internal(api: &str) {
    let register = |events: &str| call(api, "POST", "/2020-01-01/extension/register", &[("Lambda-Extension-Name", "inner")], events);
    let (refused, _) = register(r#"{"events":["SHUTDOWN"]}"#);
    println!("internal shutdown: {}", refused.lines().next().unwrap());
    let (head, _) = register(r#"{"events":["INVOKE"]}"#);
    let id = header(&head, "lambda-extension-identifier").to_owned();
    let api = api.to_owned();
    std::thread::spawn(move || {
        loop {
            let (_, event) = call(&api, "GET", "/2020-01-01/extension/event/next", &[("Lambda-Extension-Identifier", &id)], "");
            println!("inner got {event}");
        }
    });
}

/// Prints the types of the events that are posted.
fn listen(listener: TcpListener) {
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let (_, body) = read(&mut reader);
        for part in body.split("\"type\":\"").skip(1) {
            println!("telemetry {}", part.split('"').next().unwrap());
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
    }
}

fn call(api: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(api).unwrap();
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: runtime\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).unwrap();
    read(&mut BufReader::new(stream))
}

fn read(reader: &mut BufReader<TcpStream>) -> (String, String) {
    let mut head = String::new();
    loop {
        let mut line = String::new();
        // The environment is gone.
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            std::process::exit(0);
        }
        if line.trim().is_empty() {
            break;
        }
        head.push_str(&line);
    }
    let mut body = vec![0; header(&head, "content-length").parse().unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    (head, String::from_utf8(body).unwrap())
}
