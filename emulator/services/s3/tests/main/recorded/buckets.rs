//! Buckets, where they are, whose they are, what they allow: `test_s3`.

pub const SCRIPT: &str = r##"
test TestS3::test_region_header_exists_outside_us_east_1
  no bucket
  CreateBucket Bucket=in-the-west CreateBucketConfiguration={LocationConstraint:us-west-2}
  head_bucket: HeadBucket Bucket=in-the-west
  list_objects_v2: ListObjectsV2 Bucket=in-the-west

test TestS3::test_create_bucket_with_eu_location_constraint
  no bucket
  in eu-west-1
  CreateBucket Bucket=test-eu-region-1 CreateBucketConfiguration={LocationConstraint:EU}
  get-bucket-location: GetBucketLocation Bucket=test-eu-region-1
  list-bucket-response: ListBuckets Prefix=test-eu-region-1

test TestS3::test_create_bucket_with_eu_location_constraint_raises
  no bucket
  in us-east-2
  eu-location-constraint-error: CreateBucket Bucket=test-eu-region-1 CreateBucketConfiguration={LocationConstraint:EU}

test TestS3::test_create_bucket_with_invalid_location_constraint[$R-$L] for R,L in us-east-1|us-east-1 us-east-1|foo eu-west-1|bar
  no bucket
  in $R
  $R-location-constraint-$L-error: CreateBucket Bucket=test-region-1 CreateBucketConfiguration={LocationConstraint:$L}

test TestS3::test_get_bucket_policy
  get-bucket-policy-no-such-bucket-policy: GetBucketPolicy
  policy
  GetBucketPolicy
  get-bucket-policy: parsed Policy
  GetBucketPolicy ExpectedBucketOwner=000000000000
  get-bucket-policy-with-expected-bucket-owner: parsed Policy
  get-bucket-policy-with-expected-bucket-owner-error: GetBucketPolicy ExpectedBucketOwner=000000000002

test TestS3::test_get_bucket_policy_invalid_account_id[$A] for A in 0000 0000000000020 abcd aa000000000$
  get-bucket-policy-invalid-bucket-owner: GetBucketPolicy ExpectedBucketOwner=$A

test TestS3::test_put_bucket_policy
  put-bucket-policy: policy
  GetBucketPolicy
  get-bucket-policy: parsed Policy

test TestS3::test_put_bucket_policy_expected_bucket_owner
  put-bucket-policy-with-expected-bucket-owner-error: policy ExpectedBucketOwner=000000000002
  put-bucket-policy-with-expected-bucket-owner: policy ExpectedBucketOwner=000000000000

test TestS3::test_put_bucket_policy_invalid_account_id[$A] for A in 0000 0000000000020 abcd aa000000000$
  put-bucket-policy-invalid-bucket-owner: policy ExpectedBucketOwner=$A

test TestS3::test_delete_bucket_policy
  policy
  delete-bucket-policy: DeleteBucketPolicy
  get-bucket-policy-no-such-bucket-policy: GetBucketPolicy

test TestS3::test_delete_bucket_policy_expected_bucket_owner
  policy
  delete-bucket-policy-with-expected-bucket-owner-error: DeleteBucketPolicy ExpectedBucketOwner=000000000002
  delete-bucket-policy-invalid-bucket-owner: DeleteBucketPolicy ExpectedBucketOwner=invalid
  delete-bucket-policy-with-expected-bucket-owner: DeleteBucketPolicy ExpectedBucketOwner=000000000000

test TestS3::test_bucket_availability
  bucket-lifecycle: GetBucketLifecycleConfiguration Bucket=not-there-1
  bucket-replication: GetBucketReplication Bucket=not-there-1

