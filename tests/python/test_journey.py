"""The main job, walked from outside with boto3 and plain HTTP: from signing up to finding everything gone."""

import hashlib
import json
import unittest
import urllib.parse

import srp
from support import STACK, AwsTest, advance, client, fixture, http, name, own, settle


class User:
    """Somebody who has signed up and confirmed."""

    password = "Correct-Horse-9"

    def __init__(self):
        self.cognito = client("cognito-idp")
        self.email = f"{name('ana')}@example.com"
        self.pool, self.app = STACK["UserPoolId"], STACK["UserPoolClientId"]
        attributes = [{"Name": "email", "Value": self.email}]
        signed_up = self.cognito.sign_up(ClientId=self.app, Username=self.email, Password=self.password, UserAttributes=attributes)
        self.sub, self.confirmed_at_once = signed_up["UserSub"], signed_up["UserConfirmed"]

    def code(self):
        """The newest code that was sent."""
        found = own("GET", f"cognito/messages?user={urllib.parse.quote(self.email)}")
        return found["messages"][0]["code"]

    def confirm(self):
        self.cognito.confirm_sign_up(ClientId=self.app, Username=self.email, ConfirmationCode=self.code())
        return self

    def sign_in(self):
        """Signs in by password; the tokens."""
        given = {"USERNAME": self.email, "PASSWORD": self.password}
        answer = self.cognito.initiate_auth(AuthFlow="USER_PASSWORD_AUTH", ClientId=self.app, AuthParameters=given)
        return answer["AuthenticationResult"]


class Api:
    """The pipeline's API as a signed-in user sees it."""

    def __init__(self, token):
        self.token = token

    def call(self, method, path):
        """Status and answer."""
        status, _, body = http(method, STACK["ApiUrl"] + path, headers={"Authorization": f"Bearer {self.token}"})
        return status, json.loads(body) if body else None

    def presign(self, filename, kind, size):
        query = urllib.parse.urlencode({"filename": filename, "contentType": kind, "size": size})
        return self.call("GET", f"/uploads/presign?{query}")

    def upload(self, filename, kind, picture):
        """Asks for a URL, puts the picture, waits until it is processed; the image's id."""
        status, signed = self.presign(filename, kind, len(picture))
        assert status == 200, (status, signed)
        status, _, body = http("PUT", signed["url"], picture, signed["headers"])
        assert status == 200, (status, body)
        settle()
        return signed["id"]


