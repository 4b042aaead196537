//! Endpoints of services in a VPC.

use crate::{Desk, len};
use serde_json::{Value, json};

async fn network(desk: &Desk) -> (String, Vec<String>) {
    let vpc = desk.vpc("10.0.0.0/16").await;
    desk.ok("ModifyVpcAttribute", json!({ "VpcId": vpc, "EnableDnsHostnames": { "Value": true } })).await;
    let mut subnets = Vec::new();
    for (n, zone) in ["us-east-1a", "us-east-1a", "us-east-1b"].into_iter().enumerate() {
        let input = json!({ "VpcId": vpc, "CidrBlock": format!("10.0.{n}.0/24"), "AvailabilityZone": zone });
        subnets.push(desk.ok("CreateSubnet", input).await["Subnet"]["SubnetId"].as_str().unwrap().to_owned());
    }
    (vpc, subnets)
}

fn interface(vpc: &str, service: &str, subnets: &[&String]) -> Value {
    json!({ "VpcId": vpc, "VpcEndpointType": "Interface", "ServiceName": format!("com.amazonaws.us-east-1.{service}"), "SubnetIds": subnets })
}

#[tokio::test]
async fn an_interface_stands_in_subnets_of_its_vpc_under_the_services_name() {
    let desk = Desk::new().await;
    let (vpc, subnets) = network(&desk).await;
    let [a, twin, b] = [&subnets[0], &subnets[1], &subnets[2]];
    let made = desk.ok("CreateVpcEndpoint", interface(&vpc, "lambda", &[a, b])).await["VpcEndpoint"].clone();
    let id = made["VpcEndpointId"].as_str().unwrap();
    assert!(id.starts_with("vpce-0") && id.len() == 22, "{id}");
    assert_eq!((&made["State"], &made["PrivateDnsEnabled"], len(&made["NetworkInterfaceIds"])), (&json!("pending"), &json!(true), 2));
    assert_eq!(made["Groups"][0]["GroupName"], "default", "without groups it has the VPC's own");
    let of_vpc = json!({ "Filters": [{ "Name": "vpc-id", "Values": [vpc] }, { "Name": "service-name", "Values": ["*.lambda"] }] });
    let told = desk.ok("DescribeVpcEndpoints", of_vpc).await["VpcEndpoints"][0].clone();
    assert_eq!((&told["VpcEndpointId"], &told["State"]), (&json!(id), &json!("available")));
    assert_eq!(told["DnsEntries"][1]["DnsName"], "lambda.us-east-1.amazonaws.com");
    let registry = desk.ok("CreateVpcEndpoint", interface(&vpc, "ecr.api", &[b])).await["VpcEndpoint"].clone();
    assert_eq!(registry["DnsEntries"][1]["DnsName"], "api.ecr.us-east-1.amazonaws.com");
    desk.ok("DeleteVpcEndpoints", json!({ "VpcEndpointIds": [registry["VpcEndpointId"]] })).await;

    let refused = async |input: Value| desk.code("CreateVpcEndpoint", input).await;
    assert_eq!(refused(interface(&vpc, "lambda", &[a])).await, "InvalidParameter", "two endpoints for one name");
    assert_eq!(refused(interface(&vpc, "sts", &[a, twin])).await, "DuplicateSubnetsInSameZone");
    assert_eq!(refused(interface(&vpc, "no such service", &[a])).await, "InvalidServiceName");
    assert_eq!(refused(interface(&vpc, "sts", &[&"subnet-0".to_owned()])).await, "InvalidSubnetID.NotFound");
    let abroad = json!({ "VpcId": vpc, "VpcEndpointType": "Interface", "ServiceName": "com.amazonaws.eu-west-1.sts" });
    assert_eq!(refused(abroad).await, "InvalidServiceName");
    let other = json!({ "VpcId": vpc, "VpcEndpointType": "GatewayLoadBalancer", "ServiceName": "com.amazonaws.us-east-1.sts" });
    assert_eq!(refused(other).await, "NotImplemented");
    desk.ok("ModifyVpcAttribute", json!({ "VpcId": vpc, "EnableDnsHostnames": { "Value": false } })).await;
    assert_eq!(refused(interface(&vpc, "sts", &[a])).await, "InvalidParameter", "a VPC without names");

    for (operation, input) in [("DeleteSubnet", json!({ "SubnetId": a })), ("DeleteVpc", json!({ "VpcId": vpc }))] {
        assert_eq!(desk.code(operation, input).await, "DependencyViolation", "{operation}");
    }
    let gone = desk.ok("DeleteVpcEndpoints", json!({ "VpcEndpointIds": [id, "vpce-0"] })).await;
    assert_eq!((len(&gone["Unsuccessful"]), &gone["Unsuccessful"][0]["Error"]["Code"]), (1, &json!("InvalidVpcEndpoint.NotFound")));
    assert_eq!(desk.code("DescribeVpcEndpoints", json!({ "VpcEndpointIds": [id] })).await, "InvalidVpcEndpointId.NotFound");
    desk.ok("DeleteSubnet", json!({ "SubnetId": a })).await;
}

