//! Lifecycle rules and what objects show of them: `test_s3`.

pub const SCRIPT: &str = r##"
test TestS3BucketLifecycle::test_delete_bucket_lifecycle_configuration
  get-bucket-lifecycle-exc-1: GetBucketLifecycleConfiguration
  delete-bucket-lifecycle-no-bucket: DeleteBucketLifecycle
  PutBucketLifecycleConfiguration LifecycleConfiguration={Rules:[{Expiration:{Days:7},ID:wholebucket,Filter:{Prefix:""},Status:Enabled}]}
  get-bucket-lifecycle-conf: GetBucketLifecycleConfiguration
  DeleteBucketLifecycle
  get-bucket-lifecycle-exc-2: GetBucketLifecycleConfiguration

test TestS3BucketLifecycle::test_delete_lifecycle_configuration_on_bucket_deletion
  PutBucketLifecycleConfiguration LifecycleConfiguration={Rules:[{Expiration:{Days:7},ID:wholebucket,Filter:{Prefix:""},Status:Enabled}]}
  get-bucket-lifecycle-conf: GetBucketLifecycleConfiguration
  DeleteBucket
  CreateBucket
  get-bucket-lifecycle-exc: GetBucketLifecycleConfiguration

test TestS3BucketLifecycle::test_put_bucket_lifecycle_conf_exc
  missing-id: PutBucketLifecycleConfiguration LifecycleConfiguration={Rules:[{Expiration:{Days:7},Status:Enabled}]}
  missing-filter: PutBucketLifecycleConfiguration LifecycleConfiguration={Rules:[{Expiration:{Days:7},ID:wholebucket,Status:Enabled}]}
  missing-noncurrent-version-expiration-data: PutBucketLifecycleConfiguration LifecycleConfiguration={Rules:[{Expiration:{Days:7},Filter:{},ID:wholebucket,Status:Enabled,NoncurrentVersionExpiration:{}}]}
  wrong-filter-and-plus-prefix: PutBucketLifecycleConfiguration LifecycleConfiguration={Rules:[{Expiration:{Days:7},Filter:{And:{Prefix:test},Prefix:""},ID:wholebucket,Status:Enabled}]}
  wrong-filter-and-and-object-size: PutBucketLifecycleConfiguration LifecycleConfiguration={Rules:[{Expiration:{Days:7},Filter:{ObjectSizeGreaterThan:500,Prefix:""},ID:wholebucket,Status:Enabled}]}
  wrong-data-no-midnight: PutBucketLifecycleConfiguration LifecycleConfiguration={Rules:[{Expiration:{Date:"2023-01-01T02:02:00Z"},ID:wrong-data,Filter:{},Status:Enabled}]}
  duplicate-tag-keys: PutBucketLifecycleConfiguration LifecycleConfiguration={Rules:[{ID:duplicate-tag-keys,Filter:{And:{Tags:[{Key:testlifecycle,Value:positive},{Key:testlifecycle,Value:positive-two}]}},Status:Enabled,Expiration:{Days:1}}]}
  expired-delete-marker-and-days: PutBucketLifecycleConfiguration LifecycleConfiguration={Rules:[{ID:expired-delete-marker-and-days,Filter:{},Status:Enabled,Expiration:{Days:1,ExpiredObjectDeleteMarker:true}}]}

test TestS3BucketLifecycle::test_bucket_lifecycle_configuration_date
  PutBucketLifecycleConfiguration LifecycleConfiguration={Rules:[{Expiration:{Date:"2023-01-01T00:00:00Z"},ID:rule_number_one,Filter:{},Status:Enabled}]}
  get-bucket-lifecycle-conf: GetBucketLifecycleConfiguration

test TestS3BucketLifecycle::test_bucket_lifecycle_configuration_object_expiry
  PutBucketLifecycleConfiguration LifecycleConfiguration={Rules:[{Expiration:{Days:7},ID:rule_number_one,Filter:{Prefix:""},Status:Enabled}]}
  get-bucket-lifecycle-conf: GetBucketLifecycleConfiguration
  PutObject Key=test-object-expiry Body=test
  head-object-expiry: HeadObject Key=test-object-expiry
  get-object-expiry: GetObject Key=test-object-expiry

test TestS3BucketLifecycle::test_bucket_lifecycle_configuration_object_expiry_versioned
  versioned
  PutBucketLifecycleConfiguration LifecycleConfiguration={Rules:[{ID:rule2,Status:Enabled,Filter:{},Expiration:{Days:3},NoncurrentVersionExpiration:{NoncurrentDays:1}}]}
  get-bucket-lifecycle-conf: GetBucketLifecycleConfiguration
  PutObject Key=test-object-expiry Body=test -> v=.VersionId
  head-object-expiry: HeadObject Key=test-object-expiry
  PutObject Key=test-object-expiry Body=test -> w=.VersionId
  head-object-expiry-noncurrent: HeadObject Key=test-object-expiry VersionId=$v
  head-object-expiry-current-with-version-id: HeadObject Key=test-object-expiry VersionId=$w
  head-object-expiry-current-without-version-id: HeadObject Key=test-object-expiry

