//! What each operation needs to be allowed: its own action on the function, qualified as the request qualifies it.

use crate::{Lambda, layers::LayerName, mappings, model::*, names::Name, state};
use kit::{Access, Authorize, Context, Need};

/// The function's ARN as the request names it, and who owns it.
fn need(cx: &Context, action: &'static str, text: &str, qualifier: Option<&str>) -> Need {
    match Name::read(cx.scope(), text) {
        Some(mut name) => {
            name.qualifier = qualifier.map(str::to_owned).or(name.qualifier);
            Need::on(action, name.arn()).owned_by(&*name.scope.account)
        }
        // The handler refuses the name; nothing is given away by asking about a function that can't be.
        None => Need::on(action, state::arn(cx.scope(), text)),
    }
}
fn bare(cx: &Context, action: &'static str, text: &str) -> Need {
    let name = Name::read(cx.scope(), text).map_or_else(|| text.to_owned(), |name| name.function_arn());
    need(cx, action, &name, None)
}

/// The ARN of a layer, or of a version.
fn layer(cx: &Context, action: &'static str, text: &str, version: Option<i64>) -> Need {
    let Some(name) = LayerName::read(cx.scope(), text) else { return Need::on(action, text) };
    let arn = version.map_or_else(|| name.arn(), |number| format!("{}:{number}", name.arn()));
    Need::on(action, arn).owned_by(&*name.scope.account)
}

/// The condition key of operations on mappings.
fn of_mapping(cx: &Context, function: &str) -> String {
    Name::read(cx.scope(), function).map_or_else(|| function.to_owned(), |name| name.arn())
}

