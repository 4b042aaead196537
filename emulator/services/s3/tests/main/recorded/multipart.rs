//! Uploads in parts and their checksums: `test_s3`.

pub const SCRIPT: &str = r##"
test TestS3::test_multipart_with_unicode_character_location
  set k test-unicode_—_file
  create-multipart: CreateMultipartUpload Key=$k -> u=.UploadId
  UploadPart Key=$k UploadId=$u PartNumber=1 Body=upload-part-1 -> e=.ETag
  complete-multipart: CompleteMultipartUpload Key=$k UploadId=$u MultipartUpload={Parts:[{ETag:$e,PartNumber:1}]}

test TestS3::test_multipart_and_list_parts
  set k test-list-parts
  create-multipart: CreateMultipartUpload Key=$k -> u=.UploadId
  list-part-after-created: ListParts Key=$k UploadId=$u
  list-all-uploads: ListMultipartUploads
  upload-part: UploadPart Key=$k UploadId=$u PartNumber=1 Body=*5:upload-part-1 -> e=.ETag
  list-part-after-upload: ListParts Key=$k UploadId=$u
  list-all-uploads-after: ListMultipartUploads
  complete-multipart: CompleteMultipartUpload Key=$k UploadId=$u MultipartUpload={Parts:[{ETag:$e,PartNumber:1}]}
  list-part-after-complete-exc: ListParts Key=$k UploadId=$u
  list-all-uploads-completed: ListMultipartUploads
  head-multipart-checksum: HeadObject Key=$k ChecksumMode=ENABLED
  get-multipart-checksum: GetObject Key=$k ChecksumMode=ENABLED

test TestS3::test_multipart_no_such_upload
  upload-exc: UploadPart Key=fake-key UploadId=fakeid PartNumber=1 Body=data
  complete-exc: CompleteMultipartUpload Key=fake-key UploadId=fakeid
  abort-exc: AbortMultipartUpload Key=fake-key UploadId=fakeid

test TestS3::test_multipart_complete_multipart_too_small
  set k test-upload-part-exc
  CreateMultipartUpload Key=$k -> u=.UploadId
  upload-part1: UploadPart Key=$k UploadId=$u PartNumber=1 Body=data -> e=.ETag
  upload-part2: UploadPart Key=$k UploadId=$u PartNumber=2 Body=data
  complete-exc-no-parts: CompleteMultipartUpload Key=$k UploadId=$u
  complete-exc-too-small: CompleteMultipartUpload Key=$k UploadId=$u MultipartUpload={Parts:[{ETag:$e,PartNumber:1},{ETag:$e,PartNumber:2}]}

test TestS3::test_multipart_complete_multipart_wrong_part
  set k test-upload-part-exc
  CreateMultipartUpload Key=$k -> u=.UploadId
  UploadPart Key=$k UploadId=$u PartNumber=1 Body=data -> e=.ETag
  complete-exc-wrong-part-number: CompleteMultipartUpload Key=$k UploadId=$u MultipartUpload={Parts:[{ETag:$e,PartNumber:2}]}
  complete-exc-wrong-etag: CompleteMultipartUpload Key=$k UploadId=$u MultipartUpload={Parts:[{ETag:d41d8cd98f00b204e9800998ecf8427e,PartNumber:1}]}

test TestS3::test_multipart_key_validation
  CreateMultipartUpload Key=test-key -> u=.UploadId
  UploadPart Key=test-key UploadId=$u PartNumber=1 Body=data -> e=.ETag
  upload-part-wrong-key-name: UploadPart Key=wrong UploadId=$u PartNumber=1 Body=data
  complete-multipart-wrong-key-name: CompleteMultipartUpload Key=wrong UploadId=$u MultipartUpload={Parts:[{ETag:$e,PartNumber:1}]}
  list-parts-wrong-key-name: ListParts Key=wrong UploadId=$u
  abort-multipart-wrong-key-name: AbortMultipartUpload Key=wrong UploadId=$u

