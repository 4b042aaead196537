//! Object lock and customers' keys: `test_s3`.

pub const LOCKS: &str = r##"
test TestS3ObjectLockRetention::test_s3_object_retention_exc
  CreateBucket Bucket=locked ObjectLockEnabledForBucket=true
  set far 2030-01-01T00:00:00Z
  put-object-retention-no-bucket: PutObjectRetention Bucket=none-there Key=fake-key Retention={Mode:GOVERNANCE,RetainUntilDate:$far}
  put-object-retention-no-key: PutObjectRetention Bucket=locked Key=non-existing-key Retention={Mode:GOVERNANCE,RetainUntilDate:$far}
  PutObject Bucket=locked Key=test-key Body=test -> v=.VersionId
  get-object-retention-never-set: GetObjectRetention Bucket=locked Key=test-key VersionId=$v
  put-object-missing-retention-fields: PutObjectRetention Bucket=locked Key=test-key Retention={Mode:GOVERNANCE} BypassGovernanceRetention=true
  PutObjectRetention Bucket=locked Key=test-key Retention={Mode:GOVERNANCE,RetainUntilDate:$far}
  update-retention-no-bypass: PutObjectRetention Bucket=locked Key=test-key VersionId=$v Retention={Mode:GOVERNANCE,RetainUntilDate:"2029-01-01T00:00:00Z"}
  update-retention-past-date: PutObjectRetention Bucket=locked Key=test-key VersionId=$v Retention={Mode:GOVERNANCE,RetainUntilDate:"2020-01-01T00:00:00Z"}
  update-retention-bad-value: PutObjectRetention Bucket=locked Key=test-key VersionId=$v Retention={Mode:BAD-VALUE,RetainUntilDate:$far}
  PutObject Key=test-key Body=test
  put-object-retention-regular-bucket: PutObjectRetention Key=test-key Retention={Mode:GOVERNANCE,RetainUntilDate:$far}
  get-object-retention-regular-bucket: GetObjectRetention Key=test-key

test TestS3ObjectLockRetention::test_s3_object_retention
  CreateBucket Bucket=locked ObjectLockEnabledForBucket=true
  set b locked
  put-obj-locked-1: PutObject Key=k Body=test -> v=.VersionId
  put-object-retention-on-key-1: PutObjectRetention Key=k Retention={Mode:GOVERNANCE,RetainUntilDate:"2030-01-01T00:00:00Z"}
  get-object-retention-on-key-1: GetObjectRetention Key=k
  head-object-locked: HeadObject Key=k
  delete-obj-locked: DeleteObject Key=k VersionId=$v
  delete-obj-locked-bypass: DeleteObject Key=k VersionId=$v BypassGovernanceRetention=true
  put-obj-locked-2: PutObject Key=k Body=test ObjectLockMode=GOVERNANCE ObjectLockRetainUntilDate=2030-01-01T00:00:00Z -> v=.VersionId
  update-retention-locked-object: PutObjectRetention Key=k Retention={Mode:GOVERNANCE,RetainUntilDate:@5}
  put-object-empty-retention: PutObjectRetention Key=k Retention={} BypassGovernanceRetention=true
  update-retention-object: PutObjectRetention Key=k Retention={Mode:GOVERNANCE,RetainUntilDate:@5}
  !DeleteObject Key=k VersionId=$v
  advance 6
  DeleteObject Key=k VersionId=$v

test TestS3ObjectLockRetention::test_s3_copy_object_retention_lock
  CreateBucket Bucket=locked ObjectLockEnabledForBucket=true
  set b locked
  put-source-object: PutObject Key=source-object Body="{\"key\": \"value\"}" ObjectLockMode=GOVERNANCE ObjectLockRetainUntilDate=@600
  head-source-object: HeadObject Key=source-object
  copy-lock: CopyObject CopySource=$b/source-object Key=dest-key
  head-dest-key: HeadObject Key=dest-key

test TestS3ObjectLockRetention::test_bucket_config_default_retention
  CreateBucket Bucket=locked ObjectLockEnabledForBucket=true
  set b locked
  put-lock-config: PutObjectLockConfiguration ObjectLockConfiguration={ObjectLockEnabled:Enabled,Rule:{DefaultRetention:{Mode:GOVERNANCE,Days:1}}}
  put-object-default: PutObject Key=default-object Body=test-default-lock
  head-object-default: HeadObject Key=default-object
  put-object-with-lock: PutObject Key=default-object Body=test-put-object-lock ObjectLockMode=GOVERNANCE ObjectLockRetainUntilDate=@600
  head-object-with-lock: HeadObject Key=default-object
  put-object-with-lock-no-date: PutObject Key=default-object2 Body=test-put-object-lock ObjectLockMode=GOVERNANCE