test TestS3::test_different_location_constraint
  get-bucket-location-bucket-us-east-1: GetBucketLocation
  create-bucket-constraint-us-east-1: CreateBucket Bucket=bucket-1 CreateBucketConfiguration={LocationConstraint:us-east-1}
  create-bucket-constraint-us-east-1-with-None: CreateBucket Bucket=bucket-2 CreateBucketConfiguration={}
  in us-east-2
  CreateBucket Bucket=bucket-3 CreateBucketConfiguration={LocationConstraint:us-east-2}
  get-bucket-location-bucket-us-east-2: GetBucketLocation Bucket=bucket-3
  create-bucket-us-east-2-no-constraint-exc: CreateBucket Bucket=bucket-4
  create-bucket-constraint-us-east-2-with-None: CreateBucket Bucket=bucket-4 CreateBucketConfiguration={}
  create-bucket-us-east-2-constraint-to-us-west-1: CreateBucket Bucket=bucket-4 CreateBucketConfiguration={LocationConstraint:us-west-1}
  in us-west-1
  create-bucket-us-west-1-constraint-to-us-east-2: CreateBucket Bucket=bucket-4 CreateBucketConfiguration={LocationConstraint:us-east-2}
  create-bucket-us-west-1-constraint-to-us-east-1: CreateBucket Bucket=bucket-4 CreateBucketConfiguration={LocationConstraint:us-east-1}
  in us-east-1
  get-bucket-location-non-existent-bucket: GetBucketLocation Bucket=random-bucket-1

test TestS3::test_bucket_operation_between_regions
  no bucket
  set b bucket-1
  in us-west-2
  CreateBucket CreateBucketConfiguration={LocationConstraint:us-west-2}
  put-website-config-region-1: PutBucketWebsite WebsiteConfiguration={IndexDocument:{Suffix:index.html}}
  put-cors-config-region-1: PutBucketCors CORSConfiguration={CORSRules:[{AllowedOrigins:["*"],AllowedMethods:[GET]}]}
  in us-east-1
  get-website-config-region-2: GetBucketWebsite
  get-cors-config-region-2: GetBucketCors

test TestS3::test_get_object_with_anon_credentials
  opened
  PutBucketAcl ACL=public-read
  PutObject Key=k Body="body data"
  PutObjectAcl Key=k ACL=public-read
  as anonymous
  get_object: GetObject Key=k

test TestS3::test_s3_request_payer
  put-bucket-request-payment: PutBucketRequestPayment RequestPaymentConfiguration={Payer:Requester}
  get-bucket-request-payment: GetBucketRequestPayment

test TestS3::test_s3_request_payer_exceptions
  wrong-payer-type: PutBucketRequestPayment RequestPaymentConfiguration={Payer:Random}
  wrong-bucket-name: PutBucketRequestPayment Bucket=fake-bucket-1 RequestPaymentConfiguration={Payer:Requester}

test TestS3::test_bucket_exists
  PutBucketCors CORSConfiguration={CORSRules:[{AllowedMethods:[GET,POST,PUT,DELETE],AllowedOrigins:[localhost]}]}
  get-bucket-cors: GetBucketCors
  get-bucket-acl: GetBucketAcl
  get-bucket-not-exists: GetBucketAcl Bucket=bucket-not-exists

test TestS3::test_s3_uppercase_bucket_name
  uppercase-bucket: CreateBucket Bucket=TESTUPPERCASE-1

test TestS3::test_create_bucket_with_existing_name
  no bucket
  CreateBucket Bucket=bucket-1 CreateBucketConfiguration={LocationConstraint:us-west-1}
  create-bucket-us-west-1: CreateBucket Bucket=bucket-1 CreateBucketConfiguration={LocationConstraint:us-west-1}
  create-bucket-us-east-2: CreateBucket Bucket=bucket-1 CreateBucketConfiguration={LocationConstraint:us-east-2}

test TestS3::test_create_bucket_aws_global
  no bucket
  in aws-global
  xml-error-create-bucket: xml PUT /global-bucket-1
  in us-east-1
  create-bucket-global: CreateBucket Bucket=global-bucket-1
  head-bucket-global: HeadBucket Bucket=global-bucket-1
  get-location-1: GetBucketLocation Bucket=global-bucket-1
  list-buckets: ListBuckets BucketRegion=us-east-1 Prefix=global-bucket

