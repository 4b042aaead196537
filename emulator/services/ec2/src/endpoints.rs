//! Endpoints of AWS's services in a VPC: interfaces in subnets, and gateways.
//!
//! Nothing is routed, so a request never comes by one: what stands here is what AWS tells of endpoints and what it refuses. Codes and sentences are
//! those of AWS's reference of error codes and of its guide of AWS PrivateLink; states are in small letters, as its answers are and its model is not
//! (`model.patch.json`).

use crate::{
    Ec2,
    faults::{dry, fault, invalid, missing, only},
    filters::{Filters, Says},
    groups,
    model::{State as EndpointState, *},
    state::{self, ENDPOINTS, Endpoint},
    subnets, tags, vpcs,
};
use kit::{Context, Fault, Read, Tx};

const PAGE: usize = 1000;
/// Services that have gateways.
const GATEWAYS: [&str; 2] = ["s3", "dynamodb"];
/// Who may do what by an endpoint that was given no policy: everybody everything.
const OPEN: &str = r#"{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}"#;

fn find(read: &impl Read, cx: &Context, id: &str) -> Result<Endpoint, Fault> {
    let found = read.get(&ENDPOINTS, cx.scope(), &id.to_owned())?;
    found.ok_or_else(|| fault("InvalidVpcEndpointId.NotFound", gone(id)))
}

fn gone(id: &str) -> String {
    format!("The Vpc Endpoint Id '{id}' does not exist")
}

/// Refuses to delete what an endpoint stands on.
pub(crate) fn unused(read: &impl Read, cx: &Context, uses: impl Fn(&Endpoint) -> bool, says: impl Fn() -> String) -> Result<(), Fault> {
    let all = read.scan(&ENDPOINTS, cx.scope()).collect::<Result<Vec<_>, Fault>>()?;
    match all.iter().any(|(_, endpoint)| uses(endpoint)) {
        true => Err(fault("DependencyViolation", says())),
        false => Ok(()),
    }
}

/// `lambda` of `com.amazonaws.REGION.lambda`; services of others, behind `vpce-svc`, are refused.
fn service<'a>(cx: &Context, name: &'a str) -> Result<&'a str, Fault> {
    only(&[("endpoints of services that are not AWS's own", name.contains(".vpce-svc-") || name.starts_with("com.amazonaws.vpce."))])?;
    let known = name.strip_prefix("com.amazonaws.").and_then(|rest| rest.strip_prefix(cx.region())?.strip_prefix('.'));
    let unknown = || fault("InvalidServiceName", format!("The Vpc Endpoint Service '{name}' does not exist"));
    known.filter(|s| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b))).ok_or_else(unknown)
}

/// A policy that can't be one is refused; one that is told stands, and the caller hears that nothing comes by it here.
fn policy(cx: &Context, text: Option<String>) -> Result<Option<String>, Fault> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    if kit::policy::Document::parse(&text, kit::policy::DocumentKind::Resource).is_err() {
        return Err(fault("InvalidPolicyDocument", "The policy document of the endpoint is not valid."));
    }
    cx.warn("PolicyDocument of an endpoint is kept and told; no request comes by an endpoint here, so it refuses none");
    Ok(Some(text))
}

fn names(cx: &Context, endpoint: &Endpoint) -> Vec<DnsEntry> {
    let Some(service) = service(cx, &endpoint.service).ok().filter(|_| endpoint.interface) else { return Vec::new() };
    // `api.ecr` of `ecr.api`, as AWS's guide lists them.
    let service = service.rsplit('.').collect::<Vec<_>>().join(".");
    let (id, region) = (&endpoint.id, cx.region());
    let own = format!("{id}-{}.{service}.{region}.vpce.amazonaws.com", &id[id.len() - 8..]);
    let private = endpoint.private_dns.then(|| format!("{service}.{region}.amazonaws.com"));
    std::iter::once(own).chain(private).map(|name| DnsEntry { dns_name: Some(name), hosted_zone_id: None }).collect()
}