test TestS3ObjectLockRetention::test_object_lock_delete_markers
  CreateBucket Bucket=locked ObjectLockEnabledForBucket=true
  set b locked
  put-object-with-lock: PutObject Key=default-object Body=test-put-object-lock ObjectLockMode=GOVERNANCE ObjectLockRetainUntilDate=@600
  head-object-with-lock: HeadObject Key=default-object
  put-delete-marker: DeleteObject Key=default-object -> m=.VersionId
  put-object-retention-delete-marker: PutObjectRetention Key=default-object VersionId=$m Retention={Mode:GOVERNANCE,RetainUntilDate:"2030-01-01T00:00:00Z"}
  get-object-retention-delete-marker: GetObjectRetention Key=default-object VersionId=$m
  head-object-locked-delete-marker: HeadObject Key=default-object VersionId=$m

test TestS3ObjectLockRetention::test_object_lock_extend_duration
  CreateBucket Bucket=locked ObjectLockEnabledForBucket=true
  set b locked
  put-object-with-lock: PutObject Key=default-object Body=test-put-object-lock ObjectLockMode=GOVERNANCE ObjectLockRetainUntilDate=@600 -> v=.VersionId
  head-object-with-lock: HeadObject Key=default-object
  put-object-retention-extend: PutObjectRetention Key=default-object VersionId=$v Retention={Mode:GOVERNANCE,RetainUntilDate:@1200}
  head-object-with-lock-extended: HeadObject Key=default-object
  put-object-retention-reduce: PutObjectRetention Key=default-object VersionId=$v Retention={Mode:GOVERNANCE,RetainUntilDate:@600}

test TestS3ObjectLockRetention::test_s3_object_retention_compliance_mode
  CreateBucket Bucket=locked ObjectLockEnabledForBucket=true
  set b locked
  put-obj-locked-1: PutObject Key=k Body=test -> v=.VersionId
  add-compliance-retention: PutObjectRetention Key=k Retention={Mode:COMPLIANCE,RetainUntilDate:@5}
  delete-locked-1: DeleteObject Key=k VersionId=$v
  put-delete-marker: DeleteObject Key=k
  delete-locked-2: DeleteObject Key=k VersionId=$v BypassGovernanceRetention=true
  update-retention-shortened: PutObjectRetention Key=k VersionId=$v Retention={Mode:COMPLIANCE,RetainUntilDate:@4}
  update-retention-less-restrictive: PutObjectRetention Key=k VersionId=$v Retention={Mode:GOVERNANCE,RetainUntilDate:@6}
  advance 6
  delete-obj-after-lock-expiration: DeleteObject Key=k VersionId=$v

test TestS3ObjectLockRetention::test_s3_object_lock_mode_validation
  CreateBucket Bucket=locked ObjectLockEnabledForBucket=true
  set b locked
  put-obj-locked-error-no-retain-date: PutObject Key=k Body=test ObjectLockMode=BAD-VALUE
  put-obj-locked-error-no-mode: PutObject Key=k Body=test ObjectLockRetainUntilDate=@600
  put-obj-locked-bad-value: PutObject Key=k Body=test ObjectLockMode=BAD-VALUE ObjectLockRetainUntilDate=@600
  create-mpu-locked-bad-value: CreateMultipartUpload Key=k ObjectLockMode=BAD-VALUE ObjectLockRetainUntilDate=@600

test TestS3ObjectLockLegalHold::test_put_get_object_legal_hold
  CreateBucket Bucket=locked ObjectLockEnabledForBucket=true
  set b locked
  put-obj: PutObject Key=k Body=test -> v=.VersionId
  get-legal-hold-unset: GetObjectLegalHold Key=k VersionId=$v
  put-object-legal-hold: PutObjectLegalHold Key=k VersionId=$v LegalHold={Status:ON}
  head-object-with-legal-hold: HeadObject Key=k
  get-legal-hold-set: GetObjectLegalHold Key=k VersionId=$v
  put-object-legal-hold-off: PutObjectLegalHold Key=k VersionId=$v LegalHold={Status:OFF}

