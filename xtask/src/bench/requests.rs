//! The binary from outside: when it is ready, what it holds, and what a small request costs it.

use super::http::{Ask, Client};
use super::{process::Server, report::Row};
use crate::Result;
use std::path::Path;

const STARTS: usize = 5;
const REQUESTS: u32 = 20_000;
const WARM_UP: u32 = 1000;

/// From exec to the first signed ListBuckets answered, and resident memory then.
pub fn ready(program: &Path) -> Result<Vec<Row>> {
    let mut starts = Vec::new();
    let mut resident = Vec::new();
    for _ in 0..STARTS {
        let server = Server::start(program)?;
        starts.push(server.ready.as_secs_f64() * 1000.0);
        resident.push(server.resident_mb()?);
    }
    starts.sort_by(f64::total_cmp);
    resident.sort_by(f64::total_cmp);
    let how = format!("`windtunnel up --no-stack --port N`, from exec until a signed ListBuckets is answered; median of {STARTS}");
    Ok(vec![
        Row::new("binary ready", starts[STARTS / 2], 100.0, "ms", how),
        Row::new("resident when ready", resident[STARTS / 2], 60.0, "MB", "VmRSS after that answer"),
    ])
}

/// CPU of the server process for a small signed request, over one connection.
pub fn overhead(program: &Path) -> Result<Vec<Row>> {
    let server = Server::start(program)?;
    let mut client = Client::connect(server.port)?;
    let count = b"{}";
    let asks = [
        ("gateway, signed ListBuckets (REST XML)", Ask { method: "GET", target: "/", service: "s3", content_type: "", body: b"" }),
        (
            "gateway, signed ListQueues (query)",
            Ask {
                method: "POST",
                target: "/",
                service: "sqs",
                content_type: "application/x-www-form-urlencoded",
                body: b"Action=ListQueues&Version=2012-11-05",
            },
        ),
        (
            "gateway, signed ListFunctions (REST JSON)",
            Ask { method: "GET", target: "/2015-03-31/functions/", service: "lambda", content_type: "application/json", body: count },
        ),
    ];
    let mut rows = Vec::new();
    for (what, ask) in asks {
        client.ask(&ask)?;
        let bytes = client.signed(&ask);
        let mut run = |requests: u32| -> Result<()> {
            for _ in 0..requests {
                if client.send(&bytes)?.status != 200 {
                    return Err(format!("{what}: refused in the middle of measuring."));
                }
            }
            Ok(())
        };
        run(WARM_UP)?;
        let before = server.cpu()?;
        run(REQUESTS)?;
        let us = server.cpu()?.since(before).server * 1e6 / f64::from(REQUESTS);
        let how = format!("CPU of the server process over {REQUESTS} requests of another process, operation and journal included");
        rows.push(Row::new(what, us, 150.0, "µs CPU", how));
    }
    Ok(rows)
}
