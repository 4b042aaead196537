//! What each operation needs to be allowed: an action of its own name, on the secret that the request means.
//!
//! Source: AWS's Service Authorization Reference for Secrets Manager.

use crate::{SecretsManager, find, model::*};
use kit::{Access, Authorize, Context, Need};

/// A secret that isn't there is asked about under the name given, so that its absence is told to those only who may ask.
pub(crate) fn on(cx: &Context, action: &'static str, id: &str) -> Need {
    let (scope, name, _) = find::place(cx, id);
    let found = cx.store().read(|s| find::any(s, cx, id)).ok();
    let arn = match &found {
        Some(secret) => secret.arn.clone(),
        None => format!("arn:aws:secretsmanager:{}:{}:secret:{name}", scope.region, scope.account),
    };
    let mut need = Need::on(action, arn).owned_by(&*scope.account).key("secretsmanager:SecretId", id);
    for (key, value) in found.and_then(|secret| secret.tags).unwrap_or_default() {
        need = need.key(format!("aws:ResourceTag/{key}"), value.clone()).key(format!("secretsmanager:ResourceTag/{key}"), value);
    }
    need
}

/// Reading a value, by itself or as one of several.
pub(crate) fn value(cx: &Context, id: &str, stage: Option<&str>) -> Need {
    on(cx, "secretsmanager:GetSecretValue", id).key("secretsmanager:VersionStage", stage.unwrap_or(crate::state::CURRENT))
}

macro_rules! access {
    ($($input:ident($me:ident, $cx:ident) => $access:expr;)*) => {$(
        impl Authorize<SecretsManager> for $input {
            fn access(&self, _: &SecretsManager, $cx: &Context) -> Access {
                let $me = self;
                $access.into()
            }
        }
    )*};
}
access! {
    CreateSecretInput(me, cx) => {
        let resource = format!("arn:aws:secretsmanager:{}:{}:secret:{}", cx.region(), cx.account(), me.name);
        let need = Need::on("secretsmanager:CreateSecret", &resource).key("secretsmanager:Name", me.name.as_str());
        match me.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
            true => Access::from(need).and(Need::on("secretsmanager:TagResource", resource)),
            false => Access::from(need),
        }
    };
    PutSecretValueInput(me, cx) => on(cx, "secretsmanager:PutSecretValue", &me.secret_id);
    UpdateSecretInput(me, cx) => on(cx, "secretsmanager:UpdateSecret", &me.secret_id);
    GetSecretValueInput(me, cx) => value(cx, &me.secret_id, me.version_stage.as_deref());
    BatchGetSecretValueInput(_me, _cx) => Access::any("secretsmanager:BatchGetSecretValue");
    DescribeSecretInput(me, cx) => on(cx, "secretsmanager:DescribeSecret", &me.secret_id);
    ListSecretsInput(_me, _cx) => Access::any("secretsmanager:ListSecrets");
    ListSecretVersionIdsInput(me, cx) => on(cx, "secretsmanager:ListSecretVersionIds", &me.secret_id);
    UpdateSecretVersionStageInput(me, cx) => on(cx, "secretsmanager:UpdateSecretVersionStage", &me.secret_id);
    DeleteSecretInput(me, cx) => on(cx, "secretsmanager:DeleteSecret", &me.secret_id);
    RestoreSecretInput(me, cx) => on(cx, "secretsmanager:RestoreSecret", &me.secret_id);
    PutResourcePolicyInput(me, cx) => on(cx, "secretsmanager:PutResourcePolicy", &me.secret_id);
    GetResourcePolicyInput(me, cx) => on(cx, "secretsmanager:GetResourcePolicy", &me.secret_id);
    DeleteResourcePolicyInput(me, cx) => on(cx, "secretsmanager:DeleteResourcePolicy", &me.secret_id);
    TagResourceInput(me, cx) => on(cx, "secretsmanager:TagResource", &me.secret_id);
    UntagResourceInput(me, cx) => on(cx, "secretsmanager:UntagResource", &me.secret_id);
    GetRandomPasswordInput(_me, _cx) => Access::any("secretsmanager:GetRandomPassword");
}
