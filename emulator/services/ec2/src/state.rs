//! What is kept of networks, and the default VPC that each region has from its first use.

use kit::{Context, Fault, Read, Table, TableScope, Timestamp, Tx};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub(crate) const VPCS: Table<String, Vpc> = Table::new("ec2.vpcs", TableScope::Region);
pub(crate) const SUBNETS: Table<String, Subnet> = Table::new("ec2.subnets", TableScope::Region);
pub(crate) const GROUPS: Table<String, Group> = Table::new("ec2.groups", TableScope::Region);
pub(crate) const ENDPOINTS: Table<String, Endpoint> = Table::new("ec2.endpoints", TableScope::Region);
/// Regions that have or had their default VPC.
const BEGUN: Table<String, bool> = Table::new("ec2.begun", TableScope::Region);

/// Availability zones of a region: their letters.
pub(crate) const ZONES: [&str; 3] = ["a", "b", "c"];

pub(crate) type Tags = BTreeMap<String, String>;

/// A VPC, by id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Vpc {
    pub id: String,
    pub cidr: String,
    pub association: String,
    pub tenancy: String,
    pub is_default: bool,
    pub dns_hostnames: bool,
    pub dns_support: bool,
    pub tags: Tags,
}

/// A subnet, by id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Subnet {
    pub id: String,
    pub vpc: String,
    pub cidr: String,
    pub zone: String,
    pub default_for_zone: bool,
    pub tags: Tags,
}

/// A security group, by id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Group {
    pub id: String,
    pub name: String,
    pub description: String,
    pub vpc: String,
    pub rules: Vec<Rule>,
    pub tags: Tags,
}

/// An endpoint of a service in a VPC, by id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Endpoint {
    pub id: String,
    pub vpc: String,
    pub service: String,
    /// Interfaces in subnets; else a gateway.
    pub interface: bool,
    /// Subnets, with the id of the interface in each.
    pub subnets: BTreeMap<String, String>,
    pub groups: Vec<String>,
    pub private_dns: bool,
    /// JSON, where one was given.
    pub policy: Option<String>,
    pub token: Option<String>,
    pub created: Timestamp,
    pub tags: Tags,
}

/// A rule of a security group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Rule {
    pub id: String,
    pub egress: bool,
    /// `tcp`, `udp`, `icmp`, a number, or `-1` for all.
    pub protocol: String,
    pub from: Option<i32>,
    pub to: Option<i32>,
    pub peer: Peer,
    pub description: Option<String>,
    pub tags: Tags,
}

/// Whom a rule lets in or out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Peer {
    Ipv4(String),
    Ipv6(String),
    /// Account and id.
    Group(String, String),
}

impl Default for Peer {
    fn default() -> Peer {
        Peer::Ipv4(String::new())
    }
}

impl Rule {
    /// Whether two rules say the same.
    pub fn same(&self, other: &Rule) -> bool {
        let of = |r: &Rule| (r.egress, r.protocol.clone(), r.from, r.to, r.peer.clone());
        of(self) == of(other)
    }
    /// Everything may go out, as every new group says.
    pub fn all_out(cx: &Context) -> Rule {
        let peer = Peer::Ipv4("0.0.0.0/0".into());
        Rule { id: id(cx, "sgr"), egress: true, protocol: "-1".into(), peer, ..Rule::default() }
    }
}

/// `vpc-` and seventeen hexadecimal digits.
pub(crate) fn id(cx: &Context, kind: &str) -> String {
    format!("{kind}-0{}", cx.ids().hex(16))
}

/// The ARN of something.
pub(crate) fn arn(cx: &Context, kind: &str, id: &str) -> String {
    format!("arn:aws:ec2:{}:{}:{kind}/{id}", cx.region(), cx.account())
}

/// Makes the default VPC with a subnet in each zone and its default group, unless the region has had one. AWS's addresses: 172.31.0.0/16, /20 each.
pub(crate) async fn begin(cx: &Context) -> Result<(), Fault> {
    let key = "default".to_owned();
    if cx.store().read(|s| s.get(&BEGUN, cx.scope(), &key))?.is_some() {
        return Ok(());
    }
    cx.store()
        .write(|tx| {
            if tx.get(&BEGUN, cx.scope(), &key)?.is_none() {
                tx.put(&BEGUN, cx.scope(), &key, &true)?;
                make_default(tx, cx)?;
            }
            Ok(())
        })
        .await
}

/// Writes a default VPC with all that belongs to it.
pub(crate) fn make_default(tx: &mut Tx<'_>, cx: &Context) -> Result<Vpc, Fault> {
    let mut vpc = new_vpc(cx, "172.31.0.0/16");
    (vpc.is_default, vpc.dns_hostnames) = (true, true);
    put_vpc(tx, cx, &vpc)?;
    for (n, letter) in ZONES.into_iter().enumerate() {
        let cidr = format!("172.31.{}.0/20", 16 * n);
        let zone = format!("{}{letter}", cx.region());
        let subnet = Subnet { id: id(cx, "subnet"), vpc: vpc.id.clone(), cidr, zone, default_for_zone: true, ..Subnet::default() };
        tx.put(&SUBNETS, cx.scope(), &subnet.id, &subnet)?;
    }
    Ok(vpc)
}

/// A VPC with AWS's defaults.
pub(crate) fn new_vpc(cx: &Context, cidr: &str) -> Vpc {
    Vpc {
        id: id(cx, "vpc"),
        cidr: cidr.to_owned(),
        association: id(cx, "vpc-cidr-assoc"),
        tenancy: "default".into(),
        dns_support: true,
        ..Vpc::default()
    }
}

/// Writes a new VPC and its default group, whose members reach each other.
pub(crate) fn put_vpc(tx: &mut Tx<'_>, cx: &Context, vpc: &Vpc) -> Result<(), Fault> {
    tx.put(&VPCS, cx.scope(), &vpc.id, vpc)?;
    let group_id = id(cx, "sg");
    let peer = Peer::Group(cx.account().to_owned(), group_id.clone());
    let among = Rule { id: id(cx, "sgr"), protocol: "-1".into(), peer, ..Rule::default() };
    let group = Group {
        id: group_id,
        name: "default".into(),
        description: "default VPC security group".into(),
        vpc: vpc.id.clone(),
        rules: vec![among, Rule::all_out(cx)],
        ..Group::default()
    };
    tx.put(&GROUPS, cx.scope(), &group.id, &group)
}

/// The default VPC, where the region has one.
pub(crate) fn default_vpc(read: &impl Read, cx: &Context) -> Result<Option<Vpc>, Fault> {
    let all = read.scan(&VPCS, cx.scope()).collect::<Result<Vec<_>, Fault>>()?;
    Ok(all.into_iter().map(|(_, vpc)| vpc).find(|vpc| vpc.is_default))
}
