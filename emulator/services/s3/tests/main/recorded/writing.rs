//! Writing, deleting, versions, conditions and tags: `test_s3_api` and `test_s3_preconditions`.

pub const SCRIPT: &str = r##"
test TestS3BucketCRUD::test_delete_bucket_with_objects
  PutObject Key=test-delete Body=test-delete
  delete-with-obj: DeleteBucket
  delete-obj: DeleteObject Key=test-delete
  delete-bucket: DeleteBucket

test TestS3BucketCRUD::test_delete_versioned_bucket_with_objects
  versioned
  PutObject Key=k Body=test-delete -> v=.VersionId
  DeleteObject Key=k -> m=.VersionId
  delete-with-obj-and-delete-marker: DeleteBucket
  delete-obj-by-version: DeleteObject Key=k VersionId=$v
  delete-with-only-delete-marker: DeleteBucket
  delete-marker-by-version: DeleteObject Key=k VersionId=$m
  success-delete-bucket: DeleteBucket

test TestS3ObjectCRUD::test_delete_object
  put-object: PutObject Key=k Body=test-delete
  delete-object: DeleteObject Key=k
  delete-nonexistent-object: DeleteObject Key=k
  delete-nonexistent-object-versionid: DeleteObject Key=k VersionId=HPniJFCxqTsMuIH9KX8K8wEjNUgmABCD

test TestS3ObjectCRUD::test_delete_objects
  put-object: PutObject Key=test-delete Body=test-delete
  delete-object-wrong-version-id: DeleteObjects Delete={Objects:[{Key:test-delete,VersionId:HPniJFCxqTsMuIH9KX8K8wEjNUgmABCD}]}
  DeleteObjects Delete={Objects:[{Key:test-delete},{Key:c-wrong-key},{Key:a-wrong-key}]}
  delete-objects: sort Deleted Key

test TestS3ObjectCRUD::test_delete_object_versioned
  versioned
  put-object: PutObject Key=test-delete Body=test-delete -> v=.VersionId
  delete-object: DeleteObject Key=test-delete -> m=.VersionId
  get-deleted-object: GetObject Key=test-delete
  get-object-with-version: GetObject Key=test-delete VersionId=$v
  get-delete-marker: GetObject Key=test-delete VersionId=$m
  delete-object-2: DeleteObject Key=test-delete
  list-object-versions: ListObjectVersions Prefix=test-delete
  delete-delete-marker: DeleteObject Key=test-delete VersionId=$m
  delete-object-version: DeleteObject Key=test-delete VersionId=$v
  get-deleted-object-with-version: GetObject Key=test-delete VersionId=$v
  like bad $v ABCD
  delete-with-bad-version: DeleteObject Key=test-delete VersionId=$bad
  delete-wrong-key: DeleteObject Key=wrong-key

test TestS3ObjectCRUD::test_delete_objects_versioned
  versioned
  put-object: PutObject Key=test-delete Body=test-delete -> v=.VersionId
  delete-objects-no-version-id: DeleteObjects Delete={Objects:[{Key:test-delete},{Key:wrongkey},{Key:wrongkey-x}]} -> m=.Deleted[0].DeleteMarkerVersionId
  delete-objects-marker: DeleteObjects Delete={Objects:[{Key:test-delete,VersionId:$m}]}
  delete-objects-wrong-version-id: DeleteObjects Delete={Objects:[{Key:test-delete,VersionId:HPniJFCxqTsMuIH9KX8K8wEjNUgmABCD},{Key:wrong-key-2,VersionId:HPniJFCxqTsMuIH9KX8K8wEjNUgmABCD}]}
  delete-objects-version-id: DeleteObjects Delete={Objects:[{Key:test-delete,VersionId:$v}]}

test TestS3ObjectCRUD::test_get_object_with_version_unversioned_bucket
  put-object: PutObject Key=test-version Body=test-version
  get-obj-with-version: GetObject Key=test-version VersionId=HPniJFCxqTsMuIH9KX8K8wEjNUgmABCD
  get-obj-with-null-version: GetObject Key=test-version VersionId=null

test TestS3ObjectCRUD::test_put_object_on_suspended_bucket
  versioned
  each N in 0|1|2
  put-object-$N: PutObject Key=test-version Body=test-version-$N
  end
  list-enabled: ListObjectVersions
  suspended
  list-suspended: ListObjectVersions
  put-object-suspended: PutObject Key=test-version Body=test-version-suspended
  list-suspended-after-put: ListObjectVersions
  put-object-suspended-overwrite: PutObject Key=test-version Body=test-version-suspended
  list-suspended-after-overwrite: ListObjectVersions
  get-object-current: GetObject Key=test-version

test TestS3ObjectCRUD::test_delete_object_on_suspended_bucket
  versioned
  put-object-0: PutObject Key=test-delete-suspended Body=test-version-0
  put-object-1: PutObject Key=test-delete-suspended Body=test-version-1
  suspended
  list-suspended: ListObjectVersions
  delete-object-no-version: DeleteObject Key=test-delete-suspended
  list-suspended-delete: ListObjectVersions
  put-object-suspended: PutObject Key=test-delete-suspended Body=test-version-suspended-after-delete
  list-suspended-put: ListObjectVersions
  delete-object-no-version-after-put: DeleteObject Key=test-delete-suspended
  list-suspended-after-put: ListObjectVersions

