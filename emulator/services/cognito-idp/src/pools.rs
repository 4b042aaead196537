//! User pools: made, described, changed, deleted.

use crate::{
    CognitoIdp,
    auth::SESSIONS,
    devices::DEVICES,
    inbox, keys,
    model::*,
    nobody::NOBODIES,
    oauth,
    passkeys::PASSKEYS,
    pool_settings,
    protection::{EVENTS, RISKS},
    providers::PROVIDERS,
    resource_servers::RESOURCE_SERVERS,
    state::*,
    tier,
};
use kit::{Context, Fault, Key, Read, Scope, Table, Tx};
use serde::{Serialize, de::DeserializeOwned};

/// AWS's quota.
const MOST_POOLS: usize = 1000;

impl CognitoIdp {
    /// Makes a pool. Its signing keys are made meanwhile, in the background.
    pub async fn create_user_pool(&self, cx: &Context, input: CreateUserPoolInput) -> Result<CreateUserPoolOutput, Fault> {
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let id = format!("{}_{}", cx.region(), cx.ids().text(9, alphabet));
        let pool = pool_settings::of_new(cx, &id, input)?;
        let place = Place { account: cx.account().into(), region: cx.region().into(), pool_id: id.clone() };
        cx.store()
            .write(|tx| {
                if tx.count(&POOLS, cx.scope())? >= MOST_POOLS {
                    return Err(crate::Error::LimitExceeded.says("Account has reached the limit of user pools."));
                }
                tx.put(&NAMES, cx.scope(), &id, &place)?;
                tx.put(&POOLS, cx.scope(), &id, &pool)
            })
            .await?;
        keys::prepare();
        Ok(CreateUserPoolOutput { user_pool: Some(described(&pool, 0)) })
    }

    /// Describes a pool.
    pub async fn describe_user_pool(&self, cx: &Context, input: DescribeUserPoolInput) -> Result<DescribeUserPoolOutput, Fault> {
        cx.store().read(|s| {
            let pool = pool(s, cx.scope(), &input.user_pool_id)?;
            let users = s.scan(&USERS, cx.scope()).prefix(&(pool.id.as_str(),)).keys().count();
            Ok(DescribeUserPoolOutput { user_pool: Some(described(&pool, users)) })
        })
    }

    /// Changes a pool; what the request doesn't name goes back to its default.
    pub async fn update_user_pool(&self, cx: &Context, input: UpdateUserPoolInput) -> Result<UpdateUserPoolOutput, Fault> {
        cx.store()
            .write(|tx| {
                let pool = pool(tx, cx.scope(), &input.user_pool_id)?;
                let before = pool.settings.user_pool_tier;
                let pool = pool_settings::of_update(cx, &pool, input)?;
                // Clients and domains are read only where the tier changes: as they are, they fit the one that is.
                if pool.settings.user_pool_tier != before {
                    tier::check_change(tx, cx, &pool)?;
                }
                tx.put(&POOLS, cx.scope(), &pool.id, &pool)
            })
            .await?;
        Ok(UpdateUserPoolOutput {})
    }

    /// Adds attributes of the pool's own.
    pub async fn add_custom_attributes(&self, cx: &Context, input: AddCustomAttributesInput) -> Result<AddCustomAttributesOutput, Fault> {
        cx.store()
            .write(|tx| {
                let mut pool = pool(tx, cx.scope(), &input.user_pool_id)?;
                for wanted in &input.custom_attributes {
                    let made = crate::attributes::custom(wanted)?;
                    let name = made.name.clone().unwrap_or_default();
                    if pool.attribute(&name).is_some() {
                        return Err(bad(format!("{name}: Existing attribute already has name {name}.")));
                    }
                    pool.settings.schema_attributes.get_or_insert_default().push(made);
                }
                crate::attributes::check_count(pool.settings.schema_attributes.as_deref().unwrap_or_default())?;
                tx.put(&POOLS, cx.scope(), &pool.id, &pool)
            })
            .await?;
        Ok(AddCustomAttributesOutput {})
    }

