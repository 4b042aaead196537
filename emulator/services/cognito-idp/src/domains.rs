//! Domains of pools: where their OAuth endpoints and hosted pages are found. A prefix stands before `auth.<region>.amazoncognito.com`; a
//! domain of the owner's own has dots and a certificate.

use crate::{CognitoIdp, model::*, state::*, tier};
use kit::{Context, Fault, Read, Table, TableScope, Tx};
use serde::{Deserialize, Serialize};

/// Domains of all pools by name: requests carry neither account nor region.
pub(crate) const DOMAINS: Table<String, Domain> = Table::new("cognito-idp.domains", TableScope::Global);

/// A domain.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Domain {
    pub place: Place,
    pub name: String,
    /// ARN of the certificate of an own domain.
    pub certificate: Option<String>,
    /// 1: classic pages, 2: managed login.
    pub version: i32,
    /// Fourteen digits.
    pub made: String,
}

impl Domain {
    fn is_own(&self) -> bool {
        self.certificate.is_some()
    }
    /// What AWS's distribution would be called; nothing answers there.
    fn distribution(&self) -> String {
        let digits = kit::hex(&crate::seal::derive(b"distribution", "domain", self.name.as_bytes())[..7]);
        format!("d{}.cloudfront.net", &digits[..13])
    }
}

/// The domain of this name, wherever it belongs.
pub(crate) fn domain(read: &impl Read, cx: &Context, name: &str) -> Result<Option<Domain>, Fault> {
    read.get(&DOMAINS, cx.scope(), &name.to_lowercase())
}

impl CognitoIdp {
    /// Gives a pool a domain.
    pub async fn create_user_pool_domain(
        &self,
        cx: &Context,
        input: CreateUserPoolDomainInput,
    ) -> Result<CreateUserPoolDomainOutput, Fault> {
        let name = input.domain;
        let certificate = input.custom_domain_config.map(|config| config.certificate_arn);
        check_name(&name, certificate.is_some())?;
        let version = version(cx, input.managed_login_version)?;
        let made = cx
            .store()
            .write(|tx| {
                let mut pool = pool(tx, cx.scope(), &input.user_pool_id)?;
                tier::check_pages(&pool, version)?;
                if domain(tx, cx, &name)?.is_some() {
                    return Err(bad("Domain already associated with another user pool."));
                }
                let slot = if certificate.is_some() { &mut pool.settings.custom_domain } else { &mut pool.settings.domain };
                if slot.is_some() {
                    return Err(bad("User pool already has a domain configured."));
                }
                *slot = Some(name.clone());
                let place = Place { account: cx.account().into(), region: cx.region().into(), pool_id: pool.id.clone() };
                let made = Domain { place, name: name.clone(), certificate, version, made: stamp(cx) };
                tx.put(&DOMAINS, cx.scope(), &name, &made)?;
                tx.put(&POOLS, cx.scope(), &pool.id, &pool)?;
                Ok(made)
            })
            .await?;
        let cloud_front_domain = made.is_own().then(|| made.distribution());
        Ok(CreateUserPoolDomainOutput { managed_login_version: Some(version), cloud_front_domain })
    }

    /// Describes a domain; an empty description where there is none, as AWS answers.
    pub async fn describe_user_pool_domain(
        &self,
        cx: &Context,
        input: DescribeUserPoolDomainInput,
    ) -> Result<DescribeUserPoolDomainOutput, Fault> {
        let found = cx.store().read(|s| domain(s, cx, &input.domain))?.filter(|d| d.place.scope() == *cx.scope());
        let described = found.map(|d| DomainDescriptionType {
            user_pool_id: Some(d.place.pool_id.clone()),
            aws_account_id: Some(d.place.account.clone()),
            domain: Some(d.name.clone()),
            s3_bucket: Some("aws-cognito-prod-assets".into()),
            cloud_front_distribution: Some(d.distribution()),
            version: Some(d.made.clone()),
            status: Some(DomainStatusType::Active),
            custom_domain_config: d.certificate.clone().map(|certificate_arn| CustomDomainConfigType { certificate_arn }),
            managed_login_version: Some(d.version),
        });
        Ok(DescribeUserPoolDomainOutput { domain_description: Some(described.unwrap_or_default()) })
    }

