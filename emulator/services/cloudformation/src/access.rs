//! What each operation needs to be allowed: an action of its own name, on the stack.

use crate::{CloudFormation, change_sets, model::*, state};
use kit::{Access, Authorize, Context, Need};

/// The ARN of a stack that a request names; `*` stands for the id of one that is not there.
fn arn(cx: &Context, name_or_arn: &str) -> String {
    if name_or_arn.starts_with("arn:") {
        return name_or_arn.to_owned();
    }
    match cx.store().read(|s| state::find_stack(s, cx.scope(), name_or_arn)) {
        Ok(Some(stack)) => stack.arn(cx.scope()),
        _ => state::stack_arn(cx.scope(), name_or_arn, "*"),
    }
}

fn on(cx: &Context, action: &'static str, stack: Option<&str>) -> Access {
    match stack {
        Some(stack) => Access::on(action, arn(cx, stack)),
        None => Access::any(action),
    }
}

/// The stack of a change set.
fn on_change_set(cx: &Context, action: &'static str, set: &str, stack: Option<&str>) -> Access {
    let found = cx.store().read(|s| change_sets::find(s, cx.scope(), set, stack));
    let access = match (found, stack) {
        (Ok(set), _) => Access::on(action, state::stack_arn(cx.scope(), &set.stack_name, &set.stack_uuid)),
        (Err(_), stack) => on(cx, action, stack),
    };
    access.key("cloudformation:ChangeSetName", set)
}

/// A role that CloudFormation is to act as must be passed to it.
fn passing(access: Access, role: Option<&String>) -> Access {
    match role {
        Some(role) => access
            .key("cloudformation:RoleArn", role.clone())
            .and(Need::on("iam:PassRole", role.clone()).key("iam:PassedToService", "cloudformation.amazonaws.com")),
        None => access,
    }
}

fn from_url(access: Access, url: Option<&String>) -> Access {
    match url {
        Some(url) => access.key("cloudformation:TemplateUrl", url.clone()),
        None => access,
    }
}

macro_rules! by_stack {
    ($($input:ident, $action:literal;)*) => {$(
        impl Authorize<CloudFormation> for $input {
            fn access(&self, _: &CloudFormation, cx: &Context) -> Access {
                on(cx, $action, Some(&self.stack_name))
            }
        }
    )*};
}
by_stack! {
    UpdateTerminationProtectionInput, "cloudformation:UpdateTerminationProtection";
    DescribeStackEventsInput, "cloudformation:DescribeStackEvents";
    DescribeStackResourceInput, "cloudformation:DescribeStackResource";
    ListStackResourcesInput, "cloudformation:ListStackResources";
    ListChangeSetsInput, "cloudformation:ListChangeSets";
}

macro_rules! by_optional_stack {
    ($($input:ident, $action:literal;)*) => {$(
        impl Authorize<CloudFormation> for $input {
            fn access(&self, _: &CloudFormation, cx: &Context) -> Access {
                on(cx, $action, self.stack_name.as_deref())
            }
        }
    )*};
}
by_optional_stack! {
    DescribeStacksInput, "cloudformation:DescribeStacks";
    DescribeStackResourcesInput, "cloudformation:DescribeStackResources";
    GetTemplateSummaryInput, "cloudformation:GetTemplateSummary";
}

macro_rules! on_nothing {
    ($($input:ident, $action:literal;)*) => {$(
        impl Authorize<CloudFormation> for $input {
            fn access(&self, _: &CloudFormation, _: &Context) -> Access {
                Access::any($action)
            }
        }
    )*};
}
on_nothing! {
    ListStacksInput, "cloudformation:ListStacks";
    ListExportsInput, "cloudformation:ListExports";
    ListImportsInput, "cloudformation:ListImports";
    ValidateTemplateInput, "cloudformation:ValidateTemplate";
}

macro_rules! by_change_set {
    ($($input:ident, $action:literal;)*) => {$(
        impl Authorize<CloudFormation> for $input {
            fn access(&self, _: &CloudFormation, cx: &Context) -> Access {
                on_change_set(cx, $action, &self.change_set_name, self.stack_name.as_deref())
            }
        }
    )*};
}
by_change_set! {
    DescribeChangeSetInput, "cloudformation:DescribeChangeSet";
    ExecuteChangeSetInput, "cloudformation:ExecuteChangeSet";
    DeleteChangeSetInput, "cloudformation:DeleteChangeSet";
}

impl Authorize<CloudFormation> for GetTemplateInput {
    fn access(&self, _: &CloudFormation, cx: &Context) -> Access {
        match &self.change_set_name {
            Some(set) => on_change_set(cx, "cloudformation:GetTemplate", set, self.stack_name.as_deref()),
            None => on(cx, "cloudformation:GetTemplate", self.stack_name.as_deref()),
        }
    }
}
impl Authorize<CloudFormation> for CreateStackInput {
    fn access(&self, _: &CloudFormation, cx: &Context) -> Access {
        let access = on(cx, "cloudformation:CreateStack", Some(&self.stack_name));
        passing(from_url(access, self.template_url.as_ref()), self.role_arn.as_ref())
    }
}
impl Authorize<CloudFormation> for UpdateStackInput {
    fn access(&self, _: &CloudFormation, cx: &Context) -> Access {
        let access = on(cx, "cloudformation:UpdateStack", Some(&self.stack_name));
        passing(from_url(access, self.template_url.as_ref()), self.role_arn.as_ref())
    }
}
impl Authorize<CloudFormation> for ContinueUpdateRollbackInput {
    fn access(&self, _: &CloudFormation, cx: &Context) -> Access {
        passing(on(cx, "cloudformation:ContinueUpdateRollback", Some(&self.stack_name)), self.role_arn.as_ref())
    }
}
impl Authorize<CloudFormation> for DeleteStackInput {
    fn access(&self, _: &CloudFormation, cx: &Context) -> Access {
        passing(on(cx, "cloudformation:DeleteStack", Some(&self.stack_name)), self.role_arn.as_ref())
    }
}
impl Authorize<CloudFormation> for CreateChangeSetInput {
    fn access(&self, _: &CloudFormation, cx: &Context) -> Access {
        let access = on(cx, "cloudformation:CreateChangeSet", Some(&self.stack_name))
            .key("cloudformation:ChangeSetName", self.change_set_name.clone());
        passing(from_url(access, self.template_url.as_ref()), self.role_arn.as_ref())
    }
}
