//! From what a request carries (pool id, client id) to the pool, the client and the account and region they belong to.

use crate::{attributes, codes::Channel, model::*, seal, srp::hmac, state::*, triggers::Metadata};
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

    /// The masked address that an unknown user's code pretends to go to: of the kind that the name has, or that the pool verifies.
    pub fn pretended_delivery(&self, login: &str) -> CodeDeliveryDetailsType {
        let verifies = |attribute| self.pool.auto_verified().contains(&attribute);
        let phones = verifies(VerifiedAttributeType::PhoneNumber) && !verifies(VerifiedAttributeType::Email);
        let phone = attributes::is_phone(login) || (phones && !attributes::is_email(login));
        self.pretended_address(login, if phone { "phone_number" } else { "email" })
    }
    /// The name itself where it is such an address; else one that is always the same for the name, so that asking twice tells nothing.
    pub fn pretended_address(&self, login: &str, attribute: &'static str) -> CodeDeliveryDetailsType {
        let drawn = seal::derive(&self.pool.secret, "address", self.pool.user_key(login).as_bytes());
        let letter = |n: usize| char::from(b'a' + drawn[n] % 26);
        let address = match attribute {
            "email" if attributes::is_email(login) => login.to_owned(),
            "email" => format!("{}@{}", letter(0), letter(1)),
            _ if attributes::is_phone(login) => login.to_owned(),
            _ => format!("+{:04}", u16::from_be_bytes([drawn[2], drawn[3]]) % 10_000),
        };
        Channel { attribute, address }.details()
    }
    /// The user name that an unknown user's challenges show. Who signs in by an address is known by an id within, so nobody is, too: always
    /// the same one for a name (AWS's documentation of PreventUserExistenceErrors).
    pub fn pretended_name(&self, login: &str) -> String {
        let address = attributes::is_email(login) || attributes::is_phone(login);
        if self.pool.username_attributes().is_empty() && (self.pool.alias_attributes().is_empty() || !address) {
            return login.to_owned();
        }
        let hex = kit::hex(&seal::derive(&self.pool.secret, "sub", self.pool.user_key(login).as_bytes())[..16]);
        format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
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
