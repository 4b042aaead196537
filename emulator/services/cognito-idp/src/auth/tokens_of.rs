//! From a user who is proved to a sign-in that can be refreshed, and its tokens.

use super::Proven;
use crate::{
    CognitoIdp, clients, devices,
    model::*,
    names::Desk,
    protection::{self, Happened},
    state::*,
    tokens,
};
use kit::{Context, Fault, Tx};

impl CognitoIdp {
    /// Makes the sign-in and its tokens; `oauth` says what an OAuth client is granted.
    pub(crate) async fn sign_in(&self, desk: &Desk, proven: &Proven, oauth: Option<OAuthGrant>) -> Result<AuthenticationResultType, Fault> {
        let (cx, pool, user) = (&desk.cx, &desk.pool, &proven.user);
        let refresh = tokens::refresh_token(cx, pool);
        let life_secs = clients::validity(&desk.client).refresh_secs;
        let expires = cx.now().plus_ns(seconds(life_secs));
        // Hosted pages know no devices.
        let tracks = oauth.is_none() && pool.settings.device_configuration.is_some();
        let device = (tracks && proven.device_key.is_none()).then(|| devices::Device::fresh(cx, pool, user));
        let sign_in = SignIn {
            pool_id: pool.id.clone(),
            client_id: desk.client.id().into(),
            user_key: user.key(pool),
            origin_jti: cx.ids().uuid(),
            event_id: cx.ids().uuid(),
            auth_time: cx.now().secs(),
            token: tokens::hash(&refresh),
            before: Vec::new(),
            expires,
            // The last access token may have been taken just before, and lives a day at most.
            ends: expires.plus_ns(seconds(86_400)),
            oauth,
            device_key: proven.device_key.clone().or_else(|| device.as_ref().map(|d| d.key.clone())),
        };
        // What the function before tokens says comes first: where it fails there was no sign-in.
        let mut result = self.result(desk, user, &sign_in, Some(refresh), &proven.source).await?;
        cx.store()
            .write(|tx| {
                drop_ended(cx, tx, pool)?;
                if let Some(device) = &device {
                    devices::put(tx, cx.scope(), device)?;
                }
                tx.put(&SIGN_INS, cx.scope(), &(pool.id.clone(), sign_in.origin_jti.clone()), &sign_in)
            })
            .await?;
        protection::note(cx, pool, user, Happened::SignedIn(proven.proofs)).await?;
        result.new_device_metadata =
            device.map(|d| NewDeviceMetadataType { device_key: Some(d.key), device_group_key: Some(devices::group_key(pool, user)) });
        Ok(result)
    }
}

/// Rows of sign-ins that are over go with later sign-ins, a few at a time: no timer for each.
fn drop_ended(cx: &Context, tx: &mut Tx<'_>, pool: &Pool) -> Result<(), Fault> {
    use kit::Read;
    let mut ended = Vec::new();
    for row in tx.by_index(&SIGN_INS, cx.scope(), "end", &(pool.id.as_str(),)).limit(8) {
        let (key, sign_in) = row?;
        if sign_in.ends <= cx.now() {
            ended.push(key);
        }
    }
    ended.iter().try_for_each(|key| tx.delete(&SIGN_INS, cx.scope(), key).map(drop))
}
