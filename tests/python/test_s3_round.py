"""S3 through boto3 with nothing set otherwise than by default: a round of what people do, with the keys and sizes that go wrong.

What needs more than S3 alone is in test_s3.py. MANY names a bucket with PAGED keys below page/ and one each below a/ and z/.
"""

import email.header
import io
import os
import tempfile
import unittest
import urllib.error
import urllib.parse
import urllib.request

import boto3

MANY, PAGED = os.environ["MANY"], int(os.environ["PAGED"])
KEYS = ["plain", "with space", "a+b&c=d", "100%25 %2F", "ünï/çødé ☃", "a//b/", "./dots/../here", "~!'()*;:@,$", "new\nline", "ctrl\x01"]


class Round(unittest.TestCase):
    longMessage = True

    @classmethod
    def setUpClass(cls):
        cls.s3 = boto3.client("s3")
        cls.s3.create_bucket(Bucket="round")

    def body(self, key, **more):
        return self.s3.get_object(Bucket="round", Key=key, **more)["Body"].read()

    def test_keys_of_all_kinds(self):
        self.s3.create_bucket(Bucket="keys")
        for key in KEYS:
            with self.subTest(key=key):
                self.s3.put_object(Bucket="keys", Key=key, Body=key.encode())
                self.assertEqual(self.s3.get_object(Bucket="keys", Key=key)["Body"].read(), key.encode())
                self.s3.copy_object(Bucket="keys", Key="copy/" + key, CopySource={"Bucket": "keys", "Key": key})
                self.assertEqual(self.s3.head_object(Bucket="keys", Key="copy/" + key)["ContentLength"], len(key.encode()))
                for method in ["get_object", "head_object"]:
                    url = self.s3.generate_presigned_url(method, Params={"Bucket": "keys", "Key": key})
                    with urllib.request.urlopen(urllib.request.Request(url, method=method[:4].strip("_").upper())) as answer:
                        self.assertEqual(answer.status, 200)
        listed = [o["Key"] for o in self.s3.list_objects_v2(Bucket="keys")["Contents"]]
        expected = sorted(KEYS + ["copy/" + key for key in KEYS], key=lambda key: key.encode())
        self.assertEqual(listed, expected)
        # XML, which deletes many, can't carry every character.
        for key in [key for key in expected if "\x01" in key]:
            self.s3.delete_object(Bucket="keys", Key=key)
            expected.remove(key)
        gone = self.s3.delete_objects(Bucket="keys", Delete={"Objects": [{"Key": key} for key in expected]})
        self.assertEqual(sorted(d["Key"] for d in gone["Deleted"]), sorted(expected))
        self.assertNotIn("Contents", self.s3.list_objects_v2(Bucket="keys"))
        self.s3.delete_bucket(Bucket="keys")

    def test_a_large_file_there_and_back(self):
        # By default parts of 8 MiB, both ways, several at a time.
        body = os.urandom((17 << 20) + 1)
        with tempfile.TemporaryDirectory() as folder:
            there, back = os.path.join(folder, "there"), os.path.join(folder, "back")
            with open(there, "wb") as file:
                file.write(body)
            self.s3.upload_file(there, "round", "large", ExtraArgs={"Metadata": {"colour": "blue"}})
            self.s3.download_file("round", "large", back)
            with open(back, "rb") as file:
                self.assertTrue(file.read() == body, "the bytes differ")
        head = self.s3.head_object(Bucket="round", Key="large", ChecksumMode="ENABLED")
        self.assertTrue(head["ETag"].endswith('-3"'), head["ETag"])
        self.assertEqual((head["Metadata"], head["ChecksumType"]), ({"colour": "blue"}, "COMPOSITE" if "-" in head["ChecksumCRC32"] else "FULL_OBJECT"))
        self.s3.copy({"Bucket": "round", "Key": "large"}, "round", "large copy")
        self.assertTrue(self.body("large copy") == body, "the copy differs")
        self.assertTrue(self.body("large", Range="bytes=8388600-8388615") == body[8388600:8388616], "the range differs")

    def test_an_empty_file_leaves_the_connection_in_order(self):
        # boto3 asks before it sends a file; nothing says "continue" where nothing is to come, and the next answer must not suffer by it.
        for n in range(10):
            self.s3.put_object(Bucket="round", Key="empty", Body=io.BytesIO(b""))
            self.assertIn("ETag", self.s3.put_object(Bucket="round", Key="full", Body=io.BytesIO(b"full")))

    def test_pages_and_folders(self):
        pages = list(self.s3.get_paginator("list_objects_v2").paginate(Bucket=MANY, Prefix="page/"))
        self.assertEqual([p["KeyCount"] for p in pages], [1000, PAGED - 1000])
        self.assertEqual([o["Key"] for p in pages for o in p["Contents"]], [f"page/{n:04}" for n in range(PAGED)])
        old = list(self.s3.get_paginator("list_objects").paginate(Bucket=MANY, Prefix="page/"))
        self.assertEqual(sum(len(p["Contents"]) for p in old), PAGED)
        folders = self.s3.list_objects_v2(Bucket=MANY, Delimiter="/")
        self.assertEqual([p["Prefix"] for p in folders["CommonPrefixes"]], ["a/", "page/", "z/"])
        versions = list(self.s3.get_paginator("list_object_versions").paginate(Bucket=MANY, Prefix="page/"))
        self.assertEqual(sum(len(p["Versions"]) for p in versions), PAGED)

    def test_metadata_beyond_ascii(self):
        # boto3 lets only ASCII through, so whoever needs more encodes it; S3 gives it back in its own encoding.
        told = email.header.Header("blå ☃ und mehr", "utf-8").encode()
        self.s3.put_object(Bucket="round", Key="meta", Body=b"", Metadata={"colour": told, "plain": "a  b"})
        metadata = self.s3.head_object(Bucket="round", Key="meta")["Metadata"]
        read = "".join(text if isinstance(text, str) else text.decode(charset or "ascii") for text, charset in email.header.decode_header(metadata["colour"]))
        self.assertEqual(read, "blå ☃ und mehr")
        self.s3.put_object(Bucket="round", Key="meta", Body=b"", ContentDisposition='attachment; filename="a b.txt"')
        self.assertEqual(self.s3.head_object(Bucket="round", Key="meta")["ContentDisposition"], 'attachment; filename="a b.txt"')

    def test_signed_urls_and_forms(self):
        put = self.s3.generate_presigned_url("put_object", Params={"Bucket": "round", "Key": "signed ü+"}, ExpiresIn=60)
        with urllib.request.urlopen(urllib.request.Request(put, data=b"by url", method="PUT", headers={"content-type": ""})) as answer:
            self.assertEqual(answer.status, 200)
        get = self.s3.generate_presigned_url("get_object", Params={"Bucket": "round", "Key": "signed ü+"}, ExpiresIn=60)
        with urllib.request.urlopen(get) as answer:
            self.assertEqual(answer.read(), b"by url")
        form = self.s3.generate_presigned_post("round", "by form", Conditions=[["content-length-range", 1, 10]], ExpiresIn=60)
        self.post(form, b"form")
        self.assertEqual(self.body("by form"), b"form")
        with self.assertRaises(urllib.error.HTTPError) as refused:
            self.post(form, b"more than ten bytes")
        self.assertIn(b"EntityTooLarge", refused.exception.read())

    def post(self, form, file):
        fields = "".join(f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in form["fields"].items())
        body = fields.encode() + b'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n' + file + b"\r\n--b--\r\n"
        request = urllib.request.Request(form["url"], data=body, headers={"content-type": "multipart/form-data; boundary=b"})
        with urllib.request.urlopen(request) as answer:
            return answer.status

    def test_a_new_name(self):
        put = self.s3.put_object(Bucket="round", Key="old name+", Body=b"named", Metadata={"a": "b"})
        rename = dict(Bucket="round", Key="new ü", RenameSource="round/" + urllib.parse.quote("old name+"), ClientToken="once")
        self.s3.rename_object(**rename, SourceIfMatch=put["ETag"], DestinationIfNoneMatch="*")
        got = self.s3.get_object(Bucket="round", Key="new ü")
        self.assertEqual((got["Body"].read(), got["Metadata"], got["ETag"]), (b"named", {"a": "b"}, put["ETag"]))
        with self.assertRaises(self.s3.exceptions.IdempotencyParameterMismatch):
            self.s3.rename_object(**rename)

    def test_versions(self):
        self.s3.create_bucket(Bucket="versions")
        self.s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
        ids = [self.s3.put_object(Bucket="versions", Key="k", Body=body)["VersionId"] for body in (b"1", b"2")]
        self.s3.delete_object(Bucket="versions", Key="k")
        self.assertEqual(self.s3.get_object(Bucket="versions", Key="k", VersionId=ids[0])["Body"].read(), b"1")
        with self.assertRaises(self.s3.exceptions.NoSuchKey):
            self.s3.get_object(Bucket="versions", Key="k")
        bucket = boto3.resource("s3").Bucket("versions")
        bucket.object_versions.delete()
        bucket.delete()


if __name__ == "__main__":
    unittest.main()
