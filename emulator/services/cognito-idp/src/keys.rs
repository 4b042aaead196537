//! Signing keys: two per pool, taken from a stock that a background thread of the process keeps.
//!
//! Making an RSA key costs a good part of a second, so nothing waits for one before a token is needed: the first pool wakes the thread,
//! and a pool takes its keys with its first token or JWKS. The keys live in the store; the fields here only spare reading them again.

use crate::state::{POOLS, Place};
use kit::{Context, Fault, Read, Scope, Table, TableScope, Timestamp};
use parking_lot::Mutex;
use rsa::{
    Pkcs1v15Sign, RsaPrivateKey, RsaPublicKey,
    pkcs1::{DecodeRsaPrivateKey, EncodeRsaPrivateKey},
    traits::PublicKeyParts,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, LazyLock},
};
use tokio::sync::Notify;

/// Keys by pool.
const KEYS: Table<String, PoolKeys> = Table::new("cognito-idp.keys", TableScope::Region);
/// How many keys wait to be taken once a pool has been made.
const STOCK: usize = 2;

/// The two keys of a pool, and those before them as long as a token of theirs may live.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct PoolKeys {
    id: StoredKey,
    access: StoredKey,
    retired: Vec<RetiredKey>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct RetiredKey {
    key: StoredKey,
    until: Timestamp,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct StoredKey {
    kid: String,
    /// PKCS #1, DER.
    der: Vec<u8>,
}

/// A key that signs tokens.
pub(crate) struct Signer {
    pub kid: String,
    key: RsaPrivateKey,
}

/// The keys of a pool, ready to sign.
#[derive(Clone)]
pub(crate) struct PoolSigners {
    /// Signs id tokens.
    pub id: Arc<Signer>,
    /// Signs access tokens.
    pub access: Arc<Signer>,
    /// Sign no more; tokens of theirs are still taken.
    pub retired: Vec<Arc<Signer>>,
}

impl PoolSigners {
    /// All whose tokens are taken.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Signer>> {
        [&self.id, &self.access].into_iter().chain(&self.retired)
    }
}

/// Keys that were read from the store; rebuilt when lost. By cloud, for one service object may serve several only in tests.
#[derive(Default)]
pub(crate) struct Signers {
    read: Mutex<HashMap<String, PoolSigners>>,
}

impl Signer {
    /// The RS256 signature.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        let digest = Sha256::digest(message);
        self.key.sign(Pkcs1v15Sign::new::<Sha256>(), &digest).map_err(|e| Fault::internal(format!("a token can't be signed: {e}")))
    }
    /// Whether this key made the signature.
    pub fn made(&self, message: &[u8], signature: &[u8]) -> bool {
        let public: &RsaPublicKey = self.key.as_ref();
        public.verify(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(message), signature).is_ok()
    }
    /// Modulus and exponent, big endian.
    pub fn public(&self) -> (Vec<u8>, Vec<u8>) {
        (self.key.n().to_bytes_be(), self.key.e().to_bytes_be())
    }
    fn read(stored: &StoredKey) -> Result<Arc<Signer>, Fault> {
        let key = RsaPrivateKey::from_pkcs1_der(&stored.der).map_err(|e| Fault::internal(format!("a stored key can't be read: {e}")))?;
        Ok(Arc::new(Signer { kid: stored.kid.clone(), key }))
    }
}

impl Signers {
    /// The keys of a pool that has some already.
    pub fn known(&self, cx: &Context, scope: &Scope, pool_id: &str) -> Result<Option<PoolSigners>, Fault> {
        // Pools of two clouds never share an id in practice, but a loaded snapshot may bring other keys for the same pool.
        let Some(stored) = cx.store().read(|s| s.get(&KEYS, scope, &pool_id.to_owned()))? else { return Ok(None) };
        let living: Vec<&RetiredKey> = stored.retired.iter().filter(|r| r.until > cx.now()).collect();
        if let Some(signers) = self.read.lock().get(pool_id).filter(|s| s.id.kid == stored.id.kid && s.retired.len() == living.len()) {
            return Ok(Some(signers.clone()));
        }
        let retired = living.iter().map(|r| Signer::read(&r.key)).collect::<Result<_, _>>()?;
        let signers = PoolSigners { id: Signer::read(&stored.id)?, access: Signer::read(&stored.access)?, retired };
        self.read.lock().insert(pool_id.to_owned(), signers.clone());
        Ok(Some(signers))
    }