test TestS3ObjectLockLegalHold::test_put_object_with_legal_hold
  CreateBucket Bucket=locked ObjectLockEnabledForBucket=true
  set b locked
  put-obj: PutObject Key=k Body=test ObjectLockLegalHoldStatus=ON -> v=.VersionId
  head-object-with-legal-hold: HeadObject Key=k
  put-object-legal-hold-off: PutObjectLegalHold Key=k VersionId=$v LegalHold={Status:OFF}

test TestS3ObjectLockLegalHold::test_put_object_legal_hold_exc
  CreateBucket Bucket=locked ObjectLockEnabledForBucket=true
  put-object-legal-hold-no-bucket: PutObjectLegalHold Bucket=none-there Key=fake-key LegalHold={Status:ON}
  put-object-legal-hold-no-key: PutObjectLegalHold Bucket=locked Key=non-existing-key LegalHold={Status:ON}
  PutObject Key=k Body=test
  put-object-retention-regular-bucket: PutObjectLegalHold Key=k LegalHold={Status:ON}
  put-object-retention-empty: PutObjectLegalHold Key=k
  get-object-retention-regular-bucket: GetObjectLegalHold Key=k

test TestS3ObjectLockLegalHold::test_delete_locked_object
  CreateBucket Bucket=locked ObjectLockEnabledForBucket=true
  set b locked
  put-obj: PutObject Key=test-delete-locked Body=test -> v=.VersionId
  put-object-legal-hold: PutObjectLegalHold Key=test-delete-locked VersionId=$v LegalHold={Status:ON}
  delete-object-locked: DeleteObject Key=test-delete-locked VersionId=$v
  delete-objects-locked: DeleteObjects Delete={Objects:[{Key:test-delete-locked,VersionId:$v}]}
  put-object-legal-hold-off: PutObjectLegalHold Key=test-delete-locked VersionId=$v LegalHold={Status:OFF}

test TestS3ObjectLockLegalHold::test_s3_legal_hold_lock_versioned
  CreateBucket Bucket=locked ObjectLockEnabledForBucket=true
  set b locked
  put-object: PutObject Key=k Body=test -> v=.VersionId
  put-object-legal-hold-ver1: PutObjectLegalHold Key=k VersionId=$v LegalHold={Status:ON}
  head-object-ver1: HeadObject Key=k VersionId=$v
  put-object-2: PutObject Key=k Body=test -> w=.VersionId
  put-object-legal-hold-ver2: PutObjectLegalHold Key=k VersionId=$w LegalHold={Status:ON}
  head-object-ver2: HeadObject Key=k VersionId=$w
  remove-object-legal-hold-ver1: PutObjectLegalHold Key=k VersionId=$v LegalHold={Status:OFF}
  head-object-ver1-no-lock: HeadObject Key=k VersionId=$v
  delete-object-ver1: DeleteObject Key=k VersionId=$v

test TestS3ObjectLockLegalHold::test_s3_copy_object_legal_hold
  CreateBucket Bucket=locked ObjectLockEnabledForBucket=true
  set b locked
  put-object: PutObject Key=source-object Body="{\"key\": \"value\"}" ObjectLockLegalHoldStatus=ON
  head-object: HeadObject Key=source-object
  copy-legal-hold: CopyObject CopySource=$b/source-object Key=dest-key
  head-dest-key: HeadObject Key=dest-key
"##;

/// Keys and digests are those of the recordings. An SDK that gets a key without its digest encodes it (again) and adds the digest itself;
/// steps named `no-md5` send what it made of that.
pub const CUSTOMERS: &str = r##"
test TestS3SSECEncryption::test_put_object_lifecycle_with_sse_c
  put-obj-sse-c: PutObject Key=k Body=test_data SSECustomerAlgorithm=AES256 SSECustomerKey=MTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTBhYmNkZWY= SSECustomerKeyMD5=JMwgiexXqwuPqIPjYFmIZQ==
  head-obj-sse-c: HeadObject Key=k SSECustomerAlgorithm=AES256 SSECustomerKey=MTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTBhYmNkZWY= SSECustomerKeyMD5=JMwgiexXqwuPqIPjYFmIZQ==
  get-obj-sse-c: GetObject Key=k ChecksumMode=ENABLED SSECustomerAlgorithm=AES256 SSECustomerKey=MTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTBhYmNkZWY= SSECustomerKeyMD5=JMwgiexXqwuPqIPjYFmIZQ==
  get-obj-attrs-sse-c: GetObjectAttributes Key=k ObjectAttributes=[ETag,ObjectSize] SSECustomerAlgorithm=AES256 SSECustomerKey=MTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTBhYmNkZWY= SSECustomerKeyMD5=JMwgiexXqwuPqIPjYFmIZQ==
  del-obj-sse-c: DeleteObject Key=k

