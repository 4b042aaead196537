//! Amazon EC2's networks: VPCs, subnets, endpoints of services, security groups and rules that stand apart from their group.

use super::{
    Handler, Job, Kind, Made,
    job::{document, flag},
};
use async_trait::async_trait;
use kit::Fault;
use serde_json::{Value as Json, json};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "AWS::EC2::VPC",
        made_by: Some(("ec2", "CreateVpc")),
        properties: &["CidrBlock", "EnableDnsHostnames", "EnableDnsSupport", "InstanceTenancy", "Tags"],
        attributes: &["VpcId", "DefaultSecurityGroup"],
        handler: &Vpc,
    },
    Kind {
        name: "AWS::EC2::Subnet",
        made_by: Some(("ec2", "CreateSubnet")),
        properties: &["AvailabilityZone", "AvailabilityZoneId", "CidrBlock", "Tags", "VpcId"],
        attributes: &["SubnetId"],
        handler: &Subnet,
    },
    Kind {
        name: "AWS::EC2::VPCEndpoint",
        made_by: Some(("ec2", "CreateVpcEndpoint")),
        properties: &[
            "PolicyDocument",
            "PrivateDnsEnabled",
            "SecurityGroupIds",
            "ServiceName",
            "SubnetIds",
            "Tags",
            "VpcEndpointType",
            "VpcId",
        ],
        attributes: &["Id", "CreationTimestamp", "NetworkInterfaceIds"],
        handler: &Endpoint,
    },
    Kind {
        name: "AWS::EC2::SecurityGroup",
        made_by: Some(("ec2", "CreateSecurityGroup")),
        properties: &["GroupDescription", "GroupName", "SecurityGroupEgress", "SecurityGroupIngress", "Tags", "VpcId"],
        attributes: &["GroupId", "Id"],
        handler: &Group,
    },
    Kind {
        name: "AWS::EC2::SecurityGroupIngress",
        made_by: Some(("ec2", "AuthorizeSecurityGroupIngress")),
        properties: &["CidrIp", "CidrIpv6", "Description", "FromPort", "GroupId", "IpProtocol", "SourceSecurityGroupId", "ToPort"],
        attributes: &["Id"],
        handler: &Apart("Ingress"),
    },
    Kind {
        name: "AWS::EC2::SecurityGroupEgress",
        made_by: Some(("ec2", "AuthorizeSecurityGroupEgress")),
        properties: &["CidrIp", "CidrIpv6", "Description", "DestinationSecurityGroupId", "FromPort", "GroupId", "IpProtocol", "ToPort"],
        attributes: &["Id"],
        handler: &Apart("Egress"),
    },
];

/// Tags of something that is being made.
fn tags(job: &Job<'_>, kind: &str) -> Json {
    match job.tag_list("Tags") {
        Json::Null => Json::Null,
        list => json!([{ "ResourceType": kind, "Tags": list }]),
    }
}

async fn retag(job: &Job<'_>) -> Result<(), Fault> {
    let gone = job.tags_gone("Tags");
    if !gone.is_empty() {
        let keys: Vec<Json> = gone.into_iter().map(|key| json!({ "Key": key })).collect();
        job.call("ec2", "DeleteTags", json!({ "Resources": [job.physical()], "Tags": keys })).await?;
    }
    if job.retagged("Tags") && !job.tag_list("Tags").is_null() {
        job.call("ec2", "CreateTags", json!({ "Resources": [job.physical()], "Tags": job.tag_list("Tags") })).await?;
    }
    Ok(())
}

struct Vpc;

impl Vpc {
    async fn attributes(job: &Job<'_>, id: &str) -> Result<(), Fault> {
        for (name, default) in [("EnableDnsSupport", true), ("EnableDnsHostnames", false)] {
            if job.changed(name) {
                let value = flag(job.get(name)).unwrap_or(default);
                job.call("ec2", "ModifyVpcAttribute", json!({ "VpcId": id, name: { "Value": value } })).await?;
            }
        }
        Ok(())
    }
    async fn made(job: &Job<'_>, id: &str) -> Result<Made, Fault> {
        Ok(Made::new(id).with("VpcId", id).with("DefaultSecurityGroup", default_group(job, id).await?))
    }
}

/// Id of the group that a VPC comes with.
async fn default_group(job: &Job<'_>, vpc: &str) -> Result<Json, Fault> {
    let of = |name: &str, value: &str| json!({ "Name": name, "Values": [value] });
    let filters = json!({ "Filters": [of("vpc-id", vpc), of("group-name", "default")] });
    Ok(job.call("ec2", "DescribeSecurityGroups", filters).await?["SecurityGroups"][0]["GroupId"].clone())
}

