//! Listings and their pages: `test_s3_list_operations`.

pub const SCRIPT: &str = r##"
test TestS3ListBuckets::test_list_buckets_by_prefix_with_case_sensitivity
  CreateBucket Bucket=ignored-bucket
  list-objects-by-prefix-empty: ListBuckets Prefix=TEST-BUCKET-1
  list-objects-by-prefix-not-empty: ListBuckets Prefix=test-bucket-1

test TestS3ListBuckets::test_list_buckets_with_max_buckets
  bucket c
  list-objects-with-max-buckets: ListBuckets MaxBuckets=1

test TestS3ListBuckets::test_list_buckets_when_continuation_token_is_empty
  bucket c
  list-objects-with-empty-continuation-token: ListBuckets ContinuationToken="" MaxBuckets=1

test TestS3ListBuckets::test_list_buckets_by_bucket_region
  in us-west-2
  CreateBucket Bucket=other-1 CreateBucketConfiguration={LocationConstraint:us-west-2}
  in eu-central-1
  list-objects-by-bucket-region-empty: ListBuckets BucketRegion=eu-central-1 Prefix=other-1
  in us-west-2
  list-objects-by-bucket-region-not-empty: ListBuckets BucketRegion=us-west-2 Prefix=other-1

test TestS3ListBuckets::test_list_buckets_with_continuation_token
  bucket c
  bucket d
  ListBuckets MaxBuckets=1 -> t=.ContinuationToken
  list-objects-with-continuation: ListBuckets MaxBuckets=1 ContinuationToken=$t

test TestS3ListBuckets::test_list_buckets_region_validation
  bad-region: ListBuckets BucketRegion=eu-east-1

test TestS3ListObjects::test_list_objects_with_prefix[$D] for D in /
  PutObject Key=test/foo/bar/123 Body="content 123"
  list-objects: ListObjects Prefix=test/ Delimiter=$D MaxKeys=1 EncodingType=url

test TestS3ListObjects::test_list_objects_with_prefix[]
  PutObject Key=test/foo/bar/123 Body="content 123"
  list-objects: ListObjects Prefix=test/ Delimiter="" MaxKeys=1 EncodingType=url

test TestS3ListObjects::test_list_objects_with_prefix[%2F]
  PutObject Key=test/foo/bar/123 Body="content 123"
  list-objects: ListObjects Prefix=test/ Delimiter=%2F MaxKeys=1 EncodingType=url
  list-objects-no-encoding: xml GET /$b?delimiter=%2F&prefix=test

test TestS3ListObjects::test_list_objects_next_marker
  each N in 0|1|2
  PutObject Key=test_$N Body="content 123"
  end
  list-objects-all: ListObjects
  list-objects-max-1: ListObjects MaxKeys=1 Delimiter=/ -> m=.NextMarker
  list-objects-rest: ListObjects Marker=$m MaxKeys=1
  list-objects-marker-empty: ListObjects Marker="" MaxKeys=1

test TestS3ListObjects::test_s3_list_objects_empty_marker
  list-objects: ListObjects Marker=""

test TestS3ListObjects::test_list_objects_marker_common_prefixes
  each K in aSubfolder/subFile1|aSubfolder/subFile2|file1|file2
  PutObject Key=folder/$K Body="content 123"
  end
  list-objects-all-keys: ListObjects
  list-objects-start: ListObjects Prefix=folder/ Delimiter=/ MaxKeys=1 -> m=.NextMarker
  list-objects-next-1: ListObjects Prefix=folder/ Delimiter=/ MaxKeys=1 Marker=$m -> m=.NextMarker
  list-objects-end: ListObjects Prefix=folder/ Delimiter=/ MaxKeys=1 Marker=$m
  list-objects-manual-first-file: ListObjects Prefix=folder/ Delimiter=/ MaxKeys=1 Marker=folder/aSubfolder/subFile1

