//! What each operation needs to be allowed: an action of its own name on the pool's ARN. Operations that clients call without credentials
//! are public: a client id, a password or a token is all they ask for.

use crate::{CognitoIdp, model::*, state};
use kit::{Access, Authorize, Context, Need};

macro_rules! on_pool {
    ($($input:ident: $action:literal;)*) => {$(
        impl Authorize<CognitoIdp> for $input {
            fn access(&self, _: &CognitoIdp, cx: &Context) -> Access {
                Access::on($action, state::arn(cx.scope(), &self.user_pool_id))
            }
        }
    )*};
}
on_pool! {
    DescribeUserPoolInput: "cognito-idp:DescribeUserPool";
    DeleteUserPoolInput: "cognito-idp:DeleteUserPool";
    AddCustomAttributesInput: "cognito-idp:AddCustomAttributes";
    CreateUserPoolClientInput: "cognito-idp:CreateUserPoolClient";
    DescribeUserPoolClientInput: "cognito-idp:DescribeUserPoolClient";
    UpdateUserPoolClientInput: "cognito-idp:UpdateUserPoolClient";
    DeleteUserPoolClientInput: "cognito-idp:DeleteUserPoolClient";
    ListUserPoolClientsInput: "cognito-idp:ListUserPoolClients";
    AddUserPoolClientSecretInput: "cognito-idp:AddUserPoolClientSecret";
    ListUserPoolClientSecretsInput: "cognito-idp:ListUserPoolClientSecrets";
    DeleteUserPoolClientSecretInput: "cognito-idp:DeleteUserPoolClientSecret";
    CreateUserPoolDomainInput: "cognito-idp:CreateUserPoolDomain";
    UpdateUserPoolDomainInput: "cognito-idp:UpdateUserPoolDomain";
    DeleteUserPoolDomainInput: "cognito-idp:DeleteUserPoolDomain";
    CreateResourceServerInput: "cognito-idp:CreateResourceServer";
    DescribeResourceServerInput: "cognito-idp:DescribeResourceServer";
    UpdateResourceServerInput: "cognito-idp:UpdateResourceServer";
    DeleteResourceServerInput: "cognito-idp:DeleteResourceServer";
    ListResourceServersInput: "cognito-idp:ListResourceServers";
    CreateIdentityProviderInput: "cognito-idp:CreateIdentityProvider";
    DescribeIdentityProviderInput: "cognito-idp:DescribeIdentityProvider";
    GetIdentityProviderByIdentifierInput: "cognito-idp:GetIdentityProviderByIdentifier";
    UpdateIdentityProviderInput: "cognito-idp:UpdateIdentityProvider";
    DeleteIdentityProviderInput: "cognito-idp:DeleteIdentityProvider";
    ListIdentityProvidersInput: "cognito-idp:ListIdentityProviders";
    AdminSetUserMFAPreferenceInput: "cognito-idp:AdminSetUserMFAPreference";
    AdminSetUserSettingsInput: "cognito-idp:AdminSetUserSettings";
    AdminGetDeviceInput: "cognito-idp:AdminGetDevice";
    AdminListDevicesInput: "cognito-idp:AdminListDevices";
    AdminUpdateDeviceStatusInput: "cognito-idp:AdminUpdateDeviceStatus";
    AdminForgetDeviceInput: "cognito-idp:AdminForgetDevice";
    AdminLinkProviderForUserInput: "cognito-idp:AdminLinkProviderForUser";
    AdminDisableProviderForUserInput: "cognito-idp:AdminDisableProviderForUser";
    GetUserPoolMfaConfigInput: "cognito-idp:GetUserPoolMfaConfig";
    AdminInitiateAuthInput: "cognito-idp:AdminInitiateAuth";
    AdminRespondToAuthChallengeInput: "cognito-idp:AdminRespondToAuthChallenge";
    AdminUserGlobalSignOutInput: "cognito-idp:AdminUserGlobalSignOut";
    AdminCreateUserInput: "cognito-idp:AdminCreateUser";
    AdminGetUserInput: "cognito-idp:AdminGetUser";
    AdminSetUserPasswordInput: "cognito-idp:AdminSetUserPassword";
    AdminResetUserPasswordInput: "cognito-idp:AdminResetUserPassword";
    AdminConfirmSignUpInput: "cognito-idp:AdminConfirmSignUp";
    AdminDeleteUserInput: "cognito-idp:AdminDeleteUser";
    AdminEnableUserInput: "cognito-idp:AdminEnableUser";
    AdminDisableUserInput: "cognito-idp:AdminDisableUser";
    AdminUpdateUserAttributesInput: "cognito-idp:AdminUpdateUserAttributes";
    AdminDeleteUserAttributesInput: "cognito-idp:AdminDeleteUserAttributes";
    ListUsersInput: "cognito-idp:ListUsers";
    CreateGroupInput: "cognito-idp:CreateGroup";
    GetGroupInput: "cognito-idp:GetGroup";
    UpdateGroupInput: "cognito-idp:UpdateGroup";
    DeleteGroupInput: "cognito-idp:DeleteGroup";
    ListGroupsInput: "cognito-idp:ListGroups";
    AdminAddUserToGroupInput: "cognito-idp:AdminAddUserToGroup";
    AdminRemoveUserFromGroupInput: "cognito-idp:AdminRemoveUserFromGroup";
    AdminListGroupsForUserInput: "cognito-idp:AdminListGroupsForUser";
    ListUsersInGroupInput: "cognito-idp:ListUsersInGroup";
}

