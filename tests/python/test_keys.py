"""KMS through boto3: what the SDK encodes and decodes, IAM and key policies together, and the faults by their codes."""

import hashlib
import hmac
import json
import unittest

from support import ACCOUNT, REGION, AwsTest, advance, client, name


def root(account=ACCOUNT):
    return {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "kms:*", "Resource": "*"}


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class Keys(AwsTest):
    def setUp(self):
        self.kms = client("kms")

    def key(self, **more):
        return self.kms.create_key(**more)["KeyMetadata"]

    def test_what_is_encrypted_comes_back_by_key_alias_and_context(self):
        key = self.key(Description="photos", Tags=[{"TagKey": "team", "TagValue": "blue"}])
        alias = f"alias/{name('photos')}"
        self.kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
        context = {"bucket": "photos"}
        sealed = self.kms.encrypt(KeyId=alias, Plaintext=b"hello", EncryptionContext=context)
        self.assertEqual(sealed["KeyId"], key["Arn"])
        opened = self.kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=context)
        self.assertEqual((opened["Plaintext"], opened["EncryptionAlgorithm"]), (b"hello", "SYMMETRIC_DEFAULT"))
        self.refused("InvalidCiphertextException", self.kms.decrypt, CiphertextBlob=sealed["CiphertextBlob"])
        listed = self.kms.list_aliases(KeyId=key["KeyId"])["Aliases"]
        self.assertEqual([a["AliasName"] for a in listed], [alias])
        self.assertEqual(self.kms.list_resource_tags(KeyId=key["KeyId"])["Tags"], [{"TagKey": "team", "TagValue": "blue"}])
        everywhere = {k["KeyId"] for page in self.kms.get_paginator("list_keys").paginate(Limit=1) for k in page["Keys"]}
        self.assertIn(key["KeyId"], everywhere)

    def test_data_keys_and_randomness(self):
        key = self.key()
        made = self.kms.generate_data_key(KeyId=key["Arn"], KeySpec="AES_256")
        self.assertEqual(len(made["Plaintext"]), 32)
        self.assertEqual(self.kms.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"], made["Plaintext"])
        self.assertEqual(len(self.kms.generate_random(NumberOfBytes=77)["Plaintext"]), 77)
        pair = self.kms.generate_data_key_pair(KeyId=key["Arn"], KeyPairSpec="ECC_NIST_P256")
        self.assertEqual(self.kms.decrypt(CiphertextBlob=pair["PrivateKeyCiphertextBlob"])["Plaintext"], pair["PrivateKeyPlaintext"])

    def test_signatures_and_macs(self):
        key = self.key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyId"]
        digest = hashlib.sha256(b"message").digest()
        signed = self.kms.sign(KeyId=key, Message=digest, MessageType="DIGEST", SigningAlgorithm="ECDSA_SHA_256")["Signature"]
        ask = {"KeyId": key, "Signature": signed, "SigningAlgorithm": "ECDSA_SHA_256"}
        self.assertTrue(self.kms.verify(Message=b"message", **ask)["SignatureValid"])
        self.refused("KMSInvalidSignatureException", self.kms.verify, Message=b"another", **ask)
        self.refused("InvalidKeyUsageException", self.kms.encrypt, KeyId=key, Plaintext=b"x")
        mac = self.key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyId"]
        made = self.kms.generate_mac(KeyId=mac, Message=b"m", MacAlgorithm="HMAC_SHA_256")["Mac"]
        self.assertEqual(len(made), hmac.new(b"", b"", hashlib.sha256).digest_size)
        self.assertTrue(self.kms.verify_mac(KeyId=mac, Message=b"m", Mac=made, MacAlgorithm="HMAC_SHA_256")["MacValid"])

    def test_states_and_their_faults(self):
        key = self.key()
        self.kms.disable_key(KeyId=key["KeyId"])
        answer = self.refused("DisabledException", self.kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x")
        self.assertEqual(answer["Error"]["Message"], f"{key['Arn']} is disabled.")
        self.kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
        answer = self.refused("KMSInvalidStateException", self.kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x")
        self.assertEqual(answer["Error"]["Message"], f"{key['Arn']} is pending deletion.")
        answer = self.refused("NotFoundException", self.kms.describe_key, KeyId="alias/none")
        self.assertEqual(answer["Error"]["Message"], f"Alias arn:aws:kms:{REGION}:{ACCOUNT}:alias/none is not found.")
        advance("7d")
        self.refused("NotFoundException", self.kms.describe_key, KeyId=key["KeyId"])

    def test_rotation_keeps_old_ciphertexts_readable(self):
        key = self.key()["KeyId"]
        old = self.kms.encrypt(KeyId=key, Plaintext=b"old")["CiphertextBlob"]
        self.kms.rotate_key_on_demand(KeyId=key)
        [rotation] = self.kms.list_key_rotations(KeyId=key)["Rotations"]
        self.assertEqual(rotation["RotationType"], "ON_DEMAND")
        self.assertEqual(self.kms.decrypt(CiphertextBlob=old)["Plaintext"], b"old")


class Permissions(AwsTest):
    def setUp(self):
        self.kms, self.iam = client("kms"), client("iam")
        self.user = name("user")
        self.arn = self.iam.create_user(UserName=self.user)["User"]["Arn"]
        self.theirs = client("kms", keys=self.iam.create_access_key(UserName=self.user)["AccessKey"])

    def allow(self, *actions):
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        self.iam.put_user_policy(UserName=self.user, PolicyName="p", PolicyDocument=policy(statement))

    def test_iam_opens_what_the_key_policy_leaves_to_it(self):
        key = self.kms.create_key()["KeyMetadata"]
        ask = {"KeyId": key["KeyId"], "Plaintext": b"x"}
        answer = self.refused("AccessDeniedException", self.theirs.encrypt, **ask)
        self.assertEqual(
            answer["Error"]["Message"],
            f"User: {self.arn} is not authorized to perform: kms:Encrypt on resource: {key['Arn']} "
            "because no identity-based policy allows the kms:Encrypt action",
        )
        self.allow("kms:Encrypt", "kms:Decrypt")
        sealed = self.theirs.encrypt(**ask)["CiphertextBlob"]
        self.kms.put_key_policy(KeyId=key["KeyId"], Policy=policy({**root(), "Action": ["kms:Describe*", "kms:Put*", "kms:CreateGrant"]}))
        answer = self.refused("AccessDeniedException", self.theirs.decrypt, CiphertextBlob=sealed)
        self.assertIn("because no resource-based policy allows the kms:Decrypt action", answer["Error"]["Message"])
        # The root of the account has no more than the key policy gives.
        self.refused("AccessDeniedException", self.kms.decrypt, CiphertextBlob=sealed)
        self.kms.create_grant(KeyId=key["KeyId"], GranteePrincipal=self.arn, Operations=["Decrypt"])
        self.assertEqual(self.theirs.decrypt(CiphertextBlob=sealed)["Plaintext"], b"x")

    def test_a_policy_that_locks_its_author_out_is_refused(self):
        statement = {**root(), "Action": "kms:Encrypt"}
        answer = self.refused("MalformedPolicyDocumentException", self.kms.create_key, Policy=policy(statement))
        self.assertEqual(answer["Error"]["Message"], "The new key policy will not allow you to update the key policy in the future.")
        gone = {**root(), "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/{name('none')}"}}
        self.refused("MalformedPolicyDocumentException", self.kms.create_key, Policy=policy(root(), gone))


if __name__ == "__main__":
    unittest.main()
