//! Amazon S3: buckets and objects, and what follows from an object's life: events, expiry, versions.
//!
//! This file is the table of contents. One resource per file; `state` says what is stored, `errors` what is told when it can't be done.
//! No room here knows HTTP or XML: the model (`model.rs`, generated) and `wire` do. Bodies are streamed into blobs and never held whole.

#![allow(clippy::result_large_err)] // a fault is AWS's own answer and is made once per failed request

mod access;
mod access_log;
mod acl;
mod buckets;
mod checksums;
mod classes;
mod configuration;
mod cors;
mod digest;
mod encryption;
mod errors;
mod inventory;
mod lifecycle;
mod listing;
mod lock;
mod metrics;
#[allow(missing_docs, dead_code, unused_imports, clippy::all)]
mod model;
mod multipart;
mod notifications;
mod objects;
mod payer;
mod policy;
mod port;
mod replication;
mod report;
mod restore;
mod state;
mod tagging;
mod tiering;
mod usage;
mod versions;
mod website;

pub use notifications::EventVersion;
pub use state::{Bucket, Object};

use kit::{BoxFuture, Context, Fault, Need, ReplyBody, ResourceView, Service, store::TaskRow};
use std::sync::Arc;

/// Amazon S3.
#[derive(Default)]
pub struct S3 {
    /// Reads of watched objects that are not written down yet.
    accesses: Arc<tiering::Ledger>,
    event_version: EventVersion,
    /// New buckets are made as they were before April 2023.
    legacy_defaults: bool,
}

impl S3 {
    /// The service; all its state is in the store of the cloud it is put into.
    pub fn new() -> S3 {
        S3::default()
    }
    /// With events numbered otherwise than recorded.
    pub fn event_version(mut self, version: EventVersion) -> S3 {
        self.event_version = version;
        self
    }
    /// With new buckets as AWS made them before April 2023: writers own what they write (no ownership controls), access control lists count,
    /// and nothing blocks public access. Answers name owners, as they did until November 2025. For suites and programs that were written for
    /// that; a request that names an ownership gets it.
    pub fn legacy_defaults(mut self) -> S3 {
        self.legacy_defaults = true;
        self
    }
    /// An owner as answers show it. Accounts have no names here: the id's beginning stands for one.
    fn named(&self, mut owner: model::Owner) -> model::Owner {
        owner.display_name = self.name_of(owner.id.as_deref());
        owner
    }
    fn name_of(&self, id: Option<&str>) -> Option<String> {
        id.filter(|_| self.legacy_defaults).map(|id| format!("user-{}", id.get(..8).unwrap_or(id)))
    }
}

