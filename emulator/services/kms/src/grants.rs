//! Grants: what a key's owner lets a principal do beside the key policy.

use crate::{Error, Kms, find, model::*, policies, rules, rules::invalid, state::*};
use kit::{Arn, Context, Fault, Principal, Read, ports::EncryptionContext};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Statements of one grantee's grants on one key, in bytes: they are judged together with the key policy. AWS counts grants
/// (50,000 of a key) instead; this leaves room for about a hundred grants of one grantee.
const LARGEST: usize = 30 << 10;
/// Grants of one key; AWS's quota.
const MOST: usize = 50_000;
/// Pairs of a constraint; AWS's quota.
const MOST_PAIRS: usize = 8;

impl Kms {
    /// Lets a principal do something with a key.
    pub async fn create_grant(&self, cx: &Context, input: CreateGrantInput) -> Result<CreateGrantOutput, Fault> {
        rules::grant_tokens(cx, &input.grant_tokens)?;
        check(cx, &input)?;
        let fresh = fresh(cx, &input);
        let dry_run = input.dry_run;
        let grant = cx.store().write(|tx| put(tx, cx, &input, fresh).and_then(|grant| rules::dry_run(dry_run).map(|()| grant))).await?;
        Ok(CreateGrantOutput { grant_token: Some(grant.token), grant_id: Some(grant.id) })
    }

    /// Grants of a key.
    pub async fn list_grants(&self, cx: &Context, input: ListGrantsInput) -> Result<ListGrantsOutput, Fault> {
        let key = cx.store().read(|s| find::by_id_or_arn(s, cx, &input.key_id))?;
        let fits = |grant: &StoredGrant| {
            input.grant_id.as_ref().is_none_or(|id| grant.id == *id)
                && input.grantee_principal.as_ref().is_none_or(|grantee| grant.grantee == *grantee)
        };
        let entries: Vec<GrantListEntry> = cx.store().read(|s| {
            let all = s.scan(&GRANTS, &key.scope()).prefix(&(key.id.as_str(),));
            all.filter(|row| row.as_ref().map_or(true, |(_, grant)| fits(grant)))
                .map(|row| row.map(|(_, grant)| entry(grant)))
                .collect::<Result<_, Fault>>()
        })?;
        listed(entries, &input.marker, input.limit)
    }

    /// Ends a grant, by the key's owner.
    pub async fn revoke_grant(&self, cx: &Context, input: RevokeGrantInput) -> Result<RevokeGrantOutput, Fault> {
        cx.store()
            .write(|tx| {
                let key = find::by_id_or_arn(tx, cx, &input.key_id)?;
                find::not_pending(&key)?;
                let row = (key.id.clone(), input.grant_id.clone());
                if tx.delete(&GRANTS, &key.scope(), &row)?.is_none() {
                    return Err(missing(&input.grant_id));
                }
                rules::dry_run(input.dry_run)
            })
            .await?;
        Ok(RevokeGrantOutput {})
    }
}

pub(crate) fn missing(id: &str) -> Fault {
    Error::NotFound.says(format!("Grant ID {id} not found"))
}

/// A grant that lets a service decrypt under a context, made on behalf of whoever calls that service.
pub(crate) async fn lend(cx: &Context, key_arn: &str, service: &str, context: &EncryptionContext) -> Result<String, Fault> {
    let input = CreateGrantInput {
        key_id: key_arn.to_owned(),
        grantee_principal: service.to_owned(),
        operations: vec![GrantOperation::Decrypt],
        constraints: Some(GrantConstraints { encryption_context_subset: Some(context.clone()), ..GrantConstraints::default() }),
        // By its name the same grant is found again.
        name: Some(context.iter().fold(service.to_owned(), |name, (key, value)| format!("{name}/{key}={value}"))),
        ..CreateGrantInput::default()
    };
    let fresh = fresh(cx, &input);
    Ok(cx.store().write(|tx| put(tx, cx, &input, fresh)).await?.id)
}

/// Ends a grant by its id; one that is gone is fine.
pub(crate) async fn take_back(cx: &Context, key_arn: &str, id: &str) -> Result<(), Fault> {
    let Some(key) = find::by_arn(cx, key_arn) else { return Ok(()) };
    cx.store().write(|tx| tx.delete(&GRANTS, &key.scope(), &(key.id.clone(), id.to_owned())).map(drop)).await
}

