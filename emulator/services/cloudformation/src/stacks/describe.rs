//! DescribeStacks and ListStacks.

use super::shown;
use crate::{
    CloudFormation, DescribeStacksInput, DescribeStacksOutput, ListStacksInput, ListStacksOutput,
    state::{self, STACKS, Stack},
    template::invalid,
};
use kit::{Context, Fault, Read};

/// Stacks on a page.
const PAGE: usize = 100;

impl CloudFormation {
    /// One stack, or all that live. Waits a while for a stack that is being worked on.
    pub async fn describe_stacks(&self, cx: &Context, input: DescribeStacksInput) -> Result<DescribeStacksOutput, Fault> {
        let Some(name) = input.stack_name.filter(|name| !name.is_empty()) else {
            let live = all(cx)?.into_iter().filter(|stack| !stack.is_deleted());
            let page = kit::pages::page(live, order, input.next_token.as_deref(), PAGE, || invalid("Invalid NextToken"))?;
            let stacks = page.items.iter().map(|stack| shown::stack(cx.scope(), stack)).collect();
            return Ok(DescribeStacksOutput { stacks: Some(stacks), next_token: page.next });
        };
        let find = || {
            cx.store()
                .read(|s| state::find_stack(s, cx.scope(), &name))
                .and_then(|found| found.ok_or_else(|| invalid(format!("Stack with id {name} does not exist"))))
        };
        let id = find()?.arn(cx.scope());
        let by_id = || cx.store().read(|s| state::stack(s, cx.scope(), &id));
        self.hold(cx, || Ok(by_id()?.in_progress())).await?;
        // A stack that was deleted meanwhile is no longer found by its name.
        let stack = if name.starts_with("arn:") { by_id()? } else { find()? };
        Ok(DescribeStacksOutput { stacks: Some(vec![shown::stack(cx.scope(), &stack)]), next_token: None })
    }

    /// All stacks, deleted ones too, newest first.
    pub async fn list_stacks(&self, cx: &Context, input: ListStacksInput) -> Result<ListStacksOutput, Fault> {
        let wanted: Vec<&str> = input.stack_status_filter.iter().flatten().map(|status| status.as_str()).collect();
        let fitting = all(cx)?.into_iter().filter(|stack| wanted.is_empty() || wanted.contains(&stack.status.as_str()));
        let page = kit::pages::page(fitting, order, input.next_token.as_deref(), PAGE, || invalid("Invalid NextToken"))?;
        let summaries = page.items.iter().map(|stack| shown::summary(cx.scope(), stack)).collect();
        Ok(ListStacksOutput { stack_summaries: Some(summaries), next_token: page.next })
    }
}

/// All stacks, newest first.
fn all(cx: &Context) -> Result<Vec<Stack>, Fault> {
    let mut stacks: Vec<Stack> =
        cx.store().read(|s| s.scan(&STACKS, cx.scope()).map(|row| row.map(|(_, stack)| stack)).collect::<Result<_, _>>())?;
    stacks.sort_by_key(order);
    Ok(stacks)
}

/// Sorts by age, youngest first.
fn order(stack: &Stack) -> String {
    format!("{:020}/{}", i128::from(i64::MAX) - stack.created.unix_ns, stack.uuid)
}
