//! Configurations of which a bucket may have many, each under an id: inventories, analytics, metrics. Kept as canonical JSON in rows of
//! their own, so that a bucket's row stays small.

use crate::{
    errors,
    state::{self, Found},
};
use kit::{Context, Fault, Read, Scope, Table, TableScope, Tx, pages};
use serde::{Deserialize, Serialize};
use wire::kept::Keep;

/// (bucket, kind, id)
const LISTED: Table<(String, String, String), Row> = Table::new("s3.listed", TableScope::Account);
/// Most configurations of one kind.
const MOST: usize = 1000;
/// Configurations of one page.
const PAGE: usize = 100;
/// Longest id.
const LONGEST_ID: usize = 64;

#[derive(Serialize, Deserialize)]
struct Row {
    configuration: serde_json::Value,
}

/// One page of a listing, in the terms that the three operations share.
pub(crate) struct Page<T> {
    /// Absent where empty: XML has no empty list.
    pub items: Option<Vec<T>>,
    pub next: Option<String>,
}

fn key(found: &Found, kind: &str, id: &str) -> (String, String, String) {
    (found.name.clone(), kind.to_owned(), id.to_owned())
}

fn missing() -> Fault {
    Fault::new("NoSuchConfiguration", 404, "The specified configuration does not exist.")
}

/// Ids are short and printable, as AWS's consoles make them.
pub(crate) fn check_id(id: &str) -> Result<(), Fault> {
    let well_formed = id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    match !id.is_empty() && id.len() <= LONGEST_ID && well_formed {
        true => Ok(()),
        false => Err(errors::invalid_argument("The configuration ID is invalid.", "id", id)),
    }
}

/// Keeps a configuration under its id, in place of one that was there.
pub(crate) fn put<T: Keep>(tx: &mut Tx<'_>, found: &Found, kind: &str, id: &str, configuration: &T) -> Result<(), Fault> {
    let key = key(found, kind, id);
    let prefix = (found.name.as_str(), kind);
    if !tx.exists(&LISTED, &found.scope, &key)? && tx.scan(&LISTED, &found.scope).prefix(&prefix).keys().count() >= MOST {
        let sentence = "You are attempting to create a new configuration but have already reached the 1,000-configuration limit.";
        return Err(Fault::new("TooManyConfigurations", 400, sentence));
    }
    tx.put(&LISTED, &found.scope, &key, &Row { configuration: configuration.keep() })
}

/// The configuration of an id.
pub(crate) fn get<T: Keep>(read: &impl Read, found: &Found, kind: &str, id: &str) -> Result<T, Fault> {
    let row = read.get(&LISTED, &found.scope, &key(found, kind, id))?.ok_or_else(missing)?;
    regain(&row)
}

/// Takes the configuration of an id away.
pub(crate) fn delete(tx: &mut Tx<'_>, found: &Found, kind: &str, id: &str) -> Result<(), Fault> {
    tx.delete(&LISTED, &found.scope, &key(found, kind, id))?.map(|_| ()).ok_or_else(missing)
}

/// A page of a kind's configurations, by id.
pub(crate) fn list<T: Keep>(cx: &Context, found: &Found, kind: &str, token: Option<&str>) -> Result<Page<T>, Fault> {
    let refused =
        || errors::invalid_argument("The continuation token provided is incorrect", "continuation-token", token.unwrap_or_default());
    let after = token.filter(|text| !text.is_empty()).map(|text| pages::key_of(text).ok_or_else(refused)).transpose()?;
    let rows = cx.store().read(|s| {
        let mut scan = s.scan(&LISTED, &found.scope).prefix(&(found.name.as_str(), kind));
        if let Some(after) = after {
            scan = scan.after(&key(found, kind, &after));
        }
        scan.limit(PAGE + 1).collect::<Result<Vec<_>, _>>()
    })?;
    let more = rows.len() > PAGE;
    let last = rows.iter().take(PAGE).next_back().map(|((_, _, id), _)| pages::token(id));
    let items = rows.iter().take(PAGE).map(|(_, row)| regain(row)).collect::<Result<Vec<T>, _>>()?;
    Ok(Page { items: (!items.is_empty()).then_some(items), next: last.filter(|_| more) })
}

/// All of a kind, of a bucket of an account.
pub(crate) fn all<T: Keep>(read: &impl Read, scope: &Scope, bucket: &str, kind: &str) -> Result<Vec<T>, Fault> {
    read.scan(&LISTED, scope).prefix(&(bucket, kind)).map(|row| regain(&row?.1)).collect()
}

/// Everything of a bucket goes with it.
pub(crate) fn forget(tx: &mut Tx<'_>, found: &Found) -> Result<(), Fault> {
    let keys: Vec<_> = tx.scan(&LISTED, &found.scope).prefix(&(found.name.as_str(),)).keys().collect::<Result<_, _>>()?;
    keys.iter().try_for_each(|key| tx.delete(&LISTED, &found.scope, key).map(|_| ()))
}

fn regain<T: Keep>(row: &Row) -> Result<T, Fault> {
    T::regain(&row.configuration).map_err(|problem| Fault::internal(format!("a kept configuration can't be read: {problem}")))
}

/// Puts a configuration in a transaction of its own.
pub(crate) async fn store<T: Keep>(cx: &Context, found: &Found, kind: &str, id: &str, configuration: &T) -> Result<(), Fault> {
    cx.store().write(|tx| put(tx, &state::find(tx, &found.name)?, kind, id, configuration)).await
}

/// Deletes a configuration in a transaction of its own.
pub(crate) async fn remove(cx: &Context, found: &Found, kind: &str, id: &str) -> Result<(), Fault> {
    cx.store().write(|tx| delete(tx, &state::find(tx, &found.name)?, kind, id)).await
}
