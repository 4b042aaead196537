//! DeleteAlarms. Names without an alarm are passed over, as on AWS.

use super::{history, state::*};
use crate::{CloudWatch, check, evaluation, model::*, tags};
use kit::{Context, Fault, Read};

impl CloudWatch {
    /// Deletes alarms that no composite alarm is made of.
    pub async fn delete_alarms(&self, cx: &Context, input: DeleteAlarmsInput) -> Result<DeleteAlarmsOutput, Fault> {
        let scope = cx.scope();
        cx.store()
            .write(|tx| {
                for name in &input.alarm_names {
                    let parents = tx.by_index(&ALARMS, scope, "child", &(name.as_str(),)).map(|row| row.map(|(name, _)| name));
                    let parents: Vec<String> = parents.collect::<Result<_, Fault>>()?;
                    let left: Vec<&String> = parents.iter().filter(|parent| !input.alarm_names.contains(parent)).collect();
                    if !left.is_empty() {
                        return Err(check::validation(format!("Cannot delete {name} as there are composite alarm(s) depending on it.")));
                    }
                    let Some(alarm) = tx.delete(&ALARMS, scope, name)? else { continue };
                    evaluation::forget(tx, scope, name);
                    tags::forget(tx, scope, &alarm.arn(scope))?;
                    history::configured(tx, scope, &alarm, "Delete", cx.now())?;
                }
                Ok(())
            })
            .await?;
        Ok(DeleteAlarmsOutput {})
    }
}
