//! The session of a browser at a domain: who signed in on the pages need not do so again for an hour, for any client of the pool.

use super::visit::Visit;
use crate::{
    auth::{Proofs, Proven},
    seal,
    state::{USERS, User},
};
use kit::Read;
use serde::{Deserialize, Serialize};

/// AWS's name and length.
const COOKIE: &str = "cognito";
const LIFE_SECS: i64 = 3600;

#[derive(Serialize, Deserialize)]
struct Session {
    user: String,
    sub: String,
    expires: i64,
}

/// The cookie of a user who has just proved who he is.
pub(crate) fn begin(visit: &Visit, user: &User) -> String {
    let session = Session { user: user.key(&visit.pool), sub: user.sub.clone(), expires: visit.cx.now().secs() + LIFE_SECS };
    visit.set_cookie(COOKIE, &seal::seal(&visit.pool.secret, "hosted", &session), Some(LIFE_SECS))
}

/// The user of the browser's session, where it has one and the user may still sign in.
pub(crate) fn current(visit: &Visit) -> Option<Proven> {
    let session: Session = seal::open(&visit.pool.secret, "hosted", visit.cookie(COOKIE)?)?;
    let key = (visit.pool.id.clone(), session.user);
    let user = visit.cx.store().read(|s| s.get(&USERS, visit.cx.scope(), &key)).ok()??;
    let fits = session.expires > visit.cx.now().secs() && user.sub == session.sub && !user.disabled;
    fits.then(|| super::proven(user, None, Proofs::default()))
}

/// The cookie that ends a session.
pub(crate) fn end(visit: &Visit) -> String {
    visit.set_cookie(COOKIE, "", Some(0))
}