test TestS3ObjectCRUD::test_list_object_versions_order_unversioned
  list-empty: ListObjectVersions
  put-object: PutObject Key=a-test-object-1 Body=test-object-1
  put-object-3: PutObject Key=c-test-object-3 Body=test-object-3
  put-object-2: PutObject Key=b-test-object-2 Body=test-object-2
  list-object-versions: ListObjectVersions

test TestS3ObjectCRUD::test_get_object_range
  PutObject Key=r Body=0123456789
  get-0-8-checksum: GetObject Key=r Range=bytes=0-8 ChecksumMode=ENABLED
  each R in 0-8|1-1|1-0|1-|-1-|-2|-9|-15|0-100|0-0|0--1|-|-0|100-200
  get-$R: GetObject Key=r Range=bytes=$R
  end
  get-multiple-ranges: GetObject Key=r Range=bytes=0-1,3-4,7-9
  get-wrong-format: GetObject Key=r Range=0-1
  put-after-failed: PutObject Key=r Body=01234567890123456789

test TestS3Multipart::test_upload_part_copy_range
  put-src-object: PutObject Key=src-key Body=0123456789
  create-multipart: CreateMultipartUpload Key=test-upload-part-copy -> u=.UploadId
  set k test-upload-part-copy
  upload-part-copy-1: UploadPartCopy Key=$k UploadId=$u PartNumber=1 CopySource=$b/src-key CopySourceRange=bytes=0-8
  upload-part-copy-2: UploadPartCopy Key=$k UploadId=$u PartNumber=2 CopySource=$b/src-key CopySourceRange=bytes=1-1
  upload-part-copy-3: UploadPartCopy Key=$k UploadId=$u PartNumber=3 CopySource=$b/src-key CopySourceRange=bytes=0-0
  list-parts: ListParts Key=$k UploadId=$u
  upload-part-copy-wrong-format: UploadPartCopy Key=$k UploadId=$u PartNumber=1 CopySource=$b/src-key CopySourceRange=0-8
  each R in 1-0|-1-|0--1|0-1,3-4,7-9|-|-0|0-100|100-200|1-|-2|-15
  upload-part-copy-range-exc-$R: UploadPartCopy Key=$k UploadId=$u PartNumber=1 CopySource=$b/src-key CopySourceRange=bytes=$R
  end

test TestS3Multipart::test_upload_part_copy_no_copy_source_range
  put-src-object: PutObject Key=src-key Body=0123456789
  create-multipart: CreateMultipartUpload Key=test-upload-part-copy -> u=.UploadId
  upload-part-copy: UploadPartCopy Key=test-upload-part-copy UploadId=$u PartNumber=1 CopySource=$b/src-key
  list-parts: ListParts Key=test-upload-part-copy UploadId=$u

test TestS3Multipart::test_upload_part_copy_with_copy_source_$T for T,L,P,V in if_match_success|if-match|CopySourceIfMatch|$e if_match_none_success|if-none-match|CopySourceIfNoneMatch|none-match if_unmodified_since_success|if-unmodified-since|CopySourceIfUnmodifiedSince|@86400 if_modified_since_success|if-modified-since|CopySourceIfModifiedSince|@-86400 if_modified_since_in_future_success|if-modified-since-in-future|CopySourceIfModifiedSince|@86400
  PutObject Key=source_file.txt Body=0123456789 -> e=.ETag
  CreateMultipartUpload Key=destination_file.txt -> u=.UploadId
  set value $V
  upload-part-copy-$L: UploadPartCopy UploadId=$u Key=destination_file.txt PartNumber=1 CopySource=$b/source_file.txt $P=$value
  list-parts: ListParts Key=destination_file.txt UploadId=$u

test TestS3Multipart::test_upload_part_copy_with_$T for T,L,P,V in copy_source_if_match_failed|if-match|CopySourceIfMatch|not-matching copy_source_if_none_match_failed|if-none-match|CopySourceIfNoneMatch|$e copy_source_if_unmodified_since_match_failed|unmodified-since-match|CopySourceIfUnmodifiedSince|@-86400 if_modified_since_failed|modified-since-match|CopySourceIfModifiedSince|@0
  PutObject Key=source_file.txt Body=0123456789 -> e=.ETag
  CreateMultipartUpload Key=destination_file.txt -> u=.UploadId
  advance 1
  set value $V
  upload-part-copy-source-$L: UploadPartCopy UploadId=$u Key=destination_file.txt PartNumber=1 CopySource=$b/source_file.txt $P=$value

test TestS3Multipart::test_upload_part_copy_with_copy_source_if_match_and_if_unmodified_since_match
  PutObject Key=source_file.txt Body=0123456789 -> e=.ETag
  CreateMultipartUpload Key=destination_file.txt -> u=.UploadId
  upload-part-copy: UploadPartCopy UploadId=$u Key=destination_file.txt PartNumber=1 CopySource=$b/source_file.txt CopySourceIfMatch=$e CopySourceIfUnmodifiedSince=@-86400
  list-parts: ListParts Key=destination_file.txt UploadId=$u

