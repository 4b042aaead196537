//! What is the house's own: what the user told of addresses, and the key that seals tokens.

use crate::engine::{
    Tokens,
    addresses::{Place, Places},
};
use kit::{Context, Fault, Read, Table, TableScope};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// One row.
const OWN: Table<(), Own> = Table::new("wafv2.house", TableScope::Global);

/// What is kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Own {
    /// Changes with everything else.
    generation: String,
    /// Address blocks with what is known of them.
    addresses: BTreeMap<String, Place>,
    /// Seals tokens; empty until the first one is issued.
    token_key: Vec<u8>,
}

/// The row as it is used, made once for each generation.
#[derive(Default)]
pub(crate) struct House {
    held: Mutex<(String, Arc<Places>, Option<Tokens>)>,
}

impl House {
    /// What is known of addresses, and who checks tokens.
    pub fn now(&self, cx: &Context) -> Result<(Arc<Places>, Option<Tokens>), Fault> {
        let Some(own) = cx.store().read(|s| s.get(&OWN, cx.scope(), &()))? else { return Ok((Arc::default(), None)) };
        let mut held = self.held.lock();
        if held.0 != own.generation {
            let tokens = (!own.token_key.is_empty()).then(|| Tokens::new(&own.token_key));
            *held = (own.generation, Arc::new(Places::new(&own.addresses).map_err(Fault::internal)?), tokens);
        }
        Ok((held.1.clone(), held.2.clone()))
    }
}

/// What the user told.
pub(crate) fn addresses(cx: &Context) -> Result<BTreeMap<String, Place>, Fault> {
    Ok(cx.store().read(|s| s.get(&OWN, cx.scope(), &()))?.unwrap_or_default().addresses)
}

/// Puts what the user tells in the place of what was told.
pub(crate) async fn put_addresses(cx: &Context, addresses: BTreeMap<String, Place>) -> Result<(), Fault> {
    change(cx, |own| own.addresses = addresses).await
}

/// The issuer of tokens; makes its key when the first is issued.
pub(crate) async fn tokens(cx: &Context) -> Result<Tokens, Fault> {
    let own = cx.store().read(|s| s.get(&OWN, cx.scope(), &()))?.unwrap_or_default();
    if !own.token_key.is_empty() {
        return Ok(Tokens::new(&own.token_key));
    }
    let fresh = cx.ids().bytes().to_vec();
    change(cx, |own| {
        if own.token_key.is_empty() {
            own.token_key = fresh;
        }
    })
    .await?;
    let own = cx.store().read(|s| s.get(&OWN, cx.scope(), &()))?.unwrap_or_default();
    Ok(Tokens::new(&own.token_key))
}

async fn change(cx: &Context, change: impl FnOnce(&mut Own)) -> Result<(), Fault> {
    let generation = cx.ids().uuid();
    cx.store()
        .write(|tx| {
            let mut own = tx.get(&OWN, cx.scope(), &())?.unwrap_or_default();
            change(&mut own);
            own.generation = generation;
            tx.put(&OWN, cx.scope(), &(), &own)
        })
        .await
}