kit::service! {
    /// Amazon S3: buckets, objects, events, expiry.
    S3, model = "s3", invalid_input = "InvalidArgument";
    // buckets.rs
    CreateBucket => create_bucket,
    DeleteBucket => delete_bucket,
    HeadBucket => head_bucket,
    ListBuckets => list_buckets,
    GetBucketLocation => get_bucket_location,
    // objects/
    PutObject => put_object,
    GetObject => get_object,
    HeadObject => head_object,
    GetObjectAttributes => get_object_attributes,
    DeleteObject => delete_object,
    DeleteObjects => delete_objects,
    CopyObject => copy_object,
    RenameObject => rename_object,
    UpdateObjectEncryption => update_object_encryption,
    // listing/
    ListObjects => list_objects,
    ListObjectsV2 => list_objects_v2,
    ListObjectVersions => list_object_versions,
    // multipart/
    CreateMultipartUpload => create_multipart_upload,
    UploadPart => upload_part,
    UploadPartCopy => upload_part_copy,
    CompleteMultipartUpload => complete_multipart_upload,
    AbortMultipartUpload => abort_multipart_upload,
    ListParts => list_parts,
    ListMultipartUploads => list_multipart_uploads,
    // versions.rs
    PutBucketVersioning => put_bucket_versioning,
    GetBucketVersioning => get_bucket_versioning,
    // tagging.rs
    PutBucketTagging => put_bucket_tagging,
    GetBucketTagging => get_bucket_tagging,
    DeleteBucketTagging => delete_bucket_tagging,
    PutObjectTagging => put_object_tagging,
    GetObjectTagging => get_object_tagging,
    DeleteObjectTagging => delete_object_tagging,
    // lock/
    PutObjectLockConfiguration => put_object_lock_configuration,
    GetObjectLockConfiguration => get_object_lock_configuration,
    PutObjectRetention => put_object_retention,
    GetObjectRetention => get_object_retention,
    PutObjectLegalHold => put_object_legal_hold,
    GetObjectLegalHold => get_object_legal_hold,
    // acl.rs
    GetBucketAcl => get_bucket_acl,
    PutBucketAcl => put_bucket_acl,
    GetObjectAcl => get_object_acl,
    PutObjectAcl => put_object_acl,
    // configuration/
    PutBucketOwnershipControls => put_bucket_ownership_controls,
    GetBucketOwnershipControls => get_bucket_ownership_controls,
    DeleteBucketOwnershipControls => delete_bucket_ownership_controls,
    PutPublicAccessBlock => put_public_access_block,
    GetPublicAccessBlock => get_public_access_block,
    DeletePublicAccessBlock => delete_public_access_block,
    PutBucketEncryption => put_bucket_encryption,
    GetBucketEncryption => get_bucket_encryption,
    DeleteBucketEncryption => delete_bucket_encryption,
    // policy.rs
    PutBucketPolicy => put_bucket_policy,
    GetBucketPolicy => get_bucket_policy,
    DeleteBucketPolicy => delete_bucket_policy,
    GetBucketPolicyStatus => get_bucket_policy_status,
    // cors.rs
    PutBucketCors => put_bucket_cors,
    GetBucketCors => get_bucket_cors,
    DeleteBucketCors => delete_bucket_cors,
    // lifecycle/
    PutBucketLifecycleConfiguration => put_bucket_lifecycle_configuration,
    GetBucketLifecycleConfiguration => get_bucket_lifecycle_configuration,
    DeleteBucketLifecycle => delete_bucket_lifecycle,
    // tiering/
    PutBucketIntelligentTieringConfiguration => put_bucket_intelligent_tiering_configuration,
    GetBucketIntelligentTieringConfiguration => get_bucket_intelligent_tiering_configuration,
    ListBucketIntelligentTieringConfigurations => list_bucket_intelligent_tiering_configurations,
    DeleteBucketIntelligentTieringConfiguration => delete_bucket_intelligent_tiering_configuration,
    // restore/
    RestoreObject => restore_object,
    // notifications/
    PutBucketNotificationConfiguration => put_bucket_notification_configuration,
    GetBucketNotificationConfiguration => get_bucket_notification_configuration,
    // website/
    PutBucketWebsite => put_bucket_website,
    GetBucketWebsite => get_bucket_website,
    DeleteBucketWebsite => delete_bucket_website,
    // access_log/
    PutBucketLogging => put_bucket_logging,
    GetBucketLogging => get_bucket_logging,
    // inventory/
    PutBucketInventoryConfiguration => put_bucket_inventory_configuration,
    GetBucketInventoryConfiguration => get_bucket_inventory_configuration,
    DeleteBucketInventoryConfiguration => delete_bucket_inventory_configuration,
    ListBucketInventoryConfigurations => list_bucket_inventory_configurations,
    // configuration/analytics.rs, configuration/metrics.rs
    kept PutBucketAnalyticsConfiguration => put_bucket_analytics_configuration,
    GetBucketAnalyticsConfiguration => get_bucket_analytics_configuration,
    DeleteBucketAnalyticsConfiguration => delete_bucket_analytics_configuration,
    ListBucketAnalyticsConfigurations => list_bucket_analytics_configurations,
    PutBucketMetricsConfiguration => put_bucket_metrics_configuration,
    GetBucketMetricsConfiguration => get_bucket_metrics_configuration,
    DeleteBucketMetricsConfiguration => delete_bucket_metrics_configuration,
    ListBucketMetricsConfigurations => list_bucket_metrics_configurations,
    // configuration/flags.rs
    PutBucketRequestPayment => put_bucket_request_payment,
    GetBucketRequestPayment => get_bucket_request_payment,
    kept PutBucketAccelerateConfiguration => put_bucket_accelerate_configuration,
    GetBucketAccelerateConfiguration => get_bucket_accelerate_configuration,
    // configuration/abac.rs
    PutBucketAbac => put_bucket_abac,
    GetBucketAbac => get_bucket_abac,
    // replication/
    PutBucketReplication => put_bucket_replication,
    GetBucketReplication => get_bucket_replication,
    DeleteBucketReplication => delete_bucket_replication,
}

