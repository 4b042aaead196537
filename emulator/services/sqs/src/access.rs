//! What each operation needs to be allowed: an action of its own name, on the queue of its URL.

use crate::{Sqs, model::*, state, urls};
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