    /// Deletes a pool and all that is in it.
    pub async fn delete_user_pool(&self, cx: &Context, input: DeleteUserPoolInput) -> Result<DeleteUserPoolOutput, Fault> {
        let id = input.user_pool_id;
        cx.store()
            .write(|tx| {
                let pool = pool(tx, cx.scope(), &id)?;
                if pool.settings.deletion_protection == Some(DeletionProtectionType::Active) {
                    return Err(bad("The user pool cannot be deleted because deletion protection is activated. Deletion protection must be inactivated first."));
                }
                if pool.settings.domain.is_some() || pool.settings.custom_domain.is_some() {
                    return Err(bad("User pool cannot be deleted. It has a domain configured that should be deleted first."));
                }
                for (_, client) in delete_all(tx, &CLIENTS, cx.scope(), &id)? {
                    tx.delete(&NAMES, cx.scope(), &client)?;
                }
                delete_all(tx, &USERS, cx.scope(), &id)?;
                delete_all(tx, &GROUPS, cx.scope(), &id)?;
                delete_all(tx, &MEMBERS, cx.scope(), &id)?;
                delete_all(tx, &SESSIONS, cx.scope(), &id)?;
                delete_all(tx, &oauth::CODES, cx.scope(), &id)?;
                delete_all(tx, &NOBODIES, cx.scope(), &id)?;
                delete_all(tx, &DEVICES, cx.scope(), &id)?;
                delete_all(tx, &PASSKEYS, cx.scope(), &id)?;
                delete_all(tx, &EVENTS, cx.scope(), &id)?;
                delete_all(tx, &RISKS, cx.scope(), &id)?;
                delete_all(tx, &SIGN_INS, cx.scope(), &id)?;
                delete_all(tx, &RESOURCE_SERVERS, cx.scope(), &id)?;
                delete_all(tx, &PROVIDERS, cx.scope(), &id)?;
                keys::forget(tx, &Place { account: cx.account().into(), region: cx.region().into(), pool_id: id.clone() })?;
                inbox::forget(tx, cx.scope(), &id)?;
                tx.delete(&NAMES, cx.scope(), &id)?;
                tx.delete(&POOLS, cx.scope(), &id)
            })
            .await?;
        Ok(DeleteUserPoolOutput {})
    }

    /// Pools of the account and region.
    pub async fn list_user_pools(&self, cx: &Context, input: ListUserPoolsInput) -> Result<ListUserPoolsOutput, Fault> {
        let pools: Vec<Pool> =
            cx.store().read(|s| s.scan(&POOLS, cx.scope()).map(|row| row.map(|(_, pool)| pool)).collect::<Result<_, _>>())?;
        let page = kit::pages::page(pools, |p| p.id.clone(), input.next_token.as_deref(), input.max_results.max(1) as usize, bad_token)?;
        let brief = |pool: Pool| UserPoolDescriptionType {
            id: Some(pool.id),
            name: pool.settings.name,
            lambda_config: Some(pool.settings.lambda_config.unwrap_or_default()),
            last_modified_date: pool.settings.last_modified_date,
            creation_date: pool.settings.creation_date,
            status: None,
        };
        Ok(ListUserPoolsOutput { user_pools: Some(page.items.into_iter().map(brief).collect()), next_token: page.next })
    }
}

/// The fault for a token of a listing that is none of ours.
pub(crate) fn bad_token() -> Fault {
    bad("Invalid pagination token.")
}

fn described(pool: &Pool, users: usize) -> UserPoolType {
    UserPoolType { estimated_number_of_users: Some(users as i32), ..pool.settings.clone() }
}

/// Deletes all rows of a pool; their keys.
fn delete_all<K: Key, V: Serialize + DeserializeOwned>(
    tx: &mut Tx<'_>,
    table: &Table<K, V>,
    scope: &Scope,
    pool_id: &str,
) -> Result<Vec<K>, Fault> {
    let keys: Vec<K> = tx.scan(table, scope).prefix(&(pool_id,)).keys().collect::<Result<_, _>>()?;
    keys.iter().try_for_each(|key| tx.delete(table, scope, key).map(drop))?;
    Ok(keys)
}
