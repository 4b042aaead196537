//! GetSessionToken: temporary keys of a user or root.

use crate::{
    Sts,
    model::*,
    sessions::{Who, issue},
};
use kit::{Access, Authorize, Context, Fault, Principal, Timestamp};

impl Sts {
    /// Temporary keys with the caller's own permissions.
    pub async fn get_session_token(&self, cx: &Context, input: GetSessionTokenInput) -> Result<GetSessionTokenOutput, Fault> {
        if input.serial_number.is_some() || input.token_code.is_some() {
            return Err(Fault::new("NotImplemented", 501, "windtunnel does not take MFA codes in sts:GetSessionToken yet."));
        }
        let (who, default) = match cx.principal() {
            Principal::User(user) => {
                let (account, name, path, user_id) = (user.account.to_string(), user.name.clone(), user.path.clone(), user.user_id.clone());
                (Who::User { account, name, path, user_id }, 43_200)
            }
            Principal::Root { account } => (Who::Root { account: account.to_string() }, 3600),
            _ => return Err(Fault::new("AccessDenied", 403, "Cannot call GetSessionToken with session credentials")),
        };
        let seconds = input.duration_seconds.unwrap_or(default) as i64;
        let expires = Timestamp::from_secs(cx.now().secs() + seconds);
        let (access_key_id, row) = issue(cx, who, expires).await?;
        let credentials = Credentials { access_key_id, secret_access_key: row.secret, session_token: row.token, expiration: Some(expires) };
        Ok(GetSessionTokenOutput { credentials: Some(credentials) })
    }
}

impl Authorize<Sts> for GetSessionTokenInput {
    // AWS: no permissions are required, and an explicit deny does not apply either.
    fn access(&self, _: &Sts, _: &Context) -> Access {
        Access::Public
    }
}
