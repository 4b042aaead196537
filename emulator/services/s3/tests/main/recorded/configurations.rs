//! What a bucket is told to be: lock, ownership, public access, policy, acceleration, metrics. `test_s3_api`.

pub const SCRIPT: &str = r##"
test TestS3ObjectLock::test_put_object_lock_configuration_on_existing_bucket
  get-object-lock-existing-bucket-no-config: GetObjectLockConfiguration
  put-object-lock-existing-bucket-no-versioning: PutObjectLockConfiguration ObjectLockConfiguration={ObjectLockEnabled:Enabled}
  suspended-versioning: PutBucketVersioning VersioningConfiguration={Status:Suspended}
  put-object-lock-existing-bucket-versioning-disabled: PutObjectLockConfiguration ObjectLockConfiguration={ObjectLockEnabled:Enabled}
  enabled-versioning: PutBucketVersioning VersioningConfiguration={Status:Enabled}
  put-object-lock-existing-bucket-enabled: PutObjectLockConfiguration ObjectLockConfiguration={ObjectLockEnabled:Enabled}
  get-object-lock-existing-bucket-enabled: GetObjectLockConfiguration

test TestS3ObjectLock::test_get_put_object_lock_configuration
  no bucket
  set b locked-bucket
  CreateBucket ObjectLockEnabledForBucket=true
  get-lock-config-start: GetObjectLockConfiguration
  put-lock-config: PutObjectLockConfiguration ObjectLockConfiguration={ObjectLockEnabled:Enabled,Rule:{DefaultRetention:{Mode:GOVERNANCE,Days:1}}}
  get-lock-config: GetObjectLockConfiguration
  put-lock-config-enabled: PutObjectLockConfiguration ObjectLockConfiguration={ObjectLockEnabled:Enabled}
  get-lock-config-only-enabled: GetObjectLockConfiguration

test TestS3ObjectLock::test_put_object_lock_configuration_exc
  no bucket
  set b locked-bucket
  CreateBucket ObjectLockEnabledForBucket=true
  put-lock-config-no-enabled: PutObjectLockConfiguration ObjectLockConfiguration={Rule:{DefaultRetention:{Mode:GOVERNANCE,Days:1}}}
  put-lock-config-empty: PutObjectLockConfiguration ObjectLockConfiguration={}
  put-lock-config-empty-rule: PutObjectLockConfiguration ObjectLockConfiguration={ObjectLockEnabled:Enabled,Rule:{}}
  put-lock-config-empty-retention: PutObjectLockConfiguration ObjectLockConfiguration={ObjectLockEnabled:Enabled,Rule:{DefaultRetention:{}}}
  put-lock-config-no-days: PutObjectLockConfiguration ObjectLockConfiguration={ObjectLockEnabled:Enabled,Rule:{DefaultRetention:{Mode:GOVERNANCE}}}
  put-lock-config-bad-mode: PutObjectLockConfiguration ObjectLockConfiguration={ObjectLockEnabled:Enabled,Rule:{DefaultRetention:{Mode:BAD-VALUE,Days:1}}}
  put-lock-config-both-days-years: PutObjectLockConfiguration ObjectLockConfiguration={ObjectLockEnabled:Enabled,Rule:{DefaultRetention:{Mode:GOVERNANCE,Days:1,Years:1}}}

test TestS3ObjectLock::test_get_object_lock_configuration_exc
  get-lock-config-no-enabled: GetObjectLockConfiguration
  get-lock-config-bucket-not-exists: GetObjectLockConfiguration Bucket=fake-bucket-1

test TestS3ObjectLock::test_disable_versioning_on_locked_bucket
  no bucket
  set b locked-bucket
  CreateBucket ObjectLockEnabledForBucket=true
  disable-versioning-on-locked-bucket: PutBucketVersioning VersioningConfiguration={Status:Suspended}
  enable-versioning-again-on-locked-bucket: PutBucketVersioning VersioningConfiguration={Status:Enabled}

test TestS3ObjectLock::test_delete_object_with_no_locking
  PutObject Key=k Body=test
  delete-object-bypass-no-lock: DeleteObject Key=k BypassGovernanceRetention=true
  delete-object-bypass-no-lock-false: DeleteObject Key=k BypassGovernanceRetention=false
  delete-objects-bypass-no-lock: DeleteObjects Delete={Objects:[{Key:k}]} BypassGovernanceRetention=true

