//! Managed policies and their versions; AWS's own are in `managed.rs` and can't be changed.

use crate::{
    Iam, documents,
    entity::{checked_path, tag_list, tags_of, whole_second},
    managed,
    model::*,
    pages,
    state::{ENTITIES, Entity, EntityKind, ManagedPolicy, POLICIES, VersionRow},
};
use kit::{Access, Authorize, Context, Fault, Read, Scope};
use std::collections::BTreeMap;

/// AWS's quota.
pub(crate) const VERSIONS: usize = 5;

/// What a managed policy says now: one of AWS's, or one of the account of `scope`.
pub(crate) fn text(store: &impl Read, scope: &Scope, arn: &str) -> Option<String> {
    if let Some(document) = managed::document(arn) {
        return Some(document.to_owned());
    }
    let policy = store.get(&POLICIES, scope, &arn.to_owned()).ok()??;
    Some(policy.versions.get(&policy.default)?.document.clone())
}

impl Iam {
    /// Makes a managed policy with its first version.
    pub async fn create_policy(&self, cx: &Context, input: CreatePolicyInput) -> Result<CreatePolicyOutput, Fault> {
        documents::managed(&input.policy_document)?;
        let now = whole_second(cx.now());
        let policy = ManagedPolicy {
            path: checked_path(input.path)?,
            id: format!("ANPA{}", cx.ids().upper(17)),
            description: input.description,
            created: now,
            updated: now,
            tags: tags_of(input.tags)?,
            versions: BTreeMap::from([(1, VersionRow { document: input.policy_document, created: now })]),
            default: 1,
            next: 2,
            name: input.policy_name,
        };
        let arn = policy_arn(cx, &policy);
        cx.store()
            .write(|tx| {
                let taken = tx.scan(&POLICIES, cx.scope()).any(|row| row.is_ok_and(|(_, p)| p.name.eq_ignore_ascii_case(&policy.name)));
                if taken {
                    return Err(Error::EntityAlreadyExists
                        .says(format!("A policy called {} already exists. Duplicate names are not allowed.", policy.name)));
                }
                tx.put(&POLICIES, cx.scope(), &arn, &policy)
            })
            .await?;
        self.decider.forget();
        Ok(CreatePolicyOutput { policy: Some(shown(cx, &arn, &policy)?) })
    }

    /// A managed policy.
    pub async fn get_policy(&self, cx: &Context, input: GetPolicyInput) -> Result<GetPolicyOutput, Fault> {
        let policy = match managed::shown(&input.policy_arn) {
            Some(aws) => aws,
            None => {
                let policy = cx.store().read(|s| must_find_policy(s, cx, &input.policy_arn))?;
                shown(cx, &input.policy_arn, &policy)?
            }
        };
        Ok(GetPolicyOutput { policy: Some(policy) })
    }

    /// Removes a managed policy that nobody has and that has only its default version left.
    pub async fn delete_policy(&self, cx: &Context, input: DeletePolicyInput) -> Result<DeletePolicyOutput, Fault> {
        cx.store()
            .write(|tx| {
                let policy = must_find_policy(tx, cx, &input.policy_arn)?;
                if attached_to(tx, cx, &input.policy_arn)?.next().is_some() {
                    return Err(Error::DeleteConflict.says("Cannot delete a policy attached to entities."));
                }
                if policy.versions.len() > 1 {
                    return Err(Error::DeleteConflict
                        .says("This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy."));
                }
                tx.delete(&POLICIES, cx.scope(), &input.policy_arn).map(drop)
            })
            .await?;
        self.decider.forget();
        Ok(DeletePolicyOutput {})
    }

    /// Managed policies, AWS's (those that are known here) and the account's.
    pub async fn list_policies(&self, cx: &Context, input: ListPoliciesInput) -> Result<ListPoliciesOutput, Fault> {
        if input.policy_usage_filter.is_some() {
            cx.warn("member PolicyUsageFilter has no effect");
        }
        let scope = input.scope.unwrap_or(PolicyScopeType::All);
        let mut policies = match scope {
            PolicyScopeType::Local => Vec::new(),
            _ => managed::all(),
        };
        if scope != PolicyScopeType::Aws {
            let own: Vec<(String, ManagedPolicy)> = cx.store().read(|s| s.scan(&POLICIES, cx.scope()).collect::<Result<_, Fault>>())?;
            for (arn, policy) in own {
                policies.push(Policy { tags: None, description: None, ..shown(cx, &arn, &policy)? });
            }
        }
        let prefix = input.path_prefix.unwrap_or_else(|| "/".into());
        policies.retain(|p| p.path.as_deref().is_some_and(|path| path.starts_with(&prefix)));
        policies.retain(|p| input.only_attached != Some(true) || p.attachment_count.is_some_and(|n| n > 0));
        policies.sort_by(|a, b| a.arn.cmp(&b.arn));
        let page = pages::cut(policies, |p| p.arn.clone().unwrap_or_default(), input.marker.as_deref(), input.max_items)?;
        Ok(ListPoliciesOutput { policies: Some(page.items), is_truncated: Some(page.next.is_some()), marker: page.next })
    }

