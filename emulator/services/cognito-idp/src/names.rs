//! From what a request carries (pool id, client id) to the pool, the client and the account and region they belong to.

use crate::{model::*, srp::hmac, state::*, triggers::Metadata};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::Mac;
use kit::{Context, Fault};
use subtle::ConstantTimeEq;

/// Tells of members that serve threat protection and Pinpoint, of which there is none here.
macro_rules! warn_unheard {
    ($cx:expr, $input:expr, $context:ident) => {
        if $input.analytics_metadata.is_some() {
            $cx.warn("AnalyticsMetadata has no effect");
        }
        if $input.$context.is_some() {
            $cx.warn("context data has no effect: there is no threat protection");
        }
    };
}
pub(crate) use warn_unheard;

/// A pool and one of its clients, and a context in their account and region.
pub(crate) struct Desk {
    pub cx: Context,
    pub pool: Pool,
    pub client: Client,
    /// What the client wants triggers to know.
    pub metadata: Metadata,
}

impl Desk {
    /// For operations that carry only a client id.
    pub fn of_client(cx: &Context, client_id: &str) -> Result<Desk, Fault> {
        let place = place(cx, client_id)?.filter(|p| p.pool_id != client_id).ok_or_else(|| no_such_client(client_id))?;
        Desk::open(cx.in_scope(place.scope()), &place.pool_id, client_id)
    }
    /// For operations of administrators: the pool is one of the caller's account and region.
    pub fn of_pool(cx: &Context, pool_id: &str, client_id: &str) -> Result<Desk, Fault> {
        Desk::open(cx.clone(), pool_id, client_id)
    }
    fn open(cx: Context, pool_id: &str, client_id: &str) -> Result<Desk, Fault> {
        let (pool, client) = cx.store().read(|s| {
            let pool = pool(s, cx.scope(), pool_id)?;
            let client = client(s, cx.scope(), pool_id, client_id)?;
            Ok::<_, Fault>((pool, client))
        })?;
        Ok(Desk { cx, pool, client, metadata: Metadata::new() })
    }
    /// With the ClientMetadata of the request.
    pub fn telling(mut self, metadata: Option<Metadata>) -> Desk {
        self.metadata = metadata.unwrap_or_default();
        self
    }

    /// Checks SECRET_HASH for a user name as the request carries it.
    pub fn check_secret(&self, username: &str, hash: Option<&str>) -> Result<(), Fault> {
        let id = self.client.id();
        let secrets = self.client.secrets();
        match hash {
            None if secrets.is_empty() => Ok(()),
            None => Err(not_authorized(format!("Client {id} is configured with secret but SECRET_HASH was not received"))),
            Some(hash) if secrets.iter().any(|secret| same(&secret_hash(secret, username, id), hash)) => Ok(()),
            Some(_) => Err(not_authorized(format!("Unable to verify secret hash for client {id}"))),
        }
    }

    /// SECRET_HASH as the client would send it: the hosted pages act for their client.
    pub fn own_hash(&self, username: &str) -> Option<String> {
        self.client.secrets().first().map(|secret| secret_hash(secret, username, self.client.id()))
    }

    /// Checks a client's own secret, as it proves itself where there is no user yet.
    pub fn check_client_secret(&self, given: Option<&str>) -> Result<(), Fault> {
        let id = self.client.id();
        let secrets = self.client.secrets();
        match given {
            None if secrets.is_empty() => Ok(()),
            None => Err(not_authorized(format!("Client {id} is configured with secret but ClientSecret was not received"))),
            Some(given) if secrets.iter().any(|secret| same(secret, given)) => Ok(()),
            Some(_) => Err(not_authorized(format!("Invalid client secret for client {id}"))),
        }
    }

    /// The user behind a name; unknown ones are a fault that tells, or not, as the client wants it.
    pub fn user(&self, login: &str, hidden: impl FnOnce() -> Fault) -> Result<User, Fault> {
        let found = self.cx.store().read(|s| find_user(s, self.cx.scope(), &self.pool, login))?;
        found.ok_or_else(|| if self.client.hides_users() { hidden() } else { no_such_user() })
    }

    /// The masked address that an unknown user's code pretends to go to.
    pub fn pretended_delivery(&self, login: &str) -> CodeDeliveryDetailsType {
        let first = login.chars().next().unwrap_or('a');
        CodeDeliveryDetailsType {
            destination: Some(format!("{first}***@{first}***")),
            delivery_medium: Some(DeliveryMediumType::Email),
            attribute_name: Some("email".into()),
        }
    }
}

fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

/// base64(HMAC-SHA256(secret, user name and client id)).
fn secret_hash(secret: &str, username: &str, client_id: &str) -> String {
    let mac = hmac(secret.as_bytes()).chain_update(username).chain_update(client_id);
    STANDARD.encode(mac.finalize().into_bytes())
}