test TestS3BucketLifecycle::test_object_expiry_after_bucket_lifecycle_configuration
  put-object-before: PutObject Key=test-object-expiry Body=test
  PutBucketLifecycleConfiguration LifecycleConfiguration={Rules:[{Expiration:{Days:7},ID:rule3,Filter:{},Status:Enabled}]}
  get-bucket-lifecycle-conf: GetBucketLifecycleConfiguration
  head-object-expiry-before: HeadObject Key=test-object-expiry
  put-object-after: PutObject Key=test-object-expiry Body=test
  head-object-expiry-after: HeadObject Key=test-object-expiry

test TestS3BucketLifecycle::test_bucket_lifecycle_multiple_rules
  PutBucketLifecycleConfiguration LifecycleConfiguration={Rules:[{ID:rule_one,Filter:{Prefix:testobject},Status:Enabled,Expiration:{Days:7}},{ID:rule_two,Filter:{Prefix:test},Status:Enabled,Expiration:{Days:7}},{ID:rule_three,Filter:{Prefix:t},Status:Enabled,Expiration:{Days:7}}]}
  get-bucket-lifecycle-conf: GetBucketLifecycleConfiguration
  put-object-match-both-rules: PutObject Key=testobject-expiry Body=test
  put-object-match-rule-2: PutObject Key=test-one-rule Body=test
  put-object-no-match: PutObject Key=no-rules Body=test

test TestS3BucketLifecycle::test_bucket_lifecycle_object_size_rules
  PutBucketLifecycleConfiguration LifecycleConfiguration={Rules:[{ID:rule_one,Filter:{ObjectSizeGreaterThan:20},Status:Enabled,Expiration:{Days:7}},{ID:rule_two,Filter:{ObjectSizeLessThan:10},Status:Enabled,Expiration:{Days:7}}]}
  get-bucket-lifecycle-conf: GetBucketLifecycleConfiguration
  put-object-match-rule-1: PutObject Key=testobject-expiry Body=*22:a
  put-object-match-rule-2: PutObject Key=test-one-rule Body=*5:a
  put-object-no-match: PutObject Key=no-rules Body=*15:a

test TestS3BucketLifecycle::test_bucket_lifecycle_tag_rules
  PutBucketLifecycleConfiguration LifecycleConfiguration={Rules:[{ID:rule_one,Filter:{Tag:{Key:testlifecycle,Value:positive}},Status:Enabled,Expiration:{Days:7}},{ID:rule_two,Filter:{And:{Tags:[{Key:testlifecycle,Value:positive},{Key:testlifecycletwo,Value:positive-two}]}},Status:Enabled,Expiration:{Days:7}}]}
  get-bucket-lifecycle-conf: GetBucketLifecycleConfiguration
  put-object-match-both-rules: PutObject Key=testobject-expiry Body=test Tagging=testlifecycle=positive&testlifecycletwo=positivetwo
  get-object-match-both-rules: GetObject Key=testobject-expiry
  put-object-match-rule-1: PutObject Key=test-one-rule Body=test Tagging=testlifecycle=positive
  get-object-match-rule-1: GetObject Key=test-one-rule
  put-object-no-match: PutObject Key=no-rules Body=test Tagging=testlifecycle2=positivetwo
  get-object-no-match: GetObject Key=no-rules
  put-object-no-tags: PutObject Key=no-tags Body=test
  get-object-no-tags: GetObject Key=no-tags

test TestS3BucketLifecycle::test_lifecycle_expired_object_delete_marker
  PutBucketLifecycleConfiguration LifecycleConfiguration={Rules:[{Expiration:{ExpiredObjectDeleteMarker:true},ID:rule-marker,Filter:{},Status:Enabled}]}
  get-bucket-lifecycle-conf: GetBucketLifecycleConfiguration
  put-object: PutObject Key=test-expired-object-delete-marker Body=test
  head-object: HeadObject Key=test-expired-object-delete-marker

test TestS3BucketLifecycle::test_s3_transition_default_minimum_object_size
  set r {Rules:[{Expiration:{Days:7},ID:wholebucket,Filter:{Prefix:""},Status:Enabled}]}
  varies-by-storage: PutBucketLifecycleConfiguration LifecycleConfiguration=$r TransitionDefaultMinimumObjectSize=varies_by_storage_class
  get-varies-by-storage: GetBucketLifecycleConfiguration
  default: PutBucketLifecycleConfiguration LifecycleConfiguration=$r
  get-default: GetBucketLifecycleConfiguration
  all-storage: PutBucketLifecycleConfiguration LifecycleConfiguration=$r TransitionDefaultMinimumObjectSize=all_storage_classes_128K
  get-all-storage: GetBucketLifecycleConfiguration
  bad-value: PutBucketLifecycleConfiguration LifecycleConfiguration=$r TransitionDefaultMinimumObjectSize=value
"##;
