//! Where an event's result goes in the end: destinations get AWS's record, the dead-letter queue gets the event. Both are reached with
//! the function's role; what it may not is lost, as on AWS, and the journal says so.

use super::{Case, End, Event};
use crate::{destinations, invoke::metrics, state::not_implemented};
use kit::{
    Arn, Context, Fault, Need, RecordKind,
    ports::{Invocation, QueueMessage},
};
use serde_json::{Value, json};
use std::sync::Arc;

/// Bytes of an error message beside a dead letter.
const MOST_MESSAGE_BYTES: usize = 1024;

impl Case<'_> {
    /// Ends an event.
    pub(super) async fn end(&self, event: Event, end: End<'_>) -> Result<(), Fault> {
        let destinations = self.settings.destinations.clone().unwrap_or_default();
        let success = matches!(end, End::Success(_));
        let target = match success {
            true => destinations.on_success.and_then(|d| d.destination),
            false => destinations.on_failure.and_then(|d| d.destination),
        };
        if !success {
            // Without having been processed: AWS counts what ended in a destination or a dead-letter queue, too.
            metrics::record(self.cx, self.name, None, &[metrics::one("AsyncEventsDropped")]);
        }
        let target = target.filter(|arn| !arn.is_empty());
        let dead_letter = self.config.dead_letter_arn.clone().filter(|_| !success);
        if target.is_none() && dead_letter.is_none() {
            return Ok(());
        }
        let role = match self.assume().await {
            Ok(role) => role,
            Err(fault) => {
                self.journal(self.cx, "Deliver", self.role, &fault);
                return Ok(());
            }
        };
        if let Some(target) = target {
            let record = self.record(&event, &end);
            if let Err(fault) = self.deliver(&role, &target, record, success).await {
                self.journal(&role, "Deliver", &target, &fault);
                metrics::record(self.cx, self.name, None, &[metrics::one("DestinationDeliveryFailures")]);
            }
        }
        if let Some(queue) = dead_letter
            && let Err(fault) = self.bury(&role, &queue, &event, &end).await
        {
            self.journal(&role, "DeadLetter", &queue, &fault);
            metrics::record(self.cx, self.name, None, &[metrics::one("DeadLetterErrors")]);
        }
        Ok(())
    }

    async fn assume(&self) -> Result<Context, Fault> {
        let sessions = self.cx.cloud().ports().sessions()?;
        let key = sessions.for_service(self.cx, self.role, "lambda.amazonaws.com", &self.name.function, 3600).await?;
        Ok(self.cx.as_role(Arc::new(key.session)))
    }

    fn journal(&self, cx: &Context, operation: &str, resource: &str, fault: &Fault) {
        let detail = json!({ "message": fault.message, "function": self.name.arn() });
        cx.cloud().journal().write(cx, RecordKind::Event, "lambda", operation, resource, &fault.code, detail);
    }

    async fn deliver(&self, role: &Context, target: &str, record: Value, success: bool) -> Result<(), Fault> {
        let service = Arn::parse(target).map_or("", |arn| arn.service);
        match service {
            "sqs" => {
                let message = QueueMessage { body: record.to_string(), trace: Some(self.trace()), ..QueueMessage::default() };
                destinations::to_queue(role, target, message).await
            }
            "sns" => destinations::to_topic(role, target, record.to_string(), Vec::new()).await,
            "lambda" => {
                let grant = role.grant(&Need::on("lambda:InvokeFunction", target))?;
                let call = Invocation { function_arn: target.to_owned(), payload: record.to_string().into(), asynchronous: true };
                role.cloud().ports().functions()?.invoke(role, grant, call).await.map(drop)
            }
            "events" => self.put_event(role, target, &record, success).await,
            "s3" => destinations::to_bucket(role, target, &format!("aws/lambda/async/{}", self.name.function), record.to_string()).await,
            other => Err(not_implemented(&format!("destinations in {other}"))),
        }
    }

    /// The trace under which the record goes on.
    fn trace(&self) -> String {
        format!("Root={}", self.cx.trace())
    }

    /// The record as an event of Lambda's on a bus.
    async fn put_event(&self, role: &Context, bus: &str, record: &Value, success: bool) -> Result<(), Fault> {
        let result = if success { "Success" } else { "Failure" };
        let entry = json!({
            "EventBusName": bus, "Source": "lambda", "DetailType": format!("Lambda Function Invocation Result - {result}"),
            "Detail": record.to_string(), "Resources": [bus, self.qualified_arn()],
        });
        let answer = role.cloud().call_json(role, "events", "PutEvents", &json!({ "Entries": [entry] })).await?;
        let refused = &answer["Entries"][0];
        match refused["ErrorCode"].as_str() {
            Some(code) => Err(Fault::new(code.to_owned(), 400, refused["ErrorMessage"].as_str().unwrap_or_default())),
            None => Ok(()),
        }
    }

    async fn bury(&self, role: &Context, target: &str, event: &Event, end: &End<'_>) -> Result<(), Fault> {
        let (code, message) = match end {
            End::Success(_) => return Ok(()),
            End::Failed(_, done) => {
                let object: Value = serde_json::from_slice(&done.payload).unwrap_or_default();
                (200, object["errorMessage"].as_str().unwrap_or_default().to_owned())
            }
            End::Refused(_, fault) => (fault.status, fault.message.clone()),
        };
        let message = cut(message);
        let mut attributes = vec![("RequestID".to_owned(), event.request_id.clone()), ("ErrorCode:Number".to_owned(), code.to_string())];
        if !message.is_empty() {
            attributes.push(("ErrorMessage".to_owned(), message));
        }
        let body = String::from_utf8_lossy(&event.payload).into_owned();
        if Arn::parse(target).is_some_and(|arn| arn.service == "sns") {
            return destinations::to_topic(role, target, body, attributes).await;
        }
        let grant = role.grant(&Need::on("sqs:SendMessage", target))?;
        role.cloud().ports().queues()?.send(role, grant, target, body, attributes).await.map(drop)
    }

    /// The function's ARN as records name it: always with a qualifier.
    fn qualified_arn(&self) -> String {
        match &self.name.qualifier {
            Some(_) => self.name.arn(),
            None => self.name.with(crate::state::LATEST).arn(),
        }
    }

    /// AWS's record of an invocation.
    fn record(&self, event: &Event, end: &End<'_>) -> Value {
        let json = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap_or(Value::Null);
        let (condition, done) = match end {
            End::Success(done) => ("Success", Some(done)),
            End::Failed(condition, done) => (*condition, Some(done)),
            End::Refused(condition, _) => (*condition, None),
        };
        let arn = self.qualified_arn();
        let mut record = json!({
            "version": "1.0",
            "timestamp": kit::time::iso_millis(self.cx.now()),
            "requestContext": {
                "requestId": event.request_id,
                "functionArn": arn,
                "condition": condition,
                "approximateInvokeCount": event.runs + u32::from(done.is_some()),
            },
            "requestPayload": json(&event.payload),
        });
        if let Some(done) = done {
            let mut response = json!({ "statusCode": 200, "executedVersion": done.version });
            if done.error.is_some() {
                response["functionError"] = json!("Unhandled");
            }
            record["responseContext"] = response;
            record["responsePayload"] = json(&done.payload);
        }
        record
    }
}

fn cut(mut text: String) -> String {
    if text.len() > MOST_MESSAGE_BYTES {
        let end = (0..=MOST_MESSAGE_BYTES).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
    }
    text
}
