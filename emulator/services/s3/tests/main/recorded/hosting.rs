//! Websites, logging, inventories, CORS and filters of notifications: settings whose effects have tests of their own.

/// `test_s3`
pub const SCRIPT: &str = r##"
test TestS3StaticWebsiteHosting::test_crud_website_configuration
  get-no-such-website-config: GetBucketWebsite
  del-no-such-website-config: DeleteBucketWebsite
  put-website-config: PutBucketWebsite WebsiteConfiguration={IndexDocument:{Suffix:index.html}}
  get-website-config: GetBucketWebsite

test TestS3StaticWebsiteHosting::test_validate_website_configuration
  set both {ReplaceKeyPrefixWith:prefix,ReplaceKeyWith:key}
  invalid-website-conf-0: PutBucketWebsite WebsiteConfiguration={IndexDocument:{Suffix:/index.html}}
  invalid-website-conf-1: PutBucketWebsite WebsiteConfiguration={IndexDocument:{Suffix:""}}
  invalid-website-conf-2: PutBucketWebsite WebsiteConfiguration={RedirectAllRequestsTo:{HostName:test},IndexDocument:{Suffix:/index.html}}
  invalid-website-conf-3: PutBucketWebsite WebsiteConfiguration={ErrorDocument:{Key:/index.html}}
  invalid-website-conf-4: PutBucketWebsite WebsiteConfiguration={RedirectAllRequestsTo:{HostName:test,Protocol:protocol}}
  invalid-website-conf-5: PutBucketWebsite WebsiteConfiguration={IndexDocument:{Suffix:index.html},RoutingRules:[{Condition:{KeyPrefixEquals:prefix,HttpErrorCodeReturnedEquals:"404"},Redirect:$both}]}
  invalid-website-conf-6: PutBucketWebsite WebsiteConfiguration={IndexDocument:{Suffix:index.html},RoutingRules:[{Condition:{},Redirect:{ReplaceKeyWith:/new-key}}]}
  invalid-website-conf-7: PutBucketWebsite WebsiteConfiguration={IndexDocument:{Suffix:index.html},RoutingRules:[{}]}

test TestS3BucketLogging::test_put_bucket_logging
  get-bucket-logging-default: GetBucketLogging
  bucket t
  get-bucket-default-acl: GetBucketAcl Bucket=$t
  put-bucket-logging: PutBucketLogging BucketLoggingStatus={LoggingEnabled:{TargetBucket:$t,TargetPrefix:log}}
  get-bucket-logging: GetBucketLogging
  put-bucket-logging-delete: PutBucketLogging BucketLoggingStatus={}

test TestS3BucketLogging::test_put_bucket_logging_accept_wrong_grants
  bucket t
  set log {URI:"http://acs.amazonaws.com/groups/s3/LogDelivery",Type:Group}
  put-bucket-logging: PutBucketLogging BucketLoggingStatus={LoggingEnabled:{TargetBucket:$t,TargetPrefix:log,TargetGrants:[{Grantee:$log,Permission:WRITE},{Grantee:$log,Permission:READ_ACP}]}}
  get-bucket-logging: GetBucketLogging

test TestS3BucketLogging::test_put_bucket_logging_wrong_target
  in us-west-2
  CreateBucket Bucket=far-away-bucket CreateBucketConfiguration={LocationConstraint:us-west-2}
  in us-east-1
  put-bucket-logging-different-regions: PutBucketLogging BucketLoggingStatus={LoggingEnabled:{TargetBucket:far-away-bucket,TargetPrefix:log}}
  put-bucket-logging-non-existent-bucket: PutBucketLogging BucketLoggingStatus={LoggingEnabled:{TargetBucket:nobodys-bucket,TargetPrefix:log}}

test TestS3BucketLogging::test_put_bucket_logging_cross_locations
  in us-west-2
  CreateBucket Bucket=west-bucket CreateBucketConfiguration={LocationConstraint:us-west-2}
  in eu-central-1
  CreateBucket Bucket=central-bucket CreateBucketConfiguration={LocationConstraint:eu-central-1}
  in us-east-1
  put-bucket-logging-cross-us-east-1: PutBucketLogging BucketLoggingStatus={LoggingEnabled:{TargetBucket:central-bucket,TargetPrefix:log}}
  in us-west-2
  put-bucket-logging-different-regions: PutBucketLogging Bucket=west-bucket BucketLoggingStatus={LoggingEnabled:{TargetBucket:central-bucket,TargetPrefix:log}}

test TestS3::test_s3_inventory_report_crud
  set d {S3BucketDestination:{Bucket:"arn:aws:s3:::$b",Format:CSV}}
  put-inventory-config: PutBucketInventoryConfiguration Id=test-inventory InventoryConfiguration={Id:test-inventory,Destination:$d,IsEnabled:true,IncludedObjectVersions:All,OptionalFields:[Size,ETag],Schedule:{Frequency:Daily}}
  list-inventory-config: ListBucketInventoryConfigurations
  get-inventory-config: GetBucketInventoryConfiguration Id=test-inventory
  del-inventory-config: DeleteBucketInventoryConfiguration Id=test-inventory
  list-inventory-config-after-del: ListBucketInventoryConfigurations
  get-nonexistent-inv-config: GetBucketInventoryConfiguration Id=test-inventory