#[async_trait]
impl Handler for Vpc {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut input = job.take(&["CidrBlock", "InstanceTenancy"]);
        input.insert("TagSpecifications".into(), tags(job, "vpc"));
        let made = job.call("ec2", "CreateVpc", Json::Object(input)).await?;
        let id = made["Vpc"]["VpcId"].as_str().unwrap_or_default().to_owned();
        Self::attributes(job, &id).await?;
        Self::made(job, &id).await
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        if job.changed("InstanceTenancy") {
            return Err(Fault::new("NotImplemented", 501, "windtunnel does not change InstanceTenancy of an AWS::EC2::VPC that is there."));
        }
        Self::attributes(job, job.physical()).await?;
        retag(job).await?;
        Self::made(job, job.physical()).await
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("ec2", "DeleteVpc", json!({ "VpcId": job.physical() })).await
    }
}

struct Subnet;

#[async_trait]
impl Handler for Subnet {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut input = job.take(&["AvailabilityZone", "AvailabilityZoneId", "CidrBlock", "VpcId"]);
        input.insert("TagSpecifications".into(), tags(job, "subnet"));
        let made = job.call("ec2", "CreateSubnet", Json::Object(input)).await?;
        let id = made["Subnet"]["SubnetId"].as_str().unwrap_or_default();
        Ok(Made::new(id).with("SubnetId", id))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        retag(job).await?;
        Ok(Made { physical_id: job.physical().to_owned(), attributes: job.attributes.clone() })
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("ec2", "DeleteSubnet", json!({ "SubnetId": job.physical() })).await
    }
}

struct Endpoint;

impl Endpoint {
    /// The groups before and now: where a template names none, the VPC's default group (AWS's reference of the property).
    async fn groups(job: &Job<'_>) -> Result<[Vec<Json>; 2], Fault> {
        let list = |value: &Json| value.as_array().cloned().unwrap_or_default();
        let mut both = [list(job.was("SecurityGroupIds")), list(job.get("SecurityGroupIds"))];
        let interface = job.get("VpcEndpointType").as_str() == Some("Interface");
        if interface && both[0] != both[1] && both.iter().any(Vec::is_empty) {
            let default = default_group(job, job.get("VpcId").as_str().unwrap_or_default()).await?;
            both.iter_mut().filter(|ids| ids.is_empty()).for_each(|ids| ids.push(default.clone()));
        }
        Ok(both)
    }
    async fn made(job: &Job<'_>, id: &str) -> Result<Made, Fault> {
        let told = job.call("ec2", "DescribeVpcEndpoints", json!({ "VpcEndpointIds": [id] })).await?;
        let told = &told["VpcEndpoints"][0];
        let made = Made::new(id).with("Id", id).with("CreationTimestamp", told["CreationTimestamp"].clone());
        Ok(made.with("NetworkInterfaceIds", told["NetworkInterfaceIds"].clone()))
    }
    /// Without it a template's endpoint has no private names, where the API's own default is that it has.
    fn private_dns(job: &Job<'_>) -> Json {
        let interface = job.get("VpcEndpointType").as_str() == Some("Interface");
        match flag(job.get("PrivateDnsEnabled")) {
            None if !interface => Json::Null,
            asked => json!(asked.unwrap_or(false)),
        }
    }
}

#[async_trait]
impl Handler for Endpoint {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut input = job.take(&["SecurityGroupIds", "ServiceName", "SubnetIds", "VpcEndpointType", "VpcId"]);
        let more = [
            ("PolicyDocument", document(job.get("PolicyDocument"))),
            ("PrivateDnsEnabled", Self::private_dns(job)),
            ("TagSpecifications", tags(job, "vpc-endpoint")),
        ];
        input.extend(more.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.to_owned(), value)));
        let made = job.call("ec2", "CreateVpcEndpoint", Json::Object(input)).await?;
        Self::made(job, made["VpcEndpoint"]["VpcEndpointId"].as_str().unwrap_or_default()).await
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut input = json!({ "VpcEndpointId": job.physical() });
        let list = |value: &Json| value.as_array().cloned().unwrap_or_default();
        let subnets = [list(job.was("SubnetIds")), list(job.get("SubnetIds"))];
        for ([before, after], add, remove) in
            [(subnets, "AddSubnetIds", "RemoveSubnetIds"), (Self::groups(job).await?, "AddSecurityGroupIds", "RemoveSecurityGroupIds")]
        {
            input[add] = after.iter().filter(|id| !before.contains(id)).cloned().collect();
            input[remove] = before.iter().filter(|id| !after.contains(id)).cloned().collect();
        }
        if job.changed("PrivateDnsEnabled") {
            input["PrivateDnsEnabled"] = Self::private_dns(job);
        }
        match (job.changed("PolicyDocument"), document(job.get("PolicyDocument"))) {
            (true, Json::Null) => input["ResetPolicy"] = json!(true),
            (true, policy) => input["PolicyDocument"] = policy,
            (false, _) => {}
        }
        job.call("ec2", "ModifyVpcEndpoint", input).await?;
        retag(job).await?;
        Self::made(job, job.physical()).await
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        let told = job.call("ec2", "DeleteVpcEndpoints", json!({ "VpcEndpointIds": [job.physical()] })).await?;
        let error = &told["Unsuccessful"][0]["Error"];
        match error["Code"].as_str().unwrap_or_default() {
            "" | "InvalidVpcEndpoint.NotFound" => Ok(()),
            code => Err(Fault::new(code.to_owned(), 400, error["Message"].as_str().unwrap_or_default().to_owned())),
        }
    }
}

