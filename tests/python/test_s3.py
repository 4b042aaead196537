"""S3 through boto3: objects, checksums, ranges, copies, versions, multipart, signed URLs, tags, CORS, policies."""

import base64
import hashlib
import io
import json
import os
import tempfile
import unittest
import zlib

from boto3.s3.transfer import TransferConfig

from support import ACCOUNT, AwsTest, advance, client, http, name


class Objects(AwsTest):
    def setUp(self):
        self.s3 = client("s3")
        self.bucket = name("objects")
        self.s3.create_bucket(Bucket=self.bucket)

    def put(self, key, body=b"hello", **more):
        return self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, **more)

    def body(self, key, **more):
        return self.s3.get_object(Bucket=self.bucket, Key=key, **more)["Body"].read()

    def test_what_is_put_is_got(self):
        key = "a folder/b+c/é ü%20~.txt"
        self.put(key, b"hello", ContentType="text/x", Metadata={"colour": "blue"}, CacheControl="no-cache")
        got = self.s3.get_object(Bucket=self.bucket, Key=key)
        self.assertEqual(got["Body"].read(), b"hello")
        self.assertEqual((got["ContentType"], got["Metadata"], got["CacheControl"]), ("text/x", {"colour": "blue"}, "no-cache"))
        self.assertEqual(got["ETag"], '"%s"' % hashlib.md5(b"hello").hexdigest())
        self.assertEqual(self.s3.list_objects_v2(Bucket=self.bucket)["Contents"][0]["Key"], key)

    def test_an_empty_object(self):
        self.put("empty", b"")
        self.assertEqual(self.s3.head_object(Bucket=self.bucket, Key="empty")["ContentLength"], 0)
        self.assertEqual(self.body("empty"), b"")

    def test_the_default_checksum_is_kept_and_shown(self):
        # Today's SDKs send CRC32 unasked, as a trailer where the body streams.
        crc = base64.b64encode(zlib.crc32(b"hello").to_bytes(4, "big")).decode()
        self.assertEqual(self.put("c")["ChecksumCRC32"], crc)
        head = self.s3.head_object(Bucket=self.bucket, Key="c", ChecksumMode="ENABLED")
        self.assertEqual((head["ChecksumCRC32"], head["ChecksumType"]), (crc, "FULL_OBJECT"))
        self.assertNotIn("ChecksumCRC32", self.s3.head_object(Bucket=self.bucket, Key="c"))

    def test_other_checksums(self):
        for algorithm, value in [
            ("SHA256", base64.b64encode(hashlib.sha256(b"hello").digest()).decode()),
            ("SHA1", base64.b64encode(hashlib.sha1(b"hello").digest()).decode()),
        ]:
            self.assertEqual(self.put(algorithm, ChecksumAlgorithm=algorithm)[f"Checksum{algorithm}"], value)
            self.assertEqual(self.s3.get_object(Bucket=self.bucket, Key=algorithm, ChecksumMode="ENABLED")[f"Checksum{algorithm}"], value)

    def test_a_wrong_checksum_is_refused(self):
        self.refused("BadDigest", self.put, "x", ChecksumSHA256=base64.b64encode(bytes(32)).decode())
        self.refused("404", self.s3.head_object, Bucket=self.bucket, Key="x")
        self.refused("BadDigest", self.put, "x", ContentMD5=base64.b64encode(bytes(16)).decode())

    def test_ranges(self):
        self.put("r", b"0123456789")
        self.assertEqual(self.body("r", Range="bytes=2-4"), b"234")
        self.assertEqual(self.body("r", Range="bytes=-3"), b"789")
        got = self.s3.get_object(Bucket=self.bucket, Key="r", Range="bytes=8-100")
        self.assertEqual((got["ContentRange"], got["ResponseMetadata"]["HTTPStatusCode"]), ("bytes 8-9/10", 206))
        self.refused("InvalidRange", self.body, "r", Range="bytes=10-")

    def test_conditions(self):
        etag = self.put("k")["ETag"]
        self.assertEqual(self.body("k", IfMatch=etag), b"hello")
        self.refused("304", self.body, "k", IfNoneMatch=etag)
        self.refused("PreconditionFailed", self.body, "k", IfMatch='"0"')
        self.refused("PreconditionFailed", self.put, "k", IfNoneMatch="*")
        self.put("new", IfNoneMatch="*")

    def test_a_refused_upload_leaves_the_connection_in_order(self):
        # boto3 asks with `Expect: 100-continue` and holds the body back when it is refused; the next request must not be taken for it.
        self.put("k")
        for n in range(30):
            self.refused("PreconditionFailed", self.put, "k", IfNoneMatch="*")
            self.put(f"new{n}", IfNoneMatch="*")

    def test_listings(self):
        for key in ["a/1", "a/2", "b/1", "c"]:
            self.put(key)
        page = self.s3.list_objects_v2(Bucket=self.bucket, Delimiter="/")
        self.assertEqual([p["Prefix"] for p in page["CommonPrefixes"]], ["a/", "b/"])
        self.assertEqual([o["Key"] for o in page["Contents"]], ["c"])
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, PaginationConfig={"PageSize": 1})
        self.assertEqual([o["Key"] for p in pages for o in p["Contents"]], ["a/1", "a/2", "b/1", "c"])
        pages = self.s3.get_paginator("list_objects").paginate(Bucket=self.bucket, Prefix="a/", PaginationConfig={"PageSize": 1})
        self.assertEqual([o["Key"] for p in pages for o in p["Contents"]], ["a/1", "a/2"])

    def test_copies(self):
        self.put("from ü", ContentType="text/x", Metadata={"a": "1"})
        self.s3.copy_object(Bucket=self.bucket, Key="to", CopySource={"Bucket": self.bucket, "Key": "from ü"})
        got = self.s3.get_object(Bucket=self.bucket, Key="to")
        self.assertEqual((got["Body"].read(), got["ContentType"], got["Metadata"]), (b"hello", "text/x", {"a": "1"}))
        copy = dict(Bucket=self.bucket, Key="to", CopySource={"Bucket": self.bucket, "Key": "to"})
        self.refused("InvalidRequest", self.s3.copy_object, **copy)
        self.s3.copy_object(**copy, MetadataDirective="REPLACE", Metadata={"b": "2"})
        self.assertEqual(self.s3.head_object(Bucket=self.bucket, Key="to")["Metadata"], {"b": "2"})
        self.refused("NoSuchKey", self.s3.copy_object, Bucket=self.bucket, Key="x", CopySource=f"{self.bucket}/none")

    def test_deletes(self):
        self.put("a"), self.put("b")
        self.s3.delete_object(Bucket=self.bucket, Key="never there")
        gone = self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": [{"Key": "a"}, {"Key": "b"}]})
        self.assertEqual(sorted(d["Key"] for d in gone["Deleted"]), ["a", "b"])
        answer = self.refused("NoSuchKey", self.body, "a")
        self.assertEqual(answer["Error"]["Message"], "The specified key does not exist.")
        self.assertEqual(answer["Error"]["Key"], "a")

    def test_tags(self):
        self.put("t", Tagging="a=1&b=2%203")
        tags = self.s3.get_object_tagging(Bucket=self.bucket, Key="t")["TagSet"]
        self.assertEqual({t["Key"]: t["Value"] for t in tags}, {"a": "1", "b": "2 3"})

    def test_versions(self):
        self.s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})
        first, second = self.put("v", b"1")["VersionId"], self.put("v", b"2")["VersionId"]
        self.assertEqual((self.body("v"), self.body("v", VersionId=first)), (b"2", b"1"))
        marker = self.s3.delete_object(Bucket=self.bucket, Key="v")
        self.assertTrue(marker["DeleteMarker"])
        self.refused("NoSuchKey", self.body, "v")
        listed = self.s3.list_object_versions(Bucket=self.bucket)
        self.assertEqual([v["VersionId"] for v in listed["Versions"]], [second, first])
        self.s3.delete_object(Bucket=self.bucket, Key="v", VersionId=marker["VersionId"])
        self.assertEqual(self.body("v"), b"2")

    def test_a_bucket_with_objects_stays(self):
        self.put("a")
        self.refused("BucketNotEmpty", self.s3.delete_bucket, Bucket=self.bucket)
        self.refused("NoSuchBucket", self.s3.list_objects_v2, Bucket=name("none"))
        self.refused("InvalidBucketName", client("s3").create_bucket, Bucket="Upper_Case")

    def test_waiters(self):
        self.put("w")
        self.s3.get_waiter("bucket_exists").wait(Bucket=self.bucket)
        self.s3.get_waiter("object_exists").wait(Bucket=self.bucket, Key="w")

    def test_expiry_is_rounded_to_the_next_midnight(self):
        rule = {"ID": "e", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
        self.s3.put_bucket_lifecycle_configuration(Bucket=self.bucket, LifecycleConfiguration={"Rules": [rule]})
        self.put("old")
        self.assertIn('rule-id="e"', self.s3.head_object(Bucket=self.bucket, Key="old")["Expiration"])
        advance("23h")
        self.assertEqual(self.body("old"), b"hello")
        advance("25h")
        self.refused("404", self.s3.head_object, Bucket=self.bucket, Key="old")


class Multipart(AwsTest):
    def setUp(self):
        self.s3 = client("s3")
        self.bucket = name("multipart")
        self.s3.create_bucket(Bucket=self.bucket)

    def test_a_managed_transfer_in_parts(self):
        body = os.urandom(11 << 20)
        config = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)
        self.s3.upload_fileobj(io.BytesIO(body), self.bucket, "big", Config=config)
        head = self.s3.head_object(Bucket=self.bucket, Key="big")
        self.assertEqual(head["ContentLength"], len(body))
        self.assertTrue(head["ETag"].endswith('-3"'), head["ETag"])
        with tempfile.NamedTemporaryFile() as file:
            self.s3.download_file(self.bucket, "big", file.name, Config=config)
            with open(file.name, "rb") as got:
                self.assertTrue(got.read() == body, "the bytes differ")
        self.s3.copy({"Bucket": self.bucket, "Key": "big"}, self.bucket, "copy", Config=config)
        self.assertTrue(self.s3.get_object(Bucket=self.bucket, Key="copy")["Body"].read() == body, "the copy differs")

    def test_parts_by_hand(self):
        upload = self.s3.create_multipart_upload(Bucket=self.bucket, Key="k")["UploadId"]
        which = dict(Bucket=self.bucket, Key="k", UploadId=upload)
        first = self.s3.upload_part(**which, PartNumber=1, Body=b"a" * (5 << 20))
        second = self.s3.upload_part(**which, PartNumber=2, Body=b"b")
        self.assertEqual([p["PartNumber"] for p in self.s3.list_parts(**which)["Parts"]], [1, 2])
        self.assertEqual(self.s3.list_multipart_uploads(Bucket=self.bucket)["Uploads"][0]["UploadId"], upload)
        parts = [{"PartNumber": n, "ETag": p["ETag"]} for n, p in [(1, first), (2, second)]]
        self.refused("InvalidPartOrder", self.s3.complete_multipart_upload, **which, MultipartUpload={"Parts": parts[::-1]})
        wrong = [{"PartNumber": 1, "ETag": '"0"'}]
        self.refused("InvalidPart", self.s3.complete_multipart_upload, **which, MultipartUpload={"Parts": wrong})
        self.s3.complete_multipart_upload(**which, MultipartUpload={"Parts": parts})
        self.assertEqual(self.s3.get_object(Bucket=self.bucket, Key="k", PartNumber=2)["Body"].read(), b"b")

    def test_small_parts_and_unknown_uploads(self):
        upload = self.s3.create_multipart_upload(Bucket=self.bucket, Key="k")["UploadId"]
        which = dict(Bucket=self.bucket, Key="k", UploadId=upload)
        parts = [{"PartNumber": n, "ETag": self.s3.upload_part(**which, PartNumber=n, Body=b"s")["ETag"]} for n in (1, 2)]
        self.refused("EntityTooSmall", self.s3.complete_multipart_upload, **which, MultipartUpload={"Parts": parts})
        self.s3.abort_multipart_upload(**which)
        self.refused("NoSuchUpload", self.s3.list_parts, **which)