    /// Adds a version.
    pub async fn create_policy_version(&self, cx: &Context, input: CreatePolicyVersionInput) -> Result<CreatePolicyVersionOutput, Fault> {
        documents::managed(&input.policy_document)?;
        let created = whole_second(cx.now());
        let mut number = 0;
        change_policy(cx, &input.policy_arn, |policy| {
            if policy.versions.len() >= VERSIONS {
                return Err(Error::LimitExceeded.says(
                    "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.",
                ));
            }
            number = policy.next;
            policy.next += 1;
            policy.updated = created;
            policy.versions.insert(number, VersionRow { document: input.policy_document, created });
            if input.set_as_default == Some(true) {
                policy.default = number;
            }
            Ok(())
        })
        .await?;
        self.decider.forget();
        let version = PolicyVersion {
            document: None,
            version_id: Some(format!("v{number}")),
            is_default_version: Some(input.set_as_default == Some(true)),
            create_date: Some(created),
        };
        Ok(CreatePolicyVersionOutput { policy_version: Some(version) })
    }

    /// A version with its document.
    pub async fn get_policy_version(&self, cx: &Context, input: GetPolicyVersionInput) -> Result<GetPolicyVersionOutput, Fault> {
        if let Some(document) = managed::document(&input.policy_arn) {
            let version = PolicyVersion {
                document: Some(documents::encoded(document)),
                version_id: Some(input.version_id),
                is_default_version: Some(true),
                create_date: None,
            };
            return Ok(GetPolicyVersionOutput { policy_version: Some(version) });
        }
        let policy = cx.store().read(|s| must_find_policy(s, cx, &input.policy_arn))?;
        let number = number(&input.policy_arn, &input.version_id)?;
        let row = policy.versions.get(&number).ok_or_else(|| no_version(&input.policy_arn, &input.version_id))?;
        let shown = PolicyVersion { document: Some(documents::encoded(&row.document)), ..shown_version(&policy, number, row) };
        Ok(GetPolicyVersionOutput { policy_version: Some(shown) })
    }

    /// Removes a version that is not the default one.
    pub async fn delete_policy_version(&self, cx: &Context, input: DeletePolicyVersionInput) -> Result<DeletePolicyVersionOutput, Fault> {
        change_policy(cx, &input.policy_arn, |policy| {
            let number = number(&input.policy_arn, &input.version_id)?;
            if number == policy.default {
                return Err(Error::DeleteConflict.says("Cannot delete the default version of a policy."));
            }
            policy.versions.remove(&number).map(drop).ok_or_else(|| no_version(&input.policy_arn, &input.version_id))
        })
        .await?;
        Ok(DeletePolicyVersionOutput {})
    }

    /// Versions, newest first.
    pub async fn list_policy_versions(&self, cx: &Context, input: ListPolicyVersionsInput) -> Result<ListPolicyVersionsOutput, Fault> {
        let policy = cx.store().read(|s| must_find_policy(s, cx, &input.policy_arn))?;
        let versions: Vec<PolicyVersion> = policy.versions.iter().rev().map(|(n, row)| shown_version(&policy, *n, row)).collect();
        let page = pages::cut(versions, |v| v.version_id.clone().unwrap_or_default(), None, input.max_items.or(Some(1000)))?;
        Ok(ListPolicyVersionsOutput { versions: Some(page.items), is_truncated: Some(false), marker: None })
    }

    /// Makes a version the one that counts.
    pub async fn set_default_policy_version(
        &self,
        cx: &Context,
        input: SetDefaultPolicyVersionInput,
    ) -> Result<SetDefaultPolicyVersionOutput, Fault> {
        change_policy(cx, &input.policy_arn, |policy| {
            let number = number(&input.policy_arn, &input.version_id)?;
            if !policy.versions.contains_key(&number) {
                return Err(no_version(&input.policy_arn, &input.version_id));
            }
            policy.default = number;
            Ok(())
        })
        .await?;
        self.decider.forget();
        Ok(SetDefaultPolicyVersionOutput {})
    }

    /// Who has a policy.
    pub async fn list_entities_for_policy(
        &self,
        cx: &Context,
        input: ListEntitiesForPolicyInput,
    ) -> Result<ListEntitiesForPolicyOutput, Fault> {
        if input.policy_usage_filter.is_some() || input.path_prefix.is_some() {
            return Err(Error::InvalidInput.says("windtunnel does not filter by PathPrefix and PolicyUsageFilter here yet."));
        }
        let entities: Vec<Entity> = cx.store().read(|s| Ok::<_, Fault>(attached_to(s, cx, &input.policy_arn)?.collect()))?;
        let page = pages::cut(entities, |e| format!("{}/{}", e.kind.noun(), e.name), input.marker.as_deref(), input.max_items)?;
        let of = |kind: EntityKind, filter: EntityType| {
            let wanted = input.entity_filter.is_none_or(|f| f == filter);
            page.items.iter().filter(move |e| e.kind == kind && wanted)
        };
        Ok(ListEntitiesForPolicyOutput {
            policy_groups: Some(
                of(EntityKind::Group, EntityType::Group)
                    .map(|e| PolicyGroup { group_name: Some(e.name.clone()), group_id: Some(e.id.clone()) })
                    .collect(),
            ),
            policy_users: Some(
                of(EntityKind::User, EntityType::User)
                    .map(|e| PolicyUser { user_name: Some(e.name.clone()), user_id: Some(e.id.clone()) })
                    .collect(),
            ),
            policy_roles: Some(
                of(EntityKind::Role, EntityType::Role)
                    .map(|e| PolicyRole { role_name: Some(e.name.clone()), role_id: Some(e.id.clone()) })
                    .collect(),
            ),
            is_truncated: Some(page.next.is_some()),
            marker: page.next,
        })
    }
}

