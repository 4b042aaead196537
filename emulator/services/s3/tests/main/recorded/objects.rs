//! Objects, their keys, metadata and attributes: `test_s3`.

pub const SCRIPT: &str = r##"
test TestS3::test_delete_bucket_with_content
  bucket other
  numbers N from 0 to 9
  PutObject Key=test-key-$N Body=test-$N
  end
  list-objects: ListObjects MaxKeys=100
  numbers N from 0 to 9
  DeleteObject Key=test-key-$N
  end
  DeleteBucket
  list-buckets: ListBuckets

test TestS3::test_put_and_get_object_with_utf8_key
  put-object: PutObject Key=Ā0Ä Body=abc123
  get-object: GetObject Key=Ā0Ä

test TestS3::test_put_and_get_object_with_content_language_disposition
  put-object: PutObject Key=test Body=abc123 ContentLanguage=de ContentDisposition="attachment; filename=\"foo.jpg\"" CacheControl=no-cache
  put-object-headers: take .ResponseMetadata
  get-object: GetObject Key=test
  get-object-headers: take .ResponseMetadata

test TestS3::test_system_metadata_with_unicode
  put-object: PutObject Key=test ContentLanguage=de ContentDisposition="attachment; filename=\"test_—_file%E2%80%94_é_2.pdf\"" CacheControl="ÄMÄZÕÑ S3"
  get-object: GetObject Key=test

test TestS3::test_user_metadata_rfc2047_encoded
  put-object: PutObject Key=test Metadata={non-ascii:"=?utf-8?q?test=5F=E2=80=94=5Ffile=25E2=2580=2594=5F=C3=A9=5F2=3F=2Epdf?=",non-ascii-2:"=?utf-8?q?=C3=84M=C3=84Z=C3=95=C3=91_S3?=",non-ascii-binary:"=?utf-8?b?AAECAw==?=",replacement-chars:"=?utf-8?b?77+977+977+977+977+977+977+9?=",fake-encoded:"=?UTF-8?Q?actually-ascii?=",asciib64-encoded:"=?UTF-8?B?YWJj?=",safe-chars:"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ \t"}
  get-object: GetObject Key=test

test TestS3::test_user_metadata_rfc2047_bad_b64_encoded
  put-object: PutObject Key=test Metadata={bad-b64-encoded:"=?UTF-8?B?=GGG?="}
  get-object: GetObject Key=test

test TestS3::test_object_with_slashes_in_key[$A] for A in True False
  PutObject Key=/foo Body=foobar
  PutObject Key=bar Body=barfoo
  PutObject Key=/bar/foo/ Body=test
  list-objects-slashes: ListObjectsV2
  !GetObject Key=foo
  !GetObject Key=//foo
  !GetObject Key=/bar
  GetObject Key=/foo
  GetObject Key=/bar/foo/

test TestS3::test_metadata_header_character_decoding
  PutObject Key=key-with-metadata Body=foo Metadata={TEST_META_1:foo,__meta_2:bar}
  head-object: HeadObject Key=key-with-metadata

test TestS3::test_put_get_object_special_character[$K] for K in file%2Fname test@key/ test%123 test%percent test%123/ a/%F0%9F%98%80/
  put-object-special-char: PutObject Key=$K Body=test
  list-object-special-char: ListObjectsV2
  get-object-special-char: GetObject Key=$K
  del-object-special-char: DeleteObject Key=$K

test TestS3::test_put_get_object_special_character[test key/]
  put-object-special-char: PutObject Key="test key/" Body=test
  list-object-special-char: ListObjectsV2
  get-object-special-char: GetObject Key="test key/"
  del-object-special-char: DeleteObject Key="test key/"

