//! What each operation needs to be allowed: an action of its own name, on the key that the request means.
//!
//! Source: AWS's Service Authorization Reference for KMS and "Condition keys for AWS KMS" of the Developer Guide.

use crate::{Kms, blob, find, find::Name, managed, model::*, retiring, state::*};
use kit::{Access, Authorize, Context, Need, Read, ports::EncryptionContext, ports::key_need};

/// A use of a key, by whatever name. A key that isn't there is asked about under the name given, so that its absence is told to those only
/// who may ask.
pub(crate) fn on(cx: &Context, action: &'static str, name: &str) -> Need {
    with_context(cx, action, name, &None)
}

fn with_context(cx: &Context, action: &'static str, name: &str, context: &Option<EncryptionContext>) -> Need {
    let read = find::name(cx, name);
    let arn = match cx.store().read(|s| find::key(s, cx, name)) {
        Ok(key) => key.arn,
        Err(_) => match &read {
            Ok(Name::Id(scope, id)) => key_arn(scope, id),
            Ok(Name::Alias(scope, alias)) => alias_arn(scope, alias),
            Err(_) => key_arn(cx.scope(), name),
        },
    };
    let need = key_need(action, &arn, context.as_ref().unwrap_or(&EncryptionContext::new()));
    match read {
        Ok(Name::Alias(_, alias)) => need.key("kms:RequestAlias", alias),
        _ => need,
    }
}

/// What follows from the resource, whoever asks: its owner, that its policy must consent, and condition keys.
pub(crate) fn complete(cx: &Context, need: &Need) -> Option<Need> {
    let mut need = need.clone();
    if let Some(account) = cx.principal().account() {
        need = need.key("kms:CallerAccount", account);
    }
    if let Some((service, domain)) = cx.called_via().and_then(|via| via.split_once('.')) {
        need = need.key("kms:ViaService", format!("{service}.{}.{domain}", cx.region()));
    }
    let Some(key) = find::by_arn(cx, &need.resource) else { return Some(need) };
    let scope = key.scope();
    let aliases: Vec<String> = cx
        .store()
        .read(|s| s.by_index(&ALIASES, &scope, "target", &(key.id.as_str(),)).filter_map(Result::ok).map(|(name, _)| name).collect());
    if !aliases.is_empty() {
        need = need.keys("kms:ResourceAliases", aliases);
    }
    for (name, value) in &key.tags {
        need = need.key(format!("aws:ResourceTag/{name}"), value);
    }
    Some(
        need.key("kms:KeySpec", key.spec.as_str())
            .key("kms:KeyUsage", key.usage.as_str())
            .key("kms:KeyOrigin", "AWS_KMS")
            .key("kms:MultiRegion", key.multi_region.to_string())
            .owned_by(&*scope.account)
            .required(),
    )
}

macro_rules! by_key {
    ($($input:ident: $action:literal;)*) => {$(
        impl Authorize<Kms> for $input {
            fn access(&self, _: &Kms, cx: &Context) -> Access {
                on(cx, $action, &self.key_id).into()
            }
        }
    )*};
}
by_key! {
    UpdateKeyDescriptionInput: "kms:UpdateKeyDescription";
    EnableKeyInput: "kms:EnableKey";
    DisableKeyInput: "kms:DisableKey";
    CancelKeyDeletionInput: "kms:CancelKeyDeletion";
    DisableKeyRotationInput: "kms:DisableKeyRotation";
    GetKeyRotationStatusInput: "kms:GetKeyRotationStatus";
    RotateKeyOnDemandInput: "kms:RotateKeyOnDemand";
    ListKeyRotationsInput: "kms:ListKeyRotations";
    GetKeyPolicyInput: "kms:GetKeyPolicy";
    ListKeyPoliciesInput: "kms:ListKeyPolicies";
    GetPublicKeyInput: "kms:GetPublicKey";
    ListResourceTagsInput: "kms:ListResourceTags";
}

macro_rules! by_key_and_context {
    ($($input:ident: $action:literal;)*) => {$(
        impl Authorize<Kms> for $input {
            fn access(&self, _: &Kms, cx: &Context) -> Access {
                with_context(cx, $action, &self.key_id, &self.encryption_context).into()
            }
        }
    )*};
}
by_key_and_context! {
    GenerateDataKeyInput: "kms:GenerateDataKey";
    GenerateDataKeyWithoutPlaintextInput: "kms:GenerateDataKeyWithoutPlaintext";
}

