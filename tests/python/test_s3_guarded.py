"""S3 through boto3: objects under KMS keys and customers' keys, and objects that may not be deleted yet."""

import datetime
import json
import unittest

from support import AwsTest, advance, client, name


class Encrypted(AwsTest):
    def setUp(self):
        self.s3, self.kms, self.iam = client("s3"), client("kms"), client("iam")
        self.bucket = name("guarded")
        self.s3.create_bucket(Bucket=self.bucket)

    def put(self, key, body=b"hello", **more):
        return self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, **more)

    def body(self, key, s3=None, **more):
        return (s3 or self.s3).get_object(Bucket=self.bucket, Key=key, **more)["Body"].read()

    def test_a_key_of_ones_own_and_the_managed_one(self):
        arn = self.kms.create_key()["KeyMetadata"]["Arn"]
        put = self.put("own", ServerSideEncryption="aws:kms", SSEKMSKeyId=arn)
        self.assertEqual((put["ServerSideEncryption"], put["SSEKMSKeyId"]), ("aws:kms", arn))
        self.assertEqual(self.body("own"), b"hello")
        managed = self.put("managed", ServerSideEncryption="aws:kms")["SSEKMSKeyId"]
        self.assertEqual(self.kms.describe_key(KeyId=managed)["KeyMetadata"]["KeyManager"], "AWS")
        self.assertEqual(self.body("managed"), b"hello")
        self.kms.disable_key(KeyId=arn)
        self.refused("KMS.DisabledException", self.body, "own")
        self.refused("KMS.NotFoundException", self.put, "none", ServerSideEncryption="aws:kms", SSEKMSKeyId="fake-key-id")

    def test_who_may_read_the_object_must_be_allowed_to_use_the_key(self):
        arn = self.kms.create_key()["KeyMetadata"]["Arn"]
        self.put("k", ServerSideEncryption="aws:kms", SSEKMSKeyId=arn)
        user = name("reader")
        self.iam.create_user(UserName=user)
        theirs = client("s3", keys=self.iam.create_access_key(UserName=user)["AccessKey"])

        def allow(*actions):
            statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
            document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            self.iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=document)

        allow("s3:GetObject")
        self.refused("AccessDenied", self.body, "k", theirs)
        allow("s3:GetObject", "kms:Decrypt")
        self.assertEqual(self.body("k", theirs), b"hello")

    def test_a_customers_key(self):
        key = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": b"1234567890abcdef1234567890abcdef"}
        body = bytes(range(256)) * 1024
        self.put("c", body, **key)
        self.assertEqual(self.body("c", **key), body)
        self.assertEqual(self.body("c", Range="bytes=65530-65550", **key), body[65530:65551])
        self.refused("InvalidRequest", self.body, "c")
        wrong = {**key, "SSECustomerKey": b"abcdef1234567890abcdef1234567890"}
        self.refused("AccessDenied", self.body, "c", **wrong)


class Locked(AwsTest):
    def test_what_is_retained_stays_until_its_date(self):
        s3, bucket = client("s3"), name("locked")
        s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
        rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}
        s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule})
        version = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["VersionId"]
        head = s3.head_object(Bucket=bucket, Key="k")
        retained = head["ObjectLockRetainUntilDate"] - head["LastModified"]
        self.assertAlmostEqual(retained.total_seconds(), datetime.timedelta(days=1).total_seconds(), delta=5)
        self.refused("AccessDenied", s3.delete_object, Bucket=bucket, Key="k", VersionId=version, BypassGovernanceRetention=True)
        advance("25h")
        s3.delete_object(Bucket=bucket, Key="k", VersionId=version)
        self.assertNotIn("Versions", s3.list_object_versions(Bucket=bucket))


if __name__ == "__main__":
    unittest.main()