test TestS3::test_bucket_constraint_aws_global[$R] for R in us-east-1 us-west-1
  no bucket
  in $R
  aws-global-constraint: CreateBucket Bucket=bucket-1 CreateBucketConfiguration={LocationConstraint:aws-global}

test TestS3::test_bucket_does_not_exist
  no bucket
  list_object: ListObjects Bucket=does-not-exist-1
  list_object_vhost: ListObjects Bucket=does-not-exist-1

test TestS3::test_create_bucket_head_bucket
  no bucket
  create_bucket: CreateBucket Bucket=my-bucket-1
  create_bucket_location_constraint: CreateBucket Bucket=my-bucket-2 CreateBucketConfiguration={LocationConstraint:eu-central-1}
  head_bucket: HeadBucket Bucket=my-bucket-1
  head_bucket_filtered_header: aws-headers
  head_bucket_2: HeadBucket Bucket=my-bucket-2
  head_bucket_2_filtered_header: aws-headers
  head_bucket_not_exist: HeadBucket Bucket=does-not-exist-1

test TestS3::test_bucket_name_with_dots
  no bucket
  set b my.bucket.name.1
  CreateBucket
  opened
  PutBucketAcl ACL=public-read
  PutObject Key=my-content Body=something
  list-objects: ListObjects
  as anonymous
  request-vhost-url-content: fullxml GET /$b
  request-path-url-content: fullxml GET /$b

test TestS3::test_s3_multipart_upload_acls
  opened
  PutBucketAcl ACL=public-read
  bucket-acl: GetBucketAcl
  PutObject Key=acl-key0 Body=something
  permission-acl-key0: GetObjectAcl Key=acl-key0
  CreateMultipartUpload Key=acl-key1 -> u=.UploadId
  UploadPart Key=acl-key1 UploadId=$u PartNumber=1 Body=data -> e=.ETag
  CompleteMultipartUpload Key=acl-key1 UploadId=$u MultipartUpload={Parts:[{ETag:$e,PartNumber:1}]}
  permission-acl-key1: GetObjectAcl Key=acl-key1
  CreateMultipartUpload Key=acl-key2 ACL=public-read-write -> u=.UploadId
  UploadPart Key=acl-key2 UploadId=$u PartNumber=1 Body=data -> e=.ETag
  CompleteMultipartUpload Key=acl-key2 UploadId=$u MultipartUpload={Parts:[{ETag:$e,PartNumber:1}]}
  permission-acl-key2: GetObjectAcl Key=acl-key2

test TestS3::test_s3_bucket_acl
  opened
  ListBuckets -> o=.Owner, id=.Owner.ID
  set log http://acs.amazonaws.com/groups/s3/LogDelivery
  PutBucketAcl ACL=public-read
  get-bucket-acl: GetBucketAcl
  PutBucketAcl ACL=private
  get-bucket-canned-acl: GetBucketAcl
  PutBucketAcl GrantRead="uri=\"$log\""
  get-bucket-grant-acl: GetBucketAcl
  PutBucketAcl AccessControlPolicy={Owner:$o,Grants:[{Grantee:{ID:$id,Type:CanonicalUser},Permission:FULL_CONTROL},{Grantee:{URI:$log,Type:Group},Permission:WRITE}]}
  get-bucket-acp-acl: GetBucketAcl