test TestS3ListObjectsV2::test_list_objects_v2_with_prefix
  each K in foo/bar/123|foo/bar/456|bar/foo/123
  PutObject Key=test/$K Body="content 123"
  end
  list-objects-v2-1: ListObjectsV2 Prefix=test/ EncodingType=url
  list-objects-v2-2: ListObjectsV2 Prefix=test/foo EncodingType=url
  list-objects-v2-3: ListObjectsV2 Prefix=test/foo/bar EncodingType=url
  list-objects-v2-no-encoding: xml GET /$b?list-type=2&prefix=test%2Ffoo

test TestS3ListObjectsV2::test_list_objects_v2_with_prefix_and_delimiter
  each K in foo/bar/123|foo/bar/456|bar/foo/123
  PutObject Key=test/$K Body="content 123"
  end
  list-objects-v2-1: ListObjectsV2 Prefix=test/ EncodingType=url Delimiter=/
  list-objects-v2-1-with-max-keys: ListObjectsV2 Prefix=test/ EncodingType=url Delimiter=/ MaxKeys=1
  list-objects-v2-2: ListObjectsV2 Prefix=test/foo EncodingType=url Delimiter=/
  list-objects-v2-3: ListObjectsV2 Prefix=test/foo/bar EncodingType=url Delimiter=/

test TestS3ListObjectsV2::test_list_objects_v2_continuation_start_after
  numbers N from 0 to 11
  PutObject Key=test_$N Body="content 123"
  end
  list-objects-v2-max-5: ListObjectsV2 MaxKeys=5 -> t=.NextContinuationToken
  list-objects-v2-rest: ListObjectsV2 ContinuationToken=$t
  list-objects-start-after: ListObjectsV2 StartAfter=test_7 MaxKeys=2
  list-objects-start-after-token: ListObjectsV2 StartAfter=test_7 ContinuationToken=$t
  exc-continuation-token: ListObjectsV2 ContinuationToken=""

test TestS3ListObjectsV2::test_list_objects_v2_continuation_common_prefixes
  each K in aSubfolder/subFile1|aSubfolder/subFile2|file1|file2
  PutObject Key=folder/$K Body="content 123"
  end
  list-objects-v2-all-keys: ListObjectsV2
  list-objects-v2-start: ListObjectsV2 Prefix=folder/ Delimiter=/ MaxKeys=1 -> t=.NextContinuationToken
  list-objects-v2-next-1: ListObjectsV2 Prefix=folder/ Delimiter=/ MaxKeys=1 ContinuationToken=$t -> t=.NextContinuationToken
  list-objects-v2-end: ListObjectsV2 Prefix=folder/ Delimiter=/ MaxKeys=1 ContinuationToken=$t

test TestS3ListObjectsV2::test_list_objects_v2_continuation_token_safe_chars
  each K in file%2Fname|test@key/|test%123|test%percent|test key/|test key//|test%123/|a/%F0%9F%98%80/|date=2026-01-01/|date=2026-02-01/|date=2026-03-01/|date=2026-05-01/
  PutObject Key=$K
  end
  list-objects-v2-max-5: ListObjectsV2 MaxKeys=5 -> t=.NextContinuationToken
  list-objects-v2-rest: ListObjectsV2 ContinuationToken=$t
  list-objects-start-after: ListObjectsV2 StartAfter=date=2026-02-01/ MaxKeys=2 EncodingType=-
  list-objects-start-after-url-type: ListObjectsV2 StartAfter=date=2026-02-01/ MaxKeys=2 EncodingType=url
  list-objects-start-after-encoded: ListObjectsV2 StartAfter=date%3D2026-02-01/ MaxKeys=2 -> t=.NextContinuationToken
  list-objects-start-after-token: ListObjectsV2 StartAfter=date=2026-02-01/ ContinuationToken=$t MaxKeys=2
  list-objects-continuation-token-2: ListObjectsV2 ContinuationToken=$t MaxKeys=2

