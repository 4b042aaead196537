"""IAM and STS through boto3: who may do what, and what the refusal says."""

import json
import unittest

from support import ACCOUNT, AwsTest, advance, client, name


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action, resource, **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action, resource, **more):
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


class Users(AwsTest):
    def setUp(self):
        self.iam = client("iam")
        self.user = name("ana")
        self.iam.create_user(UserName=self.user)
        self.keys = self.iam.create_access_key(UserName=self.user)["AccessKey"]
        self.s3 = client("s3")
        self.bucket = name("iam")
        self.s3.create_bucket(Bucket=self.bucket)
        self.s3.put_object(Bucket=self.bucket, Key="k", Body=b"hello")
        self.hers = client("s3", keys=self.keys)
        self.object = dict(Bucket=self.bucket, Key="k")

    def may(self, *statements):
        self.iam.put_user_policy(UserName=self.user, PolicyName="p", PolicyDocument=policy(*statements))

    def test_allowed_only_what_is_allowed(self):
        answer = self.refused("AccessDenied", self.hers.get_object, **self.object)
        arn = f"arn:aws:iam::{ACCOUNT}:user/{self.user}"
        self.assertEqual(
            answer["Error"]["Message"].replace('"', ""),
            f"User: {arn} is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::{self.bucket}/k "
            "because no identity-based policy allows the s3:GetObject action",
        )
        self.may(allow("s3:GetObject", f"arn:aws:s3:::{self.bucket}/*"))
        self.assertEqual(self.hers.get_object(**self.object)["Body"].read(), b"hello")
        self.refused("AccessDenied", self.hers.put_object, **self.object, Body=b"")

    def test_an_explicit_deny_wins(self):
        self.may(allow("s3:*", "*"), deny("s3:GetObject", f"arn:aws:s3:::{self.bucket}/k"))
        answer = self.refused("AccessDenied", self.hers.get_object, **self.object)
        self.assertIn("with an explicit deny in an identity-based policy", answer["Error"]["Message"])
        self.hers.put_object(**self.object, Body=b"new")

    def test_conditions(self):
        self.may(allow("s3:ListBucket", f"arn:aws:s3:::{self.bucket}", Condition={"StringLike": {"s3:prefix": "home/*"}}))
        self.hers.list_objects_v2(Bucket=self.bucket, Prefix="home/ana")
        self.refused("AccessDenied", self.hers.list_objects_v2, Bucket=self.bucket)

    def test_the_bucket_may_deny_what_the_user_was_allowed(self):
        self.may(allow("s3:*", "*"))
        statement = deny("s3:GetObject", f"arn:aws:s3:::{self.bucket}/*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:user/{self.user}"})
        self.s3.put_bucket_policy(Bucket=self.bucket, Policy=policy(statement))
        answer = self.refused("AccessDenied", self.hers.get_object, **self.object)
        self.assertIn("with an explicit deny in a resource-based policy", answer["Error"]["Message"])

    def test_managed_policies_and_boundaries(self):
        made = self.iam.create_policy(PolicyName=name("p"), PolicyDocument=policy(allow("s3:*", "*")))["Policy"]
        self.iam.attach_user_policy(UserName=self.user, PolicyArn=made["Arn"])
        self.hers.get_object(**self.object)
        self.refused("DeleteConflict", self.iam.delete_policy, PolicyArn=made["Arn"])
        only = self.iam.create_policy(PolicyName=name("b"), PolicyDocument=policy(allow("sqs:*", "*")))["Policy"]
        self.iam.put_user_permissions_boundary(UserName=self.user, PermissionsBoundary=only["Arn"])
        answer = self.refused("AccessDenied", self.hers.get_object, **self.object)
        self.assertIn("because no permissions boundary allows the s3:GetObject action", answer["Error"]["Message"])

    def test_keys_that_are_switched_off(self):
        self.may(allow("s3:*", "*"))
        self.hers.get_object(**self.object)
        self.iam.update_access_key(UserName=self.user, AccessKeyId=self.keys["AccessKeyId"], Status="Inactive")
        self.refused("InvalidAccessKeyId", self.hers.get_object, **self.object)

    def test_errors(self):
        answer = self.refused("NoSuchEntity", self.iam.get_user, UserName="nobody")
        self.assertEqual(answer["Error"]["Message"], "The user with name nobody cannot be found.")
        self.refused("EntityAlreadyExists", self.iam.create_user, UserName=self.user)
        self.refused("DeleteConflict", self.iam.delete_user, UserName=self.user)
        broken = dict(UserName=self.user, PolicyName="p", PolicyDocument='{"Version": "2012-10-17", "Statement": [{"Effect": "Perhaps"}]}')
        self.refused("MalformedPolicyDocument", self.iam.put_user_policy, **broken)


