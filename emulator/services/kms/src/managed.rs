//! AWS managed keys: made on first use by a service, under `alias/aws/<service>`, with AWS's policy for them.

use crate::{find, keys, material, model::*, policies, rotation, spec::Family, state::*};
use kit::{Context, Fault, Read};

/// Services that have such a key: the end of its alias, and the name of the service in `kms:ViaService`.
const SERVICES: &[(&str, &str)] = &[
    ("acm", "acm"),
    ("backup", "backup"),
    ("cassandra", "cassandra"),
    ("codecommit", "codecommit"),
    ("dms", "dms"),
    ("dynamodb", "dynamodb"),
    ("ebs", "ec2"),
    ("elasticfilesystem", "elasticfilesystem"),
    ("es", "es"),
    ("fsx", "fsx"),
    ("glue", "glue"),
    ("kafka", "kafka"),
    ("kinesis", "kinesis"),
    ("kinesisvideo", "kinesisvideo"),
    ("lambda", "lambda"),
    ("rds", "rds"),
    ("redshift", "redshift"),
    ("s3", "s3"),
    ("secretsmanager", "secretsmanager"),
    ("sns", "sns"),
    ("sqs", "sqs"),
    ("ssm", "ssm"),
    ("workspaces", "workspaces"),
    ("xray", "xray"),
];

/// Whether an alias is one that only AWS may make.
pub(crate) fn is_reserved(alias: &str) -> bool {
    alias.starts_with("alias/aws/")
}

/// Makes the key of a service's alias where it is missing; other aliases are none of its business.
pub(crate) async fn make(cx: &Context, alias: &str) -> Result<(), Fault> {
    let known = alias.strip_prefix("alias/aws/").and_then(|name| SERVICES.iter().find(|(known, _)| *known == name));
    let Some((name, service)) = known else { return Ok(()) };
    if cx.store().read(|s| s.exists(&ALIASES, cx.scope(), &alias.to_owned()))? {
        return Ok(());
    }
    let id = cx.ids().uuid();
    let now = cx.now();
    let mut key = Key {
        arn: key_arn(cx.scope(), &id),
        // Recorded of S3; the others by likeness.
        description: format!(
            "Default key that protects my {} {} when no other key is defined",
            title(name),
            if *name == "s3" { "objects" } else { "data" }
        ),
        spec: KeySpec::SymmetricDefault,
        usage: KeyUsageType::EncryptDecrypt,
        manager: Manager::Aws,
        enabled: true,
        created: now,
        policy: policies::of_service(cx.scope(), name, service),
        material: vec![material::fresh(cx, Family::Symmetric, None).await?],
        id,
        ..Key::default()
    };
    cx.store()
        .write(|tx| {
            // Another request may have been first.
            if tx.exists(&ALIASES, cx.scope(), &alias.to_owned())? {
                return Ok(());
            }
            rotation::plan_yearly(cx, tx, &mut key);
            keys::put_new(tx, &key)?;
            let row = Alias { name: alias.to_owned(), target: key.id.clone(), created: now, updated: now };
            tx.put(&ALIASES, cx.scope(), &alias.to_owned(), &row)
        })
        .await
}

/// The service's name in the description: short names are written in capitals.
fn title(name: &str) -> String {
    if name.len() <= 4 { name.to_uppercase() } else { name.to_owned() }
}

/// A key by any name, made first where it is a service's own.
pub(crate) async fn key(cx: &Context, name: &str) -> Result<Key, Fault> {
    if let find::Name::Alias(scope, alias) = find::name(cx, name)?
        && scope == *cx.scope()
    {
        make(cx, &alias).await?;
    }
    cx.store().read(|s| find::key(s, cx, name))
}
