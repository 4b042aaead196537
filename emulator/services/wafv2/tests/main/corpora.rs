//! libinjection's own files of attacks and look-alikes, where they lie beside the checkout: the built-in statements must find and spare
//! what they are made for.

use percent_encoding::percent_decode;
use std::path::PathBuf;
use wafv2::engine::{self, Action, Field, Request, Rule, RuleKind, Statement, World};

struct Nothing;

impl World for Nothing {
    fn place(&self, _: std::net::IpAddr) -> Option<engine::addresses::Place> {
        None
    }
    fn count(&self, _: &str, _: &engine::RateKey, _: u32) -> u64 {
        0
    }
    fn token(&self, _: &str, _: &str, _: &[String]) -> Result<engine::Token, engine::Failure> {
        Err(engine::Failure::Missing)
    }
    fn now_secs(&self) -> i64 {
        0
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/waf-inputs")
}

/// Lines of the files with a prefix, as a client would have meant them.
fn lines(prefix: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder()).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with(prefix) {
            continue;
        }
        let text = std::fs::read(entry.path()).unwrap();
        for line in text.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).filter(|l| !l.is_empty() && l[0] != b'#') {
            let spaced: Vec<u8> = line.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect();
            found.push(percent_decode(&spaced).collect());
        }
    }
    found
}

fn acl(statement: Statement) -> engine::Acl {
    let rule = Rule {
        name: "it".into(),
        metric: String::new(),
        sampled: false,
        measured: false,
        labels: Vec::new(),
        captcha_secs: None,
        challenge_secs: None,
        kind: RuleKind::Plain(statement, Action::Block(engine::Answer::default())),
    };
    engine::Acl {
        arn: String::new(),
        name: String::new(),
        metric: String::new(),
        default: Action::Allow(Vec::new()),
        rules: vec![rule],
        body_limits: Vec::new(),
        token_domains: Vec::new(),
        label_prefix: String::new(),
        captcha_secs: 300,
        challenge_secs: 300,
        sampled: false,
        measured: false,
    }
}

fn flagged(acl: &engine::Acl, lines: &[Vec<u8>]) -> usize {
    let ip = "192.0.2.1".parse().unwrap();
    let blocked = |line: &&Vec<u8>| {
        let request = Request::of("POST", "/", "HTTP/1.1", Vec::new(), line.to_vec(), ip);
        engine::evaluate(acl, &request, &Nothing, 64 << 10, false).action == "BLOCK"
    };
    lines.iter().filter(blocked).count()
}

#[test]
fn attacks_are_found_and_look_alikes_are_spared() {
    if !folder().is_dir() {
        println!("skipped: {} is not there", folder().display());
        return;
    }
    let look = || engine::Look { field: Field::Body(engine::Oversize::Continue), transforms: Vec::new() };
    let (sql, scripts, harmless) = (lines("sqli-"), lines("xss-"), lines("false_positives"));
    let low = acl(Statement::Sqli(look(), false));
    let high = acl(Statement::Sqli(look(), true));
    let xss = acl(Statement::Xss(look()));
    for (what, acl, lines, of_ten_thousand) in [
        ("SQL injections, low sensitivity", &low, &sql, 9950),
        ("SQL injections, high sensitivity", &high, &sql, 9950),
        ("script injections", &xss, &scripts, 9900),
    ] {
        let found = flagged(acl, lines);
        println!("{what}: {found} of {} found", lines.len());
        for line in lines.iter().filter(|line| flagged(acl, std::slice::from_ref(line)) == 0) {
            println!("  missed: {}", String::from_utf8_lossy(line));
        }
        assert!(found * 10_000 >= lines.len() * of_ten_thousand, "{what}: {found} of {}", lines.len());
    }
    for (what, acl) in [("low", &low), ("high", &high)] {
        let wrong = flagged(acl, &harmless);
        println!("look-alikes taken for SQL at {what} sensitivity: {wrong} of {}", harmless.len());
        assert!(wrong * 100 <= harmless.len() * 5, "{what}: {wrong} of {}", harmless.len());
    }
    println!("look-alikes taken for scripts: {} of {}", flagged(&xss, &harmless), harmless.len());
}
