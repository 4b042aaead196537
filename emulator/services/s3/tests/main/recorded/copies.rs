//! Copies, onto other keys and in place: `test_s3`.

pub const SCRIPT: &str = r##"
test TestS3::test_copy_object_special_character
  bucket d
  each K in file%2Fname|test@key/|test key/|test key//|a/%F0%9F%98%80/|test+key
  put-object-src-special-char-$K: PutObject Key=$K Body=test
  copy-object-special-char-$K: CopyObject Bucket=$d Key=$K CopySource=$b/$K
  end
  list-object-copy-dest-special-char: ListObjectsV2 Bucket=$d

test TestS3::test_s3_copy_metadata_replace
  put_object: PutObject Key=source-object Body="{\"key\": \"value\"}" ContentType=application/json Metadata={key:value} ContentLanguage=en-US
  head_object: HeadObject Key=source-object
  copy_object: CopyObject CopySource=$b/source-object Key=source-object-copy Metadata={another-key:value} ContentType=image/jpg MetadataDirective=REPLACE
  head_object_copy: HeadObject Key=source-object-copy

test TestS3::test_s3_copy_metadata_directive_copy
  put-object: PutObject Key=source-object Body=test Metadata={key:value} ContentLanguage=en-US
  head-object: HeadObject Key=source-object
  copy-object: CopyObject CopySource=$b/source-object Key=source-object-copy Metadata={another-key:value} ContentLanguage=en-GB ContentType=image/jpg MetadataDirective=COPY
  head-object-copy: HeadObject Key=source-object-copy

test TestS3::test_s3_copy_tagging_directive[$N] for N,D in COPY|COPY REPLACE|REPLACE None|-
  put-object: PutObject Key=source-object Body=test Tagging=key1=value1
  get-object-tag: GetObjectTagging Key=source-object
  copy-object: CopyObject CopySource=$b/source-object Key=c1 Tagging=key2=value2 TaggingDirective=$D
  get-copy-object-tag: GetObjectTagging Key=c1
  copy-object-tag-empty: CopyObject CopySource=$b/source-object Key=c2 TaggingDirective=$D
  get-copy-object-tag-empty: GetObjectTagging Key=c2

test TestS3::test_s3_copy_tagging_directive_versioned[$N] for N,D in COPY|COPY REPLACE|REPLACE None|-
  versioned
  put-object: PutObject Key=source-object Body=test Tagging=key1=value1 -> v=.VersionId
  put-object-v2: PutObject Key=source-object Body=test-v2 Tagging=key1=value1-v2
  get-object-tag: GetObjectTagging Key=source-object
  get-object-tag-v1: GetObjectTagging Key=source-object VersionId=$v
  copy-object: CopyObject CopySource=$b/source-object Key=c1 Tagging=key2=value2 TaggingDirective=$D
  get-copy-object-tag: GetObjectTagging Key=c1
  copy-object-tag-empty: CopyObject CopySource=$b/source-object Key=c2 TaggingDirective=$D
  get-copy-object-tag-empty: GetObjectTagging Key=c2
  copy-object-v1: CopyObject CopySource=$b/source-object?versionId=$v Key=c3 Tagging=key2=value2 TaggingDirective=$D
  get-copy-object-tag-v1: GetObjectTagging Key=c3
  copy-object-tag-empty-v1: CopyObject CopySource=$b/source-object?versionId=$v Key=c4 TaggingDirective=$D
  get-copy-object-tag-empty-v1: GetObjectTagging Key=c4

test TestS3::test_s3_copy_content_type_and_metadata
  put_object: PutObject Key=source-object Body="{\"key\": \"value\"}" ContentType=application/json Metadata={key:value}
  head_object: HeadObject Key=source-object
  copy_object: CopyObject CopySource=$b/source-object Key=source-object-copy
  head_object_copy: HeadObject Key=source-object-copy
  DeleteObjects Delete={Objects:[{Key:source-object-copy}]}
  copy_object_second: CopyObject CopySource=$b/source-object Key=second-copy Metadata={another-key:value} ContentType=application/javascript
  head_object_second_copy: HeadObject Key=second-copy

