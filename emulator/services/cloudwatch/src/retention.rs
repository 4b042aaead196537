//! Retention: points of a second for three hours, of a minute for 15 days, of five minutes for 63 days, of an hour for 455 days, on the clock.
//!
//! A daily task makes old points coarser and forgets the oldest; `shows` hides in between what AWS would not tell any more.

use crate::points::*;
use kit::store::{NewTask, TaskRow};
use kit::{Context, Fault, Read, Scope, Timestamp, Tx};

/// The task of the daily sweep.
pub(crate) const KIND: &str = "sweep";

const HOUR: i64 = 3600;
const DAY: i64 = 86_400;
/// Age in seconds from which points of a resolution become points of the next one; from the last on they are gone.
const AGES: [(u32, i64, Option<u32>); 4] =
    [(1, 3 * HOUR, Some(60)), (60, 15 * DAY, Some(300)), (300, 63 * DAY, Some(3600)), (3600, 455 * DAY, None)];

/// Whether a point that began at `start` still shows in periods of so many seconds.
pub(crate) fn shows(start: i64, period: i64, now: Timestamp) -> bool {
    let age = now.secs() - start;
    match age {
        age if age >= 455 * DAY => false,
        age if age >= 63 * DAY => period >= 3600,
        age if age >= 15 * DAY => period >= 300,
        age if age >= 3 * HOUR => period >= 60,
        _ => true,
    }
}

/// Plans the sweep of a scope, unless it is planned.
pub(crate) fn plan(tx: &mut Tx<'_>, scope: &Scope, now: Timestamp) {
    let key = format!("{}/{}", scope.account, scope.region);
    if tx.tasks_keyed("cloudwatch", KIND, &key).is_empty() {
        let due = kit::time::next_midnight(now.plus_ns(1));
        tx.task(NewTask::new(scope, "cloudwatch", KIND, &()).at(due).key(key));
    }
}

/// Makes old points coarser, forgets what is too old and series without points, and plans the next sweep while there is something left.
pub(crate) async fn sweep(cx: &Context, task: &TaskRow) -> Result<(), Fault> {
    let (scope, now) = (&task.scope, task.due);
    cx.store()
        .write(|tx| {
            tx.cancel(&task.id);
            let all = tx.scan(&SERIES, scope).collect::<Result<Vec<_>, Fault>>()?;
            let mut left = false;
            for (key, series) in all {
                match coarsen(tx, scope, &series, now)? {
                    true => left = true,
                    false => drop(tx.delete(&SERIES, scope, &key)?),
                }
            }
            if left {
                plan(tx, scope, now);
            }
            Ok(())
        })
        .await
}

/// Whether the series has points after it.
fn coarsen(tx: &mut Tx<'_>, scope: &Scope, series: &Series, now: Timestamp) -> Result<bool, Fault> {
    for (resolution, age, next) in AGES {
        let before = now.secs() - age;
        let rows = tx.scan(&POINTS, scope).prefix(&(series.id, resolution)).until(&(series.id, resolution, before));
        for (key, point) in rows.collect::<Result<Vec<_>, Fault>>()? {
            tx.delete(&POINTS, scope, &key)?;
            let Some(next) = next else { continue };
            let row = (series.id, next, key.2 - key.2.rem_euclid(i64::from(next)));
            let mut coarse = tx.get(&POINTS, scope, &row)?.unwrap_or_default();
            point.units.iter().for_each(|(unit, stats)| coarse.merge(*unit, stats));
            tx.put(&POINTS, scope, &row, &coarse)?;
        }
    }
    let first = tx.scan(&POINTS, scope).prefix(&(series.id,)).limit(1).keys().next();
    first.transpose().map(|key| key.is_some())
}
