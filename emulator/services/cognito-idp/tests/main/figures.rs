//! What a sign-in costs beside the sums that nobody can spare, and what 100,000 users cost it. By hand, released:
//! `cargo test --release -p cognito-idp --test main figures -- --ignored --nocapture --test-threads 1` (USERS sets another number of users).

use crate::desk::Desk;
use num_bigint::BigUint;
use rsa::{Pkcs1v15Sign, RsaPrivateKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{hint::black_box, sync::Arc};

/// Processor seconds of this process so far.
fn cpu_secs() -> f64 {
    // SAFETY: the struct is plain numbers, and getrusage fills it in.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    let secs = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    secs(usage.ru_utime) + secs(usage.ru_stime)
}

async fn sign_ins(desk: &Desk, name: &str, count: usize) -> f64 {
    let began = cpu_secs();
    for _ in 0..count {
        black_box(desk.sign_in(name).await);
    }
    (cpu_secs() - began) / count as f64
}

/// One power of 3072 bits and two signatures of 2048: what a sign-in by password can't do without.
fn sums(count: usize) -> f64 {
    let mut rng = kit::Ids::new(1, 1).rng();
    let keys: Vec<RsaPrivateKey> = (0..2).map(|_| RsaPrivateKey::new(&mut rng, 2048).unwrap()).collect();
    let modulus = (BigUint::from(1u8) << 3072u32) - BigUint::from(1_103_717u32);
    let exponent = BigUint::from_bytes_be(&Sha256::digest(b"x"));
    let began = cpu_secs();
    for n in 0..count {
        black_box(BigUint::from(2u8).modpow(&exponent, &modulus));
        for key in &keys {
            black_box(key.sign(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(n.to_be_bytes())).unwrap());
        }
    }
    (cpu_secs() - began) / count as f64
}

#[tokio::test]
#[ignore = "takes a while, and tells something only when released"]
async fn figures_of_sign_ins() {
    const COUNT: usize = 300;
    let desk = Desk::new().await;
    desk.user("ann@example.com").await;
    // The pool's keys are made with the first token.
    sign_ins(&desk, "ann@example.com", 5).await;
    let (whole, alone) = (sign_ins(&desk, "ann@example.com", COUNT).await, sums(COUNT));
    println!(
        "a sign-in by password: {:.2} ms of CPU, {:.0} a second; its sums alone {:.2} ms: {:.0} %",
        whole * 1e3,
        1.0 / whole,
        alone * 1e3,
        100.0 * alone / whole
    );
    assert!(cfg!(debug_assertions) || alone / whole >= 0.7, "the sums are {:.0} % of a sign-in", 100.0 * alone / whole);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes"]
async fn figures_of_many_users() {
    let count: usize = std::env::var("USERS").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let desk = Arc::new(Desk::with(json!({}), json!({})).await);
    desk.user("ann").await;
    sign_ins(&desk, "ann", 5).await;
    let before = sign_ins(&desk, "ann", 50).await;
    for n in 0..count {
        let attributes =
            json!([{ "Name": "email", "Value": format!("user{n}@example.com") }, { "Name": "name", "Value": format!("Name {}", n % 100) }]);
        let input =
            json!({ "UserPoolId": desk.pool, "Username": format!("user{n}"), "MessageAction": "SUPPRESS", "UserAttributes": attributes });
        desk.admin("AdminCreateUser", input).await;
    }
    let after = sign_ins(&desk, "ann", 50).await;
    let began = cpu_secs();
    let (mut token, mut seen, mut pages) = (Value::Null, 0, 0);
    loop {
        let page = desk.admin("ListUsers", json!({ "UserPoolId": desk.pool, "PaginationToken": token, "Limit": 60 })).await;
        seen += page["Users"].as_array().unwrap().len();
        pages += 1;
        token = page["PaginationToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(seen, count + 1);
    let page_ms = (cpu_secs() - began) * 1e3 / f64::from(pages);
    let mut filters = Vec::new();
    for filter in ["email = \"user77@example.com\"", "email ^= \"user777\"", "username = \"user777\"", "name = \"Name 7\""] {
        let began = cpu_secs();
        let found = desk.admin("ListUsers", json!({ "UserPoolId": desk.pool, "Filter": filter })).await["Users"].as_array().unwrap().len();
        filters.push(format!("{filter}: {found} in {:.1} ms", (cpu_secs() - began) * 1e3));
    }
    println!("{count} users: a page of 60 {page_ms:.2} ms; {}", filters.join("; "));
    println!("a sign-in: {:.2} ms of CPU before, {:.2} ms with them", before * 1e3, after * 1e3);
    assert!(after <= 1.25 * before, "sign-in slowed down from {before} s to {after} s");
}
