//! Networks as a caller sees them: the default VPC, subnets that fit, groups and their rules, tags and filters, all over EC2's own wire.

mod endpoints;

use ec2::Ec2;
use kit::{Cloud, Context, Decider, Decision, Fault, Need};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

struct Desk(Arc<Cloud>);

impl Desk {
    async fn new() -> Desk {
        Desk(Cloud::builder().service(Arc::new(Ec2::new())).start().await.unwrap())
    }
    async fn call(&self, operation: &str, input: Value) -> Result<Value, Fault> {
        let cx = self.0.house_context("test");
        self.0.call_json(&cx, "ec2", operation, &input).await
    }
    async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input).await.unwrap_or_else(|f| panic!("{operation}: {f}"))
    }
    async fn code(&self, operation: &str, input: Value) -> String {
        match self.call(operation, input).await {
            Err(fault) => fault.code.to_string(),
            Ok(answer) => panic!("{operation} answered {answer}"),
        }
    }
    async fn vpc(&self, cidr: &str) -> String {
        self.ok("CreateVpc", json!({ "CidrBlock": cidr })).await["Vpc"]["VpcId"].as_str().unwrap().to_owned()
    }
}

fn len(value: &Value) -> usize {
    value.as_array().unwrap().len()
}

#[tokio::test]
async fn a_region_has_its_default_vpc() {
    let desk = Desk::new().await;
    let vpcs = desk.ok("DescribeVpcs", json!({ "Filters": [{ "Name": "is-default", "Values": ["true"] }] })).await;
    let vpc = &vpcs["Vpcs"][0];
    assert_eq!((len(&vpcs["Vpcs"]), &vpc["CidrBlock"], &vpc["State"]), (1, &json!("172.31.0.0/16"), &json!("available")));
    let of = json!({ "Filters": [{ "Name": "vpc-id", "Values": [vpc["VpcId"]] }] });
    let subnets = desk.ok("DescribeSubnets", of.clone()).await;
    assert_eq!((len(&subnets["Subnets"]), &subnets["Subnets"][0]["AvailableIpAddressCount"]), (3, &json!(4091)));
    let groups = desk.ok("DescribeSecurityGroups", of).await;
    let group = &groups["SecurityGroups"][0];
    assert_eq!((&group["GroupName"], &group["Description"]), (&json!("default"), &json!("default VPC security group")));
    assert_eq!(group["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"], group["GroupId"]);
    let zones = desk.ok("DescribeAvailabilityZones", json!({})).await;
    assert_eq!((len(&zones["AvailabilityZones"]), &zones["AvailabilityZones"][0]["ZoneId"]), (3, &json!("use1-az1")));
    assert_eq!(desk.code("CreateDefaultVpc", json!({})).await, "DefaultVpcAlreadyExists");
}

#[tokio::test]
async fn subnets_lie_in_their_vpc_and_beside_each_other() {
    let desk = Desk::new().await;
    let vpc = desk.vpc("10.0.0.0/16").await;
    let make = |cidr: &str| json!({ "VpcId": vpc, "CidrBlock": cidr, "AvailabilityZone": "us-east-1b" });
    let subnet = desk.ok("CreateSubnet", make("10.0.1.0/24")).await["Subnet"].clone();
    assert_eq!((&subnet["AvailabilityZone"], &subnet["AvailableIpAddressCount"]), (&json!("us-east-1b"), &json!(251)));
    assert_eq!(desk.code("CreateSubnet", make("10.0.1.128/25")).await, "InvalidSubnet.Conflict");
    assert_eq!(desk.code("CreateSubnet", make("10.1.0.0/24")).await, "InvalidSubnet.Range");
    assert_eq!(desk.code("CreateSubnet", json!({ "VpcId": "vpc-0", "CidrBlock": "10.0.0.0/24" })).await, "InvalidVpcID.NotFound");
    assert_eq!(desk.code("DescribeSubnets", json!({ "SubnetIds": ["subnet-0"] })).await, "InvalidSubnetID.NotFound");
    assert_eq!(desk.code("DeleteVpc", json!({ "VpcId": vpc })).await, "DependencyViolation");
    desk.ok("DeleteSubnet", json!({ "SubnetId": subnet["SubnetId"] })).await;
    desk.ok("DeleteVpc", json!({ "VpcId": vpc })).await;
    assert_eq!(desk.code("DescribeVpcs", json!({ "VpcIds": [vpc] })).await, "InvalidVpcID.NotFound");
    assert_eq!(desk.code("CreateVpc", json!({ "CidrBlock": "10.0.0.0/8" })).await, "InvalidVpc.Range");
    assert_eq!(desk.code("CreateVpc", json!({ "CidrBlock": "10.0.0.0/16", "DryRun": true })).await, "DryRunOperation");
}

