//! GetAccountSummary: what an account has of each thing, and how much of it it may have.

use crate::{
    Iam,
    access_keys::KEYS_PER_USER,
    entity_policies::{ATTACHED_QUOTA, inline_quota},
    groups::GROUPS_OF_USER,
    managed_policies::VERSIONS,
    model::*,
    state::{ENTITIES, EntityKind, KEYS_OF, POLICIES, PROVIDERS, ROOT},
};
use kit::{Access, Authorize, Context, Fault, Read};

impl Iam {
    /// Counts and quotas of the account. Things that are not kept here (MFA devices, certificates) are none.
    pub async fn get_account_summary(&self, cx: &Context, _: GetAccountSummaryInput) -> Result<GetAccountSummaryOutput, Fault> {
        let (counts, policies, versions, root_keys, providers) = cx.store().read(|s| {
            let count = |kind: EntityKind| s.scan(&ENTITIES, cx.scope()).prefix(&(kind.noun().to_owned(),)).count();
            let counts = [EntityKind::User, EntityKind::Group, EntityKind::Role].map(count);
            let rows = s.scan(&POLICIES, cx.scope()).map(|row| row.map(|(_, policy)| policy.versions.len()));
            let versions = rows.collect::<Result<Vec<_>, Fault>>()?;
            let root_keys = s.scan(&KEYS_OF, cx.scope()).prefix(&(ROOT.to_owned(),)).count();
            Ok::<_, Fault>((counts, versions.len(), versions.iter().sum::<usize>(), root_keys, s.scan(&PROVIDERS, cx.scope()).count()))
        })?;
        let [users, groups, roles] = counts;
        use SummaryKeyType::*;
        let summary = [
            (Users, users),
            (UsersQuota, EntityKind::User.limit()),
            (Groups, groups),
            (GroupsQuota, EntityKind::Group.limit()),
            (Roles, roles),
            (RolesQuota, EntityKind::Role.limit()),
            (Policies, policies),
            (PoliciesQuota, 1500),
            (PolicyVersionsInUse, versions),
            (PolicyVersionsInUseQuota, 10_000),
            (PolicySizeQuota, 6144),
            (VersionsPerPolicyQuota, VERSIONS),
            (UserPolicySizeQuota, inline_quota(EntityKind::User)),
            (GroupPolicySizeQuota, inline_quota(EntityKind::Group)),
            (RolePolicySizeQuota, inline_quota(EntityKind::Role)),
            (AssumeRolePolicySizeQuota, 2048),
            (AttachedPoliciesPerUserQuota, ATTACHED_QUOTA),
            (AttachedPoliciesPerGroupQuota, ATTACHED_QUOTA),
            (AttachedPoliciesPerRoleQuota, ATTACHED_QUOTA),
            (GroupsPerUserQuota, GROUPS_OF_USER),
            (AccessKeysPerUserQuota, KEYS_PER_USER),
            (AccountAccessKeysPresent, root_keys.min(1)),
            (MFADevices, 0),
            (MFADevicesInUse, 0),
            (AccountMFAEnabled, 0),
            (AccountPasswordPresent, 0),
            (AccountSigningCertificatesPresent, 0),
            (ServerCertificates, 0),
            (InstanceProfiles, 0),
            (Providers, providers),
        ];
        Ok(GetAccountSummaryOutput {
            summary_map: Some(summary.into_iter().map(|(name, value)| (name.as_str().to_owned(), value as i32)).collect()),
        })
    }
}

impl Authorize<Iam> for GetAccountSummaryInput {
    fn access(&self, _: &Iam, _: &Context) -> Access {
        Access::any("iam:GetAccountSummary")
    }
}