test TestS3::test_s3_copy_object_in_place
  put_object: PutObject Key=source-object Body="{\"key\": \"value\"}" ContentType=application/json Metadata={key:value}
  head_object: HeadObject Key=source-object
  object-attrs: GetObjectAttributes Key=source-object ObjectAttributes=[StorageClass]
  copy-object-in-place-no-change: CopyObject CopySource=$b/source-object Key=source-object
  copy-object-in-place-with-storage-class: CopyObject CopySource=$b/source-object Key=source-object ChecksumAlgorithm=SHA256 StorageClass=STANDARD
  object-attrs-after-copy: GetObjectAttributes Key=source-object ObjectAttributes=[StorageClass]
  object-acl: GetObjectAcl Key=source-object
  copy-object-in-place-with-acl: CopyObject CopySource=$b/source-object Key=source-object ACL=public-read

test TestS3::test_s3_copy_object_in_place_versioned
  versioned
  put_object: PutObject Key=source-object Body="{\"key\": \"value\"}" ContentType=application/json Metadata={key:value}
  head_object: HeadObject Key=source-object
  object-attrs: GetObjectAttributes Key=source-object ObjectAttributes=[StorageClass]
  copy-object-in-place-no-change: CopyObject CopySource=$b/source-object Key=source-object
  copy-in-place-versioned: CopyObject CopySource=$b/source-object Key=source-object MetadataDirective=REPLACE -> v=.VersionId
  head-object-copied: HeadObject Key=source-object
  get-object-copied: GetObject Key=source-object
  suspended
  copy-in-place-versioned-suspended: CopyObject CopySource=$b/source-object Key=source-object MetadataDirective=REPLACE
  head-object-copied-suspended: HeadObject Key=source-object
  get-object-copied-suspended: GetObject Key=source-object
  head-object-previous-version-suspended: HeadObject Key=source-object VersionId=$v
  versioned
  copy-in-place-versioned-re-enabled: CopyObject CopySource=$b/source-object Key=source-object MetadataDirective=REPLACE

test TestS3::test_s3_copy_object_in_place_suspended_only
  put_object: PutObject Key=source-object Body="{\"key\": \"value\"}" ContentType=application/json Metadata={key:value}
  head_object: HeadObject Key=source-object
  copy-in-place-non-versioned: CopyObject CopySource=$b/source-object Key=source-object MetadataDirective=REPLACE
  head-object-copied: HeadObject Key=source-object
  get-object-copied: GetObject Key=source-object
  suspended
  copy-in-place-versioned-suspended: CopyObject CopySource=$b/source-object Key=source-object MetadataDirective=REPLACE
  head-object-copied-suspended: HeadObject Key=source-object
  get-object-copied-suspended: GetObject Key=source-object
  copy-in-place-versioned-suspended-twice: CopyObject CopySource=$b/source-object Key=source-object MetadataDirective=REPLACE

test TestS3::test_s3_copy_object_in_place_storage_class
  put-object: PutObject Key=source-object Body=test StorageClass=STANDARD
  head-object: HeadObject Key=source-object
  object-attrs: GetObjectAttributes Key=source-object ObjectAttributes=[StorageClass]
  copy-object-in-place-with-storage-class: CopyObject CopySource=$b/source-object Key=source-object StorageClass=STANDARD
  object-attrs-after-copy: GetObjectAttributes Key=source-object ObjectAttributes=[StorageClass]

test TestS3::test_copy_in_place_with_bucket_encryption
  put-bucket-encryption: PutBucketEncryption ServerSideEncryptionConfiguration={Rules:[{ApplyServerSideEncryptionByDefault:{SSEAlgorithm:AES256},BucketKeyEnabled:false}]}
  put-obj: PutObject Key=test-enc
  copy-obj: CopyObject CopySource={Bucket:$b,Key:test-enc} Key=test-enc