test TestS3SSECEncryption::test_put_object_validation_sse_c
  put-obj-sse-c-both-encryption: PutObject Key=k Body=test_data ServerSideEncryption=AES256 SSECustomerAlgorithm=KMS SSECustomerKey=MTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTBhYmNkZWY= SSECustomerKeyMD5=JMwgiexXqwuPqIPjYFmIZQ==
  put-obj-sse-c-wrong-algo: PutObject Key=k Body=test_data SSECustomerAlgorithm=KMS SSECustomerKey=MTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTBhYmNkZWY= SSECustomerKeyMD5=JMwgiexXqwuPqIPjYFmIZQ==
  put-obj-sse-c-no-algo: PutObject Key=k Body=test_data SSECustomerKey=MTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTBhYmNkZWY= SSECustomerKeyMD5=JMwgiexXqwuPqIPjYFmIZQ==
  put-obj-sse-c-no-key: PutObject Key=k Body=test_data SSECustomerAlgorithm=AES256 SSECustomerKeyMD5=JMwgiexXqwuPqIPjYFmIZQ==
  put-obj-sse-c-no-md5: PutObject Key=k Body=test_data SSECustomerAlgorithm=AES256 SSECustomerKey=TVRJek5EVTJOemc1TUdGaVkyUmxaakV5TXpRMU5qYzRPVEJoWW1Oa1pXWT0= SSECustomerKeyMD5=vSxFCLoaKaicDC136YAwYQ==
  put-obj-sse-c-wrong-key-size: PutObject Key=k Body=test_data SSECustomerAlgorithm=AES256 SSECustomerKey=MTIzNDU2Nzg5MA== SSECustomerKeyMD5=6Afx/PgtEy+bsBjKZzihnw==
  put-obj-sse-c-bad-md5: PutObject Key=k Body=test_data SSECustomerAlgorithm=AES256 SSECustomerKey=MTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTBhYmNkZWY= SSECustomerKeyMD5=aMwgiexXqwuPqIPjYFmIZQ==

test TestS3SSECEncryption::test_object_retrieval_sse_c
  put-obj-sse-c: PutObject Key=k Body=test_data SSECustomerAlgorithm=AES256 SSECustomerKey=MTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTBhYmNkZWY= SSECustomerKeyMD5=JMwgiexXqwuPqIPjYFmIZQ==
  get-obj-no-sse-c: GetObject Key=k
  get-obj-sse-c-wrong-key: GetObject Key=k SSECustomerAlgorithm=AES256 SSECustomerKey=YWJjZGVmMTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTA= SSECustomerKeyMD5=KoitZ78ZSAQHz4+gxDpJqQ==
  get-obj-sse-c-wrong-algo: GetObject Key=k SSECustomerAlgorithm=KMS SSECustomerKey=MTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTBhYmNkZWY= SSECustomerKeyMD5=JMwgiexXqwuPqIPjYFmIZQ==
  head-obj-sse-c-wrong-algo: HeadObject Key=k SSECustomerAlgorithm=KMS SSECustomerKey=MTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTBhYmNkZWY= SSECustomerKeyMD5=JMwgiexXqwuPqIPjYFmIZQ==
  get-obj-attrs-sse-c-wrong-algo: GetObjectAttributes Key=k ObjectAttributes=[ETag] SSECustomerAlgorithm=KMS SSECustomerKey=MTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTBhYmNkZWY= SSECustomerKeyMD5=JMwgiexXqwuPqIPjYFmIZQ==
  get-obj-sse-c-no-md5: GetObject Key=k SSECustomerAlgorithm=AES256 SSECustomerKey=TVRJek5EVTJOemc1TUdGaVkyUmxaakV5TXpRMU5qYzRPVEJoWW1Oa1pXWT0= SSECustomerKeyMD5=vSxFCLoaKaicDC136YAwYQ==
  head-obj-sse-c-no-md5: HeadObject Key=k SSECustomerAlgorithm=AES256 SSECustomerKey=TVRJek5EVTJOemc1TUdGaVkyUmxaakV5TXpRMU5qYzRPVEJoWW1Oa1pXWT0= SSECustomerKeyMD5=vSxFCLoaKaicDC136YAwYQ==
  get-obj-sse-c-wrong-key-size: PutObject Key=k SSECustomerAlgorithm=AES256 SSECustomerKey=MTIzNDU2Nzg5MA== SSECustomerKeyMD5=6Afx/PgtEy+bsBjKZzihnw==
  get-obj-sse-c-bad-md5: PutObject Key=k SSECustomerAlgorithm=AES256 SSECustomerKey=MTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTBhYmNkZWY= SSECustomerKeyMD5=aMwgiexXqwuPqIPjYFmIZQ==

