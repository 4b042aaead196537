//! Custom domain names. Requests find them by their Host header; certificates are named and never asked, for nothing here speaks TLS.

use crate::{ApiGateway, Error, model::*, patch, state::*};
use kit::{Context, Fault, Read};

impl ApiGateway {
    /// Makes a custom domain name.
    pub async fn create_domain_name(&self, cx: &Context, input: CreateDomainNameInput) -> Result<DomainName, Fault> {
        let name = input.domain_name.to_ascii_lowercase();
        let no = |what: &str| Err(refused("CreateDomainName", what));
        if input.mutual_tls_authentication.is_some() || input.ownership_verification_certificate_arn.is_some() {
            return no("mutualTlsAuthentication");
        }
        if input.certificate_body.is_some() || input.certificate_private_key.is_some() || input.certificate_chain.is_some() {
            return no("uploaded certificates");
        }
        if input.policy.is_some() {
            return no("policy (of private domain names)");
        }
        if input.routing_mode.is_some_and(|mode| mode != RoutingMode::BasePathMappingOnly) {
            return no("routing rules");
        }
        if input.endpoint_access_mode.is_some() {
            return no("endpointAccessMode");
        }
        check_name(&name)?;
        let types = input.endpoint_configuration.as_ref().and_then(|e| e.types.clone()).unwrap_or(vec![EndpointType::Edge]);
        let [kind] = types[..] else { return Err(bad("A domain name has one endpoint type")) };
        let arn = match kind {
            EndpointType::Private => return no("private domain names"),
            EndpointType::Edge => input.certificate_arn.as_ref(),
            EndpointType::Regional => input.regional_certificate_arn.as_ref(),
        };
        if arn.is_none_or(|arn| !arn.starts_with("arn:")) {
            return Err(bad("Invalid certificate ARN: a certificate of ACM is needed"));
        }
        let regional = kind == EndpointType::Regional;
        let alias = format!("d-{}.execute-api.{}.amazonaws.com", cx.ids().lower(10), cx.region());
        let settings = DomainName {
            domain_name: Some(name.clone()),
            domain_name_arn: Some(format!("arn:aws:apigateway:{}::/domainnames/{name}", cx.region())),
            certificate_name: input.certificate_name,
            certificate_arn: input.certificate_arn,
            certificate_upload_date: (!regional).then(|| cx.now()),
            regional_domain_name: regional.then_some(alias),
            regional_hosted_zone_id: regional.then(|| "Z1UJRXOUMOOFQ8".into()),
            regional_certificate_name: input.regional_certificate_name,
            regional_certificate_arn: input.regional_certificate_arn,
            distribution_domain_name: (!regional).then(|| format!("d{}.cloudfront.net", cx.ids().lower(13))),
            distribution_hosted_zone_id: (!regional).then(|| "Z2FDTNDATAQYW2".into()),
            endpoint_configuration: Some(EndpointConfiguration {
                types: Some(types),
                ip_address_type: Some(input.endpoint_configuration.and_then(|e| e.ip_address_type).unwrap_or(IpAddressType::Ipv4)),
                vpc_endpoint_ids: None,
            }),
            domain_name_status: Some(DomainNameStatus::Available),
            security_policy: Some(input.security_policy.unwrap_or(SecurityPolicy::Tls12)),
            routing_mode: Some(RoutingMode::BasePathMappingOnly),
            tags: input.tags.filter(|tags| !tags.is_empty()),
            ..Default::default()
        };
        let place = Place { account: cx.account().into(), region: cx.region().into() };
        cx.store()
            .write(|tx| {
                if tx.exists(&NAMES, cx.scope(), &name)? {
                    return Err(bad("The domain name you provided already exists."));
                }
                tx.put(&NAMES, cx.scope(), &name, &place)?;
                tx.put(&DOMAINS, cx.scope(), &name, &StoredDomain { settings: settings.clone(), ..Default::default() })
            })
            .await?;
        Ok(settings)
    }