test TestS3Multipart::test_upload_part_copy_with_copy_source_if_none_match_and_if_unmodified_since_match_failed
  PutObject Key=source_file.txt Body=0123456789
  CreateMultipartUpload Key=destination_file.txt -> u=.UploadId
  upload-part-copy-source-unmodified-since-and-if-none-match: UploadPartCopy UploadId=$u Key=destination_file.txt PartNumber=1 CopySource=$b/source_file.txt CopySourceIfNoneMatch=not-matching CopySourceIfUnmodifiedSince=@-86400

test TestS3BucketVersioning::test_bucket_versioning_crud
  get-versioning-before: GetBucketVersioning
  put-versioning-suspended-before: PutBucketVersioning VersioningConfiguration={Status:Suspended}
  get-versioning-after-suspended: GetBucketVersioning
  put-versioning-enabled-lowercase: PutBucketVersioning VersioningConfiguration={Status:enabled}
  put-versioning-enabled-capitalized: PutBucketVersioning VersioningConfiguration={Status:Enabled}
  get-versioning-after-enabled: GetBucketVersioning
  put-versioning-suspended-after: PutBucketVersioning VersioningConfiguration={Status:Suspended}
  put-versioning-disabled: PutBucketVersioning VersioningConfiguration={Status:Disabled}
  put-versioning-empty: PutBucketVersioning VersioningConfiguration={}
  put-versioning-no-bucket: PutBucketVersioning Bucket=myrandombucket-1 VersioningConfiguration={Status:Suspended}
  get-versioning-no-bucket: GetBucketVersioning Bucket=myrandombucket-1

test TestS3BucketVersioning::test_object_version_id_format
  versioned
  put-object: PutObject Key=test-version-id

test TestS3BucketEncryption::test_s3_default_bucket_encryption
  default-bucket-encryption: GetBucketEncryption
  delete-bucket-encryption: DeleteBucketEncryption
  delete-bucket-encryption-idempotent: DeleteBucketEncryption
  get-bucket-no-encryption: GetBucketVersioning

test TestS3BucketEncryption::test_s3_default_bucket_encryption_exc
  get-bucket-enc-no-bucket: GetBucketEncryption Bucket=fakebucket-1
  delete-bucket-enc-no-bucket: DeleteBucketEncryption Bucket=fakebucket-1
  put-bucket-enc-no-bucket: PutBucketEncryption Bucket=fakebucket-1 ServerSideEncryptionConfiguration={Rules:[]}
  put-bucket-encryption-no-rules: PutBucketEncryption ServerSideEncryptionConfiguration={Rules:[]}
  put-bucket-encryption-two-rules: PutBucketEncryption ServerSideEncryptionConfiguration={Rules:[{ApplyServerSideEncryptionByDefault:{SSEAlgorithm:"aws:kms"},BucketKeyEnabled:true},{ApplyServerSideEncryptionByDefault:{SSEAlgorithm:AES256}}]}
  put-bucket-encryption-kms-with-aes: PutBucketEncryption ServerSideEncryptionConfiguration={Rules:[{ApplyServerSideEncryptionByDefault:{SSEAlgorithm:AES256,KMSMasterKeyID:randomkeyid}}]}

test TestS3BucketEncryption::test_s3_bucket_encryption_sse_s3
  put-bucket-enc: PutBucketEncryption ServerSideEncryptionConfiguration={Rules:[{ApplyServerSideEncryptionByDefault:{SSEAlgorithm:AES256},BucketKeyEnabled:true}]}
  put-object-encrypted: PutObject Key=key-encrypted Body=test-encrypted
  head-object-encrypted: HeadObject Key=key-encrypted
  get-object-encrypted: GetObject Key=key-encrypted

test TestS3BucketObjectTagging::test_bucket_tagging_crud
  get-bucket-tags-empty: GetBucketTagging
  put-bucket-tags: PutBucketTagging Tagging={TagSet:[{Key:tag1,Value:tag1},{Key:tag2,Value:""}]}
  get-bucket-tags: GetBucketTagging
  put-bucket-tags-overwrite: PutBucketTagging Tagging={TagSet:[{Key:tag3,Value:tag3}]}
  get-bucket-tags-overwritten: GetBucketTagging
  delete-bucket-tags: DeleteBucketTagging
  !GetBucketTagging
  put-bucket-tags-empty: PutBucketTagging Tagging={TagSet:[]}
  !GetBucketTagging

test TestS3BucketObjectTagging::test_create_bucket_with_tags
  create-bucket-with-tags: CreateBucket Bucket=test-bucket-tag-1 CreateBucketConfiguration={Tags:[{Key:tag1,Value:value1}]}
  get-bucket-tags: GetBucketTagging Bucket=test-bucket-tag-1

test TestS3BucketObjectTagging::test_create_bucket_with_empty_tags
  create-bucket-with-empty-tags: CreateBucket Bucket=test-bucket-tag-1 CreateBucketConfiguration={Tags:[]}
  get-bucket-tags: GetBucketTagging Bucket=test-bucket-tag-1
  create-bucket-with-none-tags: CreateBucket Bucket=test-bucket-tag-1 CreateBucketConfiguration={}