test TestS3SSECEncryption::test_copy_object_with_sse_c
  put-obj-sse-c: PutObject Key=src Body=test_data SSECustomerAlgorithm=AES256 SSECustomerKey=MTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTBhYmNkZWY= SSECustomerKeyMD5=JMwgiexXqwuPqIPjYFmIZQ==
  copy-obj-sse-c-target-no-sse-c: CopyObject Key=target CopySource=$b/src CopySourceSSECustomerAlgorithm=AES256 CopySourceSSECustomerKey=MTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTBhYmNkZWY= CopySourceSSECustomerKeyMD5=JMwgiexXqwuPqIPjYFmIZQ==
  copy-obj-sse-c: CopyObject Key=target CopySource=$b/src CopySourceSSECustomerAlgorithm=AES256 CopySourceSSECustomerKey=MTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTBhYmNkZWY= CopySourceSSECustomerKeyMD5=JMwgiexXqwuPqIPjYFmIZQ== SSECustomerAlgorithm=AES256 SSECustomerKey=MTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTBhYmNkZWY= SSECustomerKeyMD5=JMwgiexXqwuPqIPjYFmIZQ==
  get-obj-no-sse-c-param: GetObject Key=target
  copy-obj-no-src-sse-c: CopyObject Key=target CopySource=$b/src SSECustomerAlgorithm=AES256 SSECustomerKey=MTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTBhYmNkZWY= SSECustomerKeyMD5=JMwgiexXqwuPqIPjYFmIZQ==
  copy-obj-wrong-src-sse-c-algo: CopyObject Key=target CopySource=$b/src CopySourceSSECustomerAlgorithm=KMS CopySourceSSECustomerKey=MTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTBhYmNkZWY= CopySourceSSECustomerKeyMD5=JMwgiexXqwuPqIPjYFmIZQ==
  copy-obj-wrong-target-sse-c-algo: CopyObject Key=target CopySource=$b/src CopySourceSSECustomerAlgorithm=AES256 CopySourceSSECustomerKey=MTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTBhYmNkZWY= CopySourceSSECustomerKeyMD5=JMwgiexXqwuPqIPjYFmIZQ== SSECustomerAlgorithm=KMS SSECustomerKey=MTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTBhYmNkZWY= SSECustomerKeyMD5=JMwgiexXqwuPqIPjYFmIZQ==
  copy-obj-target-double-encryption: CopyObject Key=target CopySource=$b/src CopySourceSSECustomerAlgorithm=AES256 CopySourceSSECustomerKey=MTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTBhYmNkZWY= CopySourceSSECustomerKeyMD5=JMwgiexXqwuPqIPjYFmIZQ== SSECustomerAlgorithm=AES256 SSECustomerKey=MTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTBhYmNkZWY= SSECustomerKeyMD5=JMwgiexXqwuPqIPjYFmIZQ== ServerSideEncryption=AES256