#[tokio::test]
async fn rules_come_and_go() {
    let desk = Desk::new().await;
    let vpc = desk.vpc("10.0.0.0/16").await;
    let make = |name: &str| json!({ "GroupName": name, "Description": "brokers", "VpcId": vpc });
    let id = desk.ok("CreateSecurityGroup", make("g")).await["GroupId"].as_str().unwrap().to_owned();
    let other = desk.ok("CreateSecurityGroup", make("other")).await["GroupId"].as_str().unwrap().to_owned();
    assert_eq!(desk.code("CreateSecurityGroup", make("g")).await, "InvalidGroup.Duplicate");
    let open = json!({ "GroupId": id, "IpPermissions": [
        { "IpProtocol": "tcp", "FromPort": 9092, "ToPort": 9098, "IpRanges": [{ "CidrIp": "10.0.0.0/16", "Description": "inside" }], "UserIdGroupPairs": [{ "GroupId": other }] },
    ] });
    let made = desk.ok("AuthorizeSecurityGroupIngress", open.clone()).await;
    assert_eq!(len(&made["SecurityGroupRules"]), 2);
    assert_eq!(desk.code("AuthorizeSecurityGroupIngress", open.clone()).await, "InvalidPermission.Duplicate");
    let group = desk.ok("DescribeSecurityGroups", json!({ "GroupIds": [id] })).await["SecurityGroups"][0].clone();
    let told = &group["IpPermissions"][0];
    assert_eq!((&told["FromPort"], &told["ToPort"], &told["IpRanges"][0]["CidrIp"]), (&json!(9092), &json!(9098), &json!("10.0.0.0/16")));
    assert_eq!(group["IpPermissionsEgress"][0]["IpProtocol"], "-1");
    assert_eq!(desk.code("DeleteSecurityGroup", json!({ "GroupId": other })).await, "DependencyViolation");
    let gone = desk
        .ok(
            "RevokeSecurityGroupIngress",
            json!({ "GroupId": id, "SecurityGroupRuleIds": [made["SecurityGroupRules"][1]["SecurityGroupRuleId"]] }),
        )
        .await;
    assert_eq!(gone["RevokedSecurityGroupRules"][0]["ReferencedGroupId"], json!(other));
    let short = json!({ "GroupId": id, "IpProtocol": "tcp", "FromPort": 9092, "ToPort": 9098, "CidrIp": "10.0.0.0/16" });
    desk.ok("RevokeSecurityGroupIngress", short.clone()).await;
    assert_eq!(desk.code("RevokeSecurityGroupIngress", short).await, "InvalidPermission.NotFound");
    desk.ok("DeleteSecurityGroup", json!({ "GroupId": other })).await;
    let bad = json!({ "GroupId": id, "IpProtocol": "tcp", "FromPort": 10, "ToPort": 5, "CidrIp": "10.0.0.0/16" });
    assert_eq!(desk.code("AuthorizeSecurityGroupIngress", bad).await, "InvalidParameterValue");
    let rules = desk.ok("DescribeSecurityGroupRules", json!({ "Filters": [{ "Name": "group-id", "Values": [id] }] })).await;
    assert_eq!(rules["SecurityGroupRules"][0]["IsEgress"], json!(true));
}