test TestS3ListObjectsV2::test_list_ops_encoding_type_validation[$N] for N,O in list_objects_v2|ListObjectsV2 list_objects|ListObjects list_object_versions|ListObjectVersions list_multipart_uploads|ListMultipartUploads
  ${N}-error-wrong-value: $O EncodingType=value
  ${N}-error-empty-value: $O EncodingType=""

test TestS3ListObjectVersions::test_list_objects_versions_markers
  versioned
  PutObject Key=test_0 Body="version 1" -> v0=.VersionId
  PutObject Key=test_1 Body="version 1" -> v1=.VersionId
  PutObject Key=test_2 Body="version 1" -> v2=.VersionId
  PutObject Key=test_2 Body="version 2" -> v3=.VersionId
  DeleteObject Key=test_0 -> v4=.VersionId
  DeleteObject Key=test_1 -> v5=.VersionId
  DeleteObject Key=test_2 -> v6=.VersionId
  PutObject Key=test_0 Body="version 2" -> v7=.VersionId
  PutObject Key=test_1 Body="version 2" -> v8=.VersionId
  version-order: json {Versions:[{VersionId:$v0},{VersionId:$v1},{VersionId:$v2},{VersionId:$v3},{VersionId:$v4},{VersionId:$v5},{VersionId:$v6},{VersionId:$v7},{VersionId:$v8}]}
  list-objects-versions-all: ListObjectVersions
  list-objects-versions-5: ListObjectVersions MaxKeys=5 -> k=.NextKeyMarker, v=.NextVersionIdMarker
  list-objects-next-key-only: ListObjectVersions MaxKeys=1 KeyMarker=$k
  list-objects-next-key-last: ListObjectVersions MaxKeys=1 KeyMarker=test_2
  list-objects-next-version-only: ListObjectVersions MaxKeys=1 VersionIdMarker=$v
  list-objects-both-markers: ListObjectVersions MaxKeys=1 KeyMarker=$k VersionIdMarker=$v
  list-objects-last-key-last-version: ListObjectVersions MaxKeys=1 KeyMarker=test_2 VersionIdMarker=$v3
  list-objects-next-key-empty: ListObjectVersions MaxKeys=1 KeyMarker=""

test TestS3ListObjectVersions::test_list_object_versions_pagination_common_prefixes
  versioned
  each K in aSubfolder/subFile1|aSubfolder/subFile2|file1|file2
  PutObject Key=folder/$K Body="content 123"
  end
  list-object-versions-all-keys: ListObjectVersions
  list-object-versions-start: ListObjectVersions Prefix=folder/ Delimiter=/ MaxKeys=1 -> k=.NextKeyMarker
  list-object-versions-next-1: ListObjectVersions Prefix=folder/ Delimiter=/ MaxKeys=1 KeyMarker=$k -> k=.NextKeyMarker
  list-object-versions-end: ListObjectVersions Prefix=folder/ Delimiter=/ MaxKeys=1 KeyMarker=$k
  list-object-versions-manual-first-file: ListObjectVersions Prefix=folder/ Delimiter=/ MaxKeys=1 KeyMarker=folder/aSubfolder/subFile1

test TestS3ListObjectVersions::test_list_objects_versions_with_prefix
  versioned
  PutObject Key=dir/test Body="content key1-v1"
  PutObject Key=dir/test Body="content key-1v2"
  PutObject Key=dir/subdir/test2 Body="content key2-v1"
  PutObject Key=dir/subdir/test2 Body="content key2-v2"
  list-object-version-1: ListObjectVersions Delimiter=/ Prefix=dir/
  list-object-version-2: ListObjectVersions Delimiter=/ Prefix=dir/s
  list-object-version-3: ListObjectVersions Delimiter=/ Prefix=dir/test
  list-object-version-4: ListObjectVersions Delimiter=/ Prefix=dir/subdir
  list-object-version-5: ListObjectVersions Delimiter=/ Prefix=dir/subdir/
  list-object-version-6: ListObjectVersions Delimiter=/ Prefix=dir/subdir/test2
  list-objects-versions-no-encoding: xml GET /$b?delimiter=%2F&prefix=dir%2Fsubdir&versions