macro_rules! access {
    ($($input:ident($me:ident, $cx:ident) => $access:expr;)*) => {$(
        impl Authorize<Lambda> for $input {
            fn access(&self, _: &Lambda, $cx: &Context) -> Access {
                let $me = self;
                $access.into()
            }
        }
    )*};
}
access! {
    CreateFunctionInput(me, cx) => {
        let pass = Need::on("iam:PassRole", &me.role).key("iam:PassedToService", "lambda.amazonaws.com");
        let access = Access::from(bare(cx, "lambda:CreateFunction", &me.function_name)).and(pass);
        match me.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
            true => access.and(bare(cx, "lambda:TagResource", &me.function_name)),
            false => access,
        }
    };
    UpdateFunctionCodeInput(me, cx) => bare(cx, "lambda:UpdateFunctionCode", &me.function_name);
    UpdateFunctionConfigurationInput(me, cx) => {
        let access = Access::from(bare(cx, "lambda:UpdateFunctionConfiguration", &me.function_name));
        match &me.role {
            Some(role) => access.and(Need::on("iam:PassRole", role).key("iam:PassedToService", "lambda.amazonaws.com")),
            None => access,
        }
    };
    GetFunctionInput(me, cx) => need(cx, "lambda:GetFunction", &me.function_name, me.qualifier.as_deref());
    GetFunctionConfigurationInput(me, cx) => need(cx, "lambda:GetFunctionConfiguration", &me.function_name, me.qualifier.as_deref());
    ListFunctionsInput(_me, _cx) => Access::any("lambda:ListFunctions");
    DeleteFunctionInput(me, cx) => need(cx, "lambda:DeleteFunction", &me.function_name, me.qualifier.as_deref());
    PublishVersionInput(me, cx) => bare(cx, "lambda:PublishVersion", &me.function_name);
    ListVersionsByFunctionInput(me, cx) => bare(cx, "lambda:ListVersionsByFunction", &me.function_name);
    CreateAliasInput(me, cx) => bare(cx, "lambda:CreateAlias", &me.function_name);
    UpdateAliasInput(me, cx) => bare(cx, "lambda:UpdateAlias", &me.function_name);
    GetAliasInput(me, cx) => bare(cx, "lambda:GetAlias", &me.function_name);
    ListAliasesInput(me, cx) => bare(cx, "lambda:ListAliases", &me.function_name);
    DeleteAliasInput(me, cx) => bare(cx, "lambda:DeleteAlias", &me.function_name);
    InvokeInput(me, cx) => need(cx, "lambda:InvokeFunction", &me.function_name, me.qualifier.as_deref());
    InvokeWithResponseStreamInput(me, cx) => need(cx, "lambda:InvokeFunction", &me.function_name, me.qualifier.as_deref());
    CreateFunctionUrlConfigInput(me, cx) => need(cx, "lambda:CreateFunctionUrlConfig", &me.function_name, me.qualifier.as_deref())
        .key("lambda:FunctionUrlAuthType", me.auth_type.as_str());
    UpdateFunctionUrlConfigInput(me, cx) => {
        let need = need(cx, "lambda:UpdateFunctionUrlConfig", &me.function_name, me.qualifier.as_deref());
        match me.auth_type {
            Some(auth) => need.key("lambda:FunctionUrlAuthType", auth.as_str()),
            None => need,
        }
    };
    GetFunctionUrlConfigInput(me, cx) => need(cx, "lambda:GetFunctionUrlConfig", &me.function_name, me.qualifier.as_deref());
    DeleteFunctionUrlConfigInput(me, cx) => need(cx, "lambda:DeleteFunctionUrlConfig", &me.function_name, me.qualifier.as_deref());
    ListFunctionUrlConfigsInput(me, cx) => bare(cx, "lambda:ListFunctionUrlConfigs", &me.function_name);
    PublishLayerVersionInput(me, cx) => layer(cx, "lambda:PublishLayerVersion", &me.layer_name, None);
    GetLayerVersionInput(me, cx) => layer(cx, "lambda:GetLayerVersion", &me.layer_name, Some(me.version_number));
    GetLayerVersionByArnInput(me, _cx) => match LayerName::version(&me.arn) {
        Some((name, _)) => Need::on("lambda:GetLayerVersion", &me.arn).owned_by(&*name.scope.account),
        None => Need::on("lambda:GetLayerVersion", &me.arn),
    };
    DeleteLayerVersionInput(me, cx) => layer(cx, "lambda:DeleteLayerVersion", &me.layer_name, Some(me.version_number));
    ListLayerVersionsInput(_me, _cx) => Access::any("lambda:ListLayerVersions");
    ListLayersInput(_me, _cx) => Access::any("lambda:ListLayers");
    AddLayerVersionPermissionInput(me, cx) => layer(cx, "lambda:AddLayerVersionPermission", &me.layer_name, Some(me.version_number));
    GetLayerVersionPolicyInput(me, cx) => layer(cx, "lambda:GetLayerVersionPolicy", &me.layer_name, Some(me.version_number));
    RemoveLayerVersionPermissionInput(me, cx) => layer(cx, "lambda:RemoveLayerVersionPermission", &me.layer_name, Some(me.version_number));
    AddPermissionInput(me, cx) => need(cx, "lambda:AddPermission", &me.function_name, me.qualifier.as_deref())
        .key("lambda:Principal", me.principal.as_str());
    RemovePermissionInput(me, cx) => need(cx, "lambda:RemovePermission", &me.function_name, me.qualifier.as_deref());
    GetPolicyInput(me, cx) => need(cx, "lambda:GetPolicy", &me.function_name, me.qualifier.as_deref());
    PutFunctionEventInvokeConfigInput(me, cx) => bare(cx, "lambda:PutFunctionEventInvokeConfig", &me.function_name);
    UpdateFunctionEventInvokeConfigInput(me, cx) => bare(cx, "lambda:UpdateFunctionEventInvokeConfig", &me.function_name);
    GetFunctionEventInvokeConfigInput(me, cx) => bare(cx, "lambda:GetFunctionEventInvokeConfig", &me.function_name);
    ListFunctionEventInvokeConfigsInput(me, cx) => bare(cx, "lambda:ListFunctionEventInvokeConfigs", &me.function_name);
    DeleteFunctionEventInvokeConfigInput(me, cx) => bare(cx, "lambda:DeleteFunctionEventInvokeConfig", &me.function_name);
    PutFunctionConcurrencyInput(me, cx) => bare(cx, "lambda:PutFunctionConcurrency", &me.function_name);
    GetFunctionConcurrencyInput(me, cx) => bare(cx, "lambda:GetFunctionConcurrency", &me.function_name);
    DeleteFunctionConcurrencyInput(me, cx) => bare(cx, "lambda:DeleteFunctionConcurrency", &me.function_name);
    TagResourceInput(me, _cx) => Access::on("lambda:TagResource", &me.resource);
    UntagResourceInput(me, _cx) => Access::on("lambda:UntagResource", &me.resource);
    ListTagsInput(me, _cx) => Access::on("lambda:ListTags", &me.resource);
    CreateEventSourceMappingInput(me, cx) => Access::any("lambda:CreateEventSourceMapping").key("lambda:FunctionArn", of_mapping(cx, &me.function_name));
    UpdateEventSourceMappingInput(me, cx) => {
        let access = Access::on("lambda:UpdateEventSourceMapping", mappings::arn(cx.scope(), &me.uuid));
        match &me.function_name {
            Some(function) => access.key("lambda:FunctionArn", of_mapping(cx, function)),
            None => access,
        }
    };
    GetEventSourceMappingInput(me, cx) => Access::on("lambda:GetEventSourceMapping", mappings::arn(cx.scope(), &me.uuid));
    ListEventSourceMappingsInput(_me, _cx) => Access::any("lambda:ListEventSourceMappings");
    DeleteEventSourceMappingInput(me, cx) => Access::on("lambda:DeleteEventSourceMapping", mappings::arn(cx.scope(), &me.uuid));
    PutProvisionedConcurrencyConfigInput(me, cx) => need(cx, "lambda:PutProvisionedConcurrencyConfig", &me.function_name, Some(&me.qualifier));
    GetProvisionedConcurrencyConfigInput(me, cx) => need(cx, "lambda:GetProvisionedConcurrencyConfig", &me.function_name, Some(&me.qualifier));
    ListProvisionedConcurrencyConfigsInput(me, cx) => bare(cx, "lambda:ListProvisionedConcurrencyConfigs", &me.function_name);
    DeleteProvisionedConcurrencyConfigInput(me, cx) => {
        need(cx, "lambda:DeleteProvisionedConcurrencyConfig", &me.function_name, Some(&me.qualifier))
    };
    PutFunctionRecursionConfigInput(me, cx) => bare(cx, "lambda:PutFunctionRecursionConfig", &me.function_name);
    GetFunctionCodeSigningConfigInput(me, cx) => bare(cx, "lambda:GetFunctionCodeSigningConfig", &me.function_name);
    GetFunctionRecursionConfigInput(me, cx) => bare(cx, "lambda:GetFunctionRecursionConfig", &me.function_name);
    PutRuntimeManagementConfigInput(me, cx) => need(cx, "lambda:PutRuntimeManagementConfig", &me.function_name, me.qualifier.as_deref());
    GetRuntimeManagementConfigInput(me, cx) => need(cx, "lambda:GetRuntimeManagementConfig", &me.function_name, me.qualifier.as_deref());
    GetAccountSettingsInput(_me, _cx) => Access::any("lambda:GetAccountSettings");
}