test TestS3BucketObjectTagging::test_create_bucket_with_tags_us_east_1_idempotency
  set t test-bucket-tag-1
  create-bucket-with-tags: CreateBucket Bucket=$t CreateBucketConfiguration={Tags:[{Key:tag1,Value:value1}]}
  get-bucket-tags: GetBucketTagging Bucket=$t
  create-bucket-different-tags: CreateBucket Bucket=$t CreateBucketConfiguration={Tags:[{Key:tag2,Value:value2}]}
  create-bucket-with-no-tags: CreateBucket Bucket=$t
  get-bucket-tags-after-re-create: GetBucketTagging Bucket=$t
  create-bucket-with-same-tags: CreateBucket Bucket=$t CreateBucketConfiguration={Tags:[{Key:tag1,Value:value1}]}
  create-bucket-with-empty-tags: CreateBucket Bucket=$t CreateBucketConfiguration={Tags:[]}
  get-bucket-tags-after-create-empty: GetBucketTagging Bucket=$t

test TestS3BucketObjectTagging::test_bucket_tagging_exc
  get-no-bucket-tags: GetBucketTagging Bucket=fake-bucket-1
  delete-no-bucket-tags: DeleteBucketTagging Bucket=fake-bucket-1
  put-no-bucket-tags: PutBucketTagging Bucket=fake-bucket-1 Tagging={TagSet:[]}

test TestS3BucketObjectTagging::test_create_bucket_with_tags_exc
  set t test-bucket-tag-1
  tags-key-none: CreateBucket Bucket=$t CreateBucketConfiguration={Tags:[{Value:value1}]}
  tags-value-none: CreateBucket Bucket=$t CreateBucketConfiguration={Tags:[{Key:key1}]}
  tags-key-aws-prefix: CreateBucket Bucket=$t CreateBucketConfiguration={Tags:[{Key:"aws:test",Value:value1}]}
  tags-key-aws-duplicated-key: CreateBucket Bucket=$t CreateBucketConfiguration={Tags:[{Key:key1,Value:value1},{Key:key1,Value:value1}]}
  tags-key-aws-bad-value: CreateBucket Bucket=$t CreateBucketConfiguration={Tags:[{Key:test,Value:"value1,value2"}]}
  tags-key-aws-bad-key: CreateBucket Bucket=$t CreateBucketConfiguration={Tags:[{Key:"test,test2",Value:value1}]}

test TestS3BucketObjectTagging::test_put_bucket_tagging_none_value
  put-bucket-tags-origin: PutBucketTagging Tagging={TagSet:[{Key:tag3,Value:tag3}]}
  put-none-tag-set: PutBucketTagging Tagging={}
  no-such-tag-set: GetBucketTagging

test TestS3BucketObjectTagging::test_object_tagging_crud
  put-object: PutObject Key=t Body=test-tagging
  get-object-tags-empty: GetObjectTagging Key=t
  put-object-tags: PutObjectTagging Key=t Tagging={TagSet:[{Key:tag1,Value:tag1},{Key:tag2,Value:""}]}
  get-object-tags: GetObjectTagging Key=t
  put-object-tags-overwrite: PutObjectTagging Key=t Tagging={TagSet:[{Key:tag3,Value:tag3}]}
  get-object-tags-overwritten: GetObjectTagging Key=t
  get-obj-after-tags: GetObject Key=t
  delete-object-tags: DeleteObjectTagging Key=t
  get-object-tags-deleted: GetObjectTagging Key=t
  get-obj-after-tags-deleted: GetObject Key=t

test TestS3BucketObjectTagging::test_object_tagging_exc
  get-no-bucket-tags: GetObjectTagging Bucket=fake-bucket-1 Key=fake-key
  delete-no-bucket-tags: DeleteObjectTagging Bucket=fake-bucket-1 Key=fake-key
  put-no-bucket-tags: PutObjectTagging Bucket=fake-bucket-1 Key=fake-key Tagging={TagSet:[]}
  get-no-key-tags: GetObjectTagging Key=fake-key
  delete-no-key-tags: DeleteObjectTagging Key=fake-key
  put-no-key-tags: PutObjectTagging Key=fake-key Tagging={TagSet:[]}
  put-obj-duplicate-tagging: PutObject Key=fake-key Tagging=key1=val1&key1=val2
  put-obj-wrong-format: PutObject Key=fake-key Tagging=key1=val1,key2=val2

test TestS3BucketObjectTagging::test_put_object_tagging_none_value
  PutObject Key=test-empty-tag-set Body=test-tagging
  put-none-tag-set: PutObjectTagging Key=test-empty-tag-set Tagging={}
  get-object-tags-none: GetObjectTagging Key=test-empty-tag-set