macro_rules! by_key_and_pair_spec {
    ($($input:ident: $action:literal;)*) => {$(
        impl Authorize<Kms> for $input {
            fn access(&self, _: &Kms, cx: &Context) -> Access {
                with_context(cx, $action, &self.key_id, &self.encryption_context)
                    .key("kms:DataKeyPairSpec", self.key_pair_spec.as_str())
                    .into()
            }
        }
    )*};
}
by_key_and_pair_spec! {
    GenerateDataKeyPairInput: "kms:GenerateDataKeyPair";
    GenerateDataKeyPairWithoutPlaintextInput: "kms:GenerateDataKeyPairWithoutPlaintext";
}

macro_rules! anywhere {
    ($($input:ident: $action:literal;)*) => {$(
        impl Authorize<Kms> for $input {
            fn access(&self, _: &Kms, _: &Context) -> Access {
                Access::any($action)
            }
        }
    )*};
}
anywhere! {
    ListKeysInput: "kms:ListKeys";
    ListAliasesInput: "kms:ListAliases";
    GenerateRandomInput: "kms:GenerateRandom";
    ListRetirableGrantsInput: "kms:ListRetirableGrants";
}

impl Authorize<Kms> for CreateKeyInput {
    fn access(&self, _: &Kms, _: &Context) -> Access {
        let spec = self.key_spec.map(KeySpec::as_str).or(self.customer_master_key_spec.map(CustomerMasterKeySpec::as_str));
        let access = Access::any("kms:CreateKey");
        let access = match self.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
            true => access.and(Need::on("kms:TagResource", "*")),
            false => access,
        };
        let access = access
            .key("kms:KeySpec", spec.unwrap_or("SYMMETRIC_DEFAULT"))
            .key("kms:KeyUsage", self.key_usage.unwrap_or(KeyUsageType::EncryptDecrypt).as_str())
            .key("kms:KeyOrigin", self.origin.unwrap_or(OriginType::AwsKms).as_str())
            .key("kms:MultiRegion", self.multi_region.unwrap_or(false).to_string())
            .key("kms:BypassPolicyLockoutSafetyCheck", self.bypass_policy_lockout_safety_check.unwrap_or(false).to_string());
        request_tags(access, self.tags.as_deref().unwrap_or_default())
    }
}

fn request_tags(access: Access, tags: &[Tag]) -> Access {
    let Access::Needs(needs) = access else { return access };
    let names: Vec<String> = tags.iter().map(|tag| tag.tag_key.clone()).collect();
    let tagged = |mut need: Need| {
        for tag in tags {
            need = need.key(format!("aws:RequestTag/{}", tag.tag_key), &tag.tag_value);
        }
        if names.is_empty() { need } else { need.keys("aws:TagKeys", names.clone()) }
    };
    Access::Needs(needs.into_iter().map(tagged).collect())
}

impl Authorize<Kms> for DescribeKeyInput {
    fn access(&self, _: &Kms, cx: &Context) -> Access {
        on(cx, "kms:DescribeKey", &self.key_id).into()
    }
}
impl Authorize<Kms> for PutKeyPolicyInput {
    fn access(&self, _: &Kms, cx: &Context) -> Access {
        let bypass = self.bypass_policy_lockout_safety_check.unwrap_or(false);
        on(cx, "kms:PutKeyPolicy", &self.key_id).key("kms:BypassPolicyLockoutSafetyCheck", bypass.to_string()).into()
    }
}
impl Authorize<Kms> for ScheduleKeyDeletionInput {
    fn access(&self, _: &Kms, cx: &Context) -> Access {
        let days = self.pending_window_in_days.unwrap_or(30);
        on(cx, "kms:ScheduleKeyDeletion", &self.key_id).key("kms:ScheduleKeyDeletionPendingWindowInDays", days.to_string()).into()
    }
}
impl Authorize<Kms> for EnableKeyRotationInput {
    fn access(&self, _: &Kms, cx: &Context) -> Access {
        let days = self.rotation_period_in_days.unwrap_or(365);
        on(cx, "kms:EnableKeyRotation", &self.key_id).key("kms:RotationPeriodInDays", days.to_string()).into()
    }
}
impl Authorize<Kms> for TagResourceInput {
    fn access(&self, _: &Kms, cx: &Context) -> Access {
        request_tags(on(cx, "kms:TagResource", &self.key_id).into(), &self.tags)
    }
}
impl Authorize<Kms> for UntagResourceInput {
    fn access(&self, _: &Kms, cx: &Context) -> Access {
        on(cx, "kms:UntagResource", &self.key_id).keys("aws:TagKeys", self.tag_keys.clone()).into()
    }
}

