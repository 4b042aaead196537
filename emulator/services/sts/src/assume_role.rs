//! AssumeRole: the trust policy decides, with external id, tags and session policies in view.

use crate::{
    Sts,
    model::*,
    session_policies,
    sessions::{Who, issue},
};
use kit::{Access, Arn, Authorize, Context, Fault, Need, Principal, RoleSession, Scope};

/// A session that assumes a role on gets an hour at most.
const CHAINED_SECS: i32 = 3600;

impl Sts {
    /// Credentials of a role's session.
    pub async fn assume_role(&self, cx: &Context, input: AssumeRoleInput) -> Result<AssumeRoleOutput, Fault> {
        refuse_unbuilt(&input)?;
        let arn = parsed(&input.role_arn)?;
        let role = cx.cloud().ports().roles()?.role(cx, &input.role_arn).ok_or_else(|| denied(cx, &input.role_arn))?;
        let chained = matches!(cx.principal(), Principal::Session(_));
        let most = if chained { CHAINED_SECS } else { role.max_session_secs as i32 };
        let seconds = input.duration_seconds.unwrap_or(3600);
        if seconds > most {
            return Err(too_long(chained));
        }
        let (session_policies, packed_policy_size) =
            session_policies::documents(cx, arn.account, input.policy.as_deref(), input.policy_arns.as_deref())?;
        let expires = kit::Timestamp::from_secs(cx.now().secs() + seconds as i64);
        let session = RoleSession {
            account: arn.account.into(),
            role_name: role.name.clone(),
            role_path: role.path,
            role_id: role.id.clone(),
            session_name: input.role_session_name.clone(),
            session_policies,
            tags: tags(&input)?,
            federated: None,
            expires,
        };
        let there = cx.in_scope(Scope::new(arn.account, cx.region()));
        let (access_key_id, row) = issue(&there, Who::Role(session), expires).await?;
        Ok(AssumeRoleOutput {
            credentials: Some(Credentials {
                access_key_id,
                secret_access_key: row.secret,
                session_token: row.token,
                expiration: Some(expires),
            }),
            assumed_role_user: Some(AssumedRoleUser {
                assumed_role_id: format!("{}:{}", role.id, input.role_session_name),
                arn: format!("arn:aws:sts::{}:assumed-role/{}/{}", arn.account, role.name, input.role_session_name),
            }),
            packed_policy_size,
            source_identity: None,
        })
    }
}

fn parsed(role_arn: &str) -> Result<Arn<'_>, Fault> {
    let arn = Arn::parse(role_arn).filter(|arn| arn.service == "iam" && arn.after("role/").is_some());
    arn.ok_or_else(|| Fault::new("ValidationError", 400, format!("{role_arn} is invalid")))
}

fn refuse_unbuilt(input: &AssumeRoleInput) -> Result<(), Fault> {
    let unbuilt = [
        ("TransitiveTagKeys", input.transitive_tag_keys.as_ref().is_some_and(|t| !t.is_empty())),
        ("SourceIdentity", input.source_identity.is_some()),
        ("SerialNumber", input.serial_number.is_some()),
        ("TokenCode", input.token_code.is_some()),
        ("ProvidedContexts", input.provided_contexts.as_ref().is_some_and(|p| !p.is_empty())),
    ];
    match unbuilt.iter().find(|(_, given)| *given) {
        Some((member, _)) => Err(Fault::new("NotImplemented", 501, format!("windtunnel does not take {member} in sts:AssumeRole yet."))),
        None => Ok(()),
    }
}

fn tags(input: &AssumeRoleInput) -> Result<Vec<(String, String)>, Fault> {
    let mut tags: Vec<(String, String)> = Vec::new();
    for tag in input.tags.iter().flatten() {
        if tags.iter().any(|(key, _)| key.eq_ignore_ascii_case(&tag.key)) {
            let message = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
            return Err(Fault::new("InvalidParameterValue", 400, message));
        }
        tags.push((tag.key.clone(), tag.value.clone()));
    }
    Ok(tags)
}

fn denied(cx: &Context, role_arn: &str) -> Fault {
    let who = cx.principal().arn();
    Fault::new("AccessDenied", 403, format!("User: {who} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"))
}

fn too_long(chained: bool) -> Fault {
    let message = match chained {
        true => "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        false => "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    };
    Fault::new("ValidationError", 400, message)
}

impl Authorize<Sts> for AssumeRoleInput {
    fn access(&self, _: &Sts, cx: &Context) -> Access {
        let account = Arn::parse(&self.role_arn).map_or(cx.account(), |arn| arn.account).to_owned();
        let mut need = Need::on("sts:AssumeRole", self.role_arn.clone()).owned_by(account).required();
        need = need.key("sts:RoleSessionName", self.role_session_name.clone());
        if let Some(id) = &self.external_id {
            need = need.key("sts:ExternalId", id.clone());
        }
        let tags: Vec<&Tag> = self.tags.iter().flatten().collect();
        if tags.is_empty() {
            return Access::Needs(vec![need]);
        }
        let mut tagging = need.clone();
        tagging.action = "sts:TagSession".into();
        let keys: Vec<String> = tags.iter().map(|t| t.key.clone()).collect();
        let with_tags = |need: Need| {
            let need = tags.iter().fold(need, |n, t| n.key(format!("aws:RequestTag/{}", t.key), t.value.clone()));
            need.keys("aws:TagKeys", keys.clone())
        };
        Access::Needs(vec![with_tags(need), with_tags(tagging)])
    }
}