test TestS3::test_s3_bucket_acl_exceptions
  opened
  ListBuckets -> o=.Owner, id=.Owner.ID
  set log http://acs.amazonaws.com/groups/s3/LogDelivery
  set fake http://acs.amazonaws.com/groups/s3/FakeGroup
  put-bucket-canned-acl: PutBucketAcl ACL=fake-acl
  put-bucket-grant-acl-fake-uri: PutBucketAcl GrantWrite="uri=\"$fake\""
  put-bucket-grant-acl-fake-key: PutBucketAcl GrantWrite="fakekey=\"1234\""
  put-bucket-grant-acl-wrong-id: PutBucketAcl GrantWrite="id=\"wrong-id\""
  put-bucket-acp-acl-1: PutBucketAcl AccessControlPolicy={Grants:[{Grantee:{URI:$log,Type:Group},Permission:WRITE}]}
  put-bucket-acp-acl-2: PutBucketAcl AccessControlPolicy={Owner:$o,Grants:[{Grantee:{URI:$log,Type:Group},Permission:WRONG-PERMISSION}]}
  put-bucket-acp-acl-3: PutBucketAcl AccessControlPolicy={Owner:{ID:wrong-id},Grants:[{Grantee:{URI:$log,Type:Group},Permission:FULL_CONTROL}]}
  put-bucket-acp-acl-4: PutBucketAcl AccessControlPolicy={Owner:$o,Grants:[{Grantee:{URI:$fake,Type:Group},Permission:FULL_CONTROL}]}
  put-bucket-acp-acl-5: PutBucketAcl AccessControlPolicy={Owner:$o,Grants:[{Grantee:{ID:wrong-id,Type:CanonicalUser},Permission:FULL_CONTROL}]}
  put-bucket-acp-acl-6: PutBucketAcl AccessControlPolicy={Owner:$o,Grants:[{Grantee:{ID:wrong-id,Type:BadType},Permission:FULL_CONTROL}]}
  put-bucket-empty-acp: PutBucketAcl AccessControlPolicy={}
  put-bucket-empty: PutBucketAcl
  put-bucket-two-type-acl: PutBucketAcl ACL=private GrantRead="uri=\"$log\""
  put-bucket-two-type-acl-acp: PutBucketAcl ACL=private AccessControlPolicy={Owner:$o,Grants:[{Grantee:{ID:$id,Type:CanonicalUser},Permission:FULL_CONTROL}]}

test TestS3::test_s3_object_acl
  opened
  ListBuckets -> o=.Owner, id=.Owner.ID
  set log http://acs.amazonaws.com/groups/s3/LogDelivery
  put-object-default-acl: PutObject Key=k
  get-object-acl-default: GetObjectAcl Key=k
  put-object-acl: PutObjectAcl Key=k ACL=public-read
  get-object-acl: GetObjectAcl Key=k
  PutObjectAcl Key=k GrantRead="uri=\"$log\""
  get-object-grant-acl: GetObjectAcl Key=k
  PutObjectAcl Key=k AccessControlPolicy={Owner:$o,Grants:[{Grantee:{ID:$id,Type:CanonicalUser},Permission:FULL_CONTROL},{Grantee:{URI:$log,Type:Group},Permission:WRITE}]}
  get-object-acp-acl: GetObjectAcl Key=k