test TestS3BucketObjectTagging::test_object_tagging_versioned
  versioned
  put-obj-0: PutObject Key=t Body=test-0 Tagging=test_tag=tagv1 -> v1=.VersionId
  put-obj-1: PutObject Key=t Body=test-1
  put-object-tags-current-version: PutObjectTagging Key=t Tagging={TagSet:[{Key:tag3,Value:tag3}]}
  get-object-tags-current-version: GetObjectTagging Key=t
  get-object-tags-previous-version: GetObjectTagging Key=t VersionId=$v1
  put-object-tags-previous-version: PutObjectTagging Key=t VersionId=$v1 Tagging={TagSet:[{Key:tag1,Value:tag1}]}
  get-object-tags-previous-version-again: GetObjectTagging Key=t VersionId=$v1
  DeleteObjectTagging Key=t
  get-object-tags-deleted-current: GetObjectTagging Key=t
  DeleteObjectTagging Key=t VersionId=$v1
  get-object-tags-previous-version-deleted: GetObjectTagging Key=t
  put-delete-marker: DeleteObject Key=t -> m=.VersionId
  put-object-tags-delete-marker-id: PutObjectTagging Key=t VersionId=$m Tagging={TagSet:[{Key:tag1,Value:tag1}]}
  get-object-tags-delete-marker-id: GetObjectTagging Key=t VersionId=$m
  delete-object-tags-delete-marker-id: DeleteObjectTagging Key=t VersionId=$m
  put-object-tags-delete-marker-latest: PutObjectTagging Key=t Tagging={TagSet:[{Key:tag1,Value:tag1}]}
  get-object-tags-delete-marker-latest: GetObjectTagging Key=t
  delete-object-tags-delete-marker-latest: DeleteObjectTagging Key=t

test TestS3BucketObjectTagging::test_put_object_with_tags
  put-object: PutObject Key=t Body=test-tagging Tagging=tag1=tag1&tag2=tag2&tag=
  GetObjectTagging Key=t
  get-object-tags: sort TagSet Key
  put-object-tags: PutObjectTagging Key=t Tagging={TagSet:[{Key:tag3,Value:tag3}]}
  get-object-tags-override: GetObjectTagging Key=t
  head-obj: HeadObject Key=t
  get-obj: GetObject Key=t
  PutObject Key=t Tagging=wrongquery&wrongagain
  GetObjectTagging Key=t
  get-object-tags-wrong-format-qs: sort TagSet Key
  PutObject Key=t Tagging=key1&&&key2
  get-object-tags-wrong-format-qs-2: GetObjectTagging Key=t

test TestS3BucketObjectTagging::test_head_object_with_tags
  put-object: PutObject Key=t Body=test-tagging Tagging=tag1=tag1&tag2=tag2&tag=
  head-obj-after-create: HeadObject Key=t
  put-object-tags: PutObjectTagging Key=t Tagging={TagSet:[{Key:tag3,Value:tag3}]}
  head-obj-after-tagging: HeadObject Key=t
  PutObjectTagging Key=t Tagging={TagSet:[{Key:tag3,Value:tag3},{Key:tag4,Value:tag4},{Key:tag5,Value:tag5}]}
  head-obj-after-overwrite: HeadObject Key=t
  PutObjectTagging Key=t Tagging={TagSet:[]}
  head-obj-after-removal: HeadObject Key=t

test TestS3BucketObjectTagging::test_object_tags_delete_or_overwrite_object
  PutObject Key=t Body=create Tagging=tag1=val1
  get-object-after-creation: GetObjectTagging Key=t
  PutObject Key=t Body=overwrite
  get-object-after-overwrite: GetObjectTagging Key=t
  PutObjectTagging Key=t Tagging={TagSet:[{Key:tag3,Value:tag3}]}
  DeleteObject Key=t
  PutObject Key=t Body=recreate
  get-object-after-recreation: GetObjectTagging Key=t

test TestS3BucketObjectTagging::test_tagging_validation
  PutObject Key=t
  put-bucket-tags-duplicate-keys: PutBucketTagging Tagging={TagSet:[{Key:Key1,Value:Val1},{Key:Key1,Value:Val1}]}
  put-bucket-tags-invalid-key: PutBucketTagging Tagging={TagSet:[{Key:"Key1,Key2",Value:Val1}]}
  put-bucket-tags-none-key: PutBucketTagging Tagging={TagSet:[{Value:Val1}]}
  put-bucket-tags-invalid-value: PutBucketTagging Tagging={TagSet:[{Key:Key1,Value:"Val1,Val2"}]}
  put-bucket-tags-none-value: PutBucketTagging Tagging={TagSet:[{Key:key1}]}
  put-bucket-tags-aws-prefixed: PutBucketTagging Tagging={TagSet:[{Key:"aws:prefixed",Value:Val1}]}
  put-object-tags-duplicate-keys: PutObjectTagging Key=t Tagging={TagSet:[{Key:Key1,Value:Val1},{Key:Key1,Value:Val1}]}
  put-object-tags-invalid-field: PutObjectTagging Key=t Tagging={TagSet:[{Key:"Key1,Key2",Value:Val1}]}
  put-object-tags-aws-prefixed: PutObjectTagging Key=t Tagging={TagSet:[{Key:"aws:prefixed",Value:Val1}]}
  put-object-tags-none-key: PutObjectTagging Key=t Tagging={TagSet:[{Value:Val1}]}
  put-object-tags-none-value: PutObjectTagging Key=t Tagging={TagSet:[{Key:key1}]}

test TestS3ObjectWritePrecondition::test_put_object_if_none_match
  put-obj: PutObject Key=p IfNoneMatch=*
  put-obj-if-none-match: PutObject Key=p IfNoneMatch=*
  del-obj: DeleteObject Key=p
  put-obj-after-del: PutObject Key=p IfNoneMatch=*

