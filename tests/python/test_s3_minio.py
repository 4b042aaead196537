"""S3 through minio-py, which signs, encodes and splits in ways of its own.

MANY names a bucket with PAGED keys below page/ and one each below a/ and z/.
"""

import io
import os
import tempfile
import unittest
import urllib.error
import urllib.request
from datetime import timedelta

from minio import Minio
from minio.commonconfig import ENABLED, REPLACE, ComposeSource, CopySource, Filter, Tags
from minio.datatypes import PostPolicy
from minio.deleteobjects import DeleteObject
from minio.error import S3Error
from minio.lifecycleconfig import Expiration, LifecycleConfig, Rule
from minio.versioningconfig import VersioningConfig

MANY, PAGED = os.environ["MANY"], int(os.environ["PAGED"])
KEYS = ["plain", "with space", "a+b&c=d", "100%25 %2F", "ünï/çødé ☃", "~!'()*;:@,$"]


def connect():
    host = os.environ["AWS_ENDPOINT_URL"].removeprefix("http://")
    return Minio(host, os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"], secure=False)


class MinioTest(unittest.TestCase):
    longMessage = True

    def setUp(self):
        self.s3 = connect()
        self.bucket = self.id().rsplit("_", 1)[-1] + "-bucket"
        self.s3.make_bucket(self.bucket)

    def put(self, key, body=b"hello", **more):
        return self.s3.put_object(self.bucket, key, io.BytesIO(body), len(body), **more)

    def body(self, key, **more):
        answer = self.s3.get_object(self.bucket, key, **more)
        try:
            return answer.read()
        finally:
            answer.close()
            answer.release_conn()

    def listed(self, **more):
        return [o.object_name for o in self.s3.list_objects(self.bucket, **more)]

    def test_keys(self):
        for key in KEYS:
            with self.subTest(key=key):
                self.put(key, key.encode())
                self.assertEqual(self.body(key), key.encode())
                self.s3.copy_object(self.bucket, "copy/" + key, CopySource(self.bucket, key))
                self.assertEqual(self.s3.stat_object(self.bucket, "copy/" + key).size, len(key.encode()))
                with urllib.request.urlopen(self.s3.presigned_get_object(self.bucket, key)) as answer:
                    self.assertEqual(answer.read(), key.encode())
        keys = self.listed(recursive=True)
        self.assertEqual(keys, sorted(KEYS + ["copy/" + key for key in KEYS], key=lambda key: key.encode()))
        self.assertEqual(list(self.s3.remove_objects(self.bucket, [DeleteObject(key) for key in keys])), [])
        self.assertEqual(self.listed(recursive=True), [])
        self.s3.remove_bucket(self.bucket)
        self.assertFalse(self.s3.bucket_exists(self.bucket))

    def test_parts(self):
        # Parts of 5 MiB by default.
        body = os.urandom((11 << 20) + 1)
        with tempfile.TemporaryDirectory() as folder:
            there, back = os.path.join(folder, "there"), os.path.join(folder, "back")
            with open(there, "wb") as file:
                file.write(body)
            self.s3.fput_object(self.bucket, "big", there, content_type="text/x", metadata={"colour": "blue"})
            self.s3.fget_object(self.bucket, "big", back)
            with open(back, "rb") as file:
                self.assertTrue(file.read() == body, "the bytes differ")
        stat = self.s3.stat_object(self.bucket, "big")
        self.assertTrue(stat.etag.endswith("-3"), stat.etag)
        self.assertEqual((stat.content_type, stat.metadata["x-amz-meta-colour"]), ("text/x", "blue"))
        self.assertTrue(self.body("big", offset=5 << 20, length=10) == body[5 << 20 : (5 << 20) + 10], "the range differs")
        # A length that isn't known beforehand.
        self.s3.put_object(self.bucket, "streamed", io.BytesIO(body), -1, part_size=5 << 20)
        self.assertTrue(self.body("streamed") == body, "the bytes differ")
        # Composed on the server: a part copied from each source.
        sources = [ComposeSource(self.bucket, "big"), ComposeSource(self.bucket, "streamed")]
        self.s3.compose_object(self.bucket, "both", sources)
        self.assertTrue(self.body("both") == body + body, "the bytes differ")

    def test_listings(self):
        self.assertEqual([o.object_name for o in self.s3.list_objects(MANY)], ["a/", "page/", "z/"])
        keys = [o.object_name for o in self.s3.list_objects(MANY, prefix="page/")]
        self.assertEqual(keys, [f"page/{n:04}" for n in range(PAGED)])
        old = [o.object_name for o in self.s3.list_objects(MANY, prefix="page/", use_api_v1=True)]
        self.assertEqual(old, keys)
        self.assertEqual([o.object_name for o in self.s3.list_objects(MANY, recursive=True, start_after="page/1048")], ["page/1049", "z/1"])

    def test_versions(self):
        self.s3.set_bucket_versioning(self.bucket, VersioningConfig(ENABLED))
        first, second = self.put("k", b"1").version_id, self.put("k", b"2").version_id
        self.s3.remove_object(self.bucket, "k")
        self.assertEqual(self.body("k", version_id=first), b"1")
        listed = list(self.s3.list_objects(self.bucket, include_version=True))
        # minio-py gives delete markers last.
        self.assertEqual([(o.is_delete_marker, o.version_id) for o in listed][:2], [(False, second), (False, first)])
        self.assertTrue(listed[2].is_delete_marker and listed[2].is_latest == "true")
        gone = [DeleteObject(o.object_name, o.version_id) for o in listed]
        self.assertEqual(list(self.s3.remove_objects(self.bucket, gone)), [])
        self.s3.remove_bucket(self.bucket)

    def test_signed(self):
        url = self.s3.presigned_put_object(self.bucket, "a b+ü", expires=timedelta(minutes=1))
        with urllib.request.urlopen(urllib.request.Request(url, data=b"by url", method="PUT")) as answer:
            self.assertEqual(answer.status, 200)
        self.assertEqual(self.body("a b+ü"), b"by url")
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(url.replace("a%20b", "other"))
        self.assertEqual(refused.exception.code, 403)

    def test_forms(self):
        import datetime

        policy = PostPolicy(self.bucket, datetime.datetime.now(datetime.timezone.utc) + timedelta(minutes=1))
        policy.add_starts_with_condition("key", "up/")
        policy.add_content_length_range_condition(1, 10)
        fields = {**self.s3.presigned_post_policy(policy), "key": "up/ü"}
        text = "".join(f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items())
        body = text.encode() + b'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nform\r\n--b--\r\n'
        url = f"{os.environ['AWS_ENDPOINT_URL']}/{self.bucket}"
        request = urllib.request.Request(url, data=body, headers={"content-type": "multipart/form-data; boundary=b"})
        with urllib.request.urlopen(request) as answer:
            self.assertEqual(answer.status, 204)
        self.assertEqual(self.body("up/ü"), b"form")

    def test_metadata(self):
        tags = Tags.new_object_tags()
        tags["state"] = "new = good"
        self.put("k", metadata={"colour": "blue", "Cache-Control": "no-cache"}, tags=tags)
        self.assertEqual(self.s3.get_object_tags(self.bucket, "k"), tags)
        source = CopySource(self.bucket, "k")
        self.s3.copy_object(self.bucket, "k", source, metadata={"colour": "red"}, metadata_directive=REPLACE)
        self.assertEqual(self.s3.stat_object(self.bucket, "k").metadata["x-amz-meta-colour"], "red")
        # minio-py sends what is beyond ASCII in no encoding and so refuses it itself.
        with self.assertRaises(ValueError):
            self.put("k", metadata={"colour": "blå"})

    def test_settings(self):
        rule = Rule(ENABLED, rule_filter=Filter(prefix="logs/"), rule_id="old", expiration=Expiration(days=7))
        self.s3.set_bucket_lifecycle(self.bucket, LifecycleConfig([rule]))
        self.assertEqual(self.s3.get_bucket_lifecycle(self.bucket).rules[0].expiration.days, 7)
        with self.assertRaises(S3Error) as refused:
            self.s3.stat_object(self.bucket, "none")
        self.assertEqual(refused.exception.code, "NoSuchKey")
        with self.assertRaises(S3Error) as refused:
            self.s3.get_bucket_policy(self.bucket)
        self.assertEqual(refused.exception.code, "NoSuchBucketPolicy")
        self.assertIn(self.bucket, [b.name for b in self.s3.list_buckets()])


if __name__ == "__main__":
    unittest.main()