#[tokio::test]
async fn tags_are_set_found_and_taken_away() {
    let desk = Desk::new().await;
    let tagged = json!([{ "ResourceType": "vpc", "Tags": [{ "Key": "Name", "Value": "mine" }] }]);
    let vpc = desk.ok("CreateVpc", json!({ "CidrBlock": "10.0.0.0/16", "TagSpecifications": tagged })).await["Vpc"]["VpcId"].clone();
    desk.ok("CreateTags", json!({ "Resources": [vpc], "Tags": [{ "Key": "stage", "Value": "test" }] })).await;
    let named = |value: &str| json!({ "Filters": [{ "Name": "tag:Name", "Values": [value] }] });
    assert_eq!(desk.ok("DescribeVpcs", named("m*")).await["Vpcs"][0]["VpcId"], vpc);
    assert_eq!(len(&desk.ok("DescribeVpcs", named("other")).await["Vpcs"]), 0);
    let all = desk.ok("DescribeTags", json!({ "Filters": [{ "Name": "resource-id", "Values": [vpc] }] })).await;
    assert_eq!((len(&all["Tags"]), &all["Tags"][1]["ResourceType"]), (2, &json!("vpc")));
    desk.ok("DeleteTags", json!({ "Resources": [vpc], "Tags": [{ "Key": "stage" }] })).await;
    let left = desk.ok("DescribeVpcs", json!({ "VpcIds": [vpc] })).await;
    assert_eq!(left["Vpcs"][0]["Tags"], json!([{ "Key": "Name", "Value": "mine" }]));
    assert_eq!(desk.code("DescribeVpcs", json!({ "Filters": [{ "Name": "colour", "Values": ["red"] }] })).await, "InvalidParameterValue");
    assert_eq!(desk.code("CreateTags", json!({ "Resources": ["vpc-0"], "Tags": [] })).await, "InvalidID");
}