macro_rules! public {
    ($($input:ident),* $(,)?) => {$(
        impl Authorize<CognitoIdp> for $input {
            fn access(&self, _: &CognitoIdp, _: &Context) -> Access {
                Access::Public
            }
        }
    )*};
}
public! {
    SignUpInput, ConfirmSignUpInput, ResendConfirmationCodeInput, InitiateAuthInput, RespondToAuthChallengeInput,
    GetTokensFromRefreshTokenInput, RevokeTokenInput, GlobalSignOutInput, GetUserInput, UpdateUserAttributesInput,
    DeleteUserAttributesInput, DeleteUserInput, ChangePasswordInput, ForgotPasswordInput, ConfirmForgotPasswordInput,
    GetUserAttributeVerificationCodeInput, VerifyUserAttributeInput, AssociateSoftwareTokenInput, VerifySoftwareTokenInput,
    SetUserMFAPreferenceInput, SetUserSettingsInput, GetUserAuthFactorsInput, ConfirmDeviceInput, GetDeviceInput, ListDevicesInput,
    UpdateDeviceStatusInput, ForgetDeviceInput, StartWebAuthnRegistrationInput, CompleteWebAuthnRegistrationInput,
    ListWebAuthnCredentialsInput, DeleteWebAuthnCredentialInput,
}

impl Authorize<CognitoIdp> for CreateUserPoolInput {
    fn access(&self, _: &CognitoIdp, _: &Context) -> Access {
        let access = passing(Access::any("cognito-idp:CreateUserPool"), self.sms_configuration.as_ref());
        tagged(access, self.user_pool_tags.as_ref())
    }
}
impl Authorize<CognitoIdp> for UpdateUserPoolInput {
    fn access(&self, _: &CognitoIdp, cx: &Context) -> Access {
        let access = Access::on("cognito-idp:UpdateUserPool", state::arn(cx.scope(), &self.user_pool_id));
        let access = passing(access, self.sms_configuration.as_ref());
        tagged(access, self.user_pool_tags.as_ref())
    }
}
impl Authorize<CognitoIdp> for DescribeUserPoolDomainInput {
    fn access(&self, _: &CognitoIdp, _: &Context) -> Access {
        Access::any("cognito-idp:DescribeUserPoolDomain")
    }
}
impl Authorize<CognitoIdp> for SetUserPoolMfaConfigInput {
    fn access(&self, _: &CognitoIdp, cx: &Context) -> Access {
        let access = Access::on("cognito-idp:SetUserPoolMfaConfig", state::arn(cx.scope(), &self.user_pool_id));
        passing(access, self.sms_mfa_configuration.as_ref().and_then(|c| c.sms_configuration.as_ref()))
    }
}
impl Authorize<CognitoIdp> for ListUserPoolsInput {
    fn access(&self, _: &CognitoIdp, _: &Context) -> Access {
        Access::any("cognito-idp:ListUserPools")
    }
}
impl Authorize<CognitoIdp> for TagResourceInput {
    fn access(&self, _: &CognitoIdp, _: &Context) -> Access {
        tagged(Access::on("cognito-idp:TagResource", self.resource_arn.clone()), Some(&self.tags))
    }
}
impl Authorize<CognitoIdp> for UntagResourceInput {
    fn access(&self, _: &CognitoIdp, _: &Context) -> Access {
        let mut access = Access::on("cognito-idp:UntagResource", self.resource_arn.clone());
        if let Access::Needs(needs) = &mut access {
            needs.iter_mut().for_each(|n| n.keys.push(("aws:TagKeys".into(), self.tag_keys.clone())));
        }
        access
    }
}
impl Authorize<CognitoIdp> for ListTagsForResourceInput {
    fn access(&self, _: &CognitoIdp, _: &Context) -> Access {
        Access::on("cognito-idp:ListTagsForResource", self.resource_arn.clone())
    }
}

/// The role by which Cognito sends text messages is passed to it.
fn passing(access: Access, sms: Option<&SmsConfigurationType>) -> Access {
    match sms {
        Some(sms) => {
            access.and(Need::on("iam:PassRole", sms.sns_caller_arn.clone()).key("iam:PassedToService", "cognito-idp.amazonaws.com"))
        }
        None => access,
    }
}

/// The condition keys of tags in a request.
fn tagged(mut access: Access, tags: Option<&std::collections::BTreeMap<String, String>>) -> Access {
    let Some(tags) = tags.filter(|tags| !tags.is_empty()) else { return access };
    if let Access::Needs(needs) = &mut access {
        for need in needs {
            need.keys.push(("aws:TagKeys".into(), tags.keys().cloned().collect()));
            need.keys.extend(tags.iter().map(|(key, value)| (format!("aws:RequestTag/{key}").into(), vec![value.clone()])));
        }
    }
    access
}