test TestS3ObjectWritePrecondition::test_put_object_if_none_match_validation
  put-obj: PutObject Key=p -> e=.ETag
  put-obj-if-none-match-bad-value: PutObject Key=p IfNoneMatch=$e

test TestS3ObjectWritePrecondition::test_multipart_if_none_match_with_delete
  put-obj: PutObject Key=test-precondition IfNoneMatch=*
  create-multipart: CreateMultipartUpload Key=test-precondition -> u=.UploadId
  UploadPart Key=test-precondition UploadId=$u PartNumber=1 Body=test -> e=.ETag
  complete-multipart-if-none-match: CompleteMultipartUpload Key=test-precondition UploadId=$u MultipartUpload={Parts:[{ETag:$e,PartNumber:1}]} IfNoneMatch=*
  del-obj: DeleteObject Key=test-precondition
  complete-multipart-after-del: CompleteMultipartUpload Key=test-precondition UploadId=$u MultipartUpload={Parts:[{ETag:$e,PartNumber:1}]} IfNoneMatch=*
  CreateMultipartUpload Key=test-precondition -> u=.UploadId
  UploadPart Key=test-precondition UploadId=$u PartNumber=1 Body=test -> e=.ETag
  complete-multipart-after-del-restart: CompleteMultipartUpload Key=test-precondition UploadId=$u MultipartUpload={Parts:[{ETag:$e,PartNumber:1}]} IfNoneMatch=*

test TestS3ObjectWritePrecondition::test_multipart_if_none_match_with_put
  create-multipart: CreateMultipartUpload Key=test-precondition -> u=.UploadId
  UploadPart Key=test-precondition UploadId=$u PartNumber=1 Body=test -> e=.ETag
  put-obj: PutObject Key=test-precondition IfNoneMatch=*
  complete-multipart-if-none-match-put-during: CompleteMultipartUpload Key=test-precondition UploadId=$u MultipartUpload={Parts:[{ETag:$e,PartNumber:1}]} IfNoneMatch=*

test TestS3ObjectWritePrecondition::test_put_object_if_none_match_versioned_bucket
  versioned
  put-obj: PutObject Key=test-precondition IfNoneMatch=*
  put-obj-if-none-match: PutObject Key=test-precondition IfNoneMatch=*
  del-obj: DeleteObject Key=test-precondition
  put-obj-after-del: PutObject Key=test-precondition IfNoneMatch=*
  list-object-versions: ListObjectVersions

test TestS3ObjectWritePrecondition::test_put_object_if_match
  put-obj: PutObject Key=test-precondition Body=test -> e=.ETag
  put-obj-if-match-wrong-etag: PutObject Key=test-precondition IfMatch=d41d8cd98f00b204e9800998ecf8427e
  put-obj-overwrite: PutObject Key=test-precondition IfMatch=$e
  del-obj: DeleteObject Key=test-precondition
  put-obj-if-match-key-not-exists: PutObject Key=test-precondition IfMatch=$e
  put-obj-after-del: PutObject Key=test-precondition

test TestS3ObjectWritePrecondition::test_put_object_if_match_validation
  put-obj-if-match-star-value: PutObject Key=test-precondition-validation IfMatch=*
  put-obj-if-match-bad-value: PutObject Key=test-precondition-validation IfMatch=abcdef
  put-obj-if-match-bad-value-2: PutObject Key=test-precondition-validation IfMatch=bad-char_/

test TestS3ObjectWritePrecondition::test_multipart_if_match_with_put
  set k test-precondition
  put-obj: PutObject Key=$k Body=test -> e1=.ETag
  create-multipart: CreateMultipartUpload Key=$k -> u=.UploadId
  UploadPart Key=$k UploadId=$u PartNumber=1 Body=test -> e=.ETag
  put-obj-during: PutObject Key=$k Body=test2 -> e2=.ETag
  complete-multipart-if-match-put-before: CompleteMultipartUpload Key=$k UploadId=$u MultipartUpload={Parts:[{ETag:$e,PartNumber:1}]} IfMatch=$e1
  complete-multipart-if-match-put-during: CompleteMultipartUpload Key=$k UploadId=$u MultipartUpload={Parts:[{ETag:$e,PartNumber:1}]} IfMatch=$e2
  create-multipart-again: CreateMultipartUpload Key=$k -> u=.UploadId
  UploadPart Key=$k UploadId=$u PartNumber=1 Body=test -> e=.ETag
  complete-multipart-if-match-put-before-restart: CompleteMultipartUpload Key=$k UploadId=$u MultipartUpload={Parts:[{ETag:$e,PartNumber:1}]} IfMatch=$e2

