//! What a small signed request costs: CPU time of the gateway's own thread. Run by hand:
//! `cargo test --release -p gateway --test main -- --ignored --nocapture overhead`.

use crate::support::Site;
use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::mpsc,
};

const REQUESTS: u32 = 20_000;
const BUDGET_US: f64 = 150.0;

/// Nanoseconds on a CPU of a thread of this process.
fn cpu_ns(task: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/self/task/{task}/schedstat")).expect("this is Linux");
    text.split(' ').next().expect("a first field").parse().expect("a number")
}

#[test]
#[ignore = "measures"]
fn overhead_of_a_small_signed_request() {
    let (ready, site) = mpsc::channel();
    std::thread::spawn(move || {
        let task =
            std::fs::read_link("/proc/thread-self").expect("this is Linux").file_name().expect("a task id").to_string_lossy().into_owned();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let site = Site::start().await;
            let count = site.request("POST", "/").json("TillV1.Count", r#"{"Name":"a"}"#).signed(&site.signer("till"));
            let get = site.request("GET", "/photos/abc").signed(&site.signer("s3"));
            let url = site.request("GET", "/photos/abc").presigned(&site.signer("s3"), "600");
            let asks = [("JSON, header", count), ("S3 GET, header", get), ("S3 GET, presigned", url)];
            ready.send((site.address(), task, asks)).expect("somebody waits");
            std::future::pending::<()>().await;
        });
    });
    let (address, task, asks) = site.recv().expect("a site");
    for (name, ask) in asks {
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream.set_nodelay(true).expect("a socket");
        let bytes = ask.bytes("keep-alive");
        let mut block = [0; 16 * 1024];
        let mut run = |requests: u32| {
            for _ in 0..requests {
                stream.write_all(&bytes).expect("written");
                let n = stream.read(&mut block).expect("read");
                assert!(block[..n].starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&block[..n]));
            }
        };
        run(1000);
        let before = cpu_ns(&task);
        run(REQUESTS);
        let us = (cpu_ns(&task) - before) as f64 / 1000.0 / REQUESTS as f64;
        println!("{name}: {us:.1} us of CPU a request");
        if !cfg!(debug_assertions) {
            assert!(us < BUDGET_US, "{name}: {us:.1} us is over the budget of {BUDGET_US} us");
        }
    }
}
