//! Inventory, tiering, logging, restore and websites: what runs beside a bucket. `test_s3`.

pub const SCRIPT: &str = r##"
test TestS3BucketReplication::test_replication_config_without_filter
  set v {Status:Enabled}
  set m {Minutes:15}
  set role arn:aws:iam::000000000000:role/replicator
  PutBucketVersioning VersioningConfiguration=$v
  CreateBucket Bucket=dst-1
  expected_error_dest_does_not_exist: PutBucketReplication ReplicationConfiguration={Role:$role,Rules:[{ID:rtc,Priority:0,Filter:{},Status:Disabled,Destination:{Bucket:"arn:aws:s3:::does-not-exist",StorageClass:STANDARD,ReplicationTime:{Status:Enabled,Time:$m},Metrics:{Status:Enabled,EventThreshold:$m}},DeleteMarkerReplication:{Status:Disabled}}]}
  expected_error_dest_versioning_disabled: PutBucketReplication ReplicationConfiguration={Role:$role,Rules:[{ID:rtc,Priority:0,Filter:{},Status:Disabled,Destination:{Bucket:"arn:aws:s3:::dst-1",StorageClass:STANDARD,ReplicationTime:{Status:Enabled,Time:$m},Metrics:{Status:Enabled,EventThreshold:$m}},DeleteMarkerReplication:{Status:Disabled}}]}
  PutBucketVersioning Bucket=dst-1 VersioningConfiguration=$v
  put-bucket-replication: PutBucketReplication ReplicationConfiguration={Role:$role,Rules:[{ID:rtc,Priority:0,Filter:{},Status:Disabled,Destination:{Bucket:"arn:aws:s3:::dst-1",StorageClass:STANDARD,ReplicationTime:{Status:Enabled,Time:$m},Metrics:{Status:Enabled,EventThreshold:$m}},DeleteMarkerReplication:{Status:Disabled}}]}
  get-bucket-replication: GetBucketReplication

test TestS3BucketReplication::test_replication_config
  set v {Status:Enabled}
  set role arn:aws:iam::000000000000:role/replicator
  in us-west-2
  CreateBucket Bucket=dst-1 CreateBucketConfiguration={LocationConstraint:us-west-2}
  PutBucketVersioning Bucket=dst-1 VersioningConfiguration=$v
  in us-east-1
  expected_error_no_replication_set: GetBucketReplication
  set c {Role:$role,Rules:[{Status:Enabled,Priority:1,DeleteMarkerReplication:{Status:Disabled},Filter:{Prefix:Tax},Destination:{Bucket:"arn:aws:s3:::dst-1"}}]}
  expected_error_versioning_not_enabled: PutBucketReplication ReplicationConfiguration=$c
  PutBucketVersioning VersioningConfiguration=$v
  put-bucket-replication: PutBucketReplication ReplicationConfiguration=$c
  get-bucket-replication: GetBucketReplication
  put-empty-bucket-replication-rules: PutBucketReplication ReplicationConfiguration={Role:$role,Rules:[]}
  delete-bucket-replication: DeleteBucketReplication
  delete-bucket-replication-idempotent: DeleteBucketReplication

