//! DescribeStackEvents.

use crate::{
    CloudFormation, DescribeStackEventsInput, DescribeStackEventsOutput, StackEvent,
    state::{self, EVENTS},
    template::invalid,
};
use kit::{Context, Fault, Read};

/// Events on a page.
const PAGE: usize = 100;

impl CloudFormation {
    /// What happened to a stack, latest first.
    pub async fn describe_stack_events(&self, cx: &Context, input: DescribeStackEventsInput) -> Result<DescribeStackEventsOutput, Fault> {
        let (stack, mut events) = cx.store().read(|s| {
            let stack = state::stack(s, cx.scope(), &input.stack_name)?;
            let events: Vec<_> = s.scan(&EVENTS, cx.scope()).prefix(&(stack.uuid.clone(),)).collect::<Result<_, _>>()?;
            Ok::<_, Fault>((stack, events))
        })?;
        events.reverse();
        let key = |seq: u64| format!("{:020}", u64::MAX - seq);
        let page = kit::pages::page(events, |((_, seq), _)| key(*seq), input.next_token.as_deref(), PAGE, || invalid("Invalid NextToken"))?;
        let arn = stack.arn(cx.scope());
        let events = page
            .items
            .into_iter()
            .map(|(_, event)| StackEvent {
                stack_id: arn.clone(),
                event_id: event.id,
                stack_name: stack.name.clone(),
                logical_resource_id: Some(event.logical_id),
                physical_resource_id: Some(event.physical_id),
                resource_type: Some(event.kind),
                timestamp: Some(event.at),
                resource_status: Some(event.status),
                resource_status_reason: event.reason,
                resource_properties: event.properties,
                client_request_token: event.token,
                ..StackEvent::default()
            })
            .collect();
        Ok(DescribeStackEventsOutput { stack_events: Some(events), next_token: page.next })
    }
}