test TestS3ObjectWritePrecondition::test_multipart_if_match_with_put_identical
  set k test-precondition
  put-obj: PutObject Key=$k Body=test -> e1=.ETag
  create-multipart: CreateMultipartUpload Key=$k -> u=.UploadId
  UploadPart Key=$k UploadId=$u PartNumber=1 Body=test -> e=.ETag
  put-obj-during: PutObject Key=$k Body=test -> e2=.ETag
  complete-multipart-if-match-put-during: CompleteMultipartUpload Key=$k UploadId=$u MultipartUpload={Parts:[{ETag:$e,PartNumber:1}]} IfMatch=$e2
  create-multipart-again: CreateMultipartUpload Key=$k -> u=.UploadId
  UploadPart Key=$k UploadId=$u PartNumber=1 Body=test -> e=.ETag
  complete-multipart-if-match-put-before-restart: CompleteMultipartUpload Key=$k UploadId=$u MultipartUpload={Parts:[{ETag:$e,PartNumber:1}]} IfMatch=$e2

test TestS3ObjectWritePrecondition::test_multipart_if_match_with_delete
  set k test-precondition
  put-obj: PutObject Key=$k Body=test -> e1=.ETag
  create-multipart: CreateMultipartUpload Key=$k -> u=.UploadId
  UploadPart Key=$k UploadId=$u PartNumber=1 Body=test -> e=.ETag
  del-obj: DeleteObject Key=$k
  complete-multipart-after-del: CompleteMultipartUpload Key=$k UploadId=$u MultipartUpload={Parts:[{ETag:$e,PartNumber:1}]} IfMatch=$e1
  put-obj-2: PutObject Key=$k Body=test -> e2=.ETag
  complete-multipart-if-match-after-put: CompleteMultipartUpload Key=$k UploadId=$u MultipartUpload={Parts:[{ETag:$e,PartNumber:1}]} IfMatch=$e2

test TestS3ObjectWritePrecondition::test_put_object_if_match_versioned_bucket
  versioned
  set k test-precondition
  put-obj: PutObject Key=$k Body=test -> e1=.ETag
  put-obj-if-none-match-bad-value: PutObject Key=$k IfMatch=abcdef
  del-obj: DeleteObject Key=$k
  put-obj-after-del-exc: PutObject Key=$k IfMatch=$e1
  put-obj-after-del: PutObject Key=$k Body=test-after-del -> e2=.ETag
  put-obj-if-match: PutObject Key=$k Body=test-if-match IfMatch=$e2
  list-object-versions: ListObjectVersions

test TestS3ObjectWritePrecondition::test_put_object_if_match_and_if_none_match_validation
  put-obj-both-precondition: PutObject Key=p IfNoneMatch=* IfMatch=abcdef

test TestS3ObjectWritePrecondition::test_multipart_if_match_etag
  set k test-precondition
  put-obj: PutObject Key=$k Body=test -> e1=.ETag
  create-multipart: CreateMultipartUpload Key=$k -> u=.UploadId
  UploadPart Key=$k UploadId=$u PartNumber=1 Body=test -> e=.ETag
  complete-multipart-if-match: CompleteMultipartUpload Key=$k UploadId=$u MultipartUpload={Parts:[{ETag:$e,PartNumber:1}]} IfMatch=$e1 -> m=.ETag
  create-multipart-overwrite: CreateMultipartUpload Key=$k -> u=.UploadId
  UploadPart Key=$k UploadId=$u PartNumber=1 Body=test -> e=.ETag
  complete-multipart-if-match-true-etag: CompleteMultipartUpload Key=$k UploadId=$u MultipartUpload={Parts:[{ETag:$e,PartNumber:1}]} IfMatch=$e1
  complete-multipart-if-match-overwrite-multipart: CompleteMultipartUpload Key=$k UploadId=$u MultipartUpload={Parts:[{ETag:$e,PartNumber:1}]} IfMatch=$m

test TestS3ObjectWritePrecondition::test_copy_object_if_none_match
  PutObject Key=source-object Body="source content"
  copy-obj: CopyObject CopySource=$b/source-object Key=dest-object IfNoneMatch=*
  copy-obj-if-none-match-fail: CopyObject CopySource=$b/source-object Key=dest-object IfNoneMatch=*

test TestS3ObjectWritePrecondition::test_copy_object_if_match
  PutObject Key=source-object Body="source content"
  PutObject Key=dest-object Body="initial content" -> e=.ETag
  copy-obj-if-match: CopyObject CopySource=$b/source-object Key=dest-object IfMatch=$e
  copy-obj-if-match-fail-wrong-etag: CopyObject CopySource=$b/source-object Key=dest-object IfMatch="\"wrong-etag\""
  copy-obj-if-match-fail-no-object: CopyObject CopySource=$b/source-object Key=non-existent-key IfMatch=$e

test TestS3ObjectWritePrecondition::test_copy_object_if_none_match_versioned_bucket
  versioned
  PutObject Key=source-object Body="source content"
  copy-obj: CopyObject CopySource=$b/source-object Key=dest-object IfNoneMatch=*
  copy-obj-if-none-match-fail: CopyObject CopySource=$b/source-object Key=dest-object IfNoneMatch=*
  del-obj: DeleteObject Key=dest-object
  copy-obj-after-del: CopyObject CopySource=$b/source-object Key=dest-object IfNoneMatch=*
  list-object-versions: ListObjectVersions