/// A rule of a template as the API's permission.
fn permission(rule: &Json) -> Json {
    let mut out = json!({ "IpProtocol": rule["IpProtocol"] });
    for port in ["FromPort", "ToPort"] {
        if let Some(value) = rule.get(port) {
            out[port] = value.clone();
        }
    }
    let group = rule.get("SourceSecurityGroupId").or(rule.get("DestinationSecurityGroupId"));
    let peers = [
        ("IpRanges", "CidrIp", rule.get("CidrIp")),
        ("Ipv6Ranges", "CidrIpv6", rule.get("CidrIpv6")),
        ("UserIdGroupPairs", "GroupId", group),
    ];
    for (list, member, value) in peers {
        if let Some(value) = value {
            let mut peer = json!({ member: value });
            if let Some(text) = rule.get("Description") {
                peer["Description"] = text.clone();
            }
            out[list] = json!([peer]);
        }
    }
    out
}

struct Group;

impl Group {
    /// Rules of one direction: those that the template no longer has go, new ones come.
    async fn rules(job: &Job<'_>, id: &str, direction: &str) -> Result<(), Fault> {
        let property = format!("SecurityGroup{direction}");
        let list = |value: &Json| value.as_array().into_iter().flatten().map(permission).collect::<Vec<Json>>();
        let (before, after) = (list(job.was(&property)), list(job.get(&property)));
        // A group with rules of its own for the way out has no others; without, everything may go out. Where the template takes its own away
        // nothing may (AWS's reference of the resource).
        let all = json!([{ "IpProtocol": "-1", "IpRanges": [{ "CidrIp": "0.0.0.0/0" }] }]);
        let (had, has) = (job.was(&property).is_array(), job.get(&property).is_array());
        if direction == "Egress" && has && !had {
            match job.call("ec2", "RevokeSecurityGroupEgress", json!({ "GroupId": id, "IpPermissions": all })).await {
                // It had rules of its own before, and lost them.
                Err(fault) if &*fault.code == "InvalidPermission.NotFound" => {}
                revoked => drop(revoked?),
            }
        }
        for (verb, these, others) in [("Revoke", &before, &after), ("Authorize", &after, &before)] {
            let some: Vec<&Json> = these.iter().filter(|rule| !others.contains(rule)).collect();
            if !some.is_empty() {
                let operation = format!("{verb}SecurityGroup{direction}");
                job.call("ec2", &operation, json!({ "GroupId": id, "IpPermissions": some })).await?;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Handler for Group {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let name = job.name("GroupName", 255);
        let input = json!({
            "GroupName": name,
            "Description": job.get("GroupDescription"),
            "VpcId": job.get("VpcId"),
            "TagSpecifications": tags(job, "security-group"),
        });
        let made = job.call("ec2", "CreateSecurityGroup", input).await?;
        let id = made["GroupId"].as_str().unwrap_or_default();
        for direction in ["Ingress", "Egress"] {
            if let Err(fault) = Self::rules(job, id, direction).await {
                // A failure must not leave the group behind.
                let _ = job.call("ec2", "DeleteSecurityGroup", json!({ "GroupId": id })).await;
                return Err(fault);
            }
        }
        Ok(Made::new(id).with("GroupId", id).with("Id", id))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::rules(job, job.physical(), "Ingress").await?;
        Self::rules(job, job.physical(), "Egress").await?;
        retag(job).await?;
        Ok(Made { physical_id: job.physical().to_owned(), attributes: job.attributes.clone() })
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("ec2", "DeleteSecurityGroup", json!({ "GroupId": job.physical() })).await
    }
}

/// A rule of a group that stands elsewhere in the template: `Ingress` or `Egress`.
struct Apart(&'static str);

impl Apart {
    async fn revoke(&self, job: &Job<'_>) -> Result<(), Fault> {
        let input = json!({ "GroupId": job.text("GroupId"), "SecurityGroupRuleIds": [job.physical()] });
        job.call_gone("ec2", &format!("RevokeSecurityGroup{}", self.0), input).await
    }
}

#[async_trait]
impl Handler for Apart {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let input = json!({ "GroupId": job.get("GroupId"), "IpPermissions": [permission(job.after)] });
        let made = job.call("ec2", &format!("AuthorizeSecurityGroup{}", self.0), input).await?;
        let id = made["SecurityGroupRules"][0]["SecurityGroupRuleId"].as_str().unwrap_or_default();
        Ok(Made::new(id).with("Id", id))
    }
    /// Only the description changes in place: the rule is written anew.
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        self.revoke(job).await?;
        self.create(job).await
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        self.revoke(job).await
    }
}