test TestS3BucketOwnershipControls::test_crud_bucket_ownership_controls
  default-ownership: GetBucketOwnershipControls
  put-ownership: PutBucketOwnershipControls OwnershipControls={Rules:[{ObjectOwnership:ObjectWriter}]}
  get-ownership: GetBucketOwnershipControls
  delete-ownership: DeleteBucketOwnershipControls
  get-ownership-after-delete: GetBucketOwnershipControls
  delete-ownership-after-delete: DeleteBucketOwnershipControls
  CreateBucket Bucket=preferring ObjectOwnership=BucketOwnerPreferred
  get-ownership-at-creation: GetBucketOwnershipControls Bucket=preferring

test TestS3BucketOwnershipControls::test_bucket_ownership_controls_exc
  default-ownership: GetBucketOwnershipControls
  put-ownership-multiple-rules: PutBucketOwnershipControls OwnershipControls={Rules:[{ObjectOwnership:BucketOwnerPreferred},{ObjectOwnership:ObjectWriter}]}
  put-ownership-wrong-value: PutBucketOwnershipControls OwnershipControls={Rules:[{ObjectOwnership:RandomValue}]}
  put-ownership-empty-rule: PutBucketOwnershipControls OwnershipControls={Rules:[]}
  ownership-wrong-value-at-creation: CreateBucket Bucket=other-1 ObjectOwnership=RandomValue
  ownership-non-value-at-creation: CreateBucket Bucket=other-2 ObjectOwnership=""

test TestS3PublicAccessBlock::test_crud_public_access_block
  get-default-public-access-block: GetPublicAccessBlock
  put-public-access-block: PutPublicAccessBlock PublicAccessBlockConfiguration={BlockPublicAcls:false,IgnorePublicAcls:false,BlockPublicPolicy:false}
  get-public-access-block: GetPublicAccessBlock
  delete-public-access-block: DeletePublicAccessBlock
  get-public-access-block-after-delete: GetPublicAccessBlock
  idempotent-delete-public-access-block: DeletePublicAccessBlock

test TestS3BucketPolicy::test_bucket_policy_crud
  DeleteBucketOwnershipControls
  DeletePublicAccessBlock
  get-bucket-default-policy: GetBucketPolicy
  put-bucket-policy: PutBucketPolicy Policy="{\"Version\": \"2012-10-17\", \"Statement\": [{\"Action\": \"s3:GetObject\", \"Effect\": \"Allow\", \"Resource\": \"arn:aws:s3:::$b/*\", \"Principal\": {\"AWS\": \"*\"}}]}"
  GetBucketPolicy
  get-bucket-policy: parsed Policy
  delete-bucket-policy: DeleteBucketPolicy
  get-bucket-policy-after-delete: GetBucketPolicy
  delete-bucket-policy-after-delete: DeleteBucketPolicy

test TestS3BucketPolicy::test_bucket_policy_exc
  DeleteBucketOwnershipControls
  DeletePublicAccessBlock
  put-empty-bucket-policy: PutBucketPolicy Policy=""
  put-bucket-policy-randomstring: PutBucketPolicy Policy="invalid json"
  put-bucket-policy-empty-json: PutBucketPolicy Policy="{}"

test TestS3BucketAccelerateConfiguration::test_bucket_acceleration_configuration_crud
  get-bucket-default-accelerate-config: GetBucketAccelerateConfiguration
  put-bucket-accelerate-config-enabled: PutBucketAccelerateConfiguration AccelerateConfiguration={Status:Enabled}
  get-bucket-accelerate-config-enabled: GetBucketAccelerateConfiguration
  put-bucket-accelerate-config-disabled: PutBucketAccelerateConfiguration AccelerateConfiguration={Status:Suspended}
  get-bucket-accelerate-config-disabled: GetBucketAccelerateConfiguration

test TestS3BucketAccelerateConfiguration::test_bucket_acceleration_configuration_exc
  put-bucket-accelerate-config-lowercase: PutBucketAccelerateConfiguration AccelerateConfiguration={Status:enabled}
  put-bucket-accelerate-config-random: PutBucketAccelerateConfiguration AccelerateConfiguration={Status:random}
  CreateBucket Bucket=test.bucket.one
  put-bucket-accelerate-config-dot-bucket: PutBucketAccelerateConfiguration Bucket=test.bucket.one AccelerateConfiguration={Status:random}

