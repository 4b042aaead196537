//! The storage report: how much lies where, day by day, and what AWS would ask for it. A door under `/_windtunnel/s3/report`, for the
//! command line and for programs; reading it needs no signature, as the other endpoints of the house.

mod prices;

use crate::{
    lifecycle::{day_of, midnight},
    state::{self, Found},
    usage::{self, Slots, Usage},
};
use http::{Method, Response, StatusCode, request::Parts};
use kit::{Body, BoxFuture, Cloud, Context, Door, Fault, Read, ReplyBody, Scope};
use serde_json::{Value, json};

const PATH: &str = "/_windtunnel/s3/report";
const DEFAULT_DAYS: u32 = 30;
const MOST_DAYS: u32 = 400;
/// Days that a month has in the cost of one day.
const MONTH_DAYS: f64 = 30.0;

/// Answers `GET /_windtunnel/s3/report?bucket=B&days=N`.
pub(crate) struct ReportDoor;

impl Door for ReportDoor {
    fn name(&self) -> &'static str {
        "s3-report"
    }
    fn takes(&self, _: &Cloud, head: &Parts) -> bool {
        head.uri.path() == PATH
    }
    fn answer<'a>(&'a self, cx: Context, head: Parts, _: Body) -> BoxFuture<'a, Response<ReplyBody>> {
        Box::pin(async move {
            let (status, value) = match asked(&head).map(|asked| report(&cx, &asked)) {
                Ok(Ok(value)) => (StatusCode::OK, value),
                Ok(Err(fault)) => {
                    let status = StatusCode::from_u16(fault.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                    (status, json!({ "error": fault.message }))
                }
                Err((status, message)) => (status, json!({ "error": message })),
            };
            let mut response = Response::new(ReplyBody::Bytes(value.to_string().into()));
            *response.status_mut() = status;
            response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
            response
        })
    }
}

struct Asked {
    bucket: Option<String>,
    days: u32,
}

fn asked(head: &Parts) -> Result<Asked, (StatusCode, String)> {
    if head.method != Method::GET {
        return Err((StatusCode::METHOD_NOT_ALLOWED, format!("{PATH} is read with GET")));
    }
    let mut asked = Asked { bucket: None, days: DEFAULT_DAYS };
    let bad = |message: String| Err((StatusCode::BAD_REQUEST, message));
    for pair in head.uri.query().unwrap_or("").split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match name {
            "bucket" => asked.bucket = Some(percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned()),
            "days" => match value.parse() {
                Ok(days) if (1..=MOST_DAYS).contains(&days) => asked.days = days,
                _ => return bad(format!("days is a number from 1 to {MOST_DAYS}")),
            },
            other => return bad(format!("{PATH} knows bucket and days, not {other}")),
        }
    }
    Ok(asked)
}

fn report(cx: &Context, asked: &Asked) -> Result<Value, Fault> {
    let today = day_of(cx.now());
    let buckets: Vec<Value> = cx.store().read(|s| {
        let held = match &asked.bucket {
            Some(name) => {
                let found = state::find(s, name)?;
                let usage = usage::all(s)?.into_iter().find(|(scope, bucket, _)| *scope.account == *found.scope.account && bucket == name);
                vec![(found.scope.clone(), name.clone(), usage.map_or(Usage { day: today, slots: Slots::new() }, |(_, _, usage)| usage))]
            }
            None => usage::all(s)?,
        };
        held.iter().map(|(scope, name, usage)| one(s, scope, name, usage, today, asked.days)).collect::<Result<_, Fault>>()
    })?;
    let prices = prices::list();
    let sum = |what: &str| buckets.iter().filter_map(|bucket| bucket[what].as_f64()).sum::<f64>();
    Ok(json!({
        "date": kit::time::date(midnight(today)),
        "prices": { "source": prices.source, "date": prices.date, "currency": prices.currency },
        "monthly_cost": rounded(sum("monthly_cost")),
        "buckets": buckets,
    }))
}

fn one(read: &impl Read, scope: &Scope, name: &str, usage: &Usage, today: u32, days: u32) -> Result<Value, Fault> {
    // Usage is kept by account; the region stands with the bucket.
    let Found { bucket, .. } = state::find(read, name)?;
    let prices = prices::list().of(&bucket.region);
    let monthly = prices.map(|prices| prices.monthly(&usage.slots));
    let classes: serde_json::Map<String, Value> = usage
        .slots
        .iter()
        .map(|(slot, amount)| {
            let cost = monthly.as_ref().and_then(|monthly| monthly.get(slot)).map(|cost| rounded(*cost));
            let value = json!({ "objects": amount.objects, "bytes": amount.bytes, "billed_bytes": amount.billed, "monthly_cost": cost });
            (text(slot), value)
        })
        .collect();
    let days = usage::history(read, scope, name, usage, today, days)?;
    let days: Vec<Value> = days
        .iter()
        .map(|(day, slots)| {
            let bytes: serde_json::Map<String, Value> = slots.iter().map(|(slot, amount)| (text(slot), amount.bytes.into())).collect();
            let cost = prices.map(|prices| rounded(prices.monthly(slots).values().sum::<f64>() / MONTH_DAYS));
            json!({ "date": kit::time::date(midnight(*day)), "bytes": bytes, "cost": cost })
        })
        .collect();
    Ok(json!({
        "bucket": name,
        "account": &*scope.account,
        "region": bucket.region,
        "objects": usage.slots.iter().filter(|(slot, _)| slot.holds_versions()).map(|(_, amount)| amount.objects).sum::<u64>(),
        "bytes": usage.slots.values().map(|amount| amount.bytes).sum::<u64>(),
        // Absent (null) for regions that the price list doesn't have.
        "monthly_cost": monthly.map(|monthly| rounded(monthly.values().sum())),
        "classes": classes,
        "days": days,
    }))
}

fn text(slot: &usage::Slot) -> String {
    serde_json::to_value(slot).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Costs to a millionth of a dollar.
fn rounded(cost: f64) -> f64 {
    (cost * 1e6).round() / 1e6
}
