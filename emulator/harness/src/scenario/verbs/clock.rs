//! Time.

use super::{ArgKind, Args, Verb, may};
use crate::scenario::{outcome::Outcome, world::World};
use kit::{AdvanceOptions, ClockMode, Settle, time};
use serde_json::json;
use std::time::Duration;

pub(super) const VERBS: &[Verb] = &[
    Verb {
        name: "settle",
        about: "Waits until nothing is under way and nothing is due; fails with what it waited for.",
        args: &[may("within", ArgKind::Duration, "longest wait, real time; 60s unless told")],
        one_of: &[],
        local_only: false,
        run: |world, args| {
            Box::pin(async move {
                let within = args.duration_or("within", "60s")?;
                world.cloud().settle(within).await.map_err(|not| not.to_string())?;
                Ok(Outcome::of(json!({ "quiet": true })))
            })
        },
    },
    Verb {
        name: "clock.advance",
        about: "Moves time forward, firing what is due in order. $.from, $.now, $.fired.",
        args: &[
            may("by", ArgKind::Duration, "by how much (8d)"),
            may("to", ArgKind::Text, "to which moment (2026-03-17T23:59:00Z)"),
            may("settle", ArgKind::OneOf(&["each", "end", "none"]), "when to wait for what it set going; each unless told"),
            may("within", ArgKind::Duration, "most real time; 120s unless told"),
        ],
        one_of: &["by", "to"],
        local_only: true,
        run: |world, args| Box::pin(advance(world, args)),
    },
    Verb {
        name: "clock.freeze",
        about: "Stops time until it is advanced or runs again.",
        args: &[],
        one_of: &[],
        local_only: true,
        run: |world, _| {
            Box::pin(async move {
                world.cloud().clock().set_mode(ClockMode::Frozen);
                Ok(Outcome::of(json!({ "now": time::iso_millis(world.cloud().clock().now()) })))
            })
        },
    },
    Verb {
        name: "clock.run",
        about: "Lets a frozen clock run on.",
        args: &[],
        one_of: &[],
        local_only: true,
        run: |world, _| {
            Box::pin(async move {
                world.cloud().clock().set_mode(ClockMode::Running);
                Ok(Outcome::of(json!({ "now": time::iso_millis(world.cloud().clock().now()) })))
            })
        },
    },
];

async fn advance(world: &mut World, args: Args) -> Result<Outcome, String> {
    let now = world.cloud().clock().now();
    let by = match args.text_if("to")? {
        Some(to) => {
            let target = time::parse_iso(&to).ok_or_else(|| format!("to is a moment as 2026-03-17T23:59:00Z, not {to}"))?;
            let ns = u64::try_from(target.unix_ns - now.unix_ns)
                .map_err(|_| format!("it is {} already; time does not go back to {to}", time::iso_secs(now)))?;
            Duration::from_nanos(ns)
        }
        None => args.duration_or("by", "0s")?,
    };
    let settle = match args.text_if("settle")?.as_deref() {
        Some("end") => Settle::End,
        Some("none") => Settle::None,
        _ => Settle::Each,
    };
    let done = world.cloud().advance(AdvanceOptions { by, settle, budget: args.duration_or("within", "120s")? }).await;
    match done.stopped_early {
        Some(why) => Err(format!("time stopped at {}: {why}", time::iso_millis(done.to))),
        None => Ok(Outcome::of(json!({ "from": time::iso_millis(done.from), "now": time::iso_millis(done.to), "fired": done.fired }))),
    }
}
