//! What each operation needs to be allowed: an action of its own name, on the queue of its URL.

use crate::{Sqs, model::*, moves, redrive, state, urls};
use kit::{Access, Authorize, Context, Need, Scope};

fn on_queue(cx: &Context, action: &'static str, url: &str) -> Access {
    let (scope, name) = urls::read(cx, url);
    Need::on(action, state::arn(&scope, &name)).owned_by(&*scope.account).into()
}

macro_rules! by_url {
    ($($input:ident: $action:literal;)*) => {$(
        impl Authorize<Sqs> for $input {
            fn access(&self, _: &Sqs, cx: &Context) -> Access {
                on_queue(cx, $action, &self.queue_url)
            }
        }
    )*};
}
by_url! {
    DeleteQueueInput: "sqs:DeleteQueue";
    PurgeQueueInput: "sqs:PurgeQueue";
    GetQueueAttributesInput: "sqs:GetQueueAttributes";
    SetQueueAttributesInput: "sqs:SetQueueAttributes";
    SendMessageInput: "sqs:SendMessage";
    SendMessageBatchInput: "sqs:SendMessage";
    ReceiveMessageInput: "sqs:ReceiveMessage";
    DeleteMessageInput: "sqs:DeleteMessage";
    DeleteMessageBatchInput: "sqs:DeleteMessage";
    ChangeMessageVisibilityInput: "sqs:ChangeMessageVisibility";
    ChangeMessageVisibilityBatchInput: "sqs:ChangeMessageVisibility";
    AddPermissionInput: "sqs:AddPermission";
    RemovePermissionInput: "sqs:RemovePermission";
    ListDeadLetterSourceQueuesInput: "sqs:ListDeadLetterSourceQueues";
    TagQueueInput: "sqs:TagQueue";
    UntagQueueInput: "sqs:UntagQueue";
    ListQueueTagsInput: "sqs:ListQueueTags";
}

impl Authorize<Sqs> for CreateQueueInput {
    fn access(&self, _: &Sqs, cx: &Context) -> Access {
        let arn = state::arn(cx.scope(), &self.queue_name);
        let access = Access::on("sqs:CreateQueue", arn.clone());
        match self.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
            true => access.and(Need::on("sqs:TagQueue", arn)),
            false => access,
        }
    }
}
impl Authorize<Sqs> for GetQueueUrlInput {
    fn access(&self, _: &Sqs, cx: &Context) -> Access {
        let owner = self.queue_owner_aws_account_id.as_deref().unwrap_or(cx.account());
        let scope = Scope::new(owner, cx.region());
        Need::on("sqs:GetQueueUrl", state::arn(&scope, &self.queue_name)).owned_by(owner).into()
    }
}
impl Authorize<Sqs> for ListQueuesInput {
    fn access(&self, _: &Sqs, _: &Context) -> Access {
        Access::any("sqs:ListQueues")
    }
}

/// What AWS asks of whoever starts a move: to take from the source and to send to where the messages go.
impl Authorize<Sqs> for StartMessageMoveTaskInput {
    fn access(&self, _: &Sqs, cx: &Context) -> Access {
        let source = |action| on_arn(action, &self.source_arn);
        let mut access = Access::Needs(vec![source("sqs:StartMessageMoveTask"), source("sqs:ReceiveMessage"), source("sqs:DeleteMessage")]);
        access = access.and(source("sqs:GetQueueAttributes"));
        let targets = match &self.destination_arn {
            Some(arn) => vec![arn.clone()],
            None => origins(cx, &self.source_arn),
        };
        targets.iter().fold(access, |access, arn| access.and(on_arn("sqs:SendMessage", arn)))
    }
}
impl Authorize<Sqs> for ListMessageMoveTasksInput {
    fn access(&self, _: &Sqs, _: &Context) -> Access {
        on_arn("sqs:ListMessageMoveTasks", &self.source_arn).into()
    }
}
impl Authorize<Sqs> for CancelMessageMoveTaskInput {
    fn access(&self, _: &Sqs, _: &Context) -> Access {
        // A handle that says no queue is refused by the operation.
        moves::source_of(&self.task_handle)
            .map_or(Access::any("sqs:CancelMessageMoveTask"), |arn| on_arn("sqs:CancelMessageMoveTask", &arn).into())
    }
}

fn on_arn(action: &'static str, arn: &str) -> Need {
    match state::of_arn(arn) {
        Some((scope, _)) => Need::on(action, arn).owned_by(&*scope.account),
        None => Need::on(action, arn),
    }
}

/// The queues whose messages end in this one.
fn origins(cx: &Context, arn: &str) -> Vec<String> {
    let Some((scope, name)) = state::of_arn(arn) else { return Vec::new() };
    let names = cx.store().read(|s| redrive::sources(s, &scope, &state::queue(s, &scope, &name)?));
    names.unwrap_or_default().iter().map(|name| state::arn(&scope, name)).collect()
}