class Journey(AwsTest):
    def everything_of(self, sub):
        s3 = client("s3")
        keys = lambda bucket, prefix: [o["Key"] for o in s3.list_objects_v2(Bucket=STACK[bucket], Prefix=prefix).get("Contents", [])]
        # Rows of metadata carry the image's id, which begins with a tag of its owner.
        tag = hashlib.sha256(sub.encode()).hexdigest()[:8]
        rows = [k for k in keys("MetadataBucket", "metadata/") if k.split("/")[-1].startswith(tag)]
        return keys("ImagesBucket", f"uploads/{sub}/"), keys("ImagesBucket", f"renditions/{sub}/"), rows

    def query(self, sql):
        """Rows of a query as dictionaries."""
        athena = client("athena")
        started = athena.start_query_execution(
            QueryString=sql, QueryExecutionContext={"Database": STACK["Database"]}, WorkGroup=STACK["WorkGroup"]
        )["QueryExecutionId"]
        settle()
        status = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"]
        self.assertEqual(status["State"], "SUCCEEDED", status)
        rows = athena.get_query_results(QueryExecutionId=started)["ResultSet"]["Rows"]
        head, *rows = [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows]
        return [dict(zip(head, row)) for row in rows]

    def test_the_whole_way(self):
        user = User()
        self.assertFalse(user.confirmed_at_once)
        self.refused("UserNotConfirmedException", user.sign_in)
        user.confirm()
        api = Api(user.sign_in()["IdToken"])

        picture = fixture("photos/chelsea.png")
        image = api.upload("my cat.png", "image/png", picture)
        uploads, renditions, metadata = self.everything_of(user.sub)
        self.assertEqual(len(uploads), 1)
        self.assertIn(f"renditions/{user.sub}/{image}/image.json", renditions)
        self.assertTrue([k for k in renditions if k.endswith(".webp")] and [k for k in renditions if k.endswith(".jpg")], renditions)
        self.assertEqual(len(metadata), 1)

        status, listed = api.call("GET", "/images")
        self.assertEqual((status, [i["id"] for i in listed["images"]]), (200, [image]))
        status, shown = api.call("GET", f"/images/{image}")
        self.assertEqual((status, shown["format"], shown["width"], shown["height"]), (200, "png", 451, 300), shown)
        for rendition in shown["renditions"]:
            status, headers, body = http("GET", rendition["url"])
            self.assertEqual((status, headers["content-type"], len(body)), (200, rendition["contentType"], rendition["bytes"]))

        sql = f"SELECT id, owner, format, width, height FROM {STACK['Table']} WHERE width > 100 AND owner = '{user.sub}'"
        expected = {"id": image, "owner": user.sub, "format": "png", "width": "451", "height": "300"}
        self.assertEqual(self.query(sql), [expected])

        # Until the rounded midnight that ends the seventh day everything is there, and 8 days on nothing is.
        advance("7d")
        self.assertEqual(list(map(len, self.everything_of(user.sub))), [1, len(renditions), 1])
        advance("1d")
        self.assertEqual(self.everything_of(user.sub), ([], [], []))
        self.assertEqual(self.query(sql), [])
        status, listed = Api(user.sign_in()["IdToken"]).call("GET", "/images")
        self.assertEqual((status, listed["images"]), (200, []))

    def test_who_may_not(self):
        ana, bo = User().confirm(), User().confirm()
        hers, his = Api(ana.sign_in()["IdToken"]), Api(bo.sign_in()["IdToken"])
        image = hers.upload("card.jpg", "image/jpeg", fixture("made/formats/baseline.jpg"))
        self.assertEqual(his.call("DELETE", f"/images/{image}")[0], 403)
        self.assertEqual(his.call("GET", f"/images/{image}")[0], 403)
        self.assertEqual(Api("nonsense").call("GET", "/images"), (401, {"message": "Unauthorized"}))
        token = hers.token
        other = token[:-3] + ("AAA" if token[-3:] != "AAA" else "BBB")
        self.assertEqual(Api(other).call("GET", "/images")[0], 401)
        self.assertEqual(hers.presign("a.pdf", "application/pdf", 10)[0], 415)
        self.assertEqual(hers.presign("a.png", "image/png", 1 << 40)[0], 413)
        status, signed = hers.presign("a.png", "image/png", 4)
        # The length is signed: another one is refused, as another type is.
        headers = {k: v for k, v in signed["headers"].items() if k.lower() != "content-length"}
        self.assertEqual(http("PUT", signed["url"], b"longer", headers)[0], 403)
        self.assertEqual(http("PUT", signed["url"], b"four", {"content-type": "text/html"})[0], 403)
        self.assertEqual(hers.call("DELETE", f"/images/{image}")[0], 204)
        self.assertEqual(self.everything_of(ana.sub)[:2], ([], []))
        self.assertEqual(hers.call("GET", f"/images/{image}")[0], 404)

    def test_what_is_no_picture_is_quarantined(self):
        user = User().confirm()
        api = Api(user.sign_in()["IdToken"])
        api.upload("bomb.png", "image/png", fixture("made/damage/bomb-50000x50000.png"))
        s3 = client("s3")
        found = s3.list_objects_v2(Bucket=STACK["ImagesBucket"], Prefix=f"quarantine/{user.sub}/")["Contents"]
        [reason] = [o["Key"] for o in found if o["Key"].endswith(".reason.json")]
        self.assertEqual(len(found), 2)
        self.assertIn("pixels", s3.get_object(Bucket=STACK["ImagesBucket"], Key=reason)["Body"].read().decode().lower())
        self.assertEqual(self.everything_of(user.sub)[0], [])

    def test_tokens(self):
        user = User().confirm()
        cognito, app = user.cognito, user.app
        by_srp = srp.sign_in(cognito, user.pool, app, user.email, user.password)
        self.assertEqual(Api(by_srp["IdToken"]).call("GET", "/images")[0], 200)
        self.refused("NotAuthorizedException", srp.sign_in, cognito, user.pool, app, user.email, "Wrong-Horse-9")
        got = cognito.get_user(AccessToken=by_srp["AccessToken"])
        self.assertEqual({a["Name"]: a["Value"] for a in got["UserAttributes"]}["email"], user.email)
        refresh = {"REFRESH_TOKEN": by_srp["RefreshToken"]}
        advance("61m")
        self.assertEqual(Api(by_srp["IdToken"]).call("GET", "/images"), (401, {"message": "The incoming token has expired"}))
        again = cognito.initiate_auth(AuthFlow="REFRESH_TOKEN_AUTH", ClientId=app, AuthParameters=refresh)["AuthenticationResult"]
        self.assertEqual(Api(again["IdToken"]).call("GET", "/images")[0], 200)

    def test_pools_refuse(self):
        user = User()
        wrong = "000000" if user.code() != "000000" else "111111"
        self.refused("CodeMismatchException", user.cognito.confirm_sign_up, ClientId=user.app, Username=user.email, ConfirmationCode=wrong)
        again = dict(ClientId=user.app, Username=user.email, Password=user.password)
        self.refused("UsernameExistsException", user.cognito.sign_up, **again)
        self.refused("InvalidPasswordException", user.cognito.sign_up, ClientId=user.app, Username="x", Password="short")
        user.confirm()
        given = {"USERNAME": user.email, "PASSWORD": "Wrong-Horse-9"}
        self.refused("NotAuthorizedException", user.cognito.initiate_auth, AuthFlow="USER_PASSWORD_AUTH", ClientId=user.app, AuthParameters=given)
        given = {"USERNAME": "nobody@example.com", "PASSWORD": "Wrong-Horse-9"}
        self.refused("NotAuthorizedException", user.cognito.initiate_auth, AuthFlow="USER_PASSWORD_AUTH", ClientId=user.app, AuthParameters=given)


if __name__ == "__main__":
    unittest.main()