test TestS3ObjectWritePrecondition::test_copy_object_if_match_versioned_bucket
  versioned
  PutObject Key=source-object Body="source content"
  put-obj: PutObject Key=dest-object Body="initial content" -> e1=.ETag
  copy-obj-if-match-wrong-etag: CopyObject CopySource=$b/source-object Key=dest-object IfMatch="\"wrong-etag\""
  del-obj: DeleteObject Key=dest-object
  copy-obj-after-del-exc: CopyObject CopySource=$b/source-object Key=dest-object IfMatch=$e1
  put-obj-after-del: PutObject Key=dest-object Body="new content after delete" -> e2=.ETag
  copy-obj-if-match: CopyObject CopySource=$b/source-object Key=dest-object IfMatch=$e2
  list-object-versions: ListObjectVersions

test TestS3ObjectWritePrecondition::test_copy_object_precondition_write_validation
  PutObject Key=source-object Body="source content" -> e=.ETag
  copy-obj-none-match-etag: CopyObject CopySource=$b/source-object Key=dest-object IfNoneMatch=$e
  copy-obj-if-match-star: CopyObject CopySource=$b/source-object Key=dest-object IfMatch=*
  copy-obj-both: CopyObject CopySource=$b/source-object Key=dest-object IfMatch=* IfNoneMatch=$e

test TestS3ObjectWritePrecondition::test_copy_object_if_none_match_in_place
  PutObject Key=source-object Body="source content"
  copy-obj-if-none-match-fail: CopyObject CopySource=$b/source-object Key=source-object IfNoneMatch=* StorageClass=STANDARD

test TestS3ObjectWritePrecondition::test_copy_object_if_match_in_place
  PutObject Key=source-object Body="source content" -> e=.ETag
  copy-obj-if-match-in-place: CopyObject CopySource=$b/source-object Key=source-object IfMatch=$e StorageClass=STANDARD

test TestS3DeletePrecondition::test_delete_object_if_match_non_express
  PutObject Key=p
  delete-obj-if-match: DeleteObject Key=p IfMatch=badvalue

test TestS3DeletePrecondition::test_delete_object_if_match_modified_non_express
  PutObject Key=p
  delete-obj-if-match-last-modified: DeleteObject Key=p IfMatchLastModifiedTime=@-86400

test TestS3DeletePrecondition::test_delete_object_if_match_size_non_express
  PutObject Key=p
  delete-obj-if-match-size: DeleteObject Key=p IfMatchSize=10

test TestS3DeletePrecondition::test_delete_object_if_match_all_non_express
  PutObject Key=p
  delete-obj-if-match-all: DeleteObject Key=p IfMatchSize=10 IfMatch=badvalue IfMatchLastModifiedTime=@-86400
"##;

/// Conditions of copies.
pub const PRECONDITIONS: &str = r##"
test TestS3CopySourcePreconditions::test_s3_copy_object_preconditions
  PutObject Key=source-object Body=data -> e=.ETag
  head-object: HeadObject Key=source-object
  advance 3
  copy-precondition-if-match: CopyObject CopySource=$b/source-object Key=dest-object CopySourceIfModifiedSince=@0 CopySourceIfUnmodifiedSince=@-86400 CopySourceIfMatch=etag123 CopySourceIfNoneMatch=$e
  copy-precondition-if-unmodified-since: CopyObject CopySource=$b/source-object Key=dest-object CopySourceIfModifiedSince=@0 CopySourceIfUnmodifiedSince=@-86400 CopySourceIfNoneMatch=$e
  copy-precondition-if-none-match: CopyObject CopySource=$b/source-object Key=dest-object CopySourceIfModifiedSince=@0 CopySourceIfNoneMatch=$e
  copy-precondition-if-modified-since: CopyObject CopySource=$b/source-object Key=dest-object CopySourceIfModifiedSince=@0
  copy-ignore-future-modified-since: CopyObject CopySource=$b/source-object Key=dest-object CopySourceIfModifiedSince=@86400
  copy-etag-missing-quotes: CopyObject CopySource=$b/source-object Key=dest-object CopySourceIfNoneMatch=8d777f385d3dfec8815d20f7496026dc
  copy-success: CopyObject CopySource=$b/source-object Key=dest-object CopySourceIfMatch=8d777f385d3dfec8815d20f7496026dc CopySourceIfNoneMatch=etag123 CopySourceIfModifiedSince=@-86400 CopySourceIfUnmodifiedSince=@0

test TestS3CopySourcePreconditions::test_s3_copy_object_if_source_modified_since_versioned
  versioned
  PutObject Key=source-object Body=data
  head-object: HeadObject Key=source-object -> t=.LastModified
  copy-if-modified-since: CopyObject CopySource=$b/source-object Key=dest-object CopySourceIfModifiedSince=@-60
  copy-if-modified-since-last-modified: CopyObject CopySource=$b/source-object Key=dest-object CopySourceIfModifiedSince=$t

test TestS3CopySourcePreconditions::test_s3_copy_object_if_source_unmodified_since_versioned
  versioned
  PutObject Key=source-object Body=data
  head-object: HeadObject Key=source-object -> t=.LastModified
  copy-if-unmodified-since: CopyObject CopySource=$b/source-object Key=dest-object CopySourceIfUnmodifiedSince=$t
  copy-past-if-unmodified-since: CopyObject CopySource=$b/source-object Key=dest-object CopySourceIfUnmodifiedSince=@-86400
"##;