    /// Describes a custom domain name.
    pub async fn get_domain_name(&self, cx: &Context, input: GetDomainNameInput) -> Result<DomainName, Fault> {
        cx.store().read(|s| Ok(domain(s, cx, &input.domain_name)?.settings))
    }

    /// Custom domain names of the account and region.
    pub async fn get_domain_names(&self, cx: &Context, input: GetDomainNamesInput) -> Result<GetDomainNamesOutput, Fault> {
        let all: Vec<DomainName> =
            cx.store().read(|s| s.scan(&DOMAINS, cx.scope()).map(|row| row.map(|(_, d)| d.settings)).collect::<Result<_, _>>())?;
        let (items, position) = page(all, |d| d.domain_name.clone().unwrap_or_default(), input.position.as_deref(), input.limit)?;
        Ok(GetDomainNamesOutput { items: Some(items), position })
    }

    /// Changes a custom domain name: its certificate or the oldest TLS that it speaks.
    pub async fn update_domain_name(&self, cx: &Context, input: UpdateDomainNameInput) -> Result<DomainName, Fault> {
        let patches = patch::read(input.patch_operations)?;
        change_domain(cx, &input.domain_name, |domain| {
            let settings = &mut domain.settings;
            for patch in &patches {
                match patch.parts()[..] {
                    ["certificateArn"] => patch.text(&mut settings.certificate_arn)?,
                    ["certificateName"] => patch.text(&mut settings.certificate_name)?,
                    ["regionalCertificateArn"] => patch.text(&mut settings.regional_certificate_arn)?,
                    ["regionalCertificateName"] => patch.text(&mut settings.regional_certificate_name)?,
                    ["securityPolicy"] => {
                        let policy = SecurityPolicy::parse(patch.value()?);
                        settings.security_policy = Some(policy.ok_or_else(|| bad("Invalid securityPolicy specified"))?);
                    }
                    _ => return Err(patch.unknown()),
                }
            }
            Ok(settings.clone())
        })
        .await
    }

    /// Deletes a custom domain name with its mappings.
    pub async fn delete_domain_name(&self, cx: &Context, input: DeleteDomainNameInput) -> Result<DeleteDomainNameOutput, Fault> {
        cx.store()
            .write(|tx| {
                let name = domain(tx, cx, &input.domain_name)?.settings.domain_name.unwrap_or_default();
                tx.delete(&NAMES, cx.scope(), &name)?;
                tx.delete(&DOMAINS, cx.scope(), &name)
            })
            .await?;
        Ok(DeleteDomainNameOutput {})
    }
}

/// A custom domain name, or AWS's fault.
pub(crate) fn domain(read: &impl Read, cx: &Context, name: &str) -> Result<StoredDomain, Fault> {
    let found = read.get(&DOMAINS, cx.scope(), &name.to_ascii_lowercase())?;
    found.ok_or_else(|| Error::NotFound.says("Invalid domain name identifier specified"))
}

/// Changes a custom domain name.
pub(crate) async fn change_domain<R>(cx: &Context, name: &str, f: impl FnOnce(&mut StoredDomain) -> Result<R, Fault>) -> Result<R, Fault> {
    let name = name.to_ascii_lowercase();
    cx.store()
        .write(|tx| {
            let mut domain = domain(tx, cx, &name)?;
            let result = f(&mut domain)?;
            tx.put(&DOMAINS, cx.scope(), &name, &domain)?;
            Ok(result)
        })
        .await
}

fn check_name(name: &str) -> Result<(), Fault> {
    let label = |label: &str| !label.is_empty() && label.len() <= 63 && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let bare = name.strip_prefix("*.").unwrap_or(name);
    match bare.contains('.') && bare.len() <= 253 && bare.split('.').all(label) {
        true => Ok(()),
        false => Err(bad("The provided domain name is invalid")),
    }
}