test TestS3::test_put_get_object_special_character[test key//]
  put-object-special-char: PutObject Key="test key//" Body=test
  list-object-special-char: ListObjectsV2
  get-object-special-char: GetObject Key="test key//"
  del-object-special-char: DeleteObject Key="test key//"

test TestS3::test_put_get_object_single_character_trailing_slash
  each C in a/|t/|u/
  put-object-single-char-$C: PutObject Key=$C Body=test
  get-object-single-char-$C: GetObject Key=$C
  end
  list-objects-single-char: ListObjectsV2

test TestS3::test_url_encoded_key[$A] for A in True False
  PutObject Key=test@key/ Body=test-non-encoded
  PutObject Key=test%40key/ Body=test-encoded
  PutObject Key=test%40key Body=test-encoded-no-trailing
  list-object-encoded-char: ListObjectsV2

test TestS3::test_get_object_no_such_bucket
  expected_error: GetObject Bucket=does-not-exist-1 Key=foobar

test TestS3::test_delete_bucket_no_such_bucket
  expected_error: DeleteBucket Bucket=does-not-exist-localstack-test

test TestS3::test_get_bucket_notification_configuration_no_such_bucket
  expected_error: GetBucketNotificationConfiguration Bucket=doesnotexist-1

test TestS3::test_get_object_attributes
  PutObject Key=data.txt Body="69\n420\n"
  object-attrs: GetObjectAttributes Key=data.txt ObjectAttributes=[StorageClass,ETag,ObjectSize,ObjectParts,Checksum]
  multipart one 1 *5:upload-part-1
  object-attrs-multiparts-1-part: GetObjectAttributes Key=one ObjectAttributes=[StorageClass,ETag,ObjectSize,ObjectParts]
  multipart two 2 *5:upload-part-1
  object-attrs-multiparts-2-parts: GetObjectAttributes Key=two ObjectAttributes=[StorageClass,ETag,ObjectSize,ObjectParts] MaxParts=3
  object-attrs-multiparts-2-parts-checksum: GetObjectAttributes Key=two ObjectAttributes=[StorageClass,ETag,ObjectSize,Checksum] MaxParts=3

test TestS3::test_get_object_attributes_with_space
  PutObject Key=test-attrs Body=test-body ChecksumAlgorithm=SHA256
  get-attrs-with-whitespace: fullxml GET /$b/test-attrs?attributes x-amz-object-attributes="ETag, Checksum, ObjectParts, StorageClass, ObjectSize"
  get-attrs-without-whitespace: fullxml GET /$b/test-attrs?attributes x-amz-object-attributes=ETag,Checksum,ObjectParts,StorageClass,ObjectSize

test TestS3::test_get_object_attributes_versioned
  versioned
  put-obj-v1: PutObject Key=key-attrs-versioned Body="69\n420\n" -> v=.VersionId
  put-obj-v2: PutObject Key=key-attrs-versioned Body="version 2"
  object-attrs: GetObjectAttributes Key=key-attrs-versioned ObjectAttributes=[StorageClass,ETag,ObjectSize,ObjectParts,Checksum]
  delete-key: DeleteObject Key=key-attrs-versioned
  deleted-object-attrs: GetObjectAttributes Key=key-attrs-versioned ObjectAttributes=[StorageClass,ETag,ObjectSize]
  get-object-attrs-v1: GetObjectAttributes Key=key-attrs-versioned VersionId=$v ObjectAttributes=[StorageClass,ETag,ObjectSize]

test TestS3::test_put_and_get_object_with_hash_prefix
  put-object: PutObject Key="#key-with-hash-prefix" Body="test 123"
  get-object: GetObject Key="#key-with-hash-prefix"

test TestS3::test_invalid_range_error
  PutObject Key=my-key Body=abcdefgh
  exc: GetObject Key=my-key Range=bytes=1024-4096

test TestS3::test_range_key_not_exists
  exc: GetObject Key=my-key Range=bytes=1024-4096

test TestS3::test_put_object_tagging_empty_list
  PutObject Key=my-key Body=abcdefgh
  created-object-tags: GetObjectTagging Key=my-key
  PutObjectTagging Key=my-key Tagging={TagSet:[{Key:tag1,Value:tag1},{Key:tag2,Value:""}]}
  updated-object-tags: GetObjectTagging Key=my-key
  PutObjectTagging Key=my-key Tagging={TagSet:[]}
  deleted-object-tags: GetObjectTagging Key=my-key

test TestS3::test_head_object_fields
  PutObject Key=my-key Body=abcdefgh
  head-object: HeadObject Key=my-key
  head-object-404: HeadObject Key=doesnotexist

test TestS3::test_get_object_after_deleted_in_versioned_bucket
  versioned
  PutObject Key=my-key Body=abcdefgh
  get-object: GetObject Key=my-key
  DeleteObject Key=my-key
  get-object-after-delete: GetObject Key=my-key

test TestS3::test_s3_get_object_preconditions[$N] for N,O in get_object|GetObject head_object|HeadObject
  PutObject Key=test-object Body=data -> e=.ETag
  HeadObject Key=test-object -> t=.LastModified
  advance 3
  precondition-if-match: $O Key=test-object IfModifiedSince=@0 IfUnmodifiedSince=@-86400 IfMatch=etag123 IfNoneMatch=$e
  precondition-if-unmodified-since: $O Key=test-object IfModifiedSince=@0 IfUnmodifiedSince=@-86400 IfNoneMatch=$e
  precondition-if-none-match: $O Key=test-object IfModifiedSince=@0 IfNoneMatch=$e
  copy-precondition-if-modified-since: $O Key=test-object IfModifiedSince=@0
  obj-ignore-future-modified-since: $O Key=test-object IfModifiedSince=@86400
  etag-missing-quotes: $O Key=test-object IfModifiedSince=@0 IfNoneMatch=8d777f385d3dfec8815d20f7496026dc
  precondition-if-unmodified-since-is-object: $O Key=test-object IfUnmodifiedSince=$t
  precondition-if-modified-since-is-object: $O Key=test-object IfModifiedSince=$t
  obj-success: $O Key=test-object IfMatch=8d777f385d3dfec8815d20f7496026dc IfNoneMatch=etag123 IfModifiedSince=@-86400 IfUnmodifiedSince=@0

test TestS3::test_s3_object_expires
  put-object-expires-future: PutObject Key=key-object-future Body=foo Expires=@86400
  head-object-expires-future: HeadObject Key=key-object-future
  get-object-expires-future: GetObject Key=key-object-future
  put-object-expires-past: PutObject Key=key-object-past Body=foo Expires=@-86400
  head-object-expires-past: HeadObject Key=key-object-past
  get-object-expires-past: GetObject Key=key-object-past

test TestS3::test_upload_file_with_xml_preamble
  PutObject Key=key-1 Body="<?xml version=\"1.0\" encoding=\"UTF-8\"?><test/>"
  get_object: GetObject Key=key-1

test TestS3::test_putobject_with_multiple_keys
  PutObject Key=aws/key1/key2/key3 Body=test
  get_object: GetObject Key=aws/key1/key2/key3

test TestS3::test_delete_object_tagging
  PutObject Key=test-key-tagging Body=something
  get-obj: GetObject Key=test-key-tagging
  DeleteObjectTagging Key=test-key-tagging
  get-obj-after-tag-deletion: GetObject Key=test-key-tagging

test TestS3::test_delete_non_existing_keys_quiet
  PutObject Key=test-key-nonexistent Body=something
  deleted-resp: DeleteObjects Delete={Objects:[{Key:test-key-nonexistent},{Key:dummy1},{Key:dummy2}],Quiet:true}

test TestS3::test_delete_non_existing_keys
  PutObject Key=test-key-nonexistent Body=something
  DeleteObjects Delete={Objects:[{Key:test-key-nonexistent},{Key:dummy1},{Key:dummy2}]}
  deleted-resp: sort Deleted Key

# AWS deletes side by side and answers in any order, here in that of the request: it is asked in the order that was recorded.
test TestS3::test_delete_keys_in_versioned_bucket
  versioned
  PutObject Key=test-key-versioned Body=something
  PutObject Key=test-key-versioned Body=something-v2
  list-objects-v2: ListObjectsV2
  delete-object: DeleteObjects Delete={Objects:[{Key:test-key-versioned}]}
  list-object-version: ListObjectVersions -> v0=.Versions[0].VersionId, v1=.Versions[1].VersionId
  delete-object-version: DeleteObjects Delete={Objects:[{Key:test-key-versioned,VersionId:$v1},{Key:test-key-versioned,VersionId:$v0}]}
  list-objects-v2-after-delete: ListObjectsV2
  list-object-version-after-delete: ListObjectVersions -> m=.DeleteMarkers[0].VersionId
  delete-object-delete-marker: DeleteObjects Delete={Objects:[{Key:test-key-versioned,VersionId:$m}]}

test TestS3::test_delete_non_existing_keys_in_non_existing_bucket
  error-non-existent-bucket: DeleteObjects Bucket=non-existent-bucket-1 Delete={Objects:[{Key:dummy1},{Key:dummy2}]}

test TestS3::test_delete_objects_encoding
  PutObject Key=a%2Fb Body="percent encoding"
  PutObject Key=a/%F0%9F%98%80 Body="percent encoded emoji"
  list-objects-before-delete: ListObjectsV2
  DeleteObjects Delete={Objects:[{Key:a%2Fb},{Key:a/%F0%9F%98%80}]}
  deleted-resp: sort Deleted Key
  list-objects: ListObjectsV2

test TestS3::test_put_object_acl_on_delete_marker
  opened
  versioned
  put-obj-1: PutObject Key=test-key-versioned Body=something
  put-obj-2: PutObject Key=test-key-versioned Body=something-v2
  delete-object: DeleteObject Key=test-key-versioned -> m=.VersionId
  put-acl-delete-marker: PutObjectAcl Key=test-key-versioned ACL=public-read
  get-acl-delete-marker: GetObjectAcl Key=test-key-versioned
  put-acl-delete-marker-version-id: PutObjectAcl Key=test-key-versioned VersionId=$m ACL=public-read
  get-acl-delete-marker-version-id: GetObjectAcl Key=test-key-versioned VersionId=$m

test TestS3::test_s3_uppercase_key_names
  PutObject Key=camelCaseKey Body=something
  response: GetObject Key=camelCaseKey
  wrong-case-key: GetObject Key=camelcasekey

test TestS3::test_precondition_failed_error
  PutObject Key=foo Body="{\"foo\": \"bar\"}"
  get-object-if-match: GetObject Key=foo IfMatch="\"not good etag\""

test TestS3::test_s3_invalid_content_md5
  PutObject Key=test-key Body=something
  set n 0
  md5-error-0: PutObject Key=test-key Body=something ContentMD5=__invalid__
  md5-error-1: PutObject Key=test-key Body=something ContentMD5=000
  md5-error-2: PutObject Key=test-key Body=something ContentMD5="not base64 encoded checksum"
  md5-error-3: PutObject Key=test-key Body=something ContentMD5=MTIz
  md5-error-4: PutObject Key=test-key Body=something ContentMD5=dGVzdC1zdHJpbmc=
  md5-error-bad-digest: PutObject Key=test-key Body=something ContentMD5=CYketZBSTjX8czcs3cXVlg==
  success-put-object-md5: PutObject Key=test-key Body=something ContentMD5=Q3uTDbhLgHnC3YBKcZNrXw==
  CreateMultipartUpload Key=multi-key -> u=.UploadId
  upload-part-md5-error-0: UploadPart Key=multi-key UploadId=$u PartNumber=1 Body=something ContentMD5=__invalid__
  upload-part-md5-error-1: UploadPart Key=multi-key UploadId=$u PartNumber=1 Body=something ContentMD5=000
  upload-part-md5-error-2: UploadPart Key=multi-key UploadId=$u PartNumber=1 Body=something ContentMD5="not base64 encoded checksum"
  upload-part-md5-error-3: UploadPart Key=multi-key UploadId=$u PartNumber=1 Body=something ContentMD5=MTIz
  upload-part-md5-error-4: UploadPart Key=multi-key UploadId=$u PartNumber=1 Body=something ContentMD5=dGVzdC1zdHJpbmc=
  upload-part-md5-bad-digest: UploadPart Key=multi-key UploadId=$u PartNumber=1 Body=something ContentMD5=CYketZBSTjX8czcs3cXVlg==
  success-upload-part-md5: UploadPart Key=multi-key UploadId=$u PartNumber=1 Body=something ContentMD5=Q3uTDbhLgHnC3YBKcZNrXw==

test TestS3::test_s3_put_more_than_1000_items
  numbers N from 0 to 1009
  PutObject Key=test-key-$N Body=test-$N
  end
  get_object-1009: GetObject Key=test-key-1009
  get_object-0: GetObject Key=test-key-0
  list-objects: ListObjects Delimiter=/ -> m=.NextMarker
  list-objects-next_marker: ListObjects Marker=$m

test TestS3::test_upload_big_file
  put_object_key1: PutObject Key=test_key1 Body="*10000000:\u0001"
  put_object_key2: PutObject Key=test_key1 Body=*10000000:a
  head_object_key1: HeadObject Key=test_key1
  head_object_key2: HeadObject Key=test_key1

test TestS3::test_get_bucket_versioning_order
  list_object_versions_before: ListObjectVersions EncodingType=url
  put_bucket_versioning: PutBucketVersioning VersioningConfiguration={Status:Enabled}
  get_bucket_versioning: GetBucketVersioning
  PutObject Key=test Body=body
  PutObject Key=test Body=body
  PutObject Key=test2 Body=body
  list_object_versions: ListObjectVersions

test TestS3::test_etag_on_get_object_call
  PutObject Key=my-key Body="*30:Lorem ipsum dolor sit amet, ... "
  get_object: GetObject Key=my-key
  get_object_range: GetObject Key=my-key Range=bytes=0-16

test TestS3::test_s3_delete_object_with_version_id
  versioned
  get_bucket_versioning: GetBucketVersioning
  PutObject Key=aws/s3/testkey1.txt Body="*30:Lorem ipsum dolor sit amet, ... " -> v=.VersionId
  PutObject Key=aws/s3/testkey2.txt Body="*30:Lorem ipsum dolor sit amet, ... "
  delete_objects: DeleteObjects Delete={Objects:[{Key:aws/s3/testkey1.txt,VersionId:$v}]}
  list_object_versions_after_delete: ListObjectVersions
  suspended
  get_bucket_versioning_suspended: GetBucketVersioning

test TestS3::test_s3_put_object_versioned
  put-pre-versioned: PutObject Key=non-version-bucket-key Body=non-versioned-key
  get-pre-versioned: GetObject Key=non-version-bucket-key
  list-object-pre-versioned: ListObjectVersions
  versioned
  get-post-versioned: GetObject Key=non-version-bucket-key
  put-obj-versioned-1: PutObject Key=versioned-bucket-key Body=versioned-key
  put-obj-versioned-2: PutObject Key=versioned-bucket-key Body=versioned-key-updated
  get-obj-versioned: GetObject Key=versioned-bucket-key
  list-object-versioned: ListObjectVersions
  suspended
  list-bucket-suspended: ListObjectVersions
  get-obj-versioned-disabled: GetObject Key=versioned-bucket-key
  get-obj-non-versioned-disabled: GetObject Key=non-version-bucket-key
  put-non-versioned-post-disable: PutObject Key=non-version-bucket-key-after-disable Body=non-versioned-key-post
  get-non-versioned-post-disable: GetObject Key=non-version-bucket-key-after-disable

test TestS3::test_s3_batch_delete_objects
  each N in 1|2|3|4|5
  PutObject Key=key-batch-delete-$N Body="This body document"
  end
  batch-delete: DeleteObjects Delete={Objects:[{Key:key-batch-delete-1},{Key:key-batch-delete-2},{Key:key-batch-delete-3},{Key:key-batch-delete-4},{Key:key-batch-delete-5}]}
  list-remaining-objects: ListObjects

test TestS3::test_s3_get_object_header_overrides
  PutObject Key=k Body=something
  get-object: GetObject Key=k ResponseCacheControl=max-age=74 ResponseContentDisposition="attachment; filename=\"foo.jpg\"" ResponseContentEncoding=identity ResponseContentLanguage=de-DE ResponseContentType=image/jpeg ResponseExpires="Wed, 21 Oct 2015 07:28:00 GMT"

test TestS3::test_put_object_storage_class[$C-$R] for C,R in STANDARD|True STANDARD_IA|True GLACIER|False GLACIER_IR|True REDUCED_REDUNDANCY|True ONEZONE_IA|True INTELLIGENT_TIERING|True DEEP_ARCHIVE|False
  PutObject Key=test-put-object-storage-class Body=body-test StorageClass=$C
  get-object-storage-class: GetObjectAttributes Key=test-put-object-storage-class ObjectAttributes=[StorageClass]
  get-object: GetObject Key=test-put-object-storage-class

test TestS3::test_put_object_storage_class_outposts
  put-object-outposts: PutObject Key=k Body=body-test StorageClass=OUTPOSTS
  create-multipart-outposts-exc: CreateMultipartUpload Key=k StorageClass=OUTPOSTS

test TestS3::test_range_header_body_length
  PutObject Key=sample.bin Body=*2048:r
  get-object: GetObject Key=sample.bin Range=bytes=0-1023
  get-object-2: GetObject Key=sample.bin Range=bytes=1024-2048
"##;
