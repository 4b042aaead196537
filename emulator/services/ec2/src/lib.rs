//! Amazon EC2's networks, as far as other services name them: VPCs, subnets, security groups and their rules, endpoints of services, tags.
//!
//! Nothing is routed: what stands here is what AWS tells of networks, and what refuses a name that is none. Each region has a default VPC from
//! its first use, as accounts of AWS have. Instances, gateways, routes and the rest are refused by name.

mod access;
mod cidr;
mod endpoints;
mod faults;
mod filters;
mod groups;
#[allow(missing_docs)]
mod model;
mod permissions;
mod port;
mod rules;
mod state;
mod subnets;
mod tags;
mod vpcs;
mod zones;

pub use model::*;

/// The service. All state is in the store.
#[derive(Default)]
pub struct Ec2;

impl Ec2 {
    /// The service, ready to be given to a cloud.
    pub fn new() -> Ec2 {
        Ec2
    }
}

kit::service! {
    /// Amazon EC2.
    Ec2, model = "ec2", invalid_input = "InvalidParameterValue";
    // vpcs.rs
    CreateVpc => create_vpc,
    DescribeVpcs => describe_vpcs,
    DeleteVpc => delete_vpc,
    DescribeVpcAttribute => describe_vpc_attribute,
    ModifyVpcAttribute => modify_vpc_attribute,
    CreateDefaultVpc => create_default_vpc,
    // subnets.rs
    CreateSubnet => create_subnet,
    DescribeSubnets => describe_subnets,
    DeleteSubnet => delete_subnet,
    // groups.rs
    CreateSecurityGroup => create_security_group,
    DescribeSecurityGroups => describe_security_groups,
    DeleteSecurityGroup => delete_security_group,
    // rules.rs
    AuthorizeSecurityGroupIngress => authorize_security_group_ingress,
    AuthorizeSecurityGroupEgress => authorize_security_group_egress,
    RevokeSecurityGroupIngress => revoke_security_group_ingress,
    RevokeSecurityGroupEgress => revoke_security_group_egress,
    DescribeSecurityGroupRules => describe_security_group_rules,
    // endpoints.rs
    CreateVpcEndpoint => create_vpc_endpoint,
    DescribeVpcEndpoints => describe_vpc_endpoints,
    ModifyVpcEndpoint => modify_vpc_endpoint,
    DeleteVpcEndpoints => delete_vpc_endpoints,
    // tags.rs
    CreateTags => create_tags,
    DeleteTags => delete_tags,
    DescribeTags => describe_tags,
    // zones.rs
    DescribeAvailabilityZones => describe_availability_zones,
}

impl kit::Service for Ec2 {
    fn offer(self: std::sync::Arc<Self>, ports: &kit::ports::Ports) {
        ports.offer_networks(self);
    }
    fn complete(&self, cx: &kit::Context, need: &kit::Need) -> Option<kit::Need> {
        access::completed(cx, need)
    }
    /// EC2's own code. (AWS appends an encoded message that `sts:DecodeAuthorizationMessage` reads; the sentence here says it all.)
    fn denied(&self, message: String) -> kit::Fault {
        kit::Fault::new("UnauthorizedOperation", 403, format!("You are not authorized to perform this operation. {message}"))
    }
}
