//! Composite alarms: looked at when they are made and whenever one of their alarms changes its state.

use super::{News, change, notice, rule, state::*};
use crate::model::StateValue;
use kit::store::{NewTask, TaskRow};
use kit::{Context, Fault, Read, Scope, Timestamp, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The task that looks at one.
pub(crate) const KIND: &str = "compose";

/// Which one to look at, and why.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Look {
    name: String,
    /// The alarm that changed: ARN, state, when.
    by: Option<(String, StateValue, Timestamp)>,
}

/// Plans a look at a composite alarm.
pub(super) fn plan(tx: &mut Tx<'_>, scope: &Scope, name: &str, by: Option<&Alarm>) {
    let by = by.map(|alarm| (alarm.arn(scope), alarm.state, alarm.updated));
    let look = Look { name: name.to_owned(), by };
    tx.task(NewTask::new(scope, "cloudwatch", KIND, &look).key(name));
}

/// Looks at one. Its state is ALARM where its rule holds and OK where it does not; it never lacks data.
pub(crate) async fn evaluate(cx: &Context, task: &TaskRow) -> Result<(), Fault> {
    let look: Look = task.payload()?;
    let scope = &task.scope;
    let now = cx.now();
    cx.store()
        .write(|tx| {
            let Some(alarm) = tx.get(&ALARMS, scope, &look.name)? else { return Ok(()) };
            let Some(put) = &alarm.composite else { return Ok(()) };
            let Ok(rule) = rule::parse(&put.alarm_rule) else { return Ok(()) };
            let mut children = Vec::new();
            for name in rule.names() {
                if let Some(child) = tx.get(&ALARMS, scope, &name)? {
                    children.push(child);
                }
            }
            let state_of = |name: &str| children.iter().find(|child| child.name == name).map(|child| child.state);
            let state = if rule.holds(&state_of) { StateValue::Alarm } else { StateValue::Ok };
            if state == alarm.state {
                return Ok(());
            }
            let reason = match &look.by {
                Some((arn, to, at)) => format!("{arn} transitioned to {to} at {}", long(*at)),
                None => format!("{} was created and its alarm rule evaluates to {state}", alarm.arn(scope)),
            };
            // What an alarm's change brought about is told with it; a fresh alarm tells those that speak for its state.
            let triggering: Vec<_> = match &look.by {
                Some((arn, to, at)) => vec![json!({ "arn": arn, "state": { "value": to.as_str(), "timestamp": notice::moment(*at) } })],
                None => children
                    .iter()
                    .map(|child| {
                        let at = notice::moment(child.updated);
                        json!({ "arn": child.arn(scope), "state": { "value": child.state.as_str(), "timestamp": at } })
                    })
                    .collect(),
            };
            let data = json!({ "triggeringAlarms": triggering });
            change(tx, cx, scope, &alarm, News { state, reason, data: Some(data), at: now, value: None })
        })
        .await
}

/// `Thursday 09 July, 2020 23:22:17 UTC`
fn long(at: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    const MONTHS: [&str; 12] =
        ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
    let text = kit::time::iso_secs(at);
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let month: usize = part(5, 7).parse().unwrap_or(1);
    let day = DAYS[(at.secs().div_euclid(86_400) + 3).rem_euclid(7) as usize];
    format!("{day} {} {}, {} {} UTC", part(8, 10), MONTHS[(month - 1).min(11)], part(0, 4), part(11, 19))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_moments() {
        assert_eq!(long(Timestamp::from_secs(1_594_336_937)), "Thursday 09 July, 2020 23:22:17 UTC");
    }
}