test TestS3::test_s3_intelligent_tier_config
  set t [{Days:90,AccessTier:ARCHIVE_ACCESS}]
  put_bucket_intelligent_tiering_configuration_err_1`: PutBucketIntelligentTieringConfiguration Id=incorrect_id IntelligentTieringConfiguration={Id:test1,Filter:{Prefix:test1},Status:Enabled,Tierings:$t}
  put_bucket_intelligent_tiering_configuration_1: PutBucketIntelligentTieringConfiguration Id=test1 IntelligentTieringConfiguration={Id:test1,Filter:{Prefix:test1},Status:Enabled,Tierings:$t}
  get_bucket_intelligent_tiering_configuration_1: GetBucketIntelligentTieringConfiguration Id=test1
  PutBucketIntelligentTieringConfiguration Id=test2 IntelligentTieringConfiguration={Id:test2,Filter:{Prefix:test2},Status:Enabled,Tierings:$t}
  list_bucket_intelligent_tiering_configurations_1: ListBucketIntelligentTieringConfigurations
  PutBucketIntelligentTieringConfiguration Id=test1 IntelligentTieringConfiguration={Id:test1,Filter:{Prefix:testupdate},Status:Enabled,Tierings:$t}
  list_bucket_intelligent_tiering_configurations_2: ListBucketIntelligentTieringConfigurations
  delete_bucket_intelligent_tiering_configuration_err_1: DeleteBucketIntelligentTieringConfiguration Bucket=non-existing-bucket-1 Id=test1
  delete_bucket_intelligent_tiering_configuration_err_2: DeleteBucketIntelligentTieringConfiguration Id=non-existing-id
  DeleteBucketIntelligentTieringConfiguration Id=test1
  list_bucket_intelligent_tiering_configurations_3: ListBucketIntelligentTieringConfigurations

test TestS3::test_s3_get_object_headers
  PutObject Key=en-gb.wav Body=sound -> e=.ETag
  ?GetObject Key=en-gb.wav IfNoneMatch=$e
  if_none_match_err_1: take .Error
  GetObject Key=en-gb.wav IfNoneMatch=etag
  if_none_match_1: take .ResponseMetadata.HTTPStatusCode
  GetObject Key=en-gb.wav IfMatch=$e
  if_match_1: take .ResponseMetadata.HTTPStatusCode
  GetObject Key=en-gb.wav IfMatch=$e
  if_match_2: take .ResponseMetadata.HTTPStatusCode
  ?GetObject Key=en-gb.wav IfNoneMatch=$e
  if_none_match_err_2: take .Error
  ?GetObject Key=en-gb.wav IfMatch=etag
  if_match_err_1: take .Error

test TestS3::test_empty_bucket_fixture
  each N in 0|1|2
  PutObject Key=key$N Body=123
  end
  list-obj: ListObjectsV2
  each N in 0|1|2
  DeleteObject Key=key$N
  end
  list-obj-after-empty: ListObjectsV2

test TestS3DeepArchive::test_s3_get_deep_archive_object_restore
  PutObject Key=k Body="body data" StorageClass=DEEP_ARCHIVE
  get-object-invalid-state: GetObject Key=k
  get_object_invalid_state: take .
  restore_object: RestoreObject Key=k RestoreRequest={Days:30,GlacierJobParameters:{Tier:Bulk}}

test TestS3StaticWebsiteHosting::test_website_hosting_no_such_website
  opened
  PutBucketAcl ACL=public-read
  no-such-bucket: page GET non-existent-bucket-1 /
  no-such-website-config: page GET $b /
  no-such-website-config-key: page GET $b /actual/key.html

test TestS3StaticWebsiteHosting::test_website_hosting_http_methods
  opened
  PutBucketAcl ACL=public-read
  PutBucketWebsite WebsiteConfiguration={IndexDocument:{Suffix:index.html}}
  page POST $b / -> p=.
  not-allowed-post: json {content:$p}
  page DELETE $b / -> p=.
  not-allowed-delete: json {content:$p}

test TestS3StaticWebsiteHosting::test_website_hosting_index_lookup
  opened
  PutBucketAcl ACL=public-read
  PutBucketWebsite WebsiteConfiguration={IndexDocument:{Suffix:index.html}}
  PutObject Key=index.html Body=index ContentType=text/html ACL=public-read
  PutObject Key=directory/index.html Body=index ContentType=text/html ACL=public-read
  404-no-trailing-slash: page GET $b /directory-wrong
  404-with-trailing-slash: page GET $b /directory-wrong/

test TestS3StaticWebsiteHosting::test_website_hosting_404
  opened
  PutBucketAcl ACL=public-read
  PutBucketWebsite WebsiteConfiguration={IndexDocument:{Suffix:index.html}}
  404-no-such-key: page GET $b /
  PutBucketWebsite WebsiteConfiguration={IndexDocument:{Suffix:index.html},ErrorDocument:{Key:error.html}}
  404-no-such-key-nor-custom: page GET $b /
"##;
