//! Keys: made, described, listed.

use crate::{Error, Kms, find, find::Name, managed, material, model::*, policies, rules, rules::refused, spec, state::*, tags};
use kit::{Context, Fault, Read, Tx};

/// Keys of one account and region; AWS's quota.
const MOST_KEYS: usize = 100_000;

impl Kms {
    /// Makes a key.
    pub async fn create_key(&self, cx: &Context, input: CreateKeyInput) -> Result<CreateKeyOutput, Fault> {
        honoured(&input)?;
        let (spec, usage) = spec::of_new(input.key_spec, input.customer_master_key_spec, input.key_usage)?;
        let family = spec::family(spec).ok_or_else(|| refused("CreateKey", &format!("KeySpec {spec}")))?;
        let tags = tags::merged(Default::default(), input.tags.unwrap_or_default())?;
        let multi_region = input.multi_region.unwrap_or(false);
        let id = match multi_region {
            true => format!("mrk-{}", cx.ids().hex(32)),
            false => cx.ids().uuid(),
        };
        let arn = key_arn(cx.scope(), &id);
        if let Some(policy) = &input.policy {
            policies::check(cx, policy, &arn, input.bypass_policy_lockout_safety_check.unwrap_or(false))?;
        }
        let key = Key {
            arn,
            description: input.description.unwrap_or_default(),
            spec,
            usage,
            multi_region,
            enabled: true,
            created: cx.now(),
            policy: input.policy.unwrap_or_else(|| policies::default(cx.scope())),
            tags,
            material: vec![material::fresh(cx, family, None).await?],
            id,
            ..Key::default()
        };
        cx.store().write(|tx| put_new(tx, &key)).await?;
        Ok(CreateKeyOutput { key_metadata: Some(metadata(&key)) })
    }

    /// What is known of a key. Naming a service's alias makes its AWS managed key, as on AWS.
    pub async fn describe_key(&self, cx: &Context, input: DescribeKeyInput) -> Result<DescribeKeyOutput, Fault> {
        rules::grant_tokens(cx, &input.grant_tokens)?;
        if let Name::Alias(scope, alias) = find::name(cx, &input.key_id)?
            && scope == *cx.scope()
        {
            managed::make(cx, &alias).await?;
        }
        let key = cx.store().read(|s| find::key(s, cx, &input.key_id))?;
        Ok(DescribeKeyOutput { key_metadata: Some(metadata(&key)) })
    }

    /// All keys of the account and region.
    pub async fn list_keys(&self, cx: &Context, input: ListKeysInput) -> Result<ListKeysOutput, Fault> {
        let ids: Vec<String> = cx.store().read(|s| s.scan(&KEYS, cx.scope()).keys().collect::<Result<_, _>>())?;
        let page = rules::page(ids, String::clone, &input.marker, rules::limit(input.limit, 100))?;
        let entry = |id: String| KeyListEntry { key_arn: Some(key_arn(cx.scope(), &id)), key_id: Some(id) };
        Ok(ListKeysOutput {
            keys: Some(page.items.into_iter().map(entry).collect()),
            truncated: Some(page.next.is_some()),
            next_marker: page.next,
        })
    }

    /// Changes the description.
    pub async fn update_key_description(
        &self,
        cx: &Context,
        input: UpdateKeyDescriptionInput,
    ) -> Result<UpdateKeyDescriptionOutput, Fault> {
        change(cx, &input.key_id, |_, key| {
            find::not_pending(key)?;
            key.description = input.description;
            Ok(())
        })
        .await?;
        Ok(UpdateKeyDescriptionOutput {})
    }
}

/// Members that stand for what windtunnel doesn't have.
fn honoured(input: &CreateKeyInput) -> Result<(), Fault> {
    match input.origin {
        None | Some(OriginType::AwsKms) => {}
        Some(origin) => return Err(refused("CreateKey", &format!("Origin {origin}"))),
    }
    if input.custom_key_store_id.is_some() {
        return Err(refused("CreateKey", "member CustomKeyStoreId"));
    }
    match input.xks_key_id {
        None => Ok(()),
        Some(_) => Err(refused("CreateKey", "member XksKeyId")),
    }
}

/// Puts a key that is new, within the quota.
pub(crate) fn put_new(tx: &mut Tx<'_>, key: &Key) -> Result<(), Fault> {
    let scope = key.scope();
    if tx.scan(&KEYS, &scope).keys().count() >= MOST_KEYS {
        return Err(Error::LimitExceeded.says(format!("The account has {MOST_KEYS} keys in this region already")));
    }
    tx.put(&KEYS, &scope, &key.id, key)
}

/// Changes a customer's key of the caller's own account; the closure may refuse.
pub(crate) async fn change<R>(
    cx: &Context,
    name: &str,
    change: impl FnOnce(&mut Tx<'_>, &mut Key) -> Result<R, Fault>,
) -> Result<R, Fault> {
    cx.store()
        .write(|tx| {
            let mut key = find::own(tx, cx, name)?;
            find::of_customer(&key)?;
            let result = change(tx, &mut key)?;
            tx.put(&KEYS, &key.scope(), &key.id, &key)?;
            Ok(result)
        })
        .await
}

/// A key as DescribeKey tells of it.
pub(crate) fn metadata(key: &Key) -> KeyMetadata {
    let scope = key.scope();
    let some = |empty: bool| (!empty).then_some(());
    let (encryption, signing, macs) = (spec::encryption(key), spec::signing(key), spec::macs(key));
    let primary = MultiRegionKey { arn: Some(key.arn.clone()), region: Some(scope.region.to_string()) };
    KeyMetadata {
        aws_account_id: Some(scope.account.to_string()),
        key_id: key.id.clone(),
        arn: Some(key.arn.clone()),
        creation_date: Some(key.created),
        enabled: Some(key.state() == KeyState::Enabled),
        description: Some(key.description.clone()),
        key_usage: Some(key.usage),
        key_state: Some(key.state()),
        deletion_date: key.deletion.as_ref().map(|deletion| deletion.at),
        origin: Some(OriginType::AwsKms),
        key_manager: Some(key.manager()),
        customer_master_key_spec: CustomerMasterKeySpec::parse(key.spec.as_str()),
        key_spec: Some(key.spec),
        encryption_algorithms: some(encryption.is_empty()).map(|()| encryption.to_vec()),
        signing_algorithms: some(signing.is_empty()).map(|()| signing.to_vec()),
        mac_algorithms: some(macs.is_empty()).map(|()| macs.to_vec()),
        multi_region: Some(key.multi_region),
        multi_region_configuration: key.multi_region.then(|| MultiRegionConfiguration {
            multi_region_key_type: Some(MultiRegionKeyType::Primary),
            primary_key: Some(primary),
            replica_keys: Some(Vec::new()),
        }),
        current_key_material_id: key.current().filter(|_| key.is_symmetric()).map(|material| material.id.clone()),
        ..KeyMetadata::default()
    }
}
