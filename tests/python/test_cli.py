"""The AWS CLI as people type it: `aws cloudformation deploy` of the pipeline, `aws s3 cp` both ways, `aws lambda invoke`."""

import io
import json
import os
import subprocess
import sys
import tempfile
import unittest
import zipfile

from support import ACCOUNT, AwsTest, client, name, settle

TEMPLATE = os.environ.get("TEMPLATE", "pipeline/template.yaml")
FUNCTIONS = os.environ.get("FUNCTIONS", "target/debug")


def aws(*words):
    """Output of an `aws` command that ends well."""
    done = subprocess.run([sys.executable, "-m", "awscli", *words], capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, f"aws {' '.join(words)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


class CommandLine(AwsTest):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, file):
        return os.path.join(self.folder.name, file)

    def test_who_am_i(self):
        self.assertEqual(json.loads(aws("sts", "get-caller-identity"))["Account"], ACCOUNT)

    def test_files_go_and_come(self):
        bucket = name("cli")
        aws("s3", "mb", f"s3://{bucket}")
        body = os.urandom((20 << 20) + 17)
        with open(self.path("big"), "wb") as file:
            file.write(body)
        aws("s3", "cp", self.path("big"), f"s3://{bucket}/folder/big")
        # Above 8 MB the CLI sends parts.
        self.assertTrue(client("s3").head_object(Bucket=bucket, Key="folder/big")["ETag"].endswith('-3"'))
        aws("s3", "cp", f"s3://{bucket}/folder/big", self.path("back"))
        with open(self.path("back"), "rb") as file:
            self.assertTrue(file.read() == body, "the bytes differ")
        aws("s3", "cp", f"s3://{bucket}/folder/big", f"s3://{bucket}/copy")
        self.assertIn("folder/big", aws("s3", "ls", f"s3://{bucket}", "--recursive"))
        aws("s3", "rm", f"s3://{bucket}", "--recursive")
        aws("s3", "rb", f"s3://{bucket}")

    def test_the_pipeline_is_deployed(self):
        code, stack = name("code"), name("cli")
        aws("s3", "mb", f"s3://{code}")
        parameters = [f"CodeBucket={code}"]
        for function in ["presign", "process", "batch", "part", "images", "aggregate"]:
            self.pack(function)
            aws("s3", "cp", self.path(function), f"s3://{code}/{function}.zip", "--no-progress")
            parameters.append(f"{function.capitalize()}CodeKey={function}.zip")
        # The template is larger than a request may be: the CLI puts it into a bucket.
        deploy = ["cloudformation", "deploy", "--template-file", TEMPLATE, "--s3-bucket", code, "--stack-name", stack]
        deploy += ["--capabilities", "CAPABILITY_IAM"]
        aws(*deploy, "--parameter-overrides", *parameters)
        self.assertIn("No changes to deploy", aws(*deploy, "--parameter-overrides", *parameters, "--no-fail-on-empty-changeset"))
        outputs = json.loads(aws("cloudformation", "describe-stacks", "--stack-name", stack))["Stacks"][0]["Outputs"]
        outputs = {o["OutputKey"]: o["OutputValue"] for o in outputs}
        self.assertEqual(outputs["ImagesBucket"], f"{stack}-images-{ACCOUNT}")
        self.invoke(outputs["ImagesFunction"])
        aws(*deploy, "--parameter-overrides", *parameters, "RetentionDays=3")
        rules = json.loads(aws("s3api", "get-bucket-lifecycle-configuration", "--bucket", outputs["ImagesBucket"]))["Rules"]
        self.assertEqual(rules[0]["Expiration"]["Days"], 3)
        settle()
        aws("cloudformation", "delete-stack", "--stack-name", stack)
        settle()
        self.refused("404", client("s3").head_bucket, Bucket=outputs["ImagesBucket"])

    def pack(self, function):
        with open(os.path.join(FUNCTIONS, function), "rb") as binary, zipfile.ZipFile(self.path(function), "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
            info = zipfile.ZipInfo("bootstrap")
            info.external_attr, info.create_system, info.compress_type = 0o755 << 16, 3, zipfile.ZIP_DEFLATED
            packed.writestr(info, binary.read())

    def invoke(self, function):
        event = json.dumps({"httpMethod": "GET", "requestContext": {"requestId": "r", "authorizer": {"claims": {"sub": "somebody"}}}})
        told = json.loads(aws("lambda", "invoke", "--function-name", function, "--payload", event, self.path("answer")))
        self.assertEqual(told["StatusCode"], 200)
        self.assertNotIn("FunctionError", told)
        with open(self.path("answer")) as file:
            answer = json.load(file)
        self.assertEqual((answer["statusCode"], json.loads(answer["body"])["images"]), (200, []))


if __name__ == "__main__":
    unittest.main()