fn show(cx: &Context, endpoint: Endpoint, state: EndpointState) -> VpcEndpoint {
    let groups = endpoint.groups.iter().map(|id| {
        let name = cx.store().read(|s| groups::find(s, cx, Some(id), None)).ok().map(|group| group.name);
        SecurityGroupIdentifier { group_id: Some(id.clone()), group_name: name }
    });
    VpcEndpoint {
        vpc_endpoint_type: Some(if endpoint.interface { VpcEndpointType::Interface } else { VpcEndpointType::Gateway }),
        state: Some(state),
        policy_document: Some(endpoint.policy.clone().unwrap_or_else(|| OPEN.into())),
        route_table_ids: Some(Vec::new()),
        groups: Some(groups.collect()),
        ip_address_type: endpoint.interface.then_some(IpAddressType::Ipv4),
        private_dns_enabled: Some(endpoint.private_dns),
        requester_managed: Some(false),
        dns_entries: Some(names(cx, &endpoint)),
        network_interface_ids: Some(endpoint.subnets.values().cloned().collect()),
        subnet_ids: Some(endpoint.subnets.into_keys().collect()),
        creation_timestamp: Some(endpoint.created),
        tags: Some(tags::shown(endpoint.tags)),
        owner_id: Some(cx.account().to_owned()),
        vpc_endpoint_id: Some(endpoint.id),
        vpc_id: Some(endpoint.vpc),
        service_name: Some(endpoint.service),
        ..Default::default()
    }
}

/// What an endpoint says to filters.
const SAYS: Says<Endpoint> = &[
    (&["vpc-endpoint-id"], |_, e| vec![e.id.clone()]),
    (&["vpc-id"], |_, e| vec![e.vpc.clone()]),
    (&["service-name"], |_, e| vec![e.service.clone()]),
    (&["vpc-endpoint-type"], |_, e| vec![if e.interface { "Interface" } else { "Gateway" }.into()]),
    (&["vpc-endpoint-state"], |_, _| vec!["available".into()]),
];

/// An interface in each of these subnets, which are of the VPC and in zones of their own.
fn place(tx: &Tx<'_>, cx: &Context, endpoint: &mut Endpoint, ids: &[String]) -> Result<(), Fault> {
    for id in ids {
        let subnet = subnets::find(tx, cx, id)?;
        if subnet.vpc != endpoint.vpc {
            return Err(fault("InvalidParameter", format!("The subnet ID '{id}' is not of the vpc '{}'", endpoint.vpc)));
        }
        for other in endpoint.subnets.keys() {
            if other != id && subnets::find(tx, cx, other)?.zone == subnet.zone {
                let zone = &subnet.zone;
                let message = format!("Found another VPC endpoint subnet in the availability zone of {id}: {zone}");
                return Err(fault("DuplicateSubnetsInSameZone", message));
            }
        }
        endpoint.subnets.entry(id.clone()).or_insert_with(|| state::id(cx, "eni"));
    }
    Ok(())
}

fn guard(tx: &Tx<'_>, cx: &Context, endpoint: &mut Endpoint, ids: &[String]) -> Result<(), Fault> {
    for id in ids {
        if groups::find(tx, cx, Some(id), None)?.vpc != endpoint.vpc {
            return Err(fault("InvalidParameter", format!("The security group '{id}' is not of the vpc '{}'", endpoint.vpc)));
        }
        if !endpoint.groups.contains(id) {
            endpoint.groups.push(id.clone());
        }
    }
    Ok(())
}

/// The service's own name may lead to the endpoint in a VPC that has names, and to one endpoint alone.
fn named(tx: &Tx<'_>, cx: &Context, endpoint: &Endpoint) -> Result<(), Fault> {
    if !endpoint.private_dns {
        return Ok(());
    }
    let vpc = vpcs::find(tx, cx, &endpoint.vpc)?;
    if !(vpc.dns_support && vpc.dns_hostnames) {
        let message = "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for";
        return Err(fault("InvalidParameter", format!("{message} {}", vpc.id)));
    }
    for row in tx.scan(&ENDPOINTS, cx.scope()) {
        let (_, other) = row?;
        if other.id != endpoint.id && other.vpc == vpc.id && other.service == endpoint.service && other.private_dns {
            let name = names(cx, endpoint).pop().and_then(|entry| entry.dns_name).unwrap_or_default();
            let message = "private-dns-enabled cannot be set because there is already a conflicting DNS domain for";
            return Err(fault("InvalidParameter", format!("{message} {name} in the VPC {}", vpc.id)));
        }
    }
    Ok(())
}

