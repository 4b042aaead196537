//! What queues are told, and which targets are taken: `test_s3_notifications_sqs`, `_sns` and `_lambda`.

use super::{BoxFuture, Recorder};
use crate::{
    forms::Version,
    presign::{Url, Wish},
};
use serde_json::json;

/// Replays in code, of queues.
pub const REPLAYS: &[(&str, for<'a> fn(&'a mut Recorder) -> BoxFuture<'a>)] =
    &[("test_object_created_put_with_presigned_url_upload", |r| Box::pin(by_url(r)))];

/// In two regions, each with a bucket and a queue.
async fn by_url(r: &mut Recorder) {
    for (region, step) in [("us-east-1", "receive_messages"), ("us-west-2", "receive_messages_region_2")] {
        let bucket = format!("box-{region}");
        let location = format!("<CreateBucketConfiguration><LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>");
        let location = if region == "us-east-1" { String::new() } else { location };
        r.desk.send("PUT", &format!("/{bucket}"), &[], location.as_bytes()).await.ok();
        let queue = json!([{ "QueueArn": format!("arn:aws:sqs:{region}:000000000000:events"), "Events": ["s3:ObjectCreated:*"] }]);
        let input = json!({ "Bucket": bucket, "NotificationConfiguration": { "QueueConfigurations": queue } });
        r.desk.ok("PutBucketNotificationConfiguration", input).await;
        r.desk.settle().await;
        r.desk.told.queues.lock().unwrap().clear();
        let wish = Wish { method: "PUT", bucket: &bucket, key: "key-by-hostname", region, ..Wish::default() };
        let answer = Url::presigned(&r.desk, Version::Four, &wish).send(&r.desk, "PUT", &[], b"something").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        r.desk.settle().await;
        let told = r.desk.told.queues.lock().unwrap().clone();
        let records: Vec<_> = told.iter().map(|(_, body)| body["Records"][0].clone()).collect();
        r.matches(step, &json!({ "messages": records }));
    }
}

pub const QUEUES: &str = r##"
test TestS3NotificationsToSQS::test_object_created_put
  notify s3:ObjectCreated:Put
  PutObject Key=my_key_0 Body=something
  PutObject Key=my_key_1 Body="something else"
  records .s3.object.size -> r=.
  receive_messages: json {messages:$r}

test TestS3NotificationsToSQS::test_object_created_copy
  notify s3:ObjectCreated:Copy
  PutObject Key=src Body=something
  CopyObject CopySource={Bucket:$b,Key:src} Key=dest
  records .eventName -> r=.
  receive_messages: json {messages:$r}

test TestS3NotificationsToSQS::test_object_created_and_object_removed
  notify s3:ObjectCreated:* s3:ObjectRemoved:*
  PutObject Key=src Body=something
  CopyObject CopySource={Bucket:$b,Key:src} Key=dest
  DeleteObject Key=src
  records .eventName -> r=.
  receive_messages: json {messages:$r}

test TestS3NotificationsToSQS::test_delete_objects
  notify s3:ObjectRemoved:*
  PutObject Key=zz Body=something
  DeleteObjects Delete={Objects:[{Key:zz},{Key:dummy1},{Key:dummy2}],Quiet:true}
  records .s3.object.key -> r=.
  receive_messages: json {messages:$r}

test TestS3NotificationsToSQS::test_object_created_complete_multipart_upload
  notify s3:ObjectCreated:*
  CreateMultipartUpload Key=test-key -> u=.UploadId
  UploadPart Key=test-key UploadId=$u PartNumber=1 Body=*6144:1 -> e=.ETag
  CompleteMultipartUpload Key=test-key UploadId=$u MultipartUpload={Parts:[{ETag:$e,PartNumber:1}]}
  records .eventName -> r=.
  receive_messages: json {messages:$r}

test TestS3NotificationsToSQS::test_key_encoding
  notify s3:ObjectCreated:*
  PutObject Key=a@b Body=something
  records .eventName -> r=.
  receive_messages: json {messages:$r}

test TestS3NotificationsToSQS::test_object_tagging_put_event
  notify s3:ObjectTagging:Put
  PutObject Key=k Body=FooBarBlitz
  PutObjectTagging Key=k Tagging={TagSet:[{Key:swallow_type,Value:african}]}
  records .eventName -> r=.
  receive_messages: json {messages:$r}

test TestS3NotificationsToSQS::test_object_tagging_delete_event
  notify s3:ObjectTagging:Delete
  PutObject Key=k Body=FooBarBlitz
  PutObjectTagging Key=k Tagging={TagSet:[{Key:swallow_type,Value:african}]}
  DeleteObjectTagging Key=k
  records .eventName -> r=.
  receive_messages: json {messages:$r}

test TestS3NotificationsToSQS::test_object_put_acl
  opened
  ListBuckets -> o=.Owner, id=.Owner.ID
  set log http://acs.amazonaws.com/groups/s3/LogDelivery
  notify s3:ObjectAcl:Put
  PutObject Key=my_key_acl Body=something
  PutObjectAcl Key=my_key_acl ACL=private
  PutObjectAcl Key=my_key_acl ACL=public-read
  PutObjectAcl Key=my_key_acl GrantRead="uri=\"$log\""
  PutObjectAcl Key=my_key_acl AccessControlPolicy={Owner:$o,Grants:[{Grantee:{ID:$id,Type:CanonicalUser},Permission:FULL_CONTROL},{Grantee:{URI:$log,Type:Group},Permission:WRITE}]}
  records .eventTime -> r=.
  receive_messages: json {messages:$r}

test TestS3NotificationsToSQS::test_restore_object
  notify s3:ObjectRestore:*
  PutObject Key=my_key_restore Body=something StorageClass=GLACIER
  RestoreObject Key=my_key_restore RestoreRequest={Days:1,GlacierJobParameters:{Tier:Expedited}}
  advance 600
  records .eventTime -> r=.
  receive_messages: json {messages:$r}

test TestS3NotificationsToSQS::test_object_created_put_versioned
  notify s3:ObjectCreated:* s3:ObjectRemoved:*
  versioned
  obj-ver1: PutObject Key=test-key Body=data -> v=.VersionId
  obj-ver2: PutObject Key=test-key Body=data-version2
  delete-marker: DeleteObject Key=test-key -> m=.VersionId
  delete-version: DeleteObject Key=test-key VersionId=$v
  message-versioning-active: records .eventName .s3.object.eTag
  suspended
  add-null-version: PutObject Key=test-key Body=data-version3
  del-delete-marker: DeleteObject Key=test-key VersionId=$m
  message-versioning-suspended: records .eventName .s3.object.eTag

test TestS3NotificationsToSQS::test_notifications_with_filter
  set q arn:aws:sqs:us-east-1:000000000000:events
  set f {Key:{FilterRules:[{Name:Prefix,Value:testupload/},{Name:Suffix,Value:testfile.txt}]}}
  PutBucketNotificationConfiguration NotificationConfiguration={QueueConfigurations:[{Id:id0001,QueueArn:$q,Events:["s3:ObjectCreated:*","s3:ObjectRemoved:Delete"],Filter:$f},{Id:id0002,QueueArn:$q,Events:["s3:ObjectTagging:*"],Filter:$f}]}
  config: GetBucketNotificationConfiguration
  PutObject Key=/testdata Body="{\"test\": \"bucket_notification1\"}"
  PutObject Key=testupload/dir1/testfile.txt Body="{\"test\": \"bucket_notification2\"}"
  records .eventName
  message: take .[0]
  PutBucketNotificationConfiguration NotificationConfiguration={}
  config_empty: GetBucketNotificationConfiguration
  PutBucketNotificationConfiguration NotificationConfiguration={QueueConfigurations:[{Id:id123456,QueueArn:$q,Events:["s3:ObjectCreated:*"]}]}
  config_updated: GetBucketNotificationConfiguration
  PutBucketNotificationConfiguration NotificationConfiguration={QueueConfigurations:[{Id:id123456,QueueArn:$q,Events:["s3:ObjectCreated:*"],Filter:{Key:{FilterRules:[{Name:Prefix,Value:testupload/}]}}}]}
  config_updated_filter: GetBucketNotificationConfiguration

test TestS3NotificationsToSQS::test_filter_rules_case_insensitive
  set q arn:aws:sqs:us-east-1:000000000000:my-queue-x
  PutBucketNotificationConfiguration SkipDestinationValidation=true NotificationConfiguration={QueueConfigurations:[{QueueArn:$q,Events:["s3:ObjectCreated:*"],Filter:{Key:{FilterRules:[{Name:PREFIX,Value:notif-},{Name:suffix,Value:.txt}]}}}]}
  bucket_notification_configuration: GetBucketNotificationConfiguration

test TestS3NotificationsToSQS::test_invalid_sqs_arn
  set q arn:aws:sqs:us-east-1:000000000000:my-queue
  invalid_not_skip: PutBucketNotificationConfiguration SkipDestinationValidation=false NotificationConfiguration={QueueConfigurations:[{Id:id123,Events:["s3:ObjectCreated:*"],QueueArn:invalid-queue}]}
  invalid_skip: PutBucketNotificationConfiguration SkipDestinationValidation=true NotificationConfiguration={QueueConfigurations:[{Id:id123,Events:["s3:ObjectCreated:*"],QueueArn:invalid-queue}]}
  queue-does-not-exist: PutBucketNotificationConfiguration NotificationConfiguration={QueueConfigurations:[{Id:id123,Events:["s3:ObjectCreated:*"],QueueArn:$q}]}
  PutBucketNotificationConfiguration SkipDestinationValidation=true NotificationConfiguration={QueueConfigurations:[{Id:id123,Events:["s3:ObjectCreated:*"],QueueArn:$q}]}
  skip_destination_validation: GetBucketNotificationConfiguration

test TestS3NotificationsToSQS::test_multiple_invalid_sqs_arns
  set q arn:aws:sqs:us-east-1:000000000000:my-queue
  two-queue-arns-invalid: PutBucketNotificationConfiguration NotificationConfiguration={QueueConfigurations:[{Id:id1,Events:["s3:ObjectCreated:*"],QueueArn:invalid_arn},{Id:id2,Events:["s3:ObjectRemoved:*"],QueueArn:invalid_arn_2}]}
  one-queue-invalid-one-not-existent: PutBucketNotificationConfiguration NotificationConfiguration={QueueConfigurations:[{Id:id1,Events:["s3:ObjectCreated:*"],QueueArn:$q},{Id:id2,Events:["s3:ObjectRemoved:*"],QueueArn:invalid_arn_2}]}
  multiple-queues-do-not-exist: PutBucketNotificationConfiguration NotificationConfiguration={QueueConfigurations:[{Id:id1,Events:["s3:ObjectCreated:*"],QueueArn:$q},{Id:id2,Events:["s3:ObjectRemoved:*"],QueueArn:"$q-2"}]}
"##;

/// Functions.
pub const FUNCTIONS: &str = r##"
test TestS3NotificationsToLambda::test_invalid_lambda_arn
  set q arn:aws:lambda:us-east-1:000000000000:function:my-lambda
  invalid_not_skip: PutBucketNotificationConfiguration SkipDestinationValidation=false NotificationConfiguration={LambdaFunctionConfigurations:[{Id:id123,Events:["s3:ObjectCreated:*"],LambdaFunctionArn:invalid-queue}]}
  invalid_skip: PutBucketNotificationConfiguration SkipDestinationValidation=true NotificationConfiguration={LambdaFunctionConfigurations:[{Id:id123,Events:["s3:ObjectCreated:*"],LambdaFunctionArn:invalid-queue}]}
  lambda-does-not-exist: PutBucketNotificationConfiguration NotificationConfiguration={LambdaFunctionConfigurations:[{Id:id123,Events:["s3:ObjectCreated:*"],LambdaFunctionArn:$q}]}
  PutBucketNotificationConfiguration SkipDestinationValidation=true NotificationConfiguration={LambdaFunctionConfigurations:[{Id:id123,Events:["s3:ObjectCreated:*"],LambdaFunctionArn:$q}]}
  skip_destination_validation: GetBucketNotificationConfiguration
"##;
