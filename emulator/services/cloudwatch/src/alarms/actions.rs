//! What an alarm does on entering a state: topics, functions, scaling policies; one task row for each action.

use super::{history, notice, state::Alarm};
use kit::ports::{AlarmNews, Invocation};
use kit::store::{NewTask, TaskRow};
use kit::{Arn, Context, Fault, Need, Scope, Tx};
use serde::{Deserialize, Serialize};

/// The task of an action.
pub(crate) const KIND: &str = "act";

/// An action on its way: everything is as it was when the state changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Action {
    alarm: String,
    alarm_arn: String,
    to: String,
    subject: String,
    message: String,
    news: AlarmNews,
    composite: bool,
}

/// Plans the actions of the state that an alarm went into.
pub(super) fn plan(tx: &mut Tx<'_>, scope: &Scope, old: &Alarm, new: &Alarm, value: Option<f64>) {
    for to in new.actions(new.state) {
        tx.task(NewTask::new(scope, "cloudwatch", KIND, &action(scope, old, new, to, value)));
    }
}

/// Scaling policies are told again each minute while the alarm stays in their state, as AWS does.
pub(crate) fn repeat_scaling(tx: &mut Tx<'_>, scope: &Scope, alarm: &Alarm, value: Option<f64>) {
    if !alarm.enabled {
        return;
    }
    for to in alarm.actions(alarm.state).iter().filter(|to| is_policy(to)) {
        tx.task(NewTask::new(scope, "cloudwatch", KIND, &action(scope, alarm, alarm, to, value)));
    }
}

fn is_policy(arn: &str) -> bool {
    Arn::parse(arn).is_some_and(|arn| arn.service == "autoscaling")
}

fn action(scope: &Scope, old: &Alarm, new: &Alarm, to: &str, value: Option<f64>) -> Action {
    let message = match Arn::parse(to).map(|arn| arn.service) {
        Some("lambda") => notice::for_function(scope, old, new),
        _ => notice::for_topic(scope, old, new),
    };
    let threshold = new.metric.as_ref().and_then(|put| put.threshold);
    Action {
        alarm: new.name.clone(),
        alarm_arn: new.arn(scope),
        to: to.to_owned(),
        subject: notice::subject(scope, new),
        message: message.to_string(),
        news: AlarmNews { name: new.name.clone(), state: new.state.to_string(), value, threshold },
        composite: new.composite.is_some(),
    }
}

/// Runs an action. What the target's own policy refuses, or what is not there, is told in the alarm's history and not tried again.
pub(crate) async fn act(cx: &Context, task: &TaskRow) -> Result<(), Fault> {
    let action: Action = task.payload()?;
    let result = send(cx, &action).await;
    if let Err(fault) = &result
        && fault.status >= 500
        && fault.status != 501
        && task.attempts < 3
    {
        return Err(fault.clone());
    }
    let kind = if action.composite { "CompositeAlarm" } else { "MetricAlarm" };
    let problem = result.err().map(|fault| format!("{}: {}", fault.code, fault.message));
    cx.store().write(|tx| history::acted(tx, cx.scope(), &action.alarm, kind, &action.to, problem.as_deref(), cx.now())).await
}

async fn send(cx: &Context, action: &Action) -> Result<(), Fault> {
    let ports = cx.cloud().ports();
    let Some(arn) = Arn::parse(&action.to) else { return Err(Fault::new("InvalidArn", 400, "it is no ARN")) };
    let need = |verb: &'static str| Need::on(verb, &action.to).owned_by(arn.account);
    match arn.service {
        "sns" => {
            let cx = cx.as_service("cloudwatch.amazonaws.com", &action.alarm_arn, cx.account());
            let grant = cx.grant(&need("sns:Publish"))?;
            let subject = Some(action.subject.clone());
            ports.topics()?.publish(&cx, grant, &action.to, subject, action.message.clone(), Vec::new()).await.map(drop)
        }
        "lambda" => {
            let cx = cx.as_service("lambda.alarms.cloudwatch.amazonaws.com", &action.alarm_arn, cx.account());
            let grant = cx.grant(&need("lambda:InvokeFunction"))?;
            let call = Invocation { function_arn: action.to.clone(), payload: action.message.clone().into(), asynchronous: true };
            ports.functions()?.invoke(&cx, grant, call).await.map(drop)
        }
        "autoscaling" => ports.scaling()?.alarmed(cx, &action.to, action.news.clone()).await,
        other => Err(Fault::not_implemented("cloudwatch", &format!("alarm actions of {other}"))),
    }
}
