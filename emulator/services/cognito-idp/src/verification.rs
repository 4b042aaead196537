//! Addresses that change: which of them are proved by a code, and whether the old one stays until then.

use crate::{
    codes::{self, Channel, Sent, Texts},
    model::*,
    state::*,
    triggers::Who,
};
use kit::{Context, Fault, Tx};
use std::collections::BTreeMap;

/// The addresses of a change that are to be proved.
pub(crate) struct Verification {
    channels: Vec<Channel>,
}

impl Verification {
    /// What a change of a user's attributes leads to. An address that an administrator says is verified needs no proof.
    pub fn plan(pool: &Pool, user: &User, changes: &BTreeMap<String, String>) -> Verification {
        let wants = |address: &&str| {
            changes.get(*address).is_some_and(|value| user.attributes.get(*address) != Some(value))
                && changes.get(&format!("{address}_verified")).is_none_or(|v| v != "true")
                && pool.auto_verified().iter().any(|a| a.as_str() == *address)
        };
        let channel = |address: &str| codes::attribute_channel(address, changes[address].clone());
        Verification { channels: ["email", "phone_number"].into_iter().filter(wants).filter_map(channel).collect() }
    }

    /// The words of the messages.
    pub async fn texts(&self, who: Who<'_>, user: &User) -> Result<Texts, Fault> {
        match self.channels.is_empty() {
            true => Ok(Texts::default()),
            false => who.message("UpdateUserAttribute", user).await,
        }
    }

    /// Sends the codes. Where the pool asks for proof first, the new address leaves the changes and waits with its code.
    pub fn send(
        &self,
        cx: &Context,
        tx: &mut Tx<'_>,
        pool: &Pool,
        user: &mut User,
        changes: &mut BTreeMap<String, String>,
        texts: &Texts,
    ) -> Result<Vec<(CodeDeliveryDetailsType, Sent)>, Fault> {
        let mut all = Vec::new();
        for channel in &self.channels {
            let pending = waits_for_proof(pool, channel.attribute).then(|| changes.remove(channel.attribute)).flatten();
            let sent = codes::send(cx, tx, pool, user, CodePurpose::Attribute, channel, pending, texts)?;
            all.push((channel.details(), sent));
        }
        Ok(all)
    }
}

fn waits_for_proof(pool: &Pool, address: &str) -> bool {
    let settings = pool.settings.user_attribute_update_settings.as_ref();
    settings
        .and_then(|s| s.attributes_require_verification_before_update.as_ref())
        .is_some_and(|list| list.iter().any(|a| a.as_str() == address))
}