test TestS3::test_s3_copy_object_in_place_metadata_directive
  put_object: PutObject Key=source-object Body="{\"key\": \"value\"}" ContentType=application/json Metadata={key:value}
  head_object: HeadObject Key=source-object
  no-metadata-directive-fail: CopyObject CopySource=$b/source-object Key=source-object Metadata={key:value}
  copy-replace-directive: CopyObject CopySource=$b/source-object Key=source-object Metadata={key2:value2} MetadataDirective=REPLACE
  head-replace-directive: HeadObject Key=source-object
  copy-copy-directive: CopyObject CopySource=$b/source-object Key=source-object MetadataDirective=COPY StorageClass=STANDARD
  head-copy-directive: HeadObject Key=source-object
  copy-copy-directive-ignore: CopyObject CopySource=$b/source-object Key=source-object MetadataDirective=COPY Metadata={key3:value3} StorageClass=STANDARD
  head-copy-directive-ignore: HeadObject Key=source-object
  copy-replace-directive-empty: CopyObject CopySource=$b/source-object Key=source-object MetadataDirective=REPLACE
  head-replace-directive-empty: HeadObject Key=source-object

test TestS3::test_s3_copy_object_in_place_website_redirect_location
  put-object: PutObject Key=source-object Body=test WebsiteRedirectLocation=/test/direct
  head-object: HeadObject Key=source-object
  copy-object-in-place-with-website-redirection: CopyObject CopySource=$b/source-object Key=source-object WebsiteRedirectLocation=/test/direct
  head-object-after-copy: HeadObject Key=source-object

test TestS3::test_s3_copy_object_storage_class
  put-object: PutObject Key=source-object Body=test StorageClass=STANDARD_IA
  head-object: HeadObject Key=source-object
  object-attrs: GetObjectAttributes Key=source-object ObjectAttributes=[StorageClass]
  copy-object-in-place-with-storage-class: CopyObject CopySource=$b/source-object Key=dest-object
  object-attrs-after-copy: GetObjectAttributes Key=dest-object ObjectAttributes=[StorageClass]
  exc-invalid-request-storage-class: CopyObject CopySource=$b/source-object Key=source-object

test TestS3::test_s3_copy_object_with_checksum[$A] for A in CRC32 CRC32C SHA1 SHA256 CRC64NVME
  put-object-no-checksum: PutObject Key=source-object Body="{\"key\": \"value\"}" ContentType=application/json Metadata={key:value}
  object-attrs: GetObjectAttributes Key=source-object ObjectAttributes=[Checksum]
  copy-object-in-place-with-checksum: CopyObject CopySource=$b/source-object Key=source-object ChecksumAlgorithm=$A Metadata={key1:value1} MetadataDirective=REPLACE
  object-attrs-after-copy: GetObjectAttributes Key=source-object ObjectAttributes=[Checksum]
  copy-object-to-dest-keep-checksum: CopyObject CopySource=$b/source-object Key=dest-object

test TestS3::test_s3_copy_object_with_default_checksum[$A] for A in CRC32 CRC32C SHA1 SHA256 CRC64NVME
  put-object-no-checksum: PutObject Key=source-object Body="{\"key\": \"value\"}" ContentType=application/json ChecksumAlgorithm=$A Metadata={key:value}
  object-attrs: GetObjectAttributes Key=source-object ObjectAttributes=[Checksum]
  copy-object-in-place-with-no-checksum: CopyObject CopySource=$b/source-object Key=source-object Metadata={key1:value1} MetadataDirective=REPLACE
  object-attrs-after-copy: GetObjectAttributes Key=source-object ObjectAttributes=[Checksum]
  copy-object-to-dest-keep-checksum: CopyObject CopySource=$b/source-object Key=dest-object
  dest-object-attrs-after-copy: GetObjectAttributes Key=dest-object ObjectAttributes=[Checksum]

test TestS3::test_s3_copy_object_wrong_format
  copy-object-wrong-copy-source: CopyObject CopySource=wrongformat Key=destination-key

test TestS3::test_multipart_copy_object_etag
  multipart-upload: multipart test.file 1 "test content 123"
  copy-object: CopyObject CopySource=$b/test.file Key=copy.file
  copy-object-in-place: CopyObject CopySource=$b/test.file Key=test.file MetadataDirective=REPLACE
  head-obj: HeadObject Key=test.file ChecksumMode=ENABLED

test TestS3PresignedUrl::test_s3_copy_md5
  PutObject Key=src Body=something
  copy-obj: CopyObject CopySource={Bucket:$b,Key:src} Key=dest
"##;
