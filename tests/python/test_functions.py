"""Lambda through boto3: functions from zips, invoked and described."""

import base64
import io
import json
import unittest
import zipfile

from support import ACCOUNT, REGION, AwsTest, client, name, settle

CODE = """
import json, os
def handler(event, context):
    print("seen", json.dumps(event))
    if event.get("fail"):
        raise ValueError("asked to")
    return {"got": event, "arn": context.invoked_function_arn, "word": os.environ.get("WORD")}
"""


def package(code):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("main.py", code)
    return file.getvalue()


class Functions(AwsTest):
    def setUp(self):
        self.awslambda, iam = client("lambda"), client("iam")
        self.name, role = name("function"), name("role")
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        self.role = iam.create_role(RoleName=role, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        iam.attach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")
        self.made = self.awslambda.create_function(
            FunctionName=self.name,
            Runtime="python3.12",
            Handler="main.handler",
            Role=self.role,
            Code={"ZipFile": package(CODE)},
            Environment={"Variables": {"WORD": "hello"}},
        )
        self.awslambda.get_waiter("function_active_v2").wait(FunctionName=self.name, WaiterConfig={"Delay": 1})

    def invoke(self, event, **more):
        return self.awslambda.invoke(FunctionName=self.name, Payload=json.dumps(event), **more)

    def test_a_function_answers(self):
        answer = self.invoke({"a": "ü"}, LogType="Tail")
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.name}"
        self.assertEqual(json.loads(answer["Payload"].read()), {"got": {"a": "ü"}, "arn": arn, "word": "hello"})
        self.assertEqual((answer["StatusCode"], answer["ExecutedVersion"]), (200, "$LATEST"))
        tail = base64.b64decode(answer["LogResult"]).decode()
        self.assertIn("START RequestId: ", tail)
        self.assertIn("seen", tail)
        self.assertIn("REPORT RequestId: ", tail)

    def test_an_error_of_the_function_is_an_answer(self):
        answer = self.invoke({"fail": True})
        self.assertEqual((answer["StatusCode"], answer["FunctionError"]), (200, "Unhandled"))
        error = json.loads(answer["Payload"].read())
        self.assertEqual((error["errorType"], error["errorMessage"]), ("ValueError", "asked to"))

    def test_events_and_their_logs(self):
        self.assertEqual(self.invoke({"n": 1}, InvocationType="Event")["StatusCode"], 202)
        settle()
        events = client("logs").filter_log_events(logGroupName=f"/aws/lambda/{self.name}", filterPattern="seen")["events"]
        self.assertEqual(len(events), 1, events)

    def test_versions_and_aliases(self):
        self.assertEqual(self.awslambda.publish_version(FunctionName=self.name)["Version"], "1")
        self.awslambda.create_alias(FunctionName=self.name, Name="live", FunctionVersion="1")
        new = CODE.replace('"word"', '"new"')
        self.awslambda.update_function_code(FunctionName=self.name, ZipFile=package(new))
        self.awslambda.get_waiter("function_updated_v2").wait(FunctionName=self.name, WaiterConfig={"Delay": 1})
        self.assertIn("new", json.loads(self.invoke({})["Payload"].read()))
        old = self.invoke({}, Qualifier="live")
        self.assertEqual((old["ExecutedVersion"], "word" in json.loads(old["Payload"].read())), ("1", True))

    def test_errors(self):
        self.refused("ResourceNotFoundException", self.awslambda.invoke, FunctionName="none")
        self.refused("ResourceConflictException", self.awslambda.create_function, FunctionName=self.name, Runtime="python3.12",
                     Handler="main.handler", Role=self.role, Code={"ZipFile": package(CODE)})
        made = dict(FunctionName=name("f"), Runtime="python3.12", Handler="main.handler", Role=self.role)
        self.refused("InvalidParameterValueException", self.awslambda.create_function, **made, Code={"ZipFile": b"no zip"})
        answer = self.refused("InvalidRequestContentException", self.awslambda.invoke, FunctionName=self.name, Payload=b"{no json")
        self.assertIn("Could not parse request body into json", answer["Error"]["Message"])


if __name__ == "__main__":
    unittest.main()