pub(crate) fn must_find_policy(store: &impl Read, cx: &Context, arn: &str) -> Result<ManagedPolicy, Fault> {
    store.get(&POLICIES, cx.scope(), &arn.to_owned())?.ok_or_else(|| managed::unknown(arn))
}

pub(crate) async fn change_policy(
    cx: &Context,
    arn: &str,
    change: impl FnOnce(&mut ManagedPolicy) -> Result<(), Fault>,
) -> Result<(), Fault> {
    cx.store()
        .write(|tx| {
            let mut policy = must_find_policy(tx, cx, arn)?;
            change(&mut policy)?;
            tx.put(&POLICIES, cx.scope(), &arn.to_owned(), &policy)
        })
        .await
}

fn attached_to<'a>(store: &'a impl Read, cx: &Context, arn: &'a str) -> Result<impl Iterator<Item = Entity> + 'a, Fault> {
    let rows: Vec<Entity> = store.scan(&ENTITIES, cx.scope()).map(|row| row.map(|(_, e)| e)).collect::<Result<_, Fault>>()?;
    Ok(rows.into_iter().filter(move |e| e.attached.contains(arn)))
}

fn policy_arn(cx: &Context, policy: &ManagedPolicy) -> String {
    format!("arn:aws:iam::{}:policy{}{}", cx.account(), policy.path, policy.name)
}

fn shown(cx: &Context, arn: &str, policy: &ManagedPolicy) -> Result<Policy, Fault> {
    let (attached, bounding) = cx.store().read(|s| {
        let attached = attached_to(s, cx, arn)?.count();
        let bounding = s.scan(&ENTITIES, cx.scope()).filter(|row| row.as_ref().is_ok_and(|(_, e)| e.boundary.as_deref() == Some(arn)));
        Ok::<_, Fault>((attached, bounding.count()))
    })?;
    Ok(Policy {
        policy_name: Some(policy.name.clone()),
        policy_id: Some(policy.id.clone()),
        arn: Some(arn.to_owned()),
        path: Some(policy.path.clone()),
        default_version_id: Some(format!("v{}", policy.default)),
        attachment_count: Some(attached as i32),
        permissions_boundary_usage_count: Some(bounding as i32),
        is_attachable: Some(true),
        description: policy.description.clone(),
        create_date: Some(policy.created),
        update_date: Some(policy.updated),
        tags: tag_list(&policy.tags),
    })
}

fn shown_version(policy: &ManagedPolicy, number: u32, row: &VersionRow) -> PolicyVersion {
    PolicyVersion {
        document: None,
        version_id: Some(format!("v{number}")),
        is_default_version: Some(policy.default == number),
        create_date: Some(row.created),
    }
}

fn number(arn: &str, version: &str) -> Result<u32, Fault> {
    version.strip_prefix('v').and_then(|n| n.parse().ok()).ok_or_else(|| no_version(arn, version))
}

fn no_version(arn: &str, version: &str) -> Fault {
    Error::NoSuchEntity.says(format!("Policy {arn} version {version} does not exist or is not attachable."))
}

impl Authorize<Iam> for CreatePolicyInput {
    fn access(&self, _: &Iam, cx: &Context) -> Access {
        let path = self.path.as_deref().unwrap_or("/");
        Access::on("iam:CreatePolicy", format!("arn:aws:iam::{}:policy{path}{}", cx.account(), self.policy_name))
    }
}
impl Authorize<Iam> for ListPoliciesInput {
    fn access(&self, _: &Iam, _: &Context) -> Access {
        Access::any("iam:ListPolicies")
    }
}

macro_rules! on {
    ($($input:ident => $action:literal;)*) => {$(
        impl Authorize<Iam> for $input {
            fn access(&self, _: &Iam, _: &Context) -> Access {
                Access::on($action, self.policy_arn.clone())
            }
        }
    )*};
}
on! {
    GetPolicyInput => "iam:GetPolicy";
    DeletePolicyInput => "iam:DeletePolicy";
    CreatePolicyVersionInput => "iam:CreatePolicyVersion";
    GetPolicyVersionInput => "iam:GetPolicyVersion";
    DeletePolicyVersionInput => "iam:DeletePolicyVersion";
    ListPolicyVersionsInput => "iam:ListPolicyVersions";
    SetDefaultPolicyVersionInput => "iam:SetDefaultPolicyVersion";
    ListEntitiesForPolicyInput => "iam:ListEntitiesForPolicy";
}