impl Ec2 {
    /// Makes an endpoint of one of AWS's services; a gateway, unless the request says otherwise. The same token again is the same endpoint.
    pub async fn create_vpc_endpoint(&self, cx: &Context, input: CreateVpcEndpointInput) -> Result<CreateVpcEndpointOutput, Fault> {
        let kind = input.vpc_endpoint_type.unwrap_or(VpcEndpointType::Gateway);
        only(&[
            ("route tables", input.route_table_ids.is_some_and(|ids| !ids.is_empty())),
            ("IpAddressType other than ipv4 of endpoints", input.ip_address_type.is_some_and(|t| t != IpAddressType::Ipv4)),
            ("DnsOptions of endpoints", input.dns_options.is_some()),
            ("SubnetConfigurations of endpoints", input.subnet_configurations.is_some_and(|list| !list.is_empty())),
            ("endpoints of other types than Interface and Gateway", !matches!(kind, VpcEndpointType::Interface | VpcEndpointType::Gateway)),
            ("endpoints of service networks", input.service_network_arn.is_some() || input.resource_configuration_arn.is_some()),
            ("endpoints of other regions' services", input.service_region.is_some_and(|region| region != cx.region())),
        ])?;
        state::begin(cx).await?;
        let interface = kind == VpcEndpointType::Interface;
        let name = input.service_name.ok_or_else(|| missing("serviceName"))?;
        let short = service(cx, &name)?;
        if !interface && !GATEWAYS.contains(&short) {
            return Err(fault(
                "InvalidParameter",
                format!("Endpoint type (Gateway) does not match available service types ([Interface]) of {name}."),
            ));
        }
        let (subnet_ids, group_ids) = (input.subnet_ids.unwrap_or_default(), input.security_group_ids.unwrap_or_default());
        if !interface && (!subnet_ids.is_empty() || !group_ids.is_empty() || input.private_dns_enabled == Some(true)) {
            return Err(fault("InvalidParameter", "Subnets, security groups and private DNS are of interface endpoints."));
        }
        let new = Endpoint {
            id: state::id(cx, "vpce"),
            vpc: input.vpc_id,
            service: name,
            interface,
            private_dns: interface && input.private_dns_enabled.unwrap_or(true),
            policy: policy(cx, input.policy_document)?,
            token: input.client_token.clone(),
            created: cx.now(),
            tags: tags::given(input.tag_specifications, "vpc-endpoint")?,
            ..Endpoint::default()
        };
        dry(input.dry_run)?;
        let made = cx
            .store()
            .write(|tx| {
                let mut new = new.clone();
                let vpc = vpcs::find(tx, cx, &new.vpc)?;
                if let Some(token) = &new.token {
                    let all = tx.scan(&ENDPOINTS, cx.scope()).collect::<Result<Vec<_>, Fault>>()?;
                    if let Some((_, before)) = all.into_iter().find(|(_, e)| e.token.as_ref() == Some(token)) {
                        let same = (&before.vpc, &before.service, before.interface) == (&new.vpc, &new.service, new.interface);
                        let differs = || {
                            fault(
                                "IdempotentParameterMismatch",
                                "The request uses the same client token as a previous, but non-identical request.",
                            )
                        };
                        return same.then_some(before).ok_or_else(differs);
                    }
                }
                place(tx, cx, &mut new, &subnet_ids)?;
                guard(tx, cx, &mut new, &group_ids)?;
                if interface && new.groups.is_empty() {
                    let all = tx.scan(&state::GROUPS, cx.scope()).collect::<Result<Vec<_>, Fault>>()?;
                    new.groups.extend(all.into_iter().find(|(_, g)| g.vpc == vpc.id && g.name == "default").map(|(id, _)| id));
                }
                named(tx, cx, &new)?;
                tx.put(&ENDPOINTS, cx.scope(), &new.id, &new)?;
                Ok(new)
            })
            .await?;
        let state = if interface { EndpointState::Pending } else { EndpointState::Available };
        Ok(CreateVpcEndpointOutput { client_token: made.token.clone(), vpc_endpoint: Some(show(cx, made, state)) })
    }