test TestS3ListObjectVersions::test_list_objects_versions_with_prefix_only_and_pagination
  versioned
  numbers N from 1 to 5
  PutObject Key=prefixed_key
  end
  PutObject Key=non_prefixed_key
  list-object-version-prefix-full: ListObjectVersions Prefix=prefix
  list-object-version-prefix-page-1: ListObjectVersions Prefix=prefix MaxKeys=3 -> k=.NextKeyMarker, v=.NextVersionIdMarker, v0=.Versions[0].VersionId, v1=.Versions[1].VersionId, v2=.Versions[2].VersionId
  list-object-version-prefix-key-marker-only: ListObjectVersions Prefix=prefix MaxKeys=4 KeyMarker=$k
  list-object-version-prefix-page-2: ListObjectVersions Prefix=prefix MaxKeys=5 KeyMarker=$k VersionIdMarker=$v
  DeleteObjects Delete={Objects:[{Key:$k,VersionId:$v0},{Key:$k,VersionId:$v1},{Key:$k,VersionId:$v2}]}
  list-object-version-prefix-page-2-after-delete: ListObjectVersions Prefix=prefix MaxKeys=5 KeyMarker=$k VersionIdMarker=$v

test TestS3ListMultipartUploads::test_list_multiparts_next_marker
  list-multiparts-empty: ListMultipartUploads
  CreateMultipartUpload Key=test_c -> u0=.UploadId
  CreateMultipartUpload Key=test_b -> u1=.UploadId
  CreateMultipartUpload Key=test_a -> u2=.UploadId
  CreateMultipartUpload Key=test_a -> u3=.UploadId
  CreateMultipartUpload Key=test_a -> u4=.UploadId
  upload-ids-order: json {UploadIds:[{UploadId:$u0},{UploadId:$u1},{UploadId:$u2},{UploadId:$u3},{UploadId:$u4}]}
  list-multiparts-all: ListMultipartUploads
  list-multiparts-max-1: ListMultipartUploads MaxUploads=1 -> k=.NextKeyMarker, u=.NextUploadIdMarker
  list-multiparts-next-key-only: ListMultipartUploads MaxUploads=1 KeyMarker=$k
  list-multiparts-next-key-last: ListMultipartUploads MaxUploads=1 KeyMarker=test_c
  list-multiparts-next-upload-only: ListMultipartUploads MaxUploads=1 UploadIdMarker=$u
  list-multiparts-both-markers: ListMultipartUploads MaxUploads=1 KeyMarker=$k UploadIdMarker=$u
  list-multiparts-both-markers-2: ListMultipartUploads MaxUploads=1 KeyMarker=$k UploadIdMarker=$u4
  list-multiparts-get-last-upload-no-truncate: ListMultipartUploads MaxUploads=1 KeyMarker=test_b UploadIdMarker=$u1
  list-multiparts-wrong-id-for-key: ListMultipartUploads MaxUploads=1 KeyMarker=test_c UploadIdMarker=$u1
  list-multiparts-next-key-empty: ListMultipartUploads MaxUploads=1 KeyMarker=""

test TestS3ListMultipartUploads::test_list_multiparts_with_prefix_and_delimiter
  each K in foo/bar/123|foo/bar/456|bar/foo/123
  CreateMultipartUpload Key=test/$K
  end
  list-multiparts-1: ListMultipartUploads Prefix=test/ EncodingType=url Delimiter=/
  list-multiparts-2: ListMultipartUploads Prefix=test/foo/ EncodingType=url Delimiter=/
  list-multiparts-3: ListMultipartUploads Prefix=test/foo/bar EncodingType=url Delimiter=/
  list-multiparts-no-encoding: xml GET /$b?prefix=test%2Ffoo&uploads