    /// The keys of a pool; it takes them from the stock when it has none.
    pub async fn of(&self, cx: &Context, pool_id: &str) -> Result<PoolSigners, Fault> {
        if let Some(signers) = self.known(cx, cx.scope(), pool_id)? {
            return Ok(signers);
        }
        let keys = PoolKeys { id: fresh(cx).await?, access: fresh(cx).await?, retired: Vec::new() };
        cx.store()
            .write(|tx| {
                // Another request may have been first, and a deleted pool takes no keys.
                let id = pool_id.to_owned();
                match tx.exists(&POOLS, cx.scope(), &id)? && !tx.exists(&KEYS, cx.scope(), &id)? {
                    true => tx.put(&KEYS, cx.scope(), &id, &keys),
                    false => Ok(()),
                }
            })
            .await?;
        self.known(cx, cx.scope(), pool_id)?
            .ok_or_else(|| crate::Error::ResourceNotFound.says(format!("User pool {pool_id} does not exist.")))
    }
}

/// Gives a pool two other keys. The ones before stay known for a day, the longest life of a token.
pub(crate) async fn rotate(cx: &Context, pool_id: &str) -> Result<(), Fault> {
    let (id, access) = (fresh(cx).await?, fresh(cx).await?);
    cx.store()
        .write(|tx| {
            let name = pool_id.to_owned();
            let Some(there) = tx.get(&KEYS, cx.scope(), &name)? else { return Ok(()) };
            let until = cx.now().plus_ns(crate::state::seconds(86_400));
            let mut retired: Vec<RetiredKey> = there.retired.into_iter().filter(|r| r.until > cx.now()).collect();
            retired.extend([there.id, there.access].map(|key| RetiredKey { key, until }));
            tx.put(&KEYS, cx.scope(), &name, &PoolKeys { id, access, retired })
        })
        .await
}

/// Takes a pool's keys away with the pool.
pub(crate) fn forget(tx: &mut kit::Tx<'_>, place: &Place) -> Result<(), Fault> {
    tx.delete(&KEYS, &place.scope(), &place.pool_id).map(drop)
}

async fn fresh(cx: &Context) -> Result<StoredKey, Fault> {
    let key = take().await;
    let der = key.to_pkcs1_der().map_err(|e| Fault::internal(format!("a key can't be written: {e}")))?;
    // As AWS's kids look: 32 bytes in base64.
    let kid = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, cx.ids().bytes());
    Ok(StoredKey { kid, der: der.as_bytes().to_vec() })
}

/// Keys that wait, shared by all clouds of the process.
#[derive(Default)]
struct Stock {
    state: Mutex<StockState>,
    made: Notify,
}

#[derive(Default)]
struct StockState {
    ready: VecDeque<RsaPrivateKey>,
    wanted: usize,
    at_work: bool,
}

static KEY_STOCK: LazyLock<Stock> = LazyLock::new(Stock::default);

/// Lets the background thread fill the stock; returns at once.
pub(crate) fn prepare() {
    want(0);
}

/// One key out of the stock; waits for the thread when it is empty.
async fn take() -> RsaPrivateKey {
    want(1);
    loop {
        let made = KEY_STOCK.made.notified();
        tokio::pin!(made);
        made.as_mut().enable();
        let ready = KEY_STOCK.state.lock().ready.pop_front();
        if let Some(key) = ready {
            want(0);
            return key;
        }
        made.await;
    }
}

fn want(more: usize) {
    let mut state = KEY_STOCK.state.lock();
    state.wanted += more;
    if !state.at_work && (state.ready.len() < STOCK || state.wanted > 0) {
        state.at_work = true;
        std::thread::Builder::new().name("cognito-keys".into()).spawn(fill).map(drop).unwrap_or_else(|_| state.at_work = false);
    }
}

/// The background thread: fills the stock and ends.
fn fill() {
    // The stock outlives clouds, so its seed is none of theirs: the moment at which the thread begins.
    let moment = kit::Clock::new(None, kit::ClockMode::Running).real_now().unix_ns as u64;
    let mut rng = kit::Ids::new(moment, std::process::id().into()).rng();
    loop {
        {
            let mut state = KEY_STOCK.state.lock();
            if state.wanted == 0 && state.ready.len() >= STOCK {
                state.at_work = false;
                return;
            }
            state.wanted = state.wanted.saturating_sub(1);
        }
        if let Ok(key) = RsaPrivateKey::new(&mut rng, 2048) {
            KEY_STOCK.state.lock().ready.push_back(key);
            KEY_STOCK.made.notify_waiters();
        }
    }
}
