//! Temporary keys: rows that are found until some time after their end, so that the gateway can say that they expired.

use crate::Sts;
use kit::{
    BoxFuture, Cloud, Context, Fault, Need, Principal, Read, RoleSession, Scope, Table, TableScope, Timestamp, UserIdentity,
    ports::{self, TemporaryKey},
    store::{NewTask, TaskRow},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Access key id to session. Global: a signature names no account.
pub(crate) const SESSIONS: Table<String, Row> = Table::new("sts.sessions", TableScope::Global);
/// An expired key is told apart from an unknown one for so long.
const REMEMBERED_NS: i128 = 24 * 3600 * 1_000_000_000;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub secret: String,
    pub token: String,
    pub expires: Timestamp,
    pub who: Who,
}

/// Who signs with a temporary key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Who {
    Role(RoleSession),
    User { account: String, name: String, path: String, user_id: String },
    Root { account: String },
}

impl Who {
    fn principal(self) -> Principal {
        match self {
            Who::Role(session) => Principal::Session(Arc::new(session)),
            Who::User { account, name, path, user_id } => {
                Principal::User(Arc::new(UserIdentity { account: account.into(), name, path, user_id }))
            }
            Who::Root { account } => Principal::Root { account: account.into() },
        }
    }
}

/// Makes a key and keeps it.
pub(crate) async fn issue(cx: &Context, who: Who, expires: Timestamp) -> Result<(String, Row), Fault> {
    const TOKEN: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let id = format!("LSIA{}", cx.ids().upper(16));
    let token = format!("IQoJb3JpZ2luX2Vj{}", cx.ids().text(340, TOKEN));
    let row = Row { secret: cx.ids().text(40, TOKEN), token, expires, who };
    cx.store()
        .write(|tx| {
            tx.task(NewTask::new(cx.scope(), "sts", "forget", &id).at(expires.plus_ns(REMEMBERED_NS)));
            tx.put(&SESSIONS, cx.scope(), &id, &row)
        })
        .await?;
    Ok((id, row))
}

/// The task that removes a key long after its end.
pub(crate) async fn forget(cx: &Context, task: TaskRow) -> Result<(), Fault> {
    let id: String = task.payload()?;
    cx.store().write(|tx| tx.delete(&SESSIONS, cx.scope(), &id).map(drop)).await
}

impl ports::AccessKeys for Sts {
    fn find(&self, cloud: &Cloud, id: &str) -> Option<ports::AccessKey> {
        if !id.starts_with("LSIA") {
            return None;
        }
        let row = cloud.store().read(|s| s.get(&SESSIONS, &Scope::new("", ""), &id.to_owned())).ok()??;
        Some(ports::AccessKey {
            secret: row.secret,
            session_token: Some(row.token),
            principal: row.who.principal(),
            expires: Some(row.expires),
            active: true,
        })
    }
}

impl ports::Sessions for Sts {
    fn for_service<'a>(
        &'a self,
        cx: &'a Context,
        role_arn: &'a str,
        service: &'a str,
        session_name: &'a str,
        seconds: u32,
    ) -> BoxFuture<'a, Result<TemporaryKey, Fault>> {
        Box::pin(async move {
            let role = cx.cloud().ports().roles()?.role(cx, role_arn);
            let role = role.ok_or_else(|| Fault::new("AccessDenied", 403, format!("The role {role_arn} does not exist.")))?;
            let account = kit::Arn::parse(role_arn).map_or(cx.account(), |arn| arn.account).to_owned();
            let there = cx.in_scope(Scope::new(&account, cx.region()));
            let asking = there.as_service(service, &format!("arn:aws:lambda:{}:{account}:function:{session_name}", cx.region()), &account);
            asking.grant(&Need::on("sts:AssumeRole", role_arn).owned_by(&*account).required())?;
            let expires = cx.now().plus_ns(seconds as i128 * 1_000_000_000);
            let session = RoleSession {
                account: account.as_str().into(),
                role_name: role.name,
                role_path: role.path,
                role_id: role.id,
                session_name: session_name.to_owned(),
                session_policies: Vec::new(),
                tags: Vec::new(),
                federated: None,
                expires,
            };
            key_of(&there, session, expires).await
        })
    }

    fn for_identity<'a>(
        &'a self,
        cx: &'a Context,
        role_arn: &'a str,
        identity: ports::WebIdentity,
    ) -> BoxFuture<'a, Result<TemporaryKey, Fault>> {
        Box::pin(async move {
            let refused = || Fault::new("AccessDenied", 403, "Not authorized to perform sts:AssumeRoleWithWebIdentity");
            let role = cx.cloud().ports().roles()?.role(cx, role_arn).ok_or_else(refused)?;
            let account = kit::Arn::parse(role_arn).ok_or_else(refused)?.account;
            let there = cx.in_scope(Scope::new(account, cx.region()));
            let asking = there.with_principal(Principal::Federated { provider: identity.federation.provider.as_str().into() });
            for need in web_needs(role_arn, account, &identity) {
                asking.grant(&need)?;
            }
            let expires = Timestamp::from_secs(cx.now().secs() + i64::from(identity.seconds.min(role.max_session_secs)));
            let session = RoleSession {
                account: account.into(),
                role_name: role.name,
                role_path: role.path,
                role_id: role.id,
                session_name: identity.session_name,
                session_policies: identity.session_policies,
                tags: identity.tags,
                federated: Some(identity.federation),
                expires,
            };
            key_of(&there, session, expires).await
        })
    }
}

/// What a trust policy has to allow: the role, and tags where the token carries any.
fn web_needs(role_arn: &str, account: &str, identity: &ports::WebIdentity) -> Vec<Need> {
    let mut need = Need::on("sts:AssumeRoleWithWebIdentity", role_arn).owned_by(account).required();
    need = need.key("sts:RoleSessionName", identity.session_name.clone());
    need = identity.federation.keys.iter().fold(need, |need, (name, values)| need.keys(name.clone(), values.clone()));
    if identity.tags.is_empty() {
        return vec![need];
    }
    need = identity.tags.iter().fold(need, |need, (name, value)| need.key(format!("aws:RequestTag/{name}"), value.clone()));
    need = need.keys("aws:TagKeys", identity.tags.iter().map(|(name, _)| name.clone()).collect());
    let mut tagging = need.clone();
    tagging.action = "sts:TagSession".into();
    vec![need, tagging]
}

async fn key_of(there: &Context, session: RoleSession, expires: Timestamp) -> Result<TemporaryKey, Fault> {
    let (access_key_id, row) = issue(there, Who::Role(session.clone()), expires).await?;
    Ok(TemporaryKey { access_key_id, secret_access_key: row.secret, session_token: row.token, expires, session })
}