test TestS3::test_s3_object_acl_exceptions
  opened
  ListBuckets -> o=.Owner, id=.Owner.ID
  set log http://acs.amazonaws.com/groups/s3/LogDelivery
  set fake http://acs.amazonaws.com/groups/s3/FakeGroup
  set k object-key-acl
  PutObject Key=$k
  put-object-canned-acl: PutObject Key=$k ACL=fake-acl
  put-object-acl-canned-acl: PutObjectAcl Key=$k ACL=fake-acl
  put-object-grant-acl-fake-uri: PutObjectAcl Key=$k GrantWrite="uri=\"$fake\""
  put-object-grant-acl-fake-key: PutObjectAcl Key=$k GrantWrite="fakekey=\"1234\""
  put-object-grant-acl-wrong-id: PutObjectAcl Key=$k GrantWrite="id=\"wrong-id\""
  put-object-acp-acl-1: PutObjectAcl Key=$k AccessControlPolicy={Grants:[{Grantee:{URI:$log,Type:Group},Permission:WRITE}]}
  put-object-acp-acl-2: PutObjectAcl Key=$k AccessControlPolicy={Owner:$o,Grants:[{Grantee:{URI:$log,Type:Group},Permission:WRONG-PERMISSION}]}
  put-object-acp-acl-3: PutObjectAcl Key=$k AccessControlPolicy={Owner:{ID:wrong-id},Grants:[{Grantee:{URI:$log,Type:Group},Permission:FULL_CONTROL}]}
  put-object-acp-acl-4: PutObjectAcl Key=$k AccessControlPolicy={Owner:$o,Grants:[{Grantee:{URI:$fake,Type:Group},Permission:FULL_CONTROL}]}
  put-object-acp-acl-5: PutObjectAcl Key=$k AccessControlPolicy={Owner:$o,Grants:[{Grantee:{ID:wrong-id,Type:CanonicalUser},Permission:FULL_CONTROL}]}
  put-object-acp-acl-6: PutObjectAcl Key=$k AccessControlPolicy={Owner:$o,Grants:[{Grantee:{ID:wrong-id,Type:BadType},Permission:FULL_CONTROL}]}
  put-object-empty-acp: PutObjectAcl Key=$k AccessControlPolicy={}
  put-object-acl-empty: PutObjectAcl Key=$k
  put-object-two-type-acl: PutObjectAcl Key=$k ACL=private GrantRead="uri=\"$log\""
  put-object-two-type-acl-acp: PutObjectAcl Key=$k ACL=private AccessControlPolicy={Owner:$o,Grants:[{Grantee:{ID:$id,Type:CanonicalUser},Permission:FULL_CONTROL}]}

test TestS3::test_s3_analytics_configurations
  bucket d
  set sca {DataExport:{OutputSchemaVersion:V_1,Destination:{S3BucketDestination:{Format:CSV,Bucket:"arn:aws:s3:::$d",Prefix:test}}}}
  set one config_with_storage_analysis_1
  set two config_with_storage_analysis_2
  put_config_with_storage_analysis_err: PutBucketAnalyticsConfiguration Id=different-id AnalyticsConfiguration={Id:$one,Filter:{Prefix:test_ls},StorageClassAnalysis:$sca}
  get_config_with_storage_analysis_err: GetBucketAnalyticsConfiguration Id=non-existing
  delete_config_with_storage_analysis_err: DeleteBucketAnalyticsConfiguration Id=$one
  put_config_with_storage_analysis_1: PutBucketAnalyticsConfiguration Id=$one AnalyticsConfiguration={Id:$one,Filter:{Prefix:test_ls},StorageClassAnalysis:$sca}
  get_config_with_storage_analysis_1: GetBucketAnalyticsConfiguration Id=$one
  PutBucketAnalyticsConfiguration Id=$one AnalyticsConfiguration={Id:$one,Filter:{Prefix:test_ls_2},StorageClassAnalysis:$sca}
  get_config_with_storage_analysis_2: GetBucketAnalyticsConfiguration Id=$one
  PutBucketAnalyticsConfiguration Id=$two AnalyticsConfiguration={Id:$two,Filter:{Prefix:test_ls_3},StorageClassAnalysis:$sca}
  get_config_with_storage_analysis_3: GetBucketAnalyticsConfiguration Id=$two
  list_config_with_storage_analysis_1: ListBucketAnalyticsConfigurations
  DeleteBucketAnalyticsConfiguration Id=$two
  list_config_with_storage_analysis_2: ListBucketAnalyticsConfigurations

test TestS3::test_s3_batch_delete_public_objects_using_requests
  opened
  PutBucketAcl ACL=public-read-write
  as anonymous
  PutObject Key=key-created-by-anonymous-1 Body="This body document" ACL=public-read-write
  PutObject Key=key-created-by-anonymous-2 Body="This body document #2" ACL=public-read-write
  multi-delete-with-requests: fullxml POST /$b?delete content-md5=K+oHwktVp0V1RfjV3mxbOg== x-amz-request-payer=requester body="<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Object><Key>key-created-by-anonymous-1</Key></Object><Object><Key>key-created-by-anonymous-2</Key></Object></Delete>"
  as root
  list-remaining-objects: ListObjects
"##;
