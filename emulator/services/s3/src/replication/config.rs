//! PutBucketReplication, GetBucketReplication, DeleteBucketReplication: what a configuration may be.
//!
//! The first two sentences of refusals are recorded from AWS; the others are AWS's where they send the reader to its Developer Guide, and ours
//! elsewhere. What AWS would do and is not built (measured replication times, changes of replicas going back, objects that were there
//! before) is refused by name where a rule is to be in force.

use super::rules::{self, bucket_of};
use crate::{
    S3, access, errors,
    model::*,
    objects::refuse,
    state::{self, Found},
};
use kit::{Access, Arn, Authorize, Context, Fault, Need};
use std::collections::BTreeSet;

/// Most rules of a configuration.
const MOST_RULES: usize = 1000;
/// Longest id of a rule.
const LONGEST_ID: usize = 255;

impl Authorize<S3> for PutBucketReplicationInput {
    /// Whoever hands over a role must be allowed to.
    fn access(&self, _: &S3, cx: &Context) -> Access {
        let pass = Need::on("iam:PassRole", &self.replication_configuration.role).key("iam:PassedToService", "s3.amazonaws.com");
        access::all([access::bucket_need(cx, "s3:PutReplicationConfiguration", &self.bucket), Some(pass)])
    }
}

impl S3 {
    /// Sets where the bucket's new versions are replicated to.
    pub async fn put_bucket_replication(
        &self,
        cx: &Context,
        input: PutBucketReplicationInput,
    ) -> Result<PutBucketReplicationOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        if !found.keeps_versions() {
            return Err(errors::invalid_request("Versioning must be 'Enabled' on the bucket to apply a replication configuration"));
        }
        if input.token.is_some() {
            cx.warn("member Token has no effect: no bucket here needs one to replicate locked objects");
        }
        let mut configuration = input.replication_configuration;
        check(cx, &found, &configuration)?;
        for rule in &mut configuration.rules {
            rule.id.get_or_insert_with(|| cx.ids().uuid());
        }
        self.configure(cx, &found.name, &None, |bucket| bucket.replication = Some(configuration)).await?;
        Ok(PutBucketReplicationOutput {})
    }

    /// Where the bucket's versions are replicated to.
    pub async fn get_bucket_replication(
        &self,
        cx: &Context,
        input: GetBucketReplicationInput,
    ) -> Result<GetBucketReplicationOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        match &found.bucket.replication {
            Some(configuration) => Ok(GetBucketReplicationOutput { replication_configuration: Some(configuration.clone()) }),
            None => {
                let sentence = "The replication configuration was not found";
                Err(Fault::new("ReplicationConfigurationNotFoundError", 404, sentence).with("BucketName", found.name))
            }
        }
    }

    /// Ends replication. What is on its way fails, what is there stays.
    pub async fn delete_bucket_replication(
        &self,
        cx: &Context,
        input: DeleteBucketReplicationInput,
    ) -> Result<DeleteBucketReplicationOutput, Fault> {
        self.configure(cx, &input.bucket, &input.expected_bucket_owner, |bucket| bucket.replication = None).await?;
        Ok(DeleteBucketReplicationOutput {})
    }
}

/// Versions are kept as long as there is something to replicate.
pub(crate) fn refuse_suspension(bucket: &state::Bucket, wanted: state::Versioning) -> Result<(), Fault> {
    match bucket.replication.is_some() && wanted != state::Versioning::Enabled {
        true => {
            let sentence = "A replication configuration is present on this bucket, so the versioning state cannot be changed.";
            Err(Fault::new("InvalidBucketState", 409, sentence))
        }
        false => Ok(()),
    }
}

fn check(cx: &Context, found: &Found, configuration: &ReplicationConfiguration) -> Result<(), Fault> {
    if configuration.rules.is_empty() || configuration.rules.len() > MOST_RULES {
        return Err(errors::malformed_xml());
    }
    let role = Arn::parse(&configuration.role).filter(|arn| arn.service == "iam" && arn.resource.starts_with("role/"));
    if role.is_none() {
        return Err(errors::invalid_argument("Invalid Amazon Resource Name (ARN) of a role", "Role", &configuration.role));
    }
    let (mut ids, mut priorities) = (BTreeSet::new(), BTreeSet::new());
    for rule in &configuration.rules {
        check_shape(rule)?;
        check_destination(cx, found, rule)?;
        if rule.status == Some(ReplicationRuleStatus::Enabled) {
            refuse_unbuilt(rule)?;
        }
        if rule.id.as_ref().is_some_and(|id| id.len() > LONGEST_ID || !ids.insert(id)) {
            return Err(errors::invalid_argument(
                "Rule Id must be unique, and of at most 255 characters",
                "ID",
                rule.id.as_deref().unwrap_or(""),
            ));
        }
        if rule.priority.is_some_and(|priority| !priorities.insert(priority)) {
            return Err(errors::invalid_request("Rules of a replication configuration must have priorities of their own"));
        }
    }
    Ok(())
}