class Roles(AwsTest):
    def setUp(self):
        self.iam, self.sts = client("iam"), client("sts")
        self.role = name("role")
        trust = policy({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"})
        self.arn = self.iam.create_role(RoleName=self.role, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        self.iam.put_role_policy(RoleName=self.role, PolicyName="p", PolicyDocument=policy(allow("s3:ListAllMyBuckets", "*")))
        user = name("bo")
        self.iam.create_user(UserName=user)
        self.iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=policy(allow("sts:AssumeRole", self.arn)))
        self.his = client("sts", keys=self.iam.create_access_key(UserName=user)["AccessKey"])

    def test_who_am_i(self):
        self.assertEqual(self.sts.get_caller_identity()["Account"], ACCOUNT)
        session = self.his.assume_role(RoleArn=self.arn, RoleSessionName="me")["Credentials"]
        self.assertEqual(
            client("sts", keys=session).get_caller_identity()["Arn"], f"arn:aws:sts::{ACCOUNT}:assumed-role/{self.role}/me"
        )

    def test_a_session_may_what_the_role_may(self):
        session = self.his.assume_role(RoleArn=self.arn, RoleSessionName="me")["Credentials"]
        client("s3", keys=session).list_buckets()
        self.refused("AccessDenied", client("iam", keys=session).list_users)

    def test_a_session_policy_narrows(self):
        narrow = self.his.assume_role(RoleArn=self.arn, RoleSessionName="me", Policy=policy(allow("sqs:*", "*")))["Credentials"]
        answer = self.refused("AccessDenied", client("s3", keys=narrow).list_buckets)
        self.assertIn("because no session policy allows the s3:ListAllMyBuckets action", answer["Error"]["Message"])

    def test_a_token_belongs_to_its_key(self):
        session = self.his.assume_role(RoleArn=self.arn, RoleSessionName="me")["Credentials"]
        without = {k: session[k] for k in ("AccessKeyId", "SecretAccessKey")}
        self.assertIn(self.code(client("s3", keys=without).list_buckets), ("InvalidToken", "InvalidAccessKeyId"))
        wrong = {**session, "SessionToken": session["SessionToken"][:-4] + "AAAA"}
        self.refused("InvalidToken", client("s3", keys=wrong).list_buckets)

    def code(self, call):
        try:
            call()
        except Exception as error:
            return error.response["Error"]["Code"]
        return "done"

    def test_who_is_not_trusted_may_not(self):
        self.iam.update_assume_role_policy(
            RoleName=self.role,
            PolicyDocument=policy({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}),
        )
        self.refused("AccessDenied", self.his.assume_role, RoleArn=self.arn, RoleSessionName="me")

    def test_errors(self):
        answer = self.refused("NoSuchEntity", self.iam.get_role, RoleName="none")
        self.assertEqual(answer["Error"]["Message"], "The role with name none cannot be found.")
        self.refused("ValidationError", self.sts.assume_role, RoleArn=self.arn, RoleSessionName="me", DurationSeconds=43201)


if __name__ == "__main__":
    unittest.main()
