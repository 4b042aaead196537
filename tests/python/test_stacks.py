"""CloudFormation through boto3: stacks made, changed, rolled back, deleted; waited for with boto3's own waiters."""

import json
import unittest

from botocore.exceptions import WaiterError

from support import ACCOUNT, AwsTest, client, name

TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Name: {Type: String}
  Wait: {Type: Number, Default: 30}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {QueueName: !Sub "${Name}-queue", VisibilityTimeout: !Ref Wait}
  Bucket:
    Type: AWS::S3::Bucket
    DependsOn: Queue
    Properties: {BucketName: !Ref Name}
Outputs:
  Url: {Value: !Ref Queue}
  Arn: {Value: !GetAtt Bucket.Arn}
"""
QUICK = {"Delay": 1, "MaxAttempts": 60}


class Stacks(AwsTest):
    def setUp(self):
        self.cfn = client("cloudformation")
        self.stack = name("stack")

    def parameters(self, **values):
        return [{"ParameterKey": k, "ParameterValue": v} for k, v in {"Name": self.stack, **values}.items()]

    def wait(self, what):
        self.cfn.get_waiter(what).wait(StackName=self.stack, WaiterConfig=QUICK)

    def described(self):
        return self.cfn.describe_stacks(StackName=self.stack)["Stacks"][0]

    def create(self, template=TEMPLATE):
        self.cfn.create_stack(StackName=self.stack, TemplateBody=template, Parameters=self.parameters())
        self.wait("stack_create_complete")

    def test_a_stack_lives_and_goes(self):
        self.create()
        outputs = {o["OutputKey"]: o["OutputValue"] for o in self.described()["Outputs"]}
        self.assertEqual(outputs["Arn"], f"arn:aws:s3:::{self.stack}")
        self.cfn.update_stack(StackName=self.stack, UsePreviousTemplate=True, Parameters=self.parameters(Wait="60"))
        self.wait("stack_update_complete")
        attributes = client("sqs").get_queue_attributes(QueueUrl=outputs["Url"], AttributeNames=["VisibilityTimeout"])["Attributes"]
        self.assertEqual(attributes["VisibilityTimeout"], "60")
        same = dict(StackName=self.stack, UsePreviousTemplate=True, Parameters=self.parameters(Wait="60"))
        answer = self.refused("ValidationError", self.cfn.update_stack, **same)
        self.assertEqual(answer["Error"]["Message"], "No updates are to be performed.")
        kinds = {r["ResourceType"] for r in self.cfn.describe_stack_resources(StackName=self.stack)["StackResources"]}
        self.assertEqual(kinds, {"AWS::SQS::Queue", "AWS::S3::Bucket"})
        self.cfn.delete_stack(StackName=self.stack)
        self.wait("stack_delete_complete")
        self.refused("404", client("s3").head_bucket, Bucket=self.stack)

    def test_a_failed_stack_is_rolled_back(self):
        client("s3").create_bucket(Bucket=self.stack)
        with self.assertRaises(WaiterError):
            self.create()
        self.assertEqual(self.described()["StackStatus"], "ROLLBACK_COMPLETE")
        events = self.cfn.describe_stack_events(StackName=self.stack)["StackEvents"]
        failed = [e for e in events if e["ResourceStatus"] == "CREATE_FAILED"]
        self.assertEqual(failed[-1]["LogicalResourceId"], "Bucket")
        self.refused("AWS.SimpleQueueService.NonExistentQueue", client("sqs").get_queue_url, QueueName=f"{self.stack}-queue")

    def test_change_sets(self):
        made = dict(StackName=self.stack, TemplateBody=TEMPLATE, Parameters=self.parameters(), ChangeSetName="c")
        self.cfn.create_change_set(**made, ChangeSetType="CREATE")
        self.cfn.get_waiter("change_set_create_complete").wait(StackName=self.stack, ChangeSetName="c", WaiterConfig=QUICK)
        changes = self.cfn.describe_change_set(StackName=self.stack, ChangeSetName="c")["Changes"]
        self.assertEqual({c["ResourceChange"]["Action"] for c in changes}, {"Add"})
        self.cfn.execute_change_set(StackName=self.stack, ChangeSetName="c")
        self.wait("stack_create_complete")

    def test_what_is_not_known_is_refused(self):
        unknown = json.dumps({"Resources": {"A": {"Type": "AWS::Nowhere::Thing"}}})
        answer = self.refused("ValidationError", self.cfn.create_stack, StackName=self.stack, TemplateBody=unknown)
        self.assertIn("AWS::Nowhere::Thing", answer["Error"]["Message"])
        self.refused("ValidationError", self.cfn.create_stack, StackName=self.stack, TemplateBody="Resources: [")
        missing = self.refused("ValidationError", self.cfn.describe_stacks, StackName="none")
        self.assertEqual(missing["Error"]["Message"], "Stack with id none does not exist")
        self.assertIn("Name", self.refused("ValidationError", self.cfn.create_stack, StackName=self.stack, TemplateBody=TEMPLATE)["Error"]["Message"])


if __name__ == "__main__":
    unittest.main()