/// An alias is asked about beside each key that it has or gets.
fn on_alias(cx: &Context, action: &'static str, alias: &str) -> Access {
    Access::on(action, alias_arn(cx.scope(), alias))
}
fn and_its_key(cx: &Context, access: Access, action: &'static str, alias: &str) -> Access {
    match cx.store().read(|s| s.get(&ALIASES, cx.scope(), &alias.to_owned())) {
        Ok(Some(found)) => access.and(on(cx, action, &found.target)),
        _ => access,
    }
}
impl Authorize<Kms> for CreateAliasInput {
    fn access(&self, _: &Kms, cx: &Context) -> Access {
        on_alias(cx, "kms:CreateAlias", &self.alias_name).and(on(cx, "kms:CreateAlias", &self.target_key_id))
    }
}
impl Authorize<Kms> for UpdateAliasInput {
    fn access(&self, _: &Kms, cx: &Context) -> Access {
        let access = on_alias(cx, "kms:UpdateAlias", &self.alias_name).and(on(cx, "kms:UpdateAlias", &self.target_key_id));
        and_its_key(cx, access, "kms:UpdateAlias", &self.alias_name)
    }
}
impl Authorize<Kms> for DeleteAliasInput {
    fn access(&self, _: &Kms, cx: &Context) -> Access {
        match managed::is_reserved(&self.alias_name) {
            // The handler refuses it; the key behind it is AWS's.
            true => on_alias(cx, "kms:DeleteAlias", &self.alias_name),
            false => and_its_key(cx, on_alias(cx, "kms:DeleteAlias", &self.alias_name), "kms:DeleteAlias", &self.alias_name),
        }
    }
}

impl Authorize<Kms> for EncryptInput {
    fn access(&self, _: &Kms, cx: &Context) -> Access {
        let algorithm = self.encryption_algorithm.unwrap_or(EncryptionAlgorithmSpec::SymmetricDefault);
        with_context(cx, "kms:Encrypt", &self.key_id, &self.encryption_context).key("kms:EncryptionAlgorithm", algorithm.as_str()).into()
    }
}

/// The need to decrypt: the key that the request names, or the one in the ciphertext. `None` when it is no ciphertext, which the handler says.
fn source(
    cx: &Context,
    action: &'static str,
    key_id: &Option<String>,
    ciphertext: &Option<wire::Bytes>,
    context: &Option<EncryptionContext>,
    algorithm: Option<EncryptionAlgorithmSpec>,
) -> Option<Need> {
    let algorithm = algorithm.unwrap_or(EncryptionAlgorithmSpec::SymmetricDefault).as_str();
    let need = match key_id {
        Some(name) => with_context(cx, action, name, context),
        None => {
            let frame = blob::read(ciphertext.as_deref().unwrap_or_default())?;
            key_need(action, &key_arn(&frame.scope, &frame.key_id), context.as_ref().unwrap_or(&EncryptionContext::new()))
        }
    };
    Some(need.key("kms:EncryptionAlgorithm", algorithm))
}

impl Authorize<Kms> for DecryptInput {
    fn access(&self, _: &Kms, cx: &Context) -> Access {
        let algorithm = self.encryption_algorithm;
        let need = source(cx, "kms:Decrypt", &self.key_id, &self.ciphertext_blob, &self.encryption_context, algorithm);
        Access::Needs(need.into_iter().collect())
    }
}
impl Authorize<Kms> for ReEncryptInput {
    fn access(&self, _: &Kms, cx: &Context) -> Access {
        let (key, blob, context) = (&self.source_key_id, &self.ciphertext_blob, &self.source_encryption_context);
        let from = source(cx, "kms:ReEncryptFrom", key, blob, context, self.source_encryption_algorithm);
        let algorithm = self.destination_encryption_algorithm.unwrap_or(EncryptionAlgorithmSpec::SymmetricDefault);
        let to = with_context(cx, "kms:ReEncryptTo", &self.destination_key_id, &self.destination_encryption_context)
            .key("kms:EncryptionAlgorithm", algorithm.as_str());
        let same = from.as_ref().is_some_and(|from| from.resource == to.resource);
        Access::Needs(from.into_iter().chain([to]).collect()).key("kms:ReEncryptOnSameKey", same.to_string())
    }
}

