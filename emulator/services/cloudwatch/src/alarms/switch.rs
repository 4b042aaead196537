//! EnableAlarmActions and DisableAlarmActions. Names without an alarm are passed over, as on AWS.

use super::state::*;
use crate::{CloudWatch, model::*};
use kit::{Context, Fault, Read};

impl CloudWatch {
    /// Lets alarms act.
    pub async fn enable_alarm_actions(&self, cx: &Context, input: EnableAlarmActionsInput) -> Result<EnableAlarmActionsOutput, Fault> {
        switch(cx, &input.alarm_names, true).await?;
        Ok(EnableAlarmActionsOutput {})
    }
    /// Keeps alarms from acting.
    pub async fn disable_alarm_actions(&self, cx: &Context, input: DisableAlarmActionsInput) -> Result<DisableAlarmActionsOutput, Fault> {
        switch(cx, &input.alarm_names, false).await?;
        Ok(DisableAlarmActionsOutput {})
    }
}

async fn switch(cx: &Context, names: &[String], enabled: bool) -> Result<(), Fault> {
    cx.store()
        .write(|tx| {
            for name in names {
                if let Some(mut alarm) = tx.get(&ALARMS, cx.scope(), name)? {
                    (alarm.enabled, alarm.configured) = (enabled, cx.now());
                    tx.put(&ALARMS, cx.scope(), name, &alarm)?;
                }
            }
            Ok(())
        })
        .await
}