#[tokio::test]
async fn endpoints_change_and_keep_their_policy_and_tags() {
    let desk = Desk::new().await;
    let (vpc, subnets) = network(&desk).await;
    let group = json!({ "GroupName": "g", "Description": "d", "VpcId": vpc });
    let group = desk.ok("CreateSecurityGroup", group).await["GroupId"].clone();
    let mut input = interface(&vpc, "sqs", &[&subnets[0]]);
    input["ClientToken"] = json!("once");
    input["TagSpecifications"] = json!([{ "ResourceType": "vpc-endpoint", "Tags": [{ "Key": "Name", "Value": "mine" }] }]);
    let id = desk.ok("CreateVpcEndpoint", input.clone()).await["VpcEndpoint"]["VpcEndpointId"].clone();
    assert_eq!(desk.ok("CreateVpcEndpoint", input.clone()).await["VpcEndpoint"]["VpcEndpointId"], id, "the same token");
    input["ServiceName"] = json!("com.amazonaws.us-east-1.sns");
    assert_eq!(desk.code("CreateVpcEndpoint", input).await, "IdempotentParameterMismatch");

    let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*" }] })
        .to_string();
    let change = json!({ "VpcEndpointId": id, "AddSubnetIds": [subnets[2]], "RemoveSubnetIds": [subnets[0]], "AddSecurityGroupIds": [group],
        "PolicyDocument": policy, "PrivateDnsEnabled": false });
    assert_eq!(desk.ok("ModifyVpcEndpoint", change).await["Return"], json!(true));
    let tagged = json!({ "Filters": [{ "Name": "tag:Name", "Values": ["mine"] }] });
    let told = desk.ok("DescribeVpcEndpoints", tagged).await["VpcEndpoints"][0].clone();
    assert_eq!((&told["SubnetIds"], &told["PolicyDocument"]), (&json!([subnets[2]]), &json!(policy)));
    assert_eq!((len(&told["Groups"]), len(&told["DnsEntries"])), (2, 1));
    assert_eq!(desk.code("DeleteSecurityGroup", json!({ "GroupId": group })).await, "DependencyViolation");
    desk.ok("ModifyVpcEndpoint", json!({ "VpcEndpointId": id, "ResetPolicy": true })).await;
    let told = desk.ok("DescribeVpcEndpoints", json!({ "VpcEndpointIds": [id] })).await;
    assert!(told["VpcEndpoints"][0]["PolicyDocument"].as_str().unwrap().contains("Allow"));
    assert_eq!(desk.code("ModifyVpcEndpoint", json!({ "VpcEndpointId": id, "PolicyDocument": "{" })).await, "InvalidPolicyDocument");

    let gateway = json!({ "VpcId": vpc, "ServiceName": "com.amazonaws.us-east-1.s3" });
    let made = desk.ok("CreateVpcEndpoint", gateway).await["VpcEndpoint"].clone();
    assert_eq!((&made["VpcEndpointType"], &made["State"]), (&json!("Gateway"), &json!("available")));
    let gateway = json!({ "VpcId": vpc, "ServiceName": "com.amazonaws.us-east-1.lambda" });
    assert_eq!(desk.code("CreateVpcEndpoint", gateway).await, "InvalidParameter", "lambda has no gateway");
    let routed = json!({ "VpcId": vpc, "ServiceName": "com.amazonaws.us-east-1.s3", "RouteTableIds": ["rtb-1"] });
    assert_eq!(desk.code("CreateVpcEndpoint", routed).await, "NotImplemented");
}