impl Service for S3 {
    fn offer(self: Arc<Self>, ports: &kit::Ports) {
        ports.offer_objects(Arc::new(port::Port { accesses: self.accesses.clone() }));
    }
    fn doors(&self) -> Vec<Arc<dyn kit::Door>> {
        vec![Arc::new(report::ReportDoor), Arc::new(website::WebsiteDoor::new())]
    }
    fn start<'a>(&'a self, cx: &'a Context) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(notifications::number_events(cx, self.event_version))
    }
    fn task<'a>(&'a self, cx: &'a Context, task: TaskRow) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            match task.kind.as_str() {
                "notify" => notifications::delivery::run(cx, task).await,
                "expire" => lifecycle::sweep(cx, task).await,
                "reindex" => lifecycle::reindex(cx, task).await,
                "restore" => restore::finish(cx, task).await,
                "accesses" => self.accesses.write_down(cx).await,
                "access-log" => access_log::deliver(cx, task).await,
                replication::KIND => replication::run(cx, task).await,
                "inventory" => inventory::report(cx, task).await,
                metrics::storage::KIND => metrics::storage::tell(cx, &task).await,
                kind => Err(Fault::internal(format!("s3 has no task {kind}"))),
            }
        })
    }
    fn resource_policy(&self, cx: &Context, resource: &str) -> Option<String> {
        policy::of_resource(cx, resource)
    }
    fn resource_view(&self, cx: &Context, need: &Need) -> ResourceView {
        policy::view(cx, need)
    }
    fn invalid(&self, message: String) -> Fault {
        errors::invalid_input(message)
    }
    fn malformed_parameter(&self, name: &str, value: &str, message: String) -> Fault {
        errors::malformed_parameter(name, value, message)
    }
    fn denied(&self, message: String) -> Fault {
        errors::refused(message)
    }
    fn complete(&self, cx: &Context, need: &Need) -> Option<Need> {
        access::complete(cx, need)
    }
    fn virtual_hosts(&self) -> bool {
        true
    }
    fn form_operation(&self) -> Option<&'static str> {
        Some("PutObject")
    }
    fn form_headers(&self, fields: &[(String, String)]) -> Result<Vec<(String, String)>, Fault> {
        objects::form::headers(fields)
    }
    fn preflight<'a>(&'a self, cx: &'a Context, head: &'a http::request::Parts) -> BoxFuture<'a, Option<http::Response<ReplyBody>>> {
        Box::pin(async move { Some(cors::preflight(cx, head)) })
    }
    fn answered(&self, cx: &Context, answered: &kit::Answered<'_>) {
        access_log::note_operation(cx, answered);
        metrics::requests::tell(cx, answered);
    }
    fn decorate(&self, cx: &Context, head: &http::request::Parts, answer: &mut http::HeaderMap) {
        payer::tell(cx, head, answer);
        cors::decorate(cx, head, answer);
        objects::headers::decorate(answer);
    }
}
