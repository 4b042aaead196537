//! What stands between the consumer and Lambda: passes on, answers in Lambda's place, or stops a call on its way there or back.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// What is done with a call.
#[derive(Clone, Debug)]
pub enum Rule {
    /// Never reaches Lambda, and is never answered.
    HoldBefore,
    /// Lambda has answered; the answer never arrives.
    HoldAfter,
    /// Answered in Lambda's place: status, error code, more headers.
    Answer(u16, &'static str, &'static str),
}

/// The proxy. Calls that no rule is for pass.
pub struct Proxy {
    pub url: String,
    rules: Arc<Mutex<VecDeque<Rule>>>,
    held: watch::Receiver<Vec<String>>,
}

impl Proxy {
    /// Before an endpoint, with rules for the first calls.
    pub async fn new(endpoint: &str, rules: impl IntoIterator<Item = Rule>) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let target: SocketAddr = endpoint.strip_prefix("http://").unwrap().parse().unwrap();
        let rules = Arc::new(Mutex::new(rules.into_iter().collect::<VecDeque<Rule>>()));
        let (sender, held) = watch::channel(Vec::new());
        let (known, sender) = (rules.clone(), Arc::new(sender));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(carry(stream, target, known.clone(), sender.clone()));
            }
        });
        Proxy { url, rules, held }
    }
    /// Waits until a call is held; answers the head of Lambda's answer, if it gave one.
    pub async fn held(&self) -> String {
        let mut held = self.held.clone();
        tokio::time::timeout(crate::stand::LONGEST, held.wait_for(|all| !all.is_empty())).await.expect("a call is held").unwrap()[0].clone()
    }
    pub fn rules_left(&self) -> usize {
        self.rules.lock().unwrap().len()
    }
}

async fn carry(mut client: TcpStream, target: SocketAddr, rules: Arc<Mutex<VecDeque<Rule>>>, held: Arc<watch::Sender<Vec<String>>>) {
    let mut lambda: Option<TcpStream> = None;
    while let Some(request) = message(&mut client).await {
        let rule = rules.lock().unwrap().pop_front();
        if let Some(Rule::Answer(status, code, headers)) = rule {
            let body = format!("{{\"Message\":\"{code} by the test\"}}");
            let head = format!("HTTP/1.1 {status} No\r\nx-amzn-errortype: {code}\r\n{headers}content-length: {}\r\n\r\n", body.len());
            client.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
            continue;
        }
        if let Some(Rule::HoldBefore) = rule {
            held.send_modify(|all| all.push(String::new()));
            return std::future::pending().await;
        }
        let stream = match &mut lambda {
            Some(stream) => stream,
            None => lambda.insert(TcpStream::connect(target).await.unwrap()),
        };
        stream.write_all(&request).await.unwrap();
        let Some(answer) = message(stream).await else { return };
        if let Some(Rule::HoldAfter) = rule {
            let head = String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned();
            held.send_modify(|all| all.push(head));
            return std::future::pending().await;
        }
        if client.write_all(&answer).await.is_err() {
            return;
        }
    }
}

/// One HTTP message with a content-length, or without a body.
async fn message(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..at]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok()).unwrap_or(0);
            if bytes.len() >= at + 4 + length {
                return Some(bytes);
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
