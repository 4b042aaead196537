//! The journal over HTTP: `?after=SEQUENCE&limit=N`.

use super::Refusal;
use kit::Cloud;
use serde_json::{Value, json};

pub(super) fn read(cloud: &Cloud, query: &str) -> Result<Value, Refusal> {
    let (mut after, mut limit) = (None, 1000usize);
    for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        let number: u64 = value.parse().map_err(|_| Refusal::bad(format!("{key} is a number")))?;
        match key {
            "after" => after = Some(number),
            "limit" => limit = number.min(100_000) as usize,
            _ => return Err(Refusal::bad(format!("unknown parameter {key}; known are after, limit"))),
        }
    }
    let records = match after {
        Some(after) => cloud.journal().after(after).map_err(|evicted| Refusal::bad(evicted.to_string()))?,
        None => cloud.journal().held(),
    };
    let start = if after.is_some() { 0 } else { records.len().saturating_sub(limit) };
    let page: Vec<_> = records.into_iter().skip(start).take(limit).collect();
    Ok(json!({ "newest": cloud.journal().newest(), "records": page }))
}
