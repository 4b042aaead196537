"""What every test here needs: clients from the environment, the emulator's own endpoints, names that don't collide.

The environment is what `windtunnel env` exports; nothing here knows keys or addresses of its own, so an unmodified client is tested.
STACK holds the outputs of the deployed pipeline as JSON, where a test needs it; FIXTURES is the folder with pictures.
"""

import json
import os
import unittest
import urllib.error
import urllib.parse
import urllib.request
import uuid

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
REGION = os.environ["AWS_REGION"]
STACK = json.loads(os.environ.get("STACK", "{}"))
FIXTURES = os.environ.get("FIXTURES", "fixtures")
ACCOUNT = "000000000000"


def client(service, **options):
    """A client of a service; keys of another identity by `keys=`."""
    keys = options.pop("keys", None) or {}
    named = {"AccessKeyId": "aws_access_key_id", "SecretAccessKey": "aws_secret_access_key", "SessionToken": "aws_session_token"}
    options.update({name: keys[key] for key, name in named.items() if key in keys})
    # Version 4 for presigned URLs too; a refusal must be seen at once, so nothing is tried again.
    config = Config(signature_version="s3v4" if service == "s3" else None, retries={"max_attempts": 0}, read_timeout=60)
    return boto3.client(service, config=config, **options)


def name(prefix):
    """A name that no other test uses."""
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


def http(method, url, body=None, headers=None):
    """A plain request: status, headers, body. A refusal is an answer too."""
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.headers, refusal.read()


def own(method, path, value=None):
    """One of the emulator's own endpoints."""
    body = None if value is None else json.dumps(value).encode()
    status, _, answer = http(method, f"{ENDPOINT}/_windtunnel/{path}", body, {"content-type": "application/json"})
    assert status == 200, f"{method} {path}: {status} {answer!r}"
    return json.loads(answer)


def settle():
    """Waits until the emulator has nothing under way."""
    answer = own("POST", "settle", {"within": "60s"})
    assert answer["quiet"], answer


def advance(by):
    """Moves the clock, doing what falls due."""
    return own("POST", "clock", {"advance": by, "settle": "each"})


def fixture(path):
    """The bytes of a picture."""
    with open(os.path.join(FIXTURES, path), "rb") as file:
        return file.read()


class AwsTest(unittest.TestCase):
    """A test case that expects AWS's errors by code."""

    longMessage = True
    maxDiff = None

    def refused(self, code, call, *args, **kwargs):
        """The call is refused with this code; the whole answer is given back."""
        with self.assertRaises(ClientError) as caught:
            call(*args, **kwargs)
        answer = caught.exception.response
        self.assertEqual(answer["Error"]["Code"], code, answer)
        return answer
