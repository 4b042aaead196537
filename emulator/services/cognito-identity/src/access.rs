//! What each operation needs to be allowed. What clients call without credentials is public: tokens are all it asks for.

use crate::{CognitoIdentity, model::*, roles, state};
use kit::{Access, Authorize, Context, Need};

macro_rules! on_pool {
    ($($input:ident: $action:literal;)*) => {$(
        impl Authorize<CognitoIdentity> for $input {
            fn access(&self, _: &CognitoIdentity, cx: &Context) -> Access {
                Access::on($action, state::arn(cx.scope(), &self.identity_pool_id))
            }
        }
    )*};
}
on_pool! {
    DescribeIdentityPoolInput: "cognito-identity:DescribeIdentityPool";
    DeleteIdentityPoolInput: "cognito-identity:DeleteIdentityPool";
    GetIdentityPoolRolesInput: "cognito-identity:GetIdentityPoolRoles";
    SetPrincipalTagAttributeMapInput: "cognito-identity:SetPrincipalTagAttributeMap";
    GetPrincipalTagAttributeMapInput: "cognito-identity:GetPrincipalTagAttributeMap";
    ListIdentitiesInput: "cognito-identity:ListIdentities";
    GetOpenIdTokenForDeveloperIdentityInput: "cognito-identity:GetOpenIdTokenForDeveloperIdentity";
    LookupDeveloperIdentityInput: "cognito-identity:LookupDeveloperIdentity";
    MergeDeveloperIdentitiesInput: "cognito-identity:MergeDeveloperIdentities";
    UnlinkDeveloperIdentityInput: "cognito-identity:UnlinkDeveloperIdentity";
}

macro_rules! public {
    ($($input:ident),* $(,)?) => {$(
        impl Authorize<CognitoIdentity> for $input {
            fn access(&self, _: &CognitoIdentity, _: &Context) -> Access {
                Access::Public
            }
        }
    )*};
}
public! { GetIdInput, GetCredentialsForIdentityInput, GetOpenIdTokenInput, UnlinkIdentityInput }

macro_rules! any {
    ($($input:ident: $action:literal;)*) => {$(
        impl Authorize<CognitoIdentity> for $input {
            fn access(&self, _: &CognitoIdentity, _: &Context) -> Access {
                Access::any($action)
            }
        }
    )*};
}
any! {
    ListIdentityPoolsInput: "cognito-identity:ListIdentityPools";
    DescribeIdentityInput: "cognito-identity:DescribeIdentity";
    DeleteIdentitiesInput: "cognito-identity:DeleteIdentities";
}

impl Authorize<CognitoIdentity> for CreateIdentityPoolInput {
    fn access(&self, _: &CognitoIdentity, _: &Context) -> Access {
        tagged(Need::on("cognito-identity:CreateIdentityPool", "*"), self.identity_pool_tags.as_ref())
    }
}
impl Authorize<CognitoIdentity> for UpdateIdentityPoolInput {
    fn access(&self, _: &CognitoIdentity, cx: &Context) -> Access {
        let need = Need::on("cognito-identity:UpdateIdentityPool", state::arn(cx.scope(), &self.identity_pool_id));
        tagged(need, self.identity_pool_tags.as_ref())
    }
}
impl Authorize<CognitoIdentity> for SetIdentityPoolRolesInput {
    fn access(&self, _: &CognitoIdentity, cx: &Context) -> Access {
        let set = Access::on("cognito-identity:SetIdentityPoolRoles", state::arn(cx.scope(), &self.identity_pool_id));
        let pass = |role: String| Need::on("iam:PassRole", role).key("iam:PassedToService", "cognito-identity.amazonaws.com");
        roles::roles(self).into_iter().fold(set, |access, role| access.and(pass(role)))
    }
}
impl Authorize<CognitoIdentity> for TagResourceInput {
    fn access(&self, _: &CognitoIdentity, _: &Context) -> Access {
        tagged(Need::on("cognito-identity:TagResource", self.resource_arn.clone()), Some(&self.tags))
    }
}
impl Authorize<CognitoIdentity> for UntagResourceInput {
    fn access(&self, _: &CognitoIdentity, _: &Context) -> Access {
        Need::on("cognito-identity:UntagResource", self.resource_arn.clone()).keys("aws:TagKeys", self.tag_keys.clone()).into()
    }
}
impl Authorize<CognitoIdentity> for ListTagsForResourceInput {
    fn access(&self, _: &CognitoIdentity, _: &Context) -> Access {
        Access::on("cognito-identity:ListTagsForResource", self.resource_arn.clone())
    }
}

/// The condition keys of tags in a request.
fn tagged(need: Need, tags: Option<&std::collections::BTreeMap<String, String>>) -> Access {
    let Some(tags) = tags.filter(|tags| !tags.is_empty()) else { return need.into() };
    let need = need.keys("aws:TagKeys", tags.keys().cloned().collect());
    tags.iter().fold(need, |need, (key, value)| need.key(format!("aws:RequestTag/{key}"), value)).into()
}