impl Authorize<Kms> for GenerateMacInput {
    fn access(&self, _: &Kms, cx: &Context) -> Access {
        on(cx, "kms:GenerateMac", &self.key_id).key("kms:MacAlgorithm", self.mac_algorithm.as_str()).into()
    }
}
impl Authorize<Kms> for VerifyMacInput {
    fn access(&self, _: &Kms, cx: &Context) -> Access {
        on(cx, "kms:VerifyMac", &self.key_id).key("kms:MacAlgorithm", self.mac_algorithm.as_str()).into()
    }
}
impl Authorize<Kms> for SignInput {
    fn access(&self, _: &Kms, cx: &Context) -> Access {
        let kind = self.message_type.unwrap_or(MessageType::Raw);
        let need = on(cx, "kms:Sign", &self.key_id).key("kms:SigningAlgorithm", self.signing_algorithm.as_str());
        need.key("kms:MessageType", kind.as_str()).into()
    }
}
impl Authorize<Kms> for VerifyInput {
    fn access(&self, _: &Kms, cx: &Context) -> Access {
        let kind = self.message_type.unwrap_or(MessageType::Raw);
        let need = on(cx, "kms:Verify", &self.key_id).key("kms:SigningAlgorithm", self.signing_algorithm.as_str());
        need.key("kms:MessageType", kind.as_str()).into()
    }
}

/// A service that a caller goes through makes grants for its own resources.
fn for_aws_resource(cx: &Context) -> String {
    cx.called_via().is_some().to_string()
}

impl Authorize<Kms> for CreateGrantInput {
    fn access(&self, _: &Kms, cx: &Context) -> Access {
        // A grant's constraints stand for the context that it will be used with.
        let GrantConstraints { encryption_context_subset: subset, encryption_context_equals: equals } =
            self.constraints.clone().unwrap_or_default();
        let kind = match (&subset, &equals) {
            (_, Some(_)) => Some("EncryptionContextEquals"),
            (Some(_), None) => Some("EncryptionContextSubset"),
            (None, None) => None,
        };
        let operations = self.operations.iter().map(|operation| operation.as_str().to_owned()).collect();
        let mut need = with_context(cx, "kms:CreateGrant", &self.key_id, &equals.or(subset))
            .keys("kms:GrantOperations", operations)
            .key("kms:GranteePrincipal", &self.grantee_principal)
            .key("kms:GrantIsForAWSResource", for_aws_resource(cx));
        if let Some(kind) = kind {
            need = need.key("kms:GrantConstraintType", kind);
        }
        if let Some(retirer) = &self.retiring_principal {
            need = need.key("kms:RetiringPrincipal", retirer);
        }
        need.into()
    }
}
impl Authorize<Kms> for ListGrantsInput {
    fn access(&self, _: &Kms, cx: &Context) -> Access {
        on(cx, "kms:ListGrants", &self.key_id).key("kms:GrantIsForAWSResource", for_aws_resource(cx)).into()
    }
}
impl Authorize<Kms> for RevokeGrantInput {
    fn access(&self, _: &Kms, cx: &Context) -> Access {
        on(cx, "kms:RevokeGrant", &self.key_id).key("kms:GrantIsForAWSResource", for_aws_resource(cx)).into()
    }
}
impl Authorize<Kms> for RetireGrantInput {
    fn access(&self, _: &Kms, cx: &Context) -> Access {
        // The handler says that a grant isn't there; whoever the grant lets retire it needs no policy.
        match cx.store().read(|s| retiring::named(s, cx, self)) {
            Ok(grant) if !retiring::may(cx, &grant) => {
                let context = grant.constraints.and_then(|c| c.encryption_context_equals.or(c.encryption_context_subset));
                key_need("kms:RetireGrant", &grant.key_arn, &context.unwrap_or_default()).into()
            }
            _ => Access::Public,
        }
    }
}
