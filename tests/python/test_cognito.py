"""User pools through pycognito and boto3: signing up to signing out everywhere. PyJWT checks every token strictly.

POOL, CLIENT and CLIENT_WITH_SECRET (with SECRET) name what the test that runs this has made.
"""

import base64
import hashlib
import hmac
import json
import os
import struct
import time
import unittest
import urllib.parse
import urllib.request
import uuid

import boto3
import jwt
from pycognito import Cognito
from pycognito.aws_srp import AWSSRP
from pycognito.exceptions import SoftwareTokenMFAChallengeException

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
REGION = os.environ["AWS_REGION"]
POOL = os.environ["POOL"]
ISSUER = f"https://cognito-idp.{REGION}.amazonaws.com/{POOL}"
KEYS = f"{ENDPOINT}/{POOL}/.well-known/jwks.json"
PASSWORD, OTHER = "Correct-Horse-9", "Another-Horse-9"
CLIENTS = [(os.environ["CLIENT"], None), (os.environ["CLIENT_WITH_SECRET"], os.environ["SECRET"])]


def code(user):
    """The newest code in the inbox."""
    with urllib.request.urlopen(f"{ENDPOINT}/_windtunnel/cognito/messages?user={urllib.parse.quote(user)}") as answer:
        return json.load(answer)["messages"][0]["code"]


class Authenticator:
    """RFC 6238 with AWS's defaults. A step is used once: the next code is of the next step."""

    def __init__(self, secret):
        self.key = base64.b32decode(secret + "=" * (-len(secret) % 8))
        self.last = 0

    def code(self):
        step = max(int(time.time()) // 30, self.last + 1)
        # One step ahead is within what clocks may differ; two are not.
        while step > int(time.time()) // 30 + 1:
            time.sleep(1)
        self.last = step
        digest = hmac.new(self.key, struct.pack(">Q", step), hashlib.sha1).digest()
        at = digest[-1] & 15
        return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


class Walk(unittest.TestCase):
    def tokens(self, client, tokens):
        """Checks both tokens as strictly as PyJWT can; the claims of the id token."""
        keys = jwt.PyJWKClient(KEYS)
        decode = lambda token, **more: jwt.decode(
            token, keys.get_signing_key_from_jwt(token), algorithms=["RS256"], issuer=ISSUER,
            options={"require": ["exp", "iat", "iss", "sub", "token_use"]}, **more,
        )
        claims = decode(tokens["IdToken"], audience=client)
        access = decode(tokens["AccessToken"])
        self.assertEqual((claims["token_use"], access["token_use"]), ("id", "access"))
        self.assertEqual((access["client_id"], access["sub"]), (client, claims["sub"]))
        self.assertNotIn("aud", access)
        self.assertNotEqual(jwt.get_unverified_header(tokens["IdToken"])["kid"], jwt.get_unverified_header(tokens["AccessToken"])["kid"])
        return claims

    def of(self, user):
        return {"IdToken": user.id_token, "AccessToken": user.access_token}

    def test_pycognito(self):
        for client, secret in CLIENTS:
            with self.subTest(secret=secret is not None):
                name = f"py-{uuid.uuid4().hex[:8]}"
                user = Cognito(POOL, client, user_pool_region=REGION, username=name, client_secret=secret)
                # It would fetch them from AWS.
                with urllib.request.urlopen(KEYS) as answer:
                    user.pool_jwk = json.load(answer)
                user.set_base_attributes(email=f"{name}@example.com")
                user.register(name, PASSWORD)
                with self.assertRaises(user.client.exceptions.UserNotConfirmedException):
                    user.authenticate(PASSWORD)
                user.confirm_sign_up(code(name), name)
                user.authenticate(PASSWORD)
                claims = self.tokens(client, self.of(user))
                self.assertEqual((claims["email"], claims["email_verified"]), (f"{name}@example.com", True))
                before = user.access_token
                user.renew_access_token()
                self.assertNotEqual(user.access_token, before)
                self.tokens(client, self.of(user))
                user.change_password(PASSWORD, OTHER)
                with self.assertRaises(user.client.exceptions.NotAuthorizedException):
                    user.authenticate(PASSWORD)
                user.authenticate(OTHER)
                app = Authenticator(user.associate_software_token())
                self.assertTrue(user.verify_software_token(app.code(), "phone"))
                user.set_user_mfa_preference(False, True, "SOFTWARE_TOKEN")
                with self.assertRaises(SoftwareTokenMFAChallengeException) as asked:
                    user.authenticate(OTHER)
                user.respond_to_software_token_mfa_challenge(app.code(), asked.exception.get_tokens())
                self.tokens(client, self.of(user))
                access = user.access_token
                user.logout()
                with self.assertRaises(user.client.exceptions.NotAuthorizedException) as refused:
                    user.client.get_user(AccessToken=access)
                self.assertEqual(refused.exception.response["Error"]["Message"], "Access Token has been revoked")

    def test_boto3(self):
        client, secret = CLIENTS[1]
        idp = boto3.client("cognito-idp", region_name=REGION)
        name = f"boto-{uuid.uuid4().hex[:8]}"
        proof = base64.b64encode(hmac.new(secret.encode(), (name + client).encode(), hashlib.sha256).digest()).decode()
        email = [{"Name": "email", "Value": f"{name}@example.com"}]
        idp.sign_up(ClientId=client, SecretHash=proof, Username=name, Password=PASSWORD, UserAttributes=email)
        idp.confirm_sign_up(ClientId=client, SecretHash=proof, Username=name, ConfirmationCode=code(name))
        given = {"USERNAME": name, "PASSWORD": PASSWORD, "SECRET_HASH": proof}
        signed_in = idp.initiate_auth(ClientId=client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given)["AuthenticationResult"]
        self.tokens(client, signed_in)
        srp = AWSSRP(name, PASSWORD, POOL, client, client=idp, client_secret=secret)
        self.tokens(client, srp.authenticate_user()["AuthenticationResult"])
        forged = AWSSRP(name, "Wrong-Horse-9", POOL, client, client=idp, client_secret=secret)
        with self.assertRaises(idp.exceptions.NotAuthorizedException):
            forged.authenticate_user()
        fresh = idp.get_tokens_from_refresh_token(RefreshToken=signed_in["RefreshToken"], ClientId=client, ClientSecret=secret)
        self.tokens(client, fresh["AuthenticationResult"])
        access = signed_in["AccessToken"]
        idp.change_password(PreviousPassword=PASSWORD, ProposedPassword=OTHER, AccessToken=access)
        app = Authenticator(idp.associate_software_token(AccessToken=access)["SecretCode"])
        self.assertEqual(idp.verify_software_token(AccessToken=access, UserCode=app.code())["Status"], "SUCCESS")
        idp.set_user_mfa_preference(AccessToken=access, SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True})
        given["PASSWORD"] = OTHER
        asked = idp.initiate_auth(ClientId=client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given)
        self.assertEqual(asked["ChallengeName"], "SOFTWARE_TOKEN_MFA")
        answers = {"USERNAME": name, "SOFTWARE_TOKEN_MFA_CODE": app.code(), "SECRET_HASH": proof}
        done = idp.respond_to_auth_challenge(
            ClientId=client, ChallengeName="SOFTWARE_TOKEN_MFA", Session=asked["Session"], ChallengeResponses=answers
        )["AuthenticationResult"]
        self.tokens(client, done)
        idp.global_sign_out(AccessToken=done["AccessToken"])
        with self.assertRaises(idp.exceptions.NotAuthorizedException):
            idp.get_user(AccessToken=access)


if __name__ == "__main__":
    unittest.main()