test TestS3::test_multipart_overwrite_key
  put-object: PutObject Key=test.file Body="test content 123"
  multipart-upload: multipart test.file 1 "test content 123"

test TestS3::test_get_object_part
  multipart-upload: multipart test.file 2 "test content 123"
  head-object-part: HeadObject Key=test.file PartNumber=2
  get-object-part: GetObject Key=test.file PartNumber=2
  get-object-part-with-checksum: GetObject Key=test.file PartNumber=2 ChecksumMode=ENABLED
  part-doesnt-exist: GetObject Key=test.file PartNumber=10
  part-with-range: GetObject Key=test.file PartNumber=2 Range=bytes=0-8
  PutObject Key=key-no-part Body=test-123
  part-no-multipart: GetObject Key=key-no-part PartNumber=2
  get-obj-no-multipart: GetObject Key=key-no-part PartNumber=1 ChecksumMode=ENABLED

test TestS3::test_get_object_part_checksum[$T] for T in COMPOSITE FULL_OBJECT
  set k test-multipart-checksum
  create-mpu-checksum: CreateMultipartUpload Key=$k ChecksumAlgorithm=CRC32C ChecksumType=$T -> u=.UploadId
  upload-part: UploadPart Key=$k UploadId=$u PartNumber=1 Body="test content 123" ChecksumAlgorithm=CRC32C -> e=.ETag, s=.ChecksumCRC32C
  complete-multipart-checksum: CompleteMultipartUpload Key=$k UploadId=$u MultipartUpload={Parts:[{ETag:$e,PartNumber:1,ChecksumCRC32C:$s}]}
  head-object-part: HeadObject Key=$k PartNumber=1 ChecksumMode=ENABLED
  get-object-part: GetObject Key=$k PartNumber=1 ChecksumMode=ENABLED

test TestS3::test_complete_multipart_parts_order
  set k test-order-parts
  CreateMultipartUpload Key=$k -> u=.UploadId
  UploadPart Key=$k UploadId=$u PartNumber=1 Body=*5242881:a -> e=.ETag
  UploadPart Key=$k UploadId=$u PartNumber=2 Body=*5242881:a
  UploadPart Key=$k UploadId=$u PartNumber=3 Body=*5242881:a
  upload-part-negative-part-number: UploadPart Key=$k UploadId=$u PartNumber=-1 Body=""
  complete-multipart-unordered: CompleteMultipartUpload Key=$k UploadId=$u MultipartUpload={Parts:[{ETag:$e,PartNumber:3},{ETag:$e,PartNumber:2},{ETag:$e,PartNumber:1}]}
  complete-multipart-ordered: CompleteMultipartUpload Key=$k UploadId=$u MultipartUpload={Parts:[{ETag:$e,PartNumber:1},{ETag:$e,PartNumber:2},{ETag:$e,PartNumber:3}]}
  set k key-sequence-with-step-2
  CreateMultipartUpload Key=$k -> u=.UploadId
  UploadPart Key=$k UploadId=$u PartNumber=2 Body=*5242881:a
  UploadPart Key=$k UploadId=$u PartNumber=3 Body=*5242881:a
  UploadPart Key=$k UploadId=$u PartNumber=4 Body=*5242881:a
  complete-multipart-with-step-2: CompleteMultipartUpload Key=$k UploadId=$u MultipartUpload={Parts:[{ETag:$e,PartNumber:2},{ETag:$e,PartNumber:3},{ETag:$e,PartNumber:4}]}

test TestS3::test_upload_file_multipart
  CreateMultipartUpload Key=my-key ChecksumAlgorithm=CRC32 -> u=.UploadId
  UploadPart Key=my-key UploadId=$u PartNumber=1 Body=*6144:1 -> e=.ETag, s=.ChecksumCRC32
  CompleteMultipartUpload Key=my-key UploadId=$u MultipartUpload={Parts:[{ETag:$e,PartNumber:1,ChecksumCRC32:$s}]}
  get_object: GetObject Key=my-key

test TestS3::test_set_external_hostname
  multipart-upload: multipart test.file 1 "test content 123"
  get-object: take .
"##;
