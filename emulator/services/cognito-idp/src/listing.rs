//! ListUsers over pools of any size: an exact value and the beginning of one go by an index, anything else walks the pool a slice at a time, so that sign-ins that
//! happen meanwhile don't wait for it.

use crate::{CognitoIdp, attributes::IDENTITIES, filter::Filter, model::*, pools::bad_token, state::*, users};
use kit::{Context, Fault, Read};

/// AWS's page.
const PAGE: usize = 60;
/// Rows read at once.
const SLICE: usize = 500;
/// Where more begin alike, a walk comes to the end of a page soon enough.
const MOST_ALIKE: usize = 2000;

impl CognitoIdp {
    /// Users of a pool that match the filter.
    pub async fn list_users(&self, cx: &Context, input: ListUsersInput) -> Result<ListUsersOutput, Fault> {
        let filter = Filter::parse(input.filter.as_deref().unwrap_or_default())?;
        let pool = cx.store().read(|s| pool(s, cx.scope(), &input.user_pool_id))?;
        if let Some(unknown) = input.attributes_to_get.iter().flatten().find(|name| pool.attribute(name).is_none() && *name != IDENTITIES) {
            return Err(bad(format!("Attributes do not exist in schema: {unknown}")));
        }
        let after = input.pagination_token.as_deref().map(|token| kit::pages::key_of(token).ok_or_else(bad_token)).transpose()?;
        let limit = input.limit.filter(|n| *n > 0).map_or(PAGE, |n| n as usize).min(PAGE);
        let indexed = exact(cx, &pool, &filter)?.map_or_else(|| beginning(cx, &pool, &filter), |users| Ok(Some(users)))?;
        let mut found = match indexed {
            Some(mut users) => {
                users.sort_by_key(|user| user.key(&pool));
                users.retain(|user| filter.takes(user) && after.as_ref().is_none_or(|after| user.key(&pool) > *after));
                users
            }
            None => walk(cx, &pool, &filter, after, limit + 1).await?,
        };
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|last| kit::pages::token(&last.key(&pool)));
        let users = found.iter().map(|user| users::described(user, input.attributes_to_get.as_deref())).collect();
        Ok(ListUsersOutput { users: Some(users), pagination_token: next })
    }
}

/// The users of a filter that an index answers.
fn exact(cx: &Context, pool: &Pool, filter: &Filter) -> Result<Option<Vec<User>>, Fault> {
    let Filter::One { attribute, prefix: false, value } = filter else { return Ok(None) };
    let id = pool.id.as_str();
    cx.store().read(|s| {
        let rows = match attribute.as_str() {
            "username" => return Ok(Some(s.get(&USERS, cx.scope(), &(id.to_owned(), pool.user_key(value)))?.into_iter().collect())),
            "sub" => s.by_index(&USERS, cx.scope(), "sub", &(id, value.as_str())),
            name if ALIASES.contains(&name) => s.by_index(&USERS, cx.scope(), "alias", &(id, name, value.to_lowercase())),
            _ => return Ok(None),
        };
        rows.map(|row| row.map(|(_, user)| user)).collect::<Result<Vec<_>, Fault>>().map(Some)
    })
}

/// The users of a filter by the beginning of a value, where an index knows it and there are not too many.
fn beginning(cx: &Context, pool: &Pool, filter: &Filter) -> Result<Option<Vec<User>>, Fault> {
    let Filter::One { attribute, prefix: true, value } = filter else { return Ok(None) };
    let id = pool.id.as_str();
    cx.store().read(|s| {
        let rows = match attribute.as_str() {
            "sub" => s.by_index(&USERS, cx.scope(), "sub", &(id,)).text_prefix(value),
            name if ALIASES.contains(&name) => s.by_index(&USERS, cx.scope(), "alias", &(id, name)).text_prefix(&value.to_lowercase()),
            _ => return Ok(None),
        };
        let found = rows.limit(MOST_ALIKE + 1).map(|row| row.map(|(_, user)| user)).collect::<Result<Vec<_>, Fault>>()?;
        Ok(Some(found).filter(|found| found.len() <= MOST_ALIKE))
    })
}

/// Walks the pool in the order of user names until there are enough.
async fn walk(cx: &Context, pool: &Pool, filter: &Filter, mut after: Option<String>, enough: usize) -> Result<Vec<User>, Fault> {
    let mut found = Vec::new();
    loop {
        let slice: Vec<(String, User)> = cx.store().read(|s| {
            let mut rows = s.scan(&USERS, cx.scope()).prefix(&(pool.id.as_str(),)).limit(SLICE);
            if let Filter::One { attribute, prefix: true, value } = filter
                && attribute == "username"
            {
                rows = rows.text_prefix(&pool.user_key(value));
            }
            if let Some(after) = &after {
                rows = rows.after(&(pool.id.as_str(), after.as_str()));
            }
            rows.map(|row| row.map(|((_, key), user)| (key, user))).collect::<Result<_, Fault>>()
        })?;
        let whole = slice.len() == SLICE;
        after = slice.last().map(|(key, _)| key.clone()).or(after);
        found.extend(slice.into_iter().map(|(_, user)| user).filter(|user| filter.takes(user)));
        if found.len() >= enough || !whole {
            found.truncate(enough);
            return Ok(found);
        }
        tokio::task::yield_now().await;
    }
}