fn fresh(cx: &Context, input: &CreateGrantInput) -> StoredGrant {
    StoredGrant {
        id: cx.ids().hex(64),
        token: cx.ids().text(120, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"),
        key_arn: String::new(),
        key_id: String::new(),
        name: input.name.clone(),
        grantee: input.grantee_principal.clone(),
        retirer: input.retiring_principal.clone(),
        issuer: format!("arn:aws:iam::{}:root", cx.principal().account().unwrap_or(cx.account())),
        operations: input.operations.clone(),
        constraints: input.constraints.clone(),
        created: cx.now(),
    }
}

fn check(cx: &Context, input: &CreateGrantInput) -> Result<(), Fault> {
    for principal in [Some(&input.grantee_principal), input.retiring_principal.as_ref()].into_iter().flatten() {
        let is_principal = Arn::parse(principal).is_some_and(|arn| matches!(arn.service, "iam" | "sts") && arn.account.len() == 12);
        if !is_principal || !policies::exists(cx, principal) {
            return Err(Error::InvalidArn.says(format!("ARN does not refer to a valid principal: {principal}")));
        }
    }
    if input.operations.is_empty() {
        return Err(invalid("Operations must name at least one operation"));
    }
    let constraints = input.constraints.as_ref();
    let pairs = constraints.into_iter().flat_map(|c| [&c.encryption_context_subset, &c.encryption_context_equals]).flatten();
    for context in pairs {
        if context.len() > MOST_PAIRS {
            return Err(invalid(format!("A grant constraint can have at most {MOST_PAIRS} encryption context pairs")));
        }
        rules::context(&Some(context.clone()))?;
    }
    Ok(())
}

/// Puts the grant; one of the same name and content is there already when a call is repeated.
fn put(tx: &mut kit::Tx<'_>, cx: &Context, input: &CreateGrantInput, mut fresh: StoredGrant) -> Result<StoredGrant, Fault> {
    let key = find::by_id_or_arn(tx, cx, &input.key_id)?;
    find::usable(&key)?;
    valid_for(&key, &input.operations)?;
    fresh.key_id.clone_from(&key.id);
    fresh.key_arn.clone_from(&key.arn);
    let scope = key.scope();
    let there: Vec<StoredGrant> =
        tx.scan(&GRANTS, &scope).prefix(&(key.id.as_str(),)).map(|row| row.map(|(_, g)| g)).collect::<Result<_, Fault>>()?;
    let same = |g: &StoredGrant| {
        fresh.name.is_some()
            && (&g.name, &g.grantee, &g.retirer, &g.operations, &g.constraints)
                == (&fresh.name, &fresh.grantee, &fresh.retirer, &fresh.operations, &fresh.constraints)
    };
    if let Some(same) = there.iter().find(|g| same(g)) {
        return Ok(same.clone());
    }
    let held = there.iter().filter(|g| g.grantee == fresh.grantee).chain([&fresh]);
    let size: usize = held.flat_map(statements).map(|statement| statement.to_string().len()).sum();
    if there.len() >= MOST || size > LARGEST {
        return Err(Error::LimitExceeded.says(format!("{} has too many grants for {} already.", key.arn, fresh.grantee)));
    }
    tx.put(&GRANTS, &scope, &(key.id, fresh.id.clone()), &fresh)?;
    Ok(fresh)
}

/// Refuses operations that the key can't do.
fn valid_for(key: &Key, operations: &[GrantOperation]) -> Result<(), Fault> {
    use GrantOperation::*;
    let fits = |operation: &GrantOperation| match operation {
        CreateGrant | RetireGrant | DescribeKey => true,
        Encrypt | Decrypt | ReEncryptFrom | ReEncryptTo => key.usage == KeyUsageType::EncryptDecrypt,
        GenerateDataKey | GenerateDataKeyWithoutPlaintext | GenerateDataKeyPair | GenerateDataKeyPairWithoutPlaintext => key.is_symmetric(),
        Sign | Verify => key.usage == KeyUsageType::SignVerify,
        GetPublicKey => !key.is_symmetric() && key.usage != KeyUsageType::GenerateVerifyMac,
        GenerateMac | VerifyMac => key.usage == KeyUsageType::GenerateVerifyMac,
        DeriveSharedSecret => false,
    };
    match operations.iter().find(|operation| !fits(operation)) {
        None => Ok(()),
        Some(operation) => {
            Err(invalid(format!("The operation {operation} is not valid for key spec {} and usage {}", key.spec, key.usage)))
        }
    }
}

/// A grant as the lists tell of it.
pub(crate) fn entry(grant: StoredGrant) -> GrantListEntry {
    GrantListEntry {
        key_id: Some(grant.key_arn),
        grant_id: Some(grant.id),
        name: grant.name,
        creation_date: Some(grant.created),
        grantee_principal: Some(grant.grantee),
        retiring_principal: grant.retirer,
        issuing_account: Some(grant.issuer),
        operations: Some(grant.operations),
        constraints: grant.constraints,
    }
}

/// A page of grants.
pub(crate) fn listed(entries: Vec<GrantListEntry>, marker: &Option<String>, limit: Option<i32>) -> Result<ListGrantsResponse, Fault> {
    let page = rules::page(entries, rules::grant_order, marker, rules::limit(limit, 50))?;
    Ok(ListGrantsResponse { grants: Some(page.items), truncated: Some(page.next.is_some()), next_marker: page.next })
}

/// Whether the caller is the principal of this ARN: itself, its role, or its account's root.
pub(crate) fn is_named(cx: &Context, arn: &str) -> bool {
    let principal = cx.principal();
    let root = principal.account().map(|account| format!("arn:aws:iam::{account}:root"));
    match principal {
        Principal::Session(session) if policies::role_arn(session) == arn => true,
        Principal::Service { name, .. } => **name == *arn,
        Principal::Anonymous => false,
        _ => principal.arn() == arn || root.as_deref() == Some(arn),
    }
}

/// Whether a grantee is one of AWS's services, to which a key is lent on a caller's behalf ([`kit::ports::Keys::lend`]).
fn is_service(grantee: &str) -> bool {
    grantee.ends_with(".amazonaws.com") && !grantee.contains(':')
}

/// A grant as statements of a key policy: operations that take an encryption context under the grant's constraints, others without.
pub(crate) fn statements(grant: &StoredGrant) -> Vec<Value> {
    let bound = |operation: &&GrantOperation| {
        !matches!(operation, GrantOperation::DescribeKey | GrantOperation::GetPublicKey | GrantOperation::RetireGrant)
    };
    let (bound, free): (Vec<&GrantOperation>, Vec<&GrantOperation>) = grant.operations.iter().partition(bound);
    let conditions = conditions(grant);
    let grantee = match is_service(&grant.grantee) {
        true => json!({ "Service": grant.grantee }),
        false => json!({ "AWS": grant.grantee }),
    };
    let statement = |n: usize, operations: Vec<&GrantOperation>, conditions: Option<Value>| {
        let actions: Vec<String> = operations.iter().map(|operation| format!("kms:{operation}")).collect();
        let mut out = json!({
            "Sid": format!("Grant{}{n}", &grant.id[..16.min(grant.id.len())]), "Effect": "Allow",
            "Principal": grantee, "Action": actions, "Resource": "*",
        });
        if let Some(conditions) = conditions {
            out["Condition"] = conditions;
        }
        (!operations.is_empty()).then_some(out)
    };
    statement(0, bound, conditions).into_iter().chain(statement(1, free, None)).collect()
}

/// The constraints as conditions. Whoever may make grants by a grant may pass on only what it lets him do.
fn conditions(grant: &StoredGrant) -> Option<Value> {
    let mut out = serde_json::Map::new();
    let constraints = grant.constraints.clone().unwrap_or_default();
    let mut pairs = BTreeMap::new();
    for context in [&constraints.encryption_context_subset, &constraints.encryption_context_equals].into_iter().flatten() {
        pairs.extend(context.iter().map(|(name, value)| (format!("kms:EncryptionContext:{name}"), Value::from(value.as_str()))));
    }
    let mut every = serde_json::Map::new();
    match &constraints.encryption_context_equals {
        Some(equals) if equals.is_empty() => drop(out.insert("Null".into(), json!({ "kms:EncryptionContextKeys": "true" }))),
        Some(equals) => drop(every.insert("kms:EncryptionContextKeys".into(), equals.keys().cloned().collect::<Vec<_>>().into())),
        None => {}
    }
    if grant.operations.contains(&GrantOperation::CreateGrant) {
        let operations: Vec<&str> = grant.operations.iter().map(|operation| operation.as_str()).collect();
        every.insert("kms:GrantOperations".into(), operations.into());
    }
    if !pairs.is_empty() {
        out.insert("StringEquals".into(), pairs.into_iter().collect::<serde_json::Map<_, _>>().into());
    }
    if !every.is_empty() {
        out.insert("ForAllValues:StringEquals".into(), every.into());
    }
    (!out.is_empty()).then_some(out.into())
}
