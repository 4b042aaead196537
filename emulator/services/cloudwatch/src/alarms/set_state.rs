//! SetAlarmState: a state for a while, until the alarm is looked at again.

use super::{News, change, state::*};
use crate::{CloudWatch, check, evaluation, model::*};
use kit::{Context, Fault};

impl CloudWatch {
    /// Puts an alarm into a state; its actions run as on any change.
    pub async fn set_alarm_state(&self, cx: &Context, input: SetAlarmStateInput) -> Result<SetAlarmStateOutput, Fault> {
        let data = match &input.state_reason_data {
            Some(text) => match serde_json::from_str(text) {
                Ok(data) => Some(data),
                Err(_) => return Err(Error::InvalidFormatFault.says("StateReasonData is not valid JSON")),
            },
            None => None,
        };
        if input.state_reason.len() > 1023 {
            return Err(check::validation("StateReason must be no longer than 1023 characters."));
        }
        cx.store()
            .write(|tx| {
                let alarm = alarm(tx, cx.scope(), &input.alarm_name)?;
                let news = News { state: input.state_value, reason: input.state_reason, data, at: cx.now(), value: None };
                change(tx, cx, cx.scope(), &alarm, news)?;
                match alarm.metric.is_some() {
                    true => evaluation::plan(tx, cx.scope(), &alarm, evaluation::next(&alarm, cx.now())),
                    false => Ok(()),
                }
            })
            .await?;
        Ok(SetAlarmStateOutput {})
    }
}