test TestS3ListMultipartUploads::test_list_multipart_uploads_marker_common_prefixes
  each K in aSubfolder/subFile1|aSubfolder/subFile2|file1|file2
  CreateMultipartUpload Key=folder/$K
  end
  list-multiparts-start: ListMultipartUploads Prefix=folder/ Delimiter=/ MaxUploads=1
  list-multiparts-manual-prefix: ListMultipartUploads Prefix=folder/ Delimiter=/ MaxUploads=1 KeyMarker=folder/aSubfolder/
  list-multiparts-manual-first-file: ListMultipartUploads Prefix=folder/ Delimiter=/ MaxUploads=1 KeyMarker=folder/aSubfolder/subFile1

test TestS3ListParts::test_list_parts_pagination
  CreateMultipartUpload Key=test-list-part-pagination -> u=.UploadId
  set k test-list-part-pagination
  list-parts-empty: ListParts Key=$k UploadId=$u
  UploadPart Key=$k UploadId=$u PartNumber=1 Body=data
  UploadPart Key=$k UploadId=$u PartNumber=2 Body=data
  list-parts-all: ListParts Key=$k UploadId=$u
  list-parts-1: ListParts Key=$k UploadId=$u MaxParts=1 -> n=.NextPartNumberMarker
  list-parts-next: ListParts Key=$k UploadId=$u MaxParts=1 PartNumberMarker=$n
  list-parts-wrong-part: ListParts Key=$k UploadId=$u MaxParts=1 PartNumberMarker=10

test TestS3ListParts::test_list_parts_empty_part_number_marker
  CreateMultipartUpload Key=test-list-part-empty-marker -> u=.UploadId
  UploadPart Key=test-list-part-empty-marker UploadId=$u PartNumber=1 Body=data
  list-parts-empty-marker: ListParts Key=test-list-part-empty-marker UploadId=$u PartNumberMarker=""
  list-parts-empty-max-parts: ListParts Key=test-list-part-empty-marker UploadId=$u MaxParts=""

test TestS3ListParts::test_list_parts_via_object_attrs_pagination
  set k test-object-attrs-pagination
  CreateMultipartUpload Key=$k ChecksumAlgorithm=SHA256 -> u=.UploadId
  UploadPart Key=$k UploadId=$u PartNumber=1 Body=*5242881:a ChecksumAlgorithm=SHA256 -> e1=.ETag, s1=.ChecksumSHA256
  UploadPart Key=$k UploadId=$u PartNumber=2 Body=*5242881:a ChecksumAlgorithm=SHA256 -> e2=.ETag, s2=.ChecksumSHA256
  list-parts: ListParts Key=$k UploadId=$u
  complete-mpu: CompleteMultipartUpload Key=$k UploadId=$u MultipartUpload={Parts:[{ETag:$e1,PartNumber:1,ChecksumSHA256:$s1},{ETag:$e2,PartNumber:2,ChecksumSHA256:$s2}]}
  get-object-attrs-all: GetObjectAttributes Key=$k ObjectAttributes=[ObjectParts]
  get-object-attrs-1: GetObjectAttributes Key=$k ObjectAttributes=[ObjectParts]
  GetObjectAttributes Key=$k ObjectAttributes=[ObjectParts] MaxParts=1 -> n=.ObjectParts.NextPartNumberMarker
  get-object-attrs-next: GetObjectAttributes Key=$k ObjectAttributes=[ObjectParts] MaxParts=1 PartNumberMarker=$n
  get-object-attrs-wrong-part: GetObjectAttributes Key=$k ObjectAttributes=[ObjectParts] MaxParts=1 PartNumberMarker=10
"##;