    /// Changes a domain's certificate or kind of pages.
    pub async fn update_user_pool_domain(
        &self,
        cx: &Context,
        input: UpdateUserPoolDomainInput,
    ) -> Result<UpdateUserPoolDomainOutput, Fault> {
        let version = input.managed_login_version.map(|v| version(cx, Some(v))).transpose()?;
        let changed = cx
            .store()
            .write(|tx| {
                let mut there = of_pool(tx, cx, &input.domain, &input.user_pool_id)?;
                tier::check_pages(&pool(tx, cx.scope(), &input.user_pool_id)?, version.unwrap_or(there.version))?;
                if let Some(config) = input.custom_domain_config {
                    if !there.is_own() {
                        return Err(bad("Custom domain configuration cannot be set for a prefix domain."));
                    }
                    there.certificate = Some(config.certificate_arn);
                }
                there.version = version.unwrap_or(there.version);
                there.made = stamp(cx);
                tx.put(&DOMAINS, cx.scope(), &there.name, &there)?;
                Ok(there)
            })
            .await?;
        let cloud_front_domain = changed.is_own().then(|| changed.distribution());
        Ok(UpdateUserPoolDomainOutput { managed_login_version: Some(changed.version), cloud_front_domain })
    }

    /// Takes a domain away.
    pub async fn delete_user_pool_domain(
        &self,
        cx: &Context,
        input: DeleteUserPoolDomainInput,
    ) -> Result<DeleteUserPoolDomainOutput, Fault> {
        cx.store()
            .write(|tx| {
                let there = of_pool(tx, cx, &input.domain, &input.user_pool_id)?;
                let mut pool = pool(tx, cx.scope(), &input.user_pool_id)?;
                match there.is_own() {
                    true => pool.settings.custom_domain = None,
                    false => pool.settings.domain = None,
                }
                tx.put(&POOLS, cx.scope(), &pool.id, &pool)?;
                tx.delete(&DOMAINS, cx.scope(), &there.name)
            })
            .await?;
        Ok(DeleteUserPoolDomainOutput {})
    }
}

fn of_pool(tx: &Tx<'_>, cx: &Context, name: &str, pool_id: &str) -> Result<Domain, Fault> {
    pool(tx, cx.scope(), pool_id)?;
    domain(tx, cx, name)?.filter(|d| d.place.pool_id == pool_id).ok_or_else(|| bad("No such domain or user pool exists."))
}

fn check_name(name: &str, own: bool) -> Result<(), Fault> {
    if own != name.contains('.') {
        return Err(bad(match own {
            true => "Custom domain is not a valid subdomain.",
            false => "Domain prefix must not contain a dot; a custom domain needs CustomDomainConfig.",
        }));
    }
    match ["aws", "amazon", "cognito"].into_iter().find(|word| !own && name.contains(word)) {
        Some(word) => Err(bad(format!("Domain cannot contain reserved word: {word}"))),
        None => Ok(()),
    }
}

fn version(cx: &Context, wanted: Option<i32>) -> Result<i32, Fault> {
    let version = wanted.unwrap_or(1);
    if version == 2 {
        cx.warn("ManagedLoginVersion 2 has no branding here: the pages look as with version 1");
    }
    match version {
        1 | 2 => Ok(version),
        _ => Err(bad("Managed login version must be 1 or 2.")),
    }
}

fn stamp(cx: &Context) -> String {
    kit::time::iso_millis(cx.now()).chars().filter(char::is_ascii_digit).take(14).collect()
}