class Access(AwsTest):
    def setUp(self):
        self.s3 = client("s3")
        self.bucket = name("access")
        self.s3.create_bucket(Bucket=self.bucket)
        self.s3.put_object(Bucket=self.bucket, Key="k", Body=b"hello")

    def url(self, method="get_object", **more):
        return self.s3.generate_presigned_url(method, Params={"Bucket": self.bucket, "Key": "k", **more}, ExpiresIn=60)

    def test_signed_urls(self):
        self.assertEqual(http("GET", self.url())[2], b"hello")
        status, headers, body = http("GET", self.url(ResponseContentType="text/y"))
        self.assertEqual((status, headers["content-type"]), (200, "text/y"))
        put = self.url("put_object", ContentType="text/x")
        self.assertEqual(http("PUT", put, b"new", {"content-type": "text/x"})[0], 200)
        self.assertEqual(http("GET", self.url())[2], b"new")
        status, _, body = http("PUT", put, b"new", {"content-type": "text/other"})
        self.assertEqual((status, b"<Code>SignatureDoesNotMatch</Code>" in body), (403, True), body)

    def test_a_tampered_url(self):
        url = self.url()
        wrong = url[:-1] + ("0" if url[-1] != "0" else "1")
        status, _, body = http("GET", wrong)
        self.assertEqual((status, b"<Code>SignatureDoesNotMatch</Code>" in body), (403, True), body)

    def test_nobody_may_read_a_private_object(self):
        status, _, body = http("GET", self.url().split("?")[0])
        self.assertEqual((status, b"<Code>AccessDenied</Code>" in body), (403, True), body)

    def test_a_bucket_policy_that_lets_everybody_read(self):
        self.s3.put_public_access_block(
            Bucket=self.bucket,
            PublicAccessBlockConfiguration=dict.fromkeys(
                ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"], False
            ),
        )
        statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{self.bucket}/k"}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        self.s3.put_bucket_policy(Bucket=self.bucket, Policy=json.dumps(policy))
        self.assertEqual(json.loads(self.s3.get_bucket_policy(Bucket=self.bucket)["Policy"]), policy)
        self.assertEqual(http("GET", self.url().split("?")[0])[2], b"hello")
        self.assertEqual(http("PUT", self.url().split("?")[0], b"x")[0], 403)

    def test_cors(self):
        rule = {"AllowedOrigins": ["https://app.example"], "AllowedMethods": ["PUT"], "AllowedHeaders": ["*"], "MaxAgeSeconds": 60}
        self.s3.put_bucket_cors(Bucket=self.bucket, CORSConfiguration={"CORSRules": [rule]})
        ask = {"origin": "https://app.example", "access-control-request-method": "PUT", "access-control-request-headers": "x-a"}
        status, headers, _ = http("OPTIONS", self.url().split("?")[0], headers=ask)
        self.assertEqual((status, headers["access-control-allow-origin"]), (200, "https://app.example"))
        status, _, _ = http("OPTIONS", self.url().split("?")[0], headers={**ask, "access-control-request-method": "DELETE"})
        self.assertEqual(status, 403)

    def test_bad_keys(self):
        wrong = client("s3", keys={"AccessKeyId": "test", "SecretAccessKey": "wrong"})
        self.refused("SignatureDoesNotMatch", wrong.list_buckets)
        unknown = client("s3", keys={"AccessKeyId": "LKIAUNKNOWNUNKNOWN00", "SecretAccessKey": "x"})
        self.refused("InvalidAccessKeyId", unknown.list_buckets)

    def test_the_owner_of_another_account_is_refused(self):
        self.s3.get_object(Bucket=self.bucket, Key="k", ExpectedBucketOwner=ACCOUNT)
        self.refused("AccessDenied", self.s3.get_object, Bucket=self.bucket, Key="k", ExpectedBucketOwner="111111111111")


if __name__ == "__main__":
    unittest.main()