#[tokio::test]
async fn members_that_would_have_no_effect_are_refused() {
    let desk = Desk::new().await;
    let group = json!({ "GroupName": "g", "Description": "d" });
    let id = desk.ok("CreateSecurityGroup", group).await["GroupId"].as_str().unwrap().to_owned();
    let with = |more: Value| {
        let mut input = json!({ "GroupId": id });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let one = |peer: Value| {
        let mut permission = json!({ "IpProtocol": "tcp", "FromPort": 1, "ToPort": 2 });
        permission.as_object_mut().unwrap().extend(peer.as_object().unwrap().clone());
        json!([permission])
    };
    let range = json!({ "IpRanges": [{ "CidrIp": "10.0.0.0/8" }] });
    let both = with(json!({ "IpPermissions": one(range.clone()), "CidrIp": "10.0.0.0/8" }));
    let made = desk.ok("AuthorizeSecurityGroupIngress", with(json!({ "IpPermissions": one(range.clone()) }))).await;
    let ids = json!([made["SecurityGroupRules"][0]["SecurityGroupRuleId"]]);
    for (operation, input) in [
        ("AuthorizeSecurityGroupIngress", both.clone()),
        ("AuthorizeSecurityGroupEgress", both.clone()),
        ("RevokeSecurityGroupIngress", both),
        ("RevokeSecurityGroupIngress", with(json!({ "SecurityGroupRuleIds": ids, "IpPermissions": one(range) }))),
        ("RevokeSecurityGroupEgress", with(json!({ "SecurityGroupRuleIds": ids, "IpProtocol": "-1", "CidrIp": "0.0.0.0/0" }))),
    ] {
        assert_eq!(desk.code(operation, input).await, "InvalidParameterCombination", "{operation}");
    }
    for (operation, input) in [
        ("RevokeSecurityGroupEgress", with(json!({ "SourceSecurityGroupName": "default" }))),
        ("RevokeSecurityGroupIngress", with(json!({ "SecurityGroupRuleIds": ids, "SourceSecurityGroupOwnerId": "1" }))),
        ("AuthorizeSecurityGroupIngress", with(json!({ "IpPermissions": one(json!({ "PrefixListIds": [{ "PrefixListId": "pl-1" }] })) }))),
        (
            "AuthorizeSecurityGroupIngress",
            with(json!({ "IpPermissions": one(json!({ "UserIdGroupPairs": [{ "GroupId": id, "VpcPeeringConnectionId": "pcx-1" }] })) })),
        ),
        ("CreateVpc", json!({ "CidrBlock": "10.0.0.0/16", "Ipv4NetmaskLength": 16 })),
        ("CreateVpc", json!({ "CidrBlock": "10.0.0.0/16", "Ipv6CidrBlockNetworkBorderGroup": "us-east-1" })),
        ("CreateSubnet", json!({ "VpcId": "vpc-1", "CidrBlock": "10.0.0.0/24", "Ipv6NetmaskLength": 64 })),
    ] {
        assert_eq!(desk.code(operation, input).await, "NotImplemented", "{operation}");
    }
    let left = desk.ok("DescribeSecurityGroups", json!({ "GroupIds": [id] })).await["SecurityGroups"][0].clone();
    assert_eq!((len(&left["IpPermissions"]), len(&left["IpPermissionsEgress"])), (1, 1), "nothing changed");
}

#[tokio::test]
async fn what_is_not_known_is_refused_even_where_nothing_is_there() {
    let desk = Desk::new().await;
    let colour = json!({ "Filters": [{ "Name": "colour", "Values": ["red"] }] });
    // There is no tag in a new region.
    for operation in ["DescribeTags", "DescribeSubnets", "DescribeSecurityGroupRules", "DescribeAvailabilityZones"] {
        assert_eq!(desk.code(operation, colour.clone()).await, "InvalidParameterValue", "{operation}");
    }
    assert_eq!(desk.code("DescribeAvailabilityZones", json!({ "ZoneIds": ["use1-az9"] })).await, "InvalidParameterValue");
    let open = json!({ "Filters": [{ "Name": "egress.ip-permission.cidr", "Values": ["0.0.0.0/0"] }] });
    assert_eq!(len(&desk.ok("DescribeSecurityGroups", open).await["SecurityGroups"]), 1);
    let within = json!({ "Filters": [{ "Name": "ip-permission.cidr", "Values": ["0.0.0.0/0"] }] });
    assert_eq!(len(&desk.ok("DescribeSecurityGroups", within).await["SecurityGroups"]), 0);
}

/// Forbids what a need says, and remembers all needs.
struct Forbids(fn(&Need) -> bool, Mutex<Vec<Need>>);

impl Decider for Forbids {
    fn decide(&self, _: &Context, need: &Need, _: Option<&str>) -> Decision {
        self.1.lock().unwrap().push(need.clone());
        Decision { allowed: !(self.0)(need), message: "no".into(), statement: None }
    }
    fn explain(&self, _: &Context, _: &Need, _: Option<&str>) -> String {
        String::new()
    }
}

impl Forbids {
    /// Values of a condition key of the last need for an action on a resource that ends so.
    fn told(&self, action: &str, resource: &str, key: &str) -> Vec<String> {
        let needs = self.1.lock().unwrap();
        let need = needs.iter().rfind(|need| need.action == action && need.resource.ends_with(resource));
        let need = need.unwrap_or_else(|| panic!("{action} on {resource} was not asked: {needs:?}"));
        need.keys.iter().filter(|(name, _)| name == key).flat_map(|(_, values)| values.clone()).collect()
    }
}

fn forbid(desk: &Desk, what: fn(&Need) -> bool) -> Arc<Forbids> {
    let forbids = Arc::new(Forbids(what, Mutex::default()));
    desk.0.set_decider(forbids.clone());
    forbids
}

/// A policy names a group by its id: who calls it by its name is refused all the same.
#[tokio::test]
async fn a_group_that_is_denied_is_denied_by_its_name_too() {
    let desk = Desk::new().await;
    let id = desk.ok("CreateSecurityGroup", json!({ "GroupName": "g", "Description": "d" })).await["GroupId"].as_str().unwrap().to_owned();
    let range = json!({ "IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "CidrIp": "10.0.0.0/8" });
    let with = |name: &str, value: &str| {
        let mut input = range.clone();
        input[name] = json!(value);
        input
    };
    let forbids = forbid(&desk, |need| need.resource.contains("security-group/sg-"));
    for operation in ["AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"] {
        for input in [with("GroupId", &id), with("GroupName", "g")] {
            assert_eq!(desk.code(operation, input).await, "UnauthorizedOperation", "{operation}");
            assert_eq!(forbids.told(&format!("ec2:{operation}"), &id, "ec2:Vpc").len(), 1);
        }
    }
    assert_eq!(desk.code("DeleteSecurityGroup", json!({ "GroupName": "g" })).await, "UnauthorizedOperation");
    let group = desk.ok("DescribeSecurityGroups", json!({ "GroupIds": [id] })).await;
    assert_eq!(len(&group["SecurityGroups"][0]["IpPermissions"]), 0);
}

/// Setting tags is an action of its own, on the thing that gets them, with the tags as condition keys.
#[tokio::test]
async fn tags_are_asked_of_what_they_are_set_on() {
    let desk = Desk::new().await;
    let forbids = forbid(&desk, |need| need.action == "ec2:CreateTags" && need.resource.ends_with("subnet/*"));
    let tags = |kind: &str| json!([{ "ResourceType": kind, "Tags": [{ "Key": "stage", "Value": "test" }] }]);
    let made = desk.ok("CreateVpc", json!({ "CidrBlock": "10.0.0.0/16", "TagSpecifications": tags("vpc") })).await;
    let vpc = made["Vpc"]["VpcId"].as_str().unwrap();
    assert_eq!(forbids.told("ec2:CreateTags", "vpc/*", "ec2:CreateAction"), ["CreateVpc"]);
    assert_eq!(forbids.told("ec2:CreateVpc", "vpc/*", "aws:RequestTag/stage"), ["test"]);
    let subnet = json!({ "VpcId": vpc, "CidrBlock": "10.0.1.0/24", "TagSpecifications": tags("subnet") });
    assert_eq!(desk.code("CreateSubnet", subnet).await, "UnauthorizedOperation");
    desk.ok("CreateTags", json!({ "Resources": [vpc], "Tags": [{ "Key": "owner", "Value": "me" }] })).await;
    let of = format!("vpc/{vpc}");
    assert_eq!(forbids.told("ec2:CreateTags", &of, "aws:TagKeys"), ["owner"]);
    assert_eq!(forbids.told("ec2:CreateTags", &of, "aws:ResourceTag/stage"), ["test"], "what it has already");
    desk.ok("DeleteTags", json!({ "Resources": [vpc], "Tags": [{ "Key": "owner" }] })).await;
    assert_eq!(forbids.told("ec2:DeleteTags", &of, "ec2:ResourceTag/owner"), ["me"]);
    let tags = json!([{ "ResourceType": "vpc-endpoint", "Tags": [{ "Key": "stage", "Value": "test" }] }]);
    let subnet = json!({ "VpcId": vpc, "CidrBlock": "10.0.0.0/24" });
    let subnet = desk.ok("CreateSubnet", subnet).await["Subnet"]["SubnetId"].as_str().unwrap().to_owned();
    let input = json!({ "VpcId": vpc, "VpcEndpointType": "Interface", "PrivateDnsEnabled": false, "TagSpecifications": tags,
        "ServiceName": "com.amazonaws.us-east-1.sts" });
    let endpoint = desk.ok("CreateVpcEndpoint", input).await["VpcEndpoint"]["VpcEndpointId"].as_str().unwrap().to_owned();
    desk.ok("ModifyVpcEndpoint", json!({ "VpcEndpointId": endpoint, "AddSubnetIds": [subnet] })).await;
    let of = format!("vpc-endpoint/{endpoint}");
    assert_eq!(forbids.told("ec2:ModifyVpcEndpoint", &of, "aws:ResourceTag/stage"), ["test"]);
    assert!(forbids.told("ec2:ModifyVpcEndpoint", &format!("subnet/{subnet}"), "ec2:Vpc")[0].ends_with(&vpc));
}