test TestS3MetricsConfiguration::test_put_bucket_metrics_configuration
  put_bucket_metrics_configuration: PutBucketMetricsConfiguration Id=m1 MetricsConfiguration={Id:m1,Filter:{Prefix:logs/}}
  get_bucket_metrics_configuration: GetBucketMetricsConfiguration Id=m1

test TestS3MetricsConfiguration::test_overwrite_bucket_metrics_configuration
  PutBucketMetricsConfiguration Id=m1 MetricsConfiguration={Id:m1,Filter:{Prefix:logs/}}
  overwrite_bucket_metrics_configuration: PutBucketMetricsConfiguration Id=m1 MetricsConfiguration={Id:m1,Filter:{Prefix:logs/new-prefix}}
  get_bucket_metrics_configuration: GetBucketMetricsConfiguration Id=m1

test TestS3MetricsConfiguration::test_list_bucket_metrics_configurations
  PutBucketMetricsConfiguration Id=1-a MetricsConfiguration={Id:1-a,Filter:{Prefix:logs/prefix}}
  PutBucketMetricsConfiguration Id=2-b MetricsConfiguration={Id:2-b,Filter:{Prefix:logs/prefix}}
  list_bucket_metrics_configurations: ListBucketMetricsConfigurations

test TestS3MetricsConfiguration::test_get_bucket_metrics_configuration
  PutBucketMetricsConfiguration Id=m1 MetricsConfiguration={Id:m1,Filter:{Prefix:logs/}}
  get_bucket_metrics_configuration: GetBucketMetricsConfiguration Id=m1

test TestS3MetricsConfiguration::test_get_bucket_metrics_configuration_not_exist
  get_bucket_metrics_configuration: GetBucketMetricsConfiguration Id=does-not-exist

test TestS3MetricsConfiguration::test_delete_metrics_configuration
  PutBucketMetricsConfiguration Id=m1 MetricsConfiguration={Id:m1,Filter:{Prefix:logs/}}
  delete_bucket_metrics_configuration: DeleteBucketMetricsConfiguration Id=m1
  get_bucket_metrics_configuration: GetBucketMetricsConfiguration Id=m1

test TestS3MetricsConfiguration::test_delete_metrics_configuration_twice
  PutBucketMetricsConfiguration Id=m1 MetricsConfiguration={Id:m1,Filter:{Prefix:logs/}}
  delete_bucket_metrics_configuration_1: DeleteBucketMetricsConfiguration Id=m1
  delete_bucket_metrics_configuration_2: DeleteBucketMetricsConfiguration Id=m1

test TestS3MetricsConfiguration::test_list_bucket_metrics_configurations_paginated
  numbers N from 100 to 201
  PutBucketMetricsConfiguration Id=$N-x MetricsConfiguration={Id:$N-x,Filter:{Prefix:logs/prefix}}
  end
  ListBucketMetricsConfigurations -> t=.NextContinuationToken
  list_bucket_metrics_configurations_page_2: ListBucketMetricsConfigurations ContinuationToken=$t

test TestS3BucketNotificationConfiguration::test_bucket_notification_with_missing_values_in_rule
  set q arn:aws:sqs:us-east-1:000000000000:events
  invalid-rule-no-values: PutBucketNotificationConfiguration NotificationConfiguration={QueueConfigurations:[{QueueArn:$q,Events:["s3:ObjectCreated:*"],Filter:{Key:{FilterRules:[{}]}}}]}
  invalid-rule-no-value: PutBucketNotificationConfiguration NotificationConfiguration={QueueConfigurations:[{QueueArn:$q,Events:["s3:ObjectCreated:*"],Filter:{Key:{FilterRules:[{Name:prefix}]}}}]}
  invalid-rule-no-name: PutBucketNotificationConfiguration NotificationConfiguration={QueueConfigurations:[{QueueArn:$q,Events:["s3:ObjectCreated:*"],Filter:{Key:{FilterRules:[{Value:test}]}}}]}

test TestS3BucketNotificationConfiguration::test_bucket_notification_with_invalid_filter_rules
  set q arn:aws:sqs:us-east-1:000000000000:events
  invalid_filter_name: PutBucketNotificationConfiguration NotificationConfiguration={QueueConfigurations:[{QueueArn:$q,Events:["s3:ObjectCreated:*"],Filter:{Key:{FilterRules:[{Name:INVALID,Value:"does not matter"}]}}}]}
"##;