    /// Endpoints by id and filter.
    pub async fn describe_vpc_endpoints(
        &self,
        cx: &Context,
        input: DescribeVpcEndpointsInput,
    ) -> Result<DescribeVpcEndpointsOutput, Fault> {
        state::begin(cx).await?;
        dry(input.dry_run)?;
        let (ids, filters) = (input.vpc_endpoint_ids.unwrap_or_default(), Filters::of(input.filters, SAYS)?);
        let all = cx.store().read(|s| {
            ids.iter().try_for_each(|id| find(s, cx, id).map(drop))?;
            s.scan(&ENDPOINTS, cx.scope()).map(|row| row.map(|(_, endpoint)| endpoint)).collect::<Result<Vec<_>, Fault>>()
        })?;
        let wanted = |e: &Endpoint| (ids.is_empty() || ids.contains(&e.id)) && filters.pass(cx, &e.tags, e);
        let limit = input.max_results.map_or(PAGE, |n| n.clamp(1, PAGE as i32) as usize);
        let page = kit::pages::page(all.into_iter().filter(wanted), |e| e.id.clone(), input.next_token.as_deref(), limit, vpcs::bad_token)?;
        let endpoints = page.items.into_iter().map(|endpoint| show(cx, endpoint, EndpointState::Available)).collect();
        Ok(DescribeVpcEndpointsOutput { next_token: page.next, vpc_endpoints: Some(endpoints) })
    }

    /// Changes subnets, security groups, names and the policy of an endpoint.
    pub async fn modify_vpc_endpoint(&self, cx: &Context, input: ModifyVpcEndpointInput) -> Result<ModifyVpcEndpointOutput, Fault> {
        let some = |ids: &Option<Vec<String>>| ids.as_ref().is_some_and(|ids| !ids.is_empty());
        only(&[
            ("route tables", some(&input.add_route_table_ids) || some(&input.remove_route_table_ids)),
            ("IpAddressType other than ipv4 of endpoints", input.ip_address_type.is_some_and(|t| t != IpAddressType::Ipv4)),
            ("DnsOptions of endpoints", input.dns_options.is_some()),
            ("SubnetConfigurations of endpoints", input.subnet_configurations.is_some_and(|list| !list.is_empty())),
        ])?;
        let [add, remove, let_in, keep_out] =
            [input.add_subnet_ids, input.remove_subnet_ids, input.add_security_group_ids, input.remove_security_group_ids]
                .map(Option::unwrap_or_default);
        let told = policy(cx, input.policy_document)?;
        dry(input.dry_run)?;
        cx.store()
            .write(|tx| {
                let mut endpoint = find(tx, cx, &input.vpc_endpoint_id)?;
                let asks = [&add, &remove, &let_in, &keep_out].iter().any(|ids| !ids.is_empty()) || input.private_dns_enabled.is_some();
                if asks && !endpoint.interface {
                    return Err(fault("InvalidParameter", "Subnets, security groups and private DNS are of interface endpoints."));
                }
                endpoint.subnets.retain(|id, _| !remove.contains(id));
                place(tx, cx, &mut endpoint, &add)?;
                guard(tx, cx, &mut endpoint, &let_in)?;
                endpoint.groups.retain(|id| !keep_out.contains(id));
                if endpoint.interface && endpoint.groups.is_empty() {
                    return Err(invalid("An interface endpoint needs a security group."));
                }
                endpoint.private_dns = input.private_dns_enabled.unwrap_or(endpoint.private_dns);
                named(tx, cx, &endpoint)?;
                match input.reset_policy {
                    Some(true) => endpoint.policy = None,
                    _ => endpoint.policy = told.clone().or(endpoint.policy),
                }
                tx.put(&ENDPOINTS, cx.scope(), &endpoint.id, &endpoint)
            })
            .await?;
        Ok(ModifyVpcEndpointOutput { r#return: Some(true) })
    }

    /// Deletes endpoints; those that are not there are told, and the others go.
    pub async fn delete_vpc_endpoints(&self, cx: &Context, input: DeleteVpcEndpointsInput) -> Result<DeleteVpcEndpointsOutput, Fault> {
        dry(input.dry_run)?;
        let mut unsuccessful = Vec::new();
        for id in input.vpc_endpoint_ids {
            if cx.store().write(|tx| tx.delete(&ENDPOINTS, cx.scope(), &id)).await?.is_none() {
                let error = UnsuccessfulItemError { code: Some("InvalidVpcEndpoint.NotFound".into()), message: Some(gone(&id)) };
                unsuccessful.push(UnsuccessfulItem { error: Some(error), resource_id: Some(id) });
            }
        }
        Ok(DeleteVpcEndpointsOutput { unsuccessful: Some(unsuccessful) })
    }
}