test TestS3SSECEncryption::test_multipart_upload_sse_c
  create-mpu-sse-c: CreateMultipartUpload Key=test-sse-c-multipart SSECustomerAlgorithm=AES256 SSECustomerKey=MTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTBhYmNkZWY= SSECustomerKeyMD5=JMwgiexXqwuPqIPjYFmIZQ== -> u=.UploadId
  upload-part-0: UploadPart Key=test-sse-c-multipart UploadId=$u PartNumber=1 Body=*5242881:a SSECustomerAlgorithm=AES256 SSECustomerKey=MTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTBhYmNkZWY= SSECustomerKeyMD5=JMwgiexXqwuPqIPjYFmIZQ== -> e1=.ETag
  upload-part-1: UploadPart Key=test-sse-c-multipart UploadId=$u PartNumber=2 Body=*5242881:a SSECustomerAlgorithm=AES256 SSECustomerKey=MTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTBhYmNkZWY= SSECustomerKeyMD5=JMwgiexXqwuPqIPjYFmIZQ== -> e2=.ETag
  upload-part-2: UploadPart Key=test-sse-c-multipart UploadId=$u PartNumber=3 Body=*5242881:a SSECustomerAlgorithm=AES256 SSECustomerKey=MTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTBhYmNkZWY= SSECustomerKeyMD5=JMwgiexXqwuPqIPjYFmIZQ== -> e3=.ETag
  list-parts: ListParts Key=test-sse-c-multipart UploadId=$u
  complete-multipart-checksum: CompleteMultipartUpload Key=test-sse-c-multipart UploadId=$u MultipartUpload={Parts:[{ETag:$e1,PartNumber:1},{ETag:$e2,PartNumber:2},{ETag:$e3,PartNumber:3}]}
  get-obj-no-sse-c-param: GetObject Key=test-sse-c-multipart
  get-obj-sse-c: GetObject Key=test-sse-c-multipart ChecksumMode=ENABLED SSECustomerAlgorithm=AES256 SSECustomerKey=MTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTBhYmNkZWY= SSECustomerKeyMD5=JMwgiexXqwuPqIPjYFmIZQ==

test TestS3SSECEncryption::test_multipart_upload_sse_c_validation
  create-mpu-no-sse-c: CreateMultipartUpload Key=test-sse-c-multipart -> u=.UploadId
  mpu-no-sse-c-upload-part-with-sse-c: UploadPart Key=test-sse-c-multipart UploadId=$u PartNumber=1 Body=testbody SSECustomerAlgorithm=AES256 SSECustomerKey=MTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTBhYmNkZWY= SSECustomerKeyMD5=JMwgiexXqwuPqIPjYFmIZQ==
  AbortMultipartUpload Key=test-sse-c-multipart UploadId=$u
  create-mpu-sse-c: CreateMultipartUpload Key=test-sse-c-multipart SSECustomerAlgorithm=AES256 SSECustomerKey=MTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTBhYmNkZWY= SSECustomerKeyMD5=JMwgiexXqwuPqIPjYFmIZQ== -> u=.UploadId
  mpu-sse-c-upload-part-no-sse-c: UploadPart Key=test-sse-c-multipart UploadId=$u PartNumber=1 Body=testbody
  mpu-sse-c-upload-part-wrong-sse-c: UploadPart Key=test-sse-c-multipart UploadId=$u PartNumber=1 Body=testbody SSECustomerAlgorithm=AES256 SSECustomerKey=YWJjZGVmMTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTA= SSECustomerKeyMD5=KoitZ78ZSAQHz4+gxDpJqQ==

test TestS3SSECEncryption::test_sse_c_with_versioning
  versioned
  put-obj-sse-c-version-1: PutObject Key=k Body=version1 SSECustomerAlgorithm=AES256 SSECustomerKey=MTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTBhYmNkZWY= SSECustomerKeyMD5=JMwgiexXqwuPqIPjYFmIZQ== -> v=.VersionId
  put-obj-sse-c-version-2: PutObject Key=k Body=version2 SSECustomerAlgorithm=AES256 SSECustomerKey=YWJjZGVmMTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTA= SSECustomerKeyMD5=KoitZ78ZSAQHz4+gxDpJqQ== -> w=.VersionId
  get-obj-sse-c-last-version: GetObject Key=k ChecksumMode=ENABLED SSECustomerAlgorithm=AES256 SSECustomerKey=YWJjZGVmMTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTA= SSECustomerKeyMD5=KoitZ78ZSAQHz4+gxDpJqQ==
  get-obj-sse-c-version-2: GetObject Key=k ChecksumMode=ENABLED VersionId=$w SSECustomerAlgorithm=AES256 SSECustomerKey=YWJjZGVmMTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTA= SSECustomerKeyMD5=KoitZ78ZSAQHz4+gxDpJqQ==
  get-obj-sse-c-last-version-wrong-key: GetObject Key=k VersionId=$v SSECustomerAlgorithm=AES256 SSECustomerKey=YWJjZGVmMTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTA= SSECustomerKeyMD5=KoitZ78ZSAQHz4+gxDpJqQ==
  get-obj-sse-c-version-1: GetObject Key=k ChecksumMode=ENABLED VersionId=$v SSECustomerAlgorithm=AES256 SSECustomerKey=MTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTBhYmNkZWY= SSECustomerKeyMD5=JMwgiexXqwuPqIPjYFmIZQ==
"##;
