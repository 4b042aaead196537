//! The first factor when it is the proof of a password by SRP. The exchange needs no row: the SECRET_BLOCK carries the client's side, and
//! the server's secret number is derived from it.

use super::{Course, Parameters, Step, parameters, required, sessions, standing_at_first, wrong};
use crate::{CognitoIdp, model::*, names::Desk, nobody, seal, srp, state::*};
use base64::{Engine, engine::general_purpose::STANDARD};
use kit::Fault;
use serde::{Deserialize, Serialize};

/// What a SECRET_BLOCK carries.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Block {
    /// The user's key; absent for a user who is not there and must not be seen not to be.
    pub user: Option<String>,
    /// USER_ID_FOR_SRP, or the device's key.
    pub name: String,
    /// The name that the client began with: wrong tries at nobody are counted under it.
    pub login: String,
    pub client: String,
    /// The client's public number.
    pub a: String,
    pub nonce: String,
    pub expires: i64,
    pub course: Course,
    /// The session of a custom sign-in that waits for this proof.
    pub custom: Option<String>,
}

impl CognitoIdp {
    /// By USERNAME and SRP_A.
    pub(super) async fn by_srp(&self, desk: &Desk, given: Parameters) -> Result<Step, Fault> {
        let username = required(&given, "USERNAME")?;
        let a = required(&given, "SRP_A")?;
        desk.check_secret(username, given.get("SECRET_HASH").map(String::as_str))?;
        let user = desk.cx.store().read(|s| find_user(s, desk.cx.scope(), &desk.pool, username))?;
        if user.is_none() && !desk.client.hides_users() {
            return Err(no_such_user());
        }
        match &user {
            Some(user) => standing_at_first(desk, user)?,
            None => nobody::check_lock(desk, username)?,
        }
        desk.who().pre_authentication(username, user.as_ref()).await?;
        let course = Course { device_key: given.get("DEVICE_KEY").cloned(), ..Course::default() };
        exchange(desk, username, user, a, course, None)
    }

    /// The client's proof.
    pub(super) async fn password_verifier(&self, desk: &Desk, responses: &Parameters) -> Result<Step, Fault> {
        let (cx, pool) = (&desk.cx, &desk.pool);
        let (block, bytes) = open_block(desk, responses, "srp")?;
        let login = &responses["USERNAME"];
        let user = match &block.user {
            Some(key) => cx.store().read(|s| {
                let named = find_user(s, cx.scope(), pool, login)?.filter(|u| u.key(pool) == *key);
                Ok::<_, Fault>(named)
            })?,
            None => None,
        };
        // For nobody the sums are done too, so that time tells nothing.
        let verifier = user.as_ref().and_then(|u| u.password.clone());
        let known = verifier.is_some();
        let verifier = verifier.unwrap_or_else(|| pretended_verifier(pool, &block.login));
        let right = proves(desk, &block, &verifier, pool.srp_name(), &bytes, responses) && known;
        if let Some(id) = &block.custom {
            return self.custom_after_srp(desk, id, user, right).await;
        }
        let Some(user) = user else {
            nobody::check_lock(desk, &block.login)?;
            nobody::count(desk, &block.login).await?;
            return Err(wrong());
        };
        standing_at_first(desk, &user)?;
        if right {
            spend(desk, &block).await?;
        }
        let mut course = block.course;
        course.device_key = responses.get("DEVICE_KEY").cloned().or(course.device_key);
        self.after_password(desk, user, right, &course).await
    }
}

/// Notes that a proof was taken: until it would be too old anyway, the same one is as good as a wrong one.
pub(super) async fn spend(desk: &Desk, block: &Block) -> Result<(), Fault> {
    sessions::spend(desk, format!("srp/{}", block.nonce), block.expires).await
}

/// Asks for the proof of a password.
pub(super) fn exchange(
    desk: &Desk,
    login: &str,
    user: Option<User>,
    a: &str,
    course: Course,
    custom: Option<String>,
) -> Result<Step, Fault> {
    srp::client_public(a).ok_or_else(|| bad("Invalid SRP_A"))?;
    let (cx, pool) = (&desk.cx, &desk.pool);
    let verifier = user.as_ref().and_then(|u| u.password.clone()).unwrap_or_else(|| pretended_verifier(pool, login));
    let block = Block {
        user: user.as_ref().filter(|u| u.password.is_some()).map(|u| u.key(pool)),
        name: user.map_or_else(|| desk.pretended_name(login), |u| u.username),
        login: login.into(),
        client: desk.client.id().into(),
        a: a.into(),
        nonce: cx.ids().hex(32),
        expires: sessions::end(desk),
        course,
        custom,
    };
    let b_public = srp::server_public(&verifier, &server_secret(pool, &block));
    let asked = parameters([
        ("SALT", verifier.salt_hex()),
        ("SECRET_BLOCK", seal::seal(&pool.secret, "srp", &block)),
        ("SRP_B", b_public.to_str_radix(16)),
        ("USERNAME", block.name.clone()),
        ("USER_ID_FOR_SRP", block.name),
    ]);
    Ok(Step::Challenge { name: ChallengeNameType::PasswordVerifier, session: None, parameters: asked, available: Vec::new() })
}

/// The block of an answer, and its bytes.
pub(super) fn open_block(desk: &Desk, responses: &Parameters, purpose: &str) -> Result<(Block, Vec<u8>), Fault> {
    let text = required(responses, "PASSWORD_CLAIM_SECRET_BLOCK")?;
    let block: Block = seal::open(&desk.pool.secret, purpose, text).ok_or_else(wrong)?;
    if block.client != desk.client.id() || block.expires <= desk.cx.now().secs() {
        return Err(sessions::expired());
    }
    Ok((block, STANDARD.decode(text).map_err(|_| wrong())?))
}

/// Whether the answer proves the password behind a verifier.
pub(super) fn proves(desk: &Desk, block: &Block, verifier: &srp::Verifier, group: &str, bytes: &[u8], responses: &Parameters) -> bool {
    let (Some(signature), Some(timestamp)) = (responses.get("PASSWORD_CLAIM_SIGNATURE"), responses.get("TIMESTAMP")) else { return false };
    let Some(a_public) = srp::client_public(&block.a) else { return false };
    let b = server_secret(&desk.pool, block);
    srp::is_timestamp(timestamp) && srp::signed(verifier, &a_public, &b, group, &block.name, bytes, timestamp, signature)
}

/// The server's secret number of an exchange.
pub(super) fn server_secret(pool: &Pool, block: &Block) -> [u8; 32] {
    seal::derive(&pool.secret, "srp-b", format!("{}/{}/{}", block.nonce, block.name, block.a).as_bytes())
}

/// A verifier for a user who is not there: always the same, so that asking twice tells nothing.
pub(super) fn pretended_verifier(pool: &Pool, username: &str) -> srp::Verifier {
    let salt = seal::derive(&pool.secret, "salt", username.as_bytes())[..16].to_vec();
    let verifier = (0u8..12).flat_map(|n| seal::derive(&pool.secret, "verifier", &[&[n], username.as_bytes()].concat())).collect();
    srp::Verifier { salt, verifier }
}
