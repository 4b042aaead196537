//! Custom domain names. Requests find them by their Host header; certificates are named and never asked, for nothing here speaks TLS.

use crate::{ApiGatewayV2, model::*, state::*};
use kit::{Context, Fault, Read};

impl ApiGatewayV2 {
    /// Makes a custom domain name.
    pub async fn create_domain_name(&self, cx: &Context, input: CreateDomainNameInput) -> Result<CreateDomainNameOutput, Fault> {
        if input.mutual_tls_authentication.is_some() {
            return Err(refused("CreateDomainName", "mutualTlsAuthentication"));
        }
        if input.routing_mode.is_some_and(|mode| mode != RoutingMode::ApiMappingOnly) {
            return Err(refused("CreateDomainName", "routing rules"));
        }
        let name = input.domain_name.to_ascii_lowercase();
        if !name.contains('.') || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.*".contains(&b)) {
            return Err(bad("The provided domain name is invalid"));
        }
        let settings = DomainName {
            api_mapping_selection_expression: Some("$request.basepath".into()),
            domain_name: name.clone(),
            domain_name_arn: Some(format!("arn:aws:apigateway:{}::/domainnames/{name}", cx.region())),
            domain_name_configurations: Some(configurations(cx, input.domain_name_configurations.unwrap_or_default())?),
            routing_mode: Some(RoutingMode::ApiMappingOnly),
            tags: Some(input.tags.unwrap_or_default()),
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
        shown(&settings)
    }

    /// Describes a custom domain name.
    pub async fn get_domain_name(&self, cx: &Context, input: GetDomainNameInput) -> Result<GetDomainNameOutput, Fault> {
        cx.store().read(|s| shown(&domain(s, cx, &input.domain_name)?.settings))
    }

    /// Custom domain names of the account and region.
    pub async fn get_domain_names(&self, cx: &Context, input: GetDomainNamesInput) -> Result<GetDomainNamesOutput, Fault> {
        let all: Vec<DomainName> =
            cx.store().read(|s| s.scan(&DOMAINS, cx.scope()).map(|row| row.map(|(_, d)| d.settings)).collect::<Result<_, _>>())?;
        let (items, next_token) = page(all, |d| d.domain_name.clone(), input.next_token.as_deref(), input.max_results.as_deref())?;
        Ok(GetDomainNamesOutput { items: Some(items), next_token })
    }

    /// Changes the certificate of a custom domain name.
    pub async fn update_domain_name(&self, cx: &Context, input: UpdateDomainNameInput) -> Result<UpdateDomainNameOutput, Fault> {
        if input.mutual_tls_authentication.is_some() || input.routing_mode.is_some_and(|mode| mode != RoutingMode::ApiMappingOnly) {
            return Err(refused("UpdateDomainName", "mutualTlsAuthentication and routing rules"));
        }
        change_domain(cx, &input.domain_name, |domain| {
            if let Some(wanted) = input.domain_name_configurations {
                let mut new = configurations(cx, wanted)?;
                // Its alias stays: DNS records point to it.
                let alias =
                    domain.settings.domain_name_configurations.as_ref().and_then(|all| all.first()?.api_gateway_domain_name.clone());
                new.iter_mut().for_each(|c| c.api_gateway_domain_name = alias.clone().or(c.api_gateway_domain_name.take()));
                domain.settings.domain_name_configurations = Some(new);
            }
            shown(&domain.settings)
        })
        .await
    }

    /// Deletes a custom domain name with its mappings.
    pub async fn delete_domain_name(&self, cx: &Context, input: DeleteDomainNameInput) -> Result<DeleteDomainNameOutput, Fault> {
        let name = input.domain_name.to_ascii_lowercase();
        cx.store()
            .write(|tx| {
                domain(tx, cx, &name)?;
                tx.delete(&NAMES, cx.scope(), &name)?;
                tx.delete(&DOMAINS, cx.scope(), &name)
            })
            .await?;
        Ok(DeleteDomainNameOutput {})
    }
}

fn configurations(cx: &Context, wanted: Vec<DomainNameConfiguration>) -> Result<Vec<DomainNameConfiguration>, Fault> {
    let [one] = <[DomainNameConfiguration; 1]>::try_from(wanted).map_err(|_| bad("A domain name has one configuration"))?;
    if one.endpoint_type.is_some_and(|kind| kind != EndpointType::Regional) {
        return Err(bad("HTTP APIs have domain names of endpoint type REGIONAL"));
    }
    if one.certificate_arn.as_deref().is_none_or(|arn| !arn.starts_with("arn:")) {
        return Err(bad("Invalid certificate ARN: a certificate of ACM is needed"));
    }
    Ok(vec![DomainNameConfiguration {
        api_gateway_domain_name: Some(format!("d-{}.execute-api.{}.amazonaws.com", cx.ids().lower(10), cx.region())),
        domain_name_status: Some(DomainNameStatus::Available),
        endpoint_type: Some(EndpointType::Regional),
        hosted_zone_id: Some("Z1UJRXOUMOOFQ8".into()),
        ip_address_type: Some(one.ip_address_type.unwrap_or(IpAddressType::Ipv4)),
        security_policy: Some(one.security_policy.unwrap_or(SecurityPolicy::Tls12)),
        ..one
    }])
}

/// A custom domain name, or AWS's fault.
pub(crate) fn domain(read: &impl Read, cx: &Context, name: &str) -> Result<StoredDomain, Fault> {
    read.get(&DOMAINS, cx.scope(), &name.to_ascii_lowercase())?.ok_or_else(|| missing("domain name", name))
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
