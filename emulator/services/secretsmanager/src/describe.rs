//! What is told of secrets without their values.

use crate::{
    SecretsManager, find,
    model::*,
    state::{SECRETS, Secret},
    tags,
};
use kit::{Context, Fault, Read, Timestamp};
use std::collections::BTreeMap;

/// Entries of a page.
const PAGE: i32 = 100;

fn stages(secret: &Secret) -> Option<BTreeMap<String, Vec<String>>> {
    let labelled = secret.versions.iter().filter(|v| !v.stages.is_empty());
    let stages: BTreeMap<_, _> = labelled.map(|v| (v.id.clone(), v.stages.iter().cloned().collect())).collect();
    (!stages.is_empty()).then_some(stages)
}

impl SecretsManager {
    /// One secret, also one that waits for its deletion.
    pub async fn describe_secret(&self, cx: &Context, input: DescribeSecretInput) -> Result<DescribeSecretOutput, Fault> {
        let secret = cx.store().read(|s| find::any(s, cx, &input.secret_id))?;
        Ok(DescribeSecretOutput {
            version_ids_to_stages: stages(&secret),
            arn: Some(secret.arn),
            name: Some(secret.name),
            description: secret.description,
            kms_key_id: secret.kms_key,
            last_changed_date: Some(secret.changed),
            last_accessed_date: secret.accessed,
            deleted_date: secret.deleted.map(|(at, _)| at),
            tags: secret.tags.map(tags::shown),
            created_date: Some(secret.created),
            ..DescribeSecretOutput::default()
        })
    }

    /// Secrets by name, or by when they were made, changed or read, newest first.
    pub async fn list_secrets(&self, cx: &Context, input: ListSecretsInput) -> Result<ListSecretsOutput, Fault> {
        let rows = cx.store().read(|s| s.scan(&SECRETS, cx.scope()).collect::<Result<Vec<_>, Fault>>())?;
        let filters = input.filters.unwrap_or_default();
        let planned = input.include_planned_deletion == Some(true);
        let wanted = |secret: &Secret| (planned || secret.deleted.is_none()) && filters.iter().all(|filter| passes(filter, secret));
        let mut all: Vec<Secret> = rows.into_iter().map(|(_, secret)| secret).filter(wanted).collect();
        let by = input.sort_by.unwrap_or(SortByType::CreatedDate);
        let by_name = by == SortByType::Name;
        let upwards = input.sort_order == Some(SortOrderType::Asc);
        // Pages go by an order's own key: inverted moments, or names.
        let newest_first = |at: Timestamp, secret: &Secret| format!("{:039}/{}", i128::MAX / 2 - at.unix_ns, secret.name);
        let key = |secret: &Secret| match by {
            SortByType::Name => secret.name.clone(),
            SortByType::CreatedDate => newest_first(secret.created, secret),
            SortByType::LastChangedDate => newest_first(secret.changed, secret),
            // What was never read comes as if it had been before all others.
            SortByType::LastAccessedDate => newest_first(secret.accessed.unwrap_or_default(), secret),
        };
        all.sort_by_key(key);
        let backwards = by_name && input.sort_order == Some(SortOrderType::Desc) || !by_name && upwards;
        let limit = input.max_results.unwrap_or(PAGE).clamp(1, PAGE) as usize;
        let bad = || Error::InvalidNextToken.says("The NextToken value is invalid.");
        let (items, next) = if backwards {
            all.reverse();
            let ranked: Vec<(usize, Secret)> = all.into_iter().enumerate().collect();
            let page = kit::pages::page(ranked, |(n, _)| format!("{n:08}"), input.next_token.as_deref(), limit, bad)?;
            (page.items.into_iter().map(|(_, secret)| secret).collect(), page.next)
        } else {
            let page = kit::pages::page(all, key, input.next_token.as_deref(), limit, bad)?;
            (page.items, page.next)
        };
        Ok(ListSecretsOutput { secret_list: Some(items.into_iter().map(entry).collect()), next_token: next })
    }

    /// The versions of a secret, oldest first.
    pub async fn list_secret_version_ids(
        &self,
        cx: &Context,
        input: ListSecretVersionIdsInput,
    ) -> Result<ListSecretVersionIdsOutput, Fault> {
        let secret = cx.store().read(|s| find::any(s, cx, &input.secret_id))?;
        let key = secret.kms_key.clone().unwrap_or_else(|| "DefaultEncryptionKey".into());
        let all = input.include_deprecated == Some(true);
        let wanted = secret.versions.into_iter().enumerate().filter(|(_, v)| all || !v.stages.is_empty());
        let limit = input.max_results.unwrap_or(PAGE).clamp(1, PAGE) as usize;
        let bad = || Error::InvalidNextToken.says("The NextToken value is invalid.");
        let page = kit::pages::page(wanted, |(n, _)| format!("{n:08}"), input.next_token.as_deref(), limit, bad)?;
        let show = |(_, v): (usize, crate::state::Version)| SecretVersionsListEntry {
            version_id: Some(v.id),
            version_stages: (!v.stages.is_empty()).then(|| v.stages.into_iter().collect()),
            last_accessed_date: v.accessed,
            created_date: Some(v.created),
            kms_key_ids: Some(vec![key.clone()]),
        };
        let versions = page.items.into_iter().map(show).collect();
        Ok(ListSecretVersionIdsOutput { versions: Some(versions), next_token: page.next, arn: Some(secret.arn), name: Some(secret.name) })
    }
}

fn entry(secret: Secret) -> SecretListEntry {
    SecretListEntry {
        secret_versions_to_stages: stages(&secret),
        arn: Some(secret.arn),
        name: Some(secret.name),
        description: secret.description,
        kms_key_id: secret.kms_key,
        last_changed_date: Some(secret.changed),
        last_accessed_date: secret.accessed,
        deleted_date: secret.deleted.map(|(at, _)| at),
        tags: secret.tags.map(tags::shown),
        created_date: Some(secret.created),
        ..SecretListEntry::default()
    }
}

/// One of the values has to begin what the filter looks at; a `!` before it turns it round (AWS's reference of Filter).
fn passes(filter: &Filter, secret: &Secret) -> bool {
    let tags = secret.tags.as_deref().unwrap_or_default();
    let any = |begins: &dyn Fn(&str) -> bool| match filter.key {
        Some(FilterNameStringType::Name) => begins(&secret.name),
        Some(FilterNameStringType::Description) => secret.description.as_deref().is_some_and(begins),
        Some(FilterNameStringType::TagKey) => tags.iter().any(|(key, _)| begins(key)),
        Some(FilterNameStringType::TagValue) => tags.iter().any(|(_, value)| begins(value)),
        // Neither replicas nor secrets of other services are here.
        Some(FilterNameStringType::PrimaryRegion | FilterNameStringType::OwningService) => false,
        Some(FilterNameStringType::All) | None => {
            begins(&secret.name)
                || secret.description.as_deref().is_some_and(begins)
                || tags.iter().any(|(key, value)| begins(key) || begins(value))
        }
    };
    filter.values.as_deref().unwrap_or_default().iter().any(|value| match value.strip_prefix('!') {
        Some(value) => !any(&|text: &str| text.starts_with(value)),
        None => any(&|text: &str| text.starts_with(value.as_str())),
    })
}
