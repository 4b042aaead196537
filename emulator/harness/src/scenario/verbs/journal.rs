//! What the journal says.

use super::{ArgKind, Args, Verb, may};
use crate::scenario::{outcome::Outcome, world::World};
use serde_json::{Value, json};

pub(super) const VERBS: &[Verb] = &[Verb {
    name: "journal.expect",
    about: "Records that match, since the scenario began. $.count and $.records. Without an expectation at least one must be there.",
    args: &[
        may("kind", ArgKind::OneOf(&["request", "event", "invocation", "timer", "decision", "house"]), "kind of record"),
        may("service", ArgKind::Text, "service"),
        may("operation", ArgKind::Text, "operation, task or action"),
        may("resource", ArgKind::Text, "part of the resource"),
        may("outcome", ArgKind::Text, "outcome (ok, denied, AccessDenied)"),
        may("principal", ArgKind::Text, "part of the principal's ARN"),
        may("any", ArgKind::Flag, "none at all is fine too (for $.count: 0)"),
        may("within", ArgKind::Duration, "wait so long for the first of them, real time: for what is under way while the scenario goes on"),
    ],
    one_of: &[],
    local_only: true,
    run: |world, args| {
        Box::pin(async move {
            let Some(within) = args.duration_if("within")? else { return records(world, &args) };
            // Watching before looking: what is written between the two is not missed.
            let mut news = world.cloud().journal().watch();
            let look = async {
                loop {
                    let found = records(world, &args);
                    if found.is_ok() || news.recv().await.is_none() {
                        return found;
                    }
                }
            };
            tokio::time::timeout(within, look).await.unwrap_or_else(|_| records(world, &args))
        })
    },
}];

fn records(world: &World, args: &Args) -> Result<Outcome, String> {
    let wanted = |name: &str| args.text_if(name);
    let (kind, service, operation) = (wanted("kind")?, wanted("service")?, wanted("operation")?);
    let (resource, outcome, principal) = (wanted("resource")?, wanted("outcome")?, wanted("principal")?);
    let records: Vec<Value> = world
        .cloud()
        .journal()
        .held()
        .iter()
        .filter(|r| service.as_deref().is_none_or(|s| s == &*r.service))
        .filter(|r| operation.as_deref().is_none_or(|o| o == &*r.operation))
        .filter(|r| outcome.as_deref().is_none_or(|o| o == &*r.outcome))
        .filter(|r| resource.as_deref().is_none_or(|part| r.resource.contains(part)))
        .filter(|r| principal.as_deref().is_none_or(|part| r.principal.contains(part)))
        .filter_map(|r| serde_json::to_value(r).ok())
        .filter(|r| kind.as_deref().is_none_or(|k| r["kind"] == k))
        .collect();
    match records.is_empty() && !args.flag("any")? {
        true => Err("the journal has no such record".into()),
        false => Ok(Outcome::of(json!({ "count": records.len(), "records": records }))),
    }
}