/// What AWS adds to sentences about the two versions of its schema.
const GUIDE: &str = "Please refer to S3 Developer Guide for more information.";

fn check_shape(rule: &ReplicationRule) -> Result<(), Fault> {
    if rule.status.is_none() || rule.destination.is_none() || (rule.filter.is_some() && rule.prefix.is_some()) {
        return Err(errors::malformed_xml());
    }
    if rule.filter.is_none() {
        return Ok(());
    }
    let needs = |what: &str| {
        let sentence = format!("{what} must be specified for this version of Cross Region Replication configuration schema. {GUIDE}");
        Err(errors::invalid_request(sentence))
    };
    if rule.priority.is_none() {
        return needs("Priority");
    }
    let Some(markers) = &rule.delete_marker_replication else { return needs("DeleteMarkerReplication") };
    if markers.status == Some(DeleteMarkerReplicationStatus::Enabled) && !rules::filter(rule).1.is_empty() {
        let sentence = format!("Delete marker replication is not supported if any Tag filter is specified. {GUIDE}");
        return Err(errors::invalid_request(sentence));
    }
    Ok(())
}

fn check_destination(cx: &Context, found: &Found, rule: &ReplicationRule) -> Result<(), Fault> {
    let Some(destination) = &rule.destination else { return Err(errors::malformed_xml()) };
    let name = bucket_of(destination).ok_or_else(|| errors::invalid_argument("Invalid bucket ARN", "Bucket", &destination.bucket))?;
    if name == found.name {
        return Err(errors::invalid_request("Destination bucket cannot be the same as the source bucket."));
    }
    // Recorded: a bucket that isn't there is told of as one without versions.
    let target = cx.store().read(|s| state::find(s, name)).ok().filter(Found::keeps_versions);
    let target = target.ok_or_else(|| errors::invalid_request("Destination bucket must have versioning enabled."))?;
    if found.bucket.object_lock.is_some() && target.bucket.object_lock.is_none() {
        return Err(errors::invalid_request("Destination bucket must have Object Lock enabled, as the source bucket has."));
    }
    refuse::storage_class(destination.storage_class.as_deref())?;
    match (&destination.account, &destination.access_control_translation) {
        (None, Some(_)) => {
            return Err(errors::invalid_request("Account must be specified where the owner of replicas is to be overridden."));
        }
        (Some(account), _) if **account != *target.scope.account => {
            return Err(errors::invalid_argument("The destination bucket's owner is another account", "Account", account));
        }
        _ => {}
    }
    let key = destination.encryption_configuration.as_ref().and_then(|encryption| encryption.replica_kms_key_id.as_ref());
    match (rules::takes_kms(rule), key) {
        (true, None) => Err(errors::invalid_request("EncryptionConfiguration must be specified if SseKmsEncryptedObjects is present.")),
        (false, Some(_)) => Err(errors::invalid_request("SseKmsEncryptedObjects must be specified if EncryptionConfiguration is present.")),
        _ => Ok(()),
    }
}

/// What a rule in force can't have here.
fn refuse_unbuilt(rule: &ReplicationRule) -> Result<(), Fault> {
    let destination = rule.destination.as_ref();
    let criteria = rule.source_selection_criteria.as_ref();
    let asked = [
        (
            destination.and_then(|d| d.replication_time.as_ref()).is_some_and(|time| time.status == Some(ReplicationTimeStatus::Enabled)),
            "replication time control",
        ),
        (
            destination.and_then(|d| d.metrics.as_ref()).is_some_and(|metrics| metrics.status == Some(MetricsStatus::Enabled)),
            "replication metrics",
        ),
        (
            criteria
                .and_then(|criteria| criteria.replica_modifications.as_ref())
                .is_some_and(|changes| changes.status == Some(ReplicaModificationsStatus::Enabled)),
            "replication of changes to replicas",
        ),
        (
            rule.existing_object_replication
                .as_ref()
                .is_some_and(|objects| objects.status == Some(ExistingObjectReplicationStatus::Enabled)),
            "replication of existing objects",
        ),
    ];
    match asked.iter().find(|(asked, _)| *asked) {
        Some((_, what)) => Err(errors::not_built(what)),
        None => Ok(()),
    }
}
