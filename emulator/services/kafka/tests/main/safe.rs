//! Stand-ins for Secrets Manager, KMS and EC2, as MSK asks them.

use kit::{
    BoxFuture, Context, Fault, Grant, Need, Principal,
    ports::{DataKey, EncryptionContext, Keys, Networks, SecretInfo, SecretValue, SecretVersion, Secrets, SecurityGroupInfo, SubnetInfo},
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

pub const KEY: &str = "arn:aws:kms:us-east-1:000000000000:key/k";

/// Secrets by ARN, whom they let in, and grants of one key. What lies under the key opens for a service with a grant only.
#[derive(Default)]
pub struct Safe {
    pub values: Mutex<BTreeMap<String, String>>,
    pub policies: Mutex<BTreeMap<String, Vec<Value>>>,
    pub grants: Mutex<BTreeSet<String>>,
}

/// The ARN of a secret.
pub fn arn(name: &str) -> String {
    format!("arn:aws:secretsmanager:us-east-1:000000000000:secret:{name}-a1b2c3")
}

impl Safe {
    pub fn put(&self, name: &str, value: &str) -> String {
        self.values.lock().unwrap().insert(arn(name), value.into());
        arn(name)
    }
}

impl Secrets for Safe {
    fn need(&self, _: &Context, secret: &SecretVersion) -> Need {
        Need::on("secretsmanager:GetSecretValue", &secret.secret)
    }
    fn about(&self, _: &Context, id: &str) -> Result<SecretInfo, Fault> {
        let there = self.values.lock().unwrap().contains_key(id);
        // A secret whose name says so lies under AWS's own key.
        let kms_key = (!id.contains("default")).then(|| KEY.to_owned());
        let info = SecretInfo { arn: id.to_owned(), name: id.to_owned(), kms_key };
        there.then_some(info).ok_or_else(|| Fault::new("ResourceNotFoundException", 400, "no such secret"))
    }
    fn value<'a>(&'a self, cx: &'a Context, grant: Grant, secret: &'a SecretVersion) -> BoxFuture<'a, Result<SecretValue, Fault>> {
        Box::pin(async move {
            grant.covers("secretsmanager:GetSecretValue", &secret.secret)?;
            assert!(matches!(cx.principal(), Principal::Service { name, .. } if &**name == "kafka.amazonaws.com"));
            let admitted = self.policies.lock().unwrap().get(&secret.secret).is_some_and(|list| !list.is_empty());
            let lent = self.grants.lock().unwrap().contains(&secret.secret);
            let found = self.values.lock().unwrap().get(&secret.secret).cloned();
            match (admitted && lent, found) {
                (true, Some(text)) => Ok(SecretValue::Text(text)),
                _ => Err(Fault::new("AccessDeniedException", 400, "closed")),
            }
        })
    }
    fn admit<'a>(&'a self, _: &'a Context, secret_arn: &'a str, statement: Value) -> BoxFuture<'a, Result<(), Fault>> {
        self.policies.lock().unwrap().insert(secret_arn.into(), vec![statement]);
        Box::pin(async { Ok(()) })
    }
    fn expel<'a>(&'a self, _: &'a Context, secret_arn: &'a str, sid: &'a str) -> BoxFuture<'a, Result<(), Fault>> {
        self.policies.lock().unwrap().get_mut(secret_arn).into_iter().for_each(|list| list.retain(|s| s["Sid"] != sid));
        Box::pin(async { Ok(()) })
    }
}

fn unasked<T>() -> BoxFuture<'static, Result<T, Fault>>
where
    T: Send + 'static,
{
    Box::pin(async { Err(Fault::internal("nobody asks for that")) })
}

impl Keys for Safe {
    fn resolve<'a>(&'a self, _: &'a Context, key: &'a str) -> BoxFuture<'a, Result<String, Fault>> {
        Box::pin(async move { Ok(key.to_owned()) })
    }
    fn data_key<'a>(&'a self, _: &'a Context, _: Grant, _: &'a str, _: &'a EncryptionContext) -> BoxFuture<'a, Result<DataKey, Fault>> {
        unasked()
    }
    fn decrypt<'a>(
        &'a self,
        _: &'a Context,
        _: Grant,
        _: &'a str,
        _: &'a [u8],
        _: &'a EncryptionContext,
    ) -> BoxFuture<'a, Result<[u8; 32], Fault>> {
        unasked()
    }
    fn lend<'a>(
        &'a self,
        cx: &'a Context,
        grant: Grant,
        key_arn: &'a str,
        service: &'a str,
        context: &'a EncryptionContext,
    ) -> BoxFuture<'a, Result<String, Fault>> {
        Box::pin(async move {
            grant.covers("kms:CreateGrant", key_arn)?;
            assert_eq!((cx.called_via(), service), (Some("kafka.amazonaws.com"), "kafka.amazonaws.com"));
            self.grants.lock().unwrap().insert(context["SecretARN"].clone());
            Ok(context["SecretARN"].clone())
        })
    }
    fn take_back<'a>(&'a self, _: &'a Context, grant: Grant, key_arn: &'a str, id: &'a str) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            grant.covers("kms:RetireGrant", key_arn)?;
            self.grants.lock().unwrap().remove(id);
            Ok(())
        })
    }
}

/// Subnets `subnet-ZONE-VPC` and groups `sg-VPC`; what is named otherwise is not there.
pub struct Land;

impl Networks for Land {
    fn subnets<'a>(&'a self, _: &'a Context, grant: Grant, ids: &'a [String]) -> BoxFuture<'a, Result<Vec<SubnetInfo>, Fault>> {
        Box::pin(async move {
            grant.covers("ec2:DescribeSubnets", "*")?;
            let one = |id: &String| {
                let gone = || Fault::new("InvalidSubnetID.NotFound", 400, format!("The subnet ID '{id}' does not exist"));
                let (zone, vpc) = id.strip_prefix("subnet-").and_then(|rest| rest.split_once('-')).ok_or_else(gone)?;
                Ok(SubnetInfo { id: id.clone(), vpc: vpc.into(), zone: zone.into() })
            };
            ids.iter().map(one).collect()
        })
    }
    fn security_groups<'a>(
        &'a self,
        _: &'a Context,
        grant: Grant,
        ids: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<SecurityGroupInfo>, Fault>> {
        Box::pin(async move {
            grant.covers("ec2:DescribeSecurityGroups", "*")?;
            Ok(ids.iter().map(|id| SecurityGroupInfo { id: id.clone(), vpc: id.trim_start_matches("sg-").into() }).collect())
        })
    }
    fn default_group<'a>(&'a self, _: &'a Context, _: Grant, _: &'a str) -> BoxFuture<'a, Result<String, Fault>> {
        unasked()
    }
}
