//! Bodies under customers' keys and keys of KMS: `test_s3`, `test_s3_api`. `$kms` is the id of the one key there is.

pub const SCRIPT: &str = r##"
test TestS3SSECEncryption::test_put_object_default_checksum_with_sse_c
  keys
  send PUT /$b/test-sse-c x-amz-server-side-encryption-customer-algorithm=AES256 x-amz-server-side-encryption-customer-key=$key x-amz-server-side-encryption-customer-key-md5=$md5 body="test data.."
  head-obj-sse-c: HeadObject Key=test-sse-c %one ChecksumMode=ENABLED
  get-obj-sse-c: GetObject Key=test-sse-c %one
  get-obj-attrs-sse-c: GetObjectAttributes Key=test-sse-c ObjectAttributes=[ETag,Checksum] %one

test TestS3::test_copy_object_kms
  PutObject Key=mykey Body="hello world"
  get-object: GetObject Key=mykey
  copy-object: CopyObject CopySource=$b/mykey Key=copiedkey BucketKeyEnabled=true SSEKMSKeyId=$kms ServerSideEncryption=aws:kms
  get-copied-object: GetObject Key=copiedkey

test TestS3::test_s3_copy_object_in_place_with_encryption
  put-object-with-kms-encryption: PutObject Key=source-object Body=test ServerSideEncryption=aws:kms BucketKeyEnabled=true SSEKMSKeyId=$kms
  head-object: HeadObject Key=source-object
  copy-object-in-place-with-sse: CopyObject CopySource=$b/source-object Key=source-object ServerSideEncryption=aws:kms
  head-copy-with-sse: HeadObject Key=source-object
  copy-object-in-place-without-kms-sse: CopyObject CopySource=$b/source-object Key=source-object
  head-copy-without-kms-sse: HeadObject Key=source-object
  copy-object-in-place-with-aes: CopyObject CopySource=$b/source-object Key=source-object ServerSideEncryption=AES256
  head-copy-with-aes: HeadObject Key=source-object

test TestS3::test_s3_multipart_upload_sse
  set k test-sse-field-multipart
  multi-sse-create-multipart: CreateMultipartUpload Key=$k BucketKeyEnabled=true SSEKMSKeyId=$kms ServerSideEncryption=aws:kms -> u=.UploadId
  multi-sse-upload-part: UploadPart Key=$k UploadId=$u PartNumber=1 Body=test-sse -> e=.ETag
  multi-sse-compete-multipart: CompleteMultipartUpload Key=$k UploadId=$u MultipartUpload={Parts:[{ETag:$e,PartNumber:1}]}
  get-obj: GetObject Key=$k

test TestS3::test_s3_sse_bucket_key_default
  put-obj-default-before-setting: PutObject Key=before Body=test-sse
  get-obj-default-before-setting: GetObject Key=before
  put-bucket-encryption: PutBucketEncryption ServerSideEncryptionConfiguration={Rules:[{ApplyServerSideEncryptionByDefault:{SSEAlgorithm:"aws:kms",KMSMasterKeyID:$kms},BucketKeyEnabled:true}]}
  get-bucket-encryption: GetBucketEncryption
  get-obj-default-after-setting: GetObject Key=before
  put-obj-after-setting: PutObject Key=after Body=test-sse
  get-obj-after-setting: GetObject Key=after

test TestS3::test_s3_sse_default_kms_key
  bucket c
  set k test-sse-default-key
  put-obj-default-kms-s3-key: PutObject Key=$k Body=test-sse ServerSideEncryption=aws:kms
  get-obj-default-kms-s3-key: GetObject Key=$k
  put-obj-default-kms-s3-key-bucket-2: PutObject Bucket=$c Key=$k Body=test-sse ServerSideEncryption=aws:kms
  get-obj-default-kms-s3-key-bucket-2: GetObject Bucket=$c Key=$k
  put-bucket-encryption-default-kms-s3-key: PutBucketEncryption ServerSideEncryptionConfiguration={Rules:[{ApplyServerSideEncryptionByDefault:{SSEAlgorithm:"aws:kms"},BucketKeyEnabled:true}]}
  get-bucket-encryption-default-kms-s3-key: GetBucketEncryption
  set k test-sse-default-key-from-bucket
  put-obj-default-kms-s3-key-from-bucket: PutObject Key=$k Body=test-sse ServerSideEncryption=aws:kms
  get-obj-default-kms-s3-key-from-bucket: GetObject Key=$k
"##;

/// A bucket whose default is a key of KMS.
pub const DEFAULTS: &str = r##"
test TestS3BucketEncryption::test_s3_bucket_encryption_sse_kms
  put-bucket-enc: PutBucketEncryption ServerSideEncryptionConfiguration={Rules:[{ApplyServerSideEncryptionByDefault:{SSEAlgorithm:"aws:kms",KMSMasterKeyID:$kms},BucketKeyEnabled:true}]}
  get-bucket-enc: GetBucketEncryption
  put-object-encrypted: PutObject Key=key-encrypted Body=test-encrypted
  head-object-encrypted: HeadObject Key=key-encrypted
  get-object-encrypted: GetObject Key=key-encrypted
  put-bucket-enc-bucket-key-disabled: PutBucketEncryption ServerSideEncryptionConfiguration={Rules:[{ApplyServerSideEncryptionByDefault:{SSEAlgorithm:"aws:kms",KMSMasterKeyID:$kms},BucketKeyEnabled:false}]}
  put-object-encrypted-bucket-key-disabled: PutObject Key=key-encrypted-bucket-key-disabled Body=test-encrypted
"##;