test TestS3::test_put_bucket_inventory_config_order
  set d {S3BucketDestination:{Bucket:"arn:aws:s3:::$b",Format:CSV}}
  each N in z-test|a-test|test-1
  PutBucketInventoryConfiguration Id=$N InventoryConfiguration={Id:$N,Destination:$d,IsEnabled:true,IncludedObjectVersions:All,Schedule:{Frequency:Daily}}
  end
  list-inventory-config: ListBucketInventoryConfigurations
  del-inventory-config: DeleteBucketInventoryConfiguration Id=z-test
  list-inventory-config-after-del: ListBucketInventoryConfigurations

test TestS3::test_s3_put_inventory_report_exceptions
  set d {S3BucketDestination:{Bucket:"arn:aws:s3:::$b",Format:CSV}}
  wrong-id: PutBucketInventoryConfiguration Id=test-inventory InventoryConfiguration={Id:wrong-id,Destination:$d,IsEnabled:true,IncludedObjectVersions:All,Schedule:{Frequency:Daily}}
  wrong-destination-arn: PutBucketInventoryConfiguration Id=i InventoryConfiguration={Id:i,Destination:{S3BucketDestination:{Bucket:$b,Format:CSV}},IsEnabled:true,IncludedObjectVersions:All,Schedule:{Frequency:Daily}}
  wrong-destination-format: PutBucketInventoryConfiguration Id=i InventoryConfiguration={Id:i,Destination:{S3BucketDestination:{Bucket:"arn:aws:s3:::$b",Format:WRONG-FORMAT}},IsEnabled:true,IncludedObjectVersions:All,Schedule:{Frequency:Daily}}
  wrong-schedule-frequency: PutBucketInventoryConfiguration Id=i InventoryConfiguration={Id:i,Destination:$d,IsEnabled:true,IncludedObjectVersions:All,Schedule:{Frequency:Hourly}}
  wrong-object-versions: PutBucketInventoryConfiguration Id=i InventoryConfiguration={Id:i,Destination:$d,IsEnabled:true,IncludedObjectVersions:Wrong,Schedule:{Frequency:Daily}}
  wrong-optional-field: PutBucketInventoryConfiguration Id=i InventoryConfiguration={Id:i,Destination:$d,IsEnabled:true,IncludedObjectVersions:All,OptionalFields:[WrongField],Schedule:{Frequency:Daily}}
"##;

/// `test_s3_cors`
pub const CORS: &str = r##"
test TestS3Cors::test_get_cors
  get-cors-no-set: GetBucketCors
  PutBucketCors CORSConfiguration={CORSRules:[{AllowedOrigins:["*"],AllowedMethods:[GET]}]}
  get-cors-after-set: GetBucketCors

test TestS3Cors::test_put_cors
  put-cors: PutBucketCors CORSConfiguration={CORSRules:[{AllowedOrigins:["https://test.com","https://app.test.com","http://test.com:80"],AllowedMethods:[GET,PUT,HEAD],MaxAgeSeconds:3000,AllowedHeaders:[x-amz-expected-bucket-owner,x-amz-server-side-encryption-customer-algorithm]}]}
  get-cors: GetBucketCors

test TestS3Cors::test_put_cors_invalid_rules
  put-cors-exc: PutBucketCors CORSConfiguration={CORSRules:[{AllowedOrigins:["*"],AllowedMethods:[MYMETHOD]}]}
  put-cors-exc-empty: PutBucketCors CORSConfiguration={CORSRules:[]}

test TestS3Cors::test_put_cors_empty_origin
  PutBucketCors CORSConfiguration={CORSRules:[{AllowedOrigins:[""],AllowedMethods:[GET,PUT,HEAD]}]}
  get-cors-empty: GetBucketCors

test TestS3Cors::test_delete_cors
  delete-cors-before-set: DeleteBucketCors
  put-cors: PutBucketCors CORSConfiguration={CORSRules:[{AllowedOrigins:["*"],AllowedMethods:[GET]}]}
  get-cors: GetBucketCors
  delete-cors: DeleteBucketCors
  get-cors-deleted: GetBucketCors
"##;

/// `test_s3_notifications_sqs`
pub const QUEUES: &str = r##"
test TestS3NotificationsToSQS::test_filter_rules_empty_value
  set q arn:aws:sqs:us-east-1:000000000000:my-queue-x
  PutBucketNotificationConfiguration SkipDestinationValidation=true NotificationConfiguration={QueueConfigurations:[{QueueArn:$q,Events:["s3:ObjectCreated:*"],Filter:{Key:{FilterRules:[{Name:suffix,Value:""}]}}}]}
  bucket_notification_configuration: GetBucketNotificationConfiguration
"##;

/// `test_s3_notifications_sns`
pub const TOPICS: &str = r##"
test TestS3NotificationsToSns::test_invalid_topic_arn
  set c {TopicConfigurations:[{Id:id123,TopicArn:invalid-topic,Events:["s3:ObjectCreated:*"]}]}
  invalid_not_skip: PutBucketNotificationConfiguration NotificationConfiguration=$c
  invalid_skip: PutBucketNotificationConfiguration NotificationConfiguration=$c SkipDestinationValidation=true
  PutBucketNotificationConfiguration NotificationConfiguration={TopicConfigurations:[{Id:id123,TopicArn:"arn:aws:sns:us-east-1:000000000000:my-topic",Events:["s3:ObjectCreated:*"]}]} SkipDestinationValidation=true
  skip_destination_validation: GetBucketNotificationConfiguration

test TestS3NotificationsToSns::test_bucket_not_exist
  set c {TopicConfigurations:[{Id:id123,TopicArn:"arn:aws:sns:us-east-1:000000000000:my-topic",Events:["s3:ObjectCreated:*"]}]}
  bucket_not_exists: PutBucketNotificationConfiguration Bucket=this-bucket-does-not-exist NotificationConfiguration=$c
"##;
