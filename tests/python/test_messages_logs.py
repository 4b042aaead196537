"""SQS, CloudWatch Logs and Glue through boto3."""

import hashlib
import json
import time
import unittest

from support import ACCOUNT, REGION, AwsTest, advance, client, name, own, settle


class Queues(AwsTest):
    def setUp(self):
        self.sqs = client("sqs")
        self.queue = self.sqs.create_queue(QueueName=name("queue"), Attributes={"VisibilityTimeout": "30"})["QueueUrl"]

    def receive(self, **more):
        return self.sqs.receive_message(QueueUrl=self.queue, **more).get("Messages", [])

    def test_a_message_comes_once_and_again_when_it_was_not_deleted(self):
        attributes = {"colour": {"DataType": "String", "StringValue": "blue"}}
        sent = self.sqs.send_message(QueueUrl=self.queue, MessageBody="hi", MessageAttributes=attributes)
        self.assertEqual(sent["MD5OfMessageBody"], hashlib.md5(b"hi").hexdigest())
        [got] = self.receive(MessageAttributeNames=["All"], AttributeNames=["All"])
        self.assertEqual((got["Body"], got["MessageAttributes"]["colour"]["StringValue"]), ("hi", "blue"))
        self.assertEqual(got["Attributes"]["ApproximateReceiveCount"], "1")
        self.assertEqual(self.receive(), [])
        advance("31s")
        [again] = self.receive(AttributeNames=["All"])
        self.assertEqual(again["Attributes"]["ApproximateReceiveCount"], "2")
        self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=again["ReceiptHandle"])
        advance("31s")
        self.assertEqual(self.receive(), [])

    def test_batches(self):
        entries = [{"Id": str(n), "MessageBody": f"m{n}"} for n in range(10)]
        self.assertEqual(len(self.sqs.send_message_batch(QueueUrl=self.queue, Entries=entries)["Successful"]), 10)
        got = self.receive(MaxNumberOfMessages=10)
        self.assertEqual(sorted(m["Body"] for m in got), sorted(e["MessageBody"] for e in entries))
        same = [{"Id": "1", "MessageBody": "a"}, {"Id": "1", "MessageBody": "b"}]
        self.refused("AWS.SimpleQueueService.BatchEntryIdsNotDistinct", self.sqs.send_message_batch, QueueUrl=self.queue, Entries=same)

    def test_what_fails_too_often_goes_to_the_dead_letters(self):
        dead = self.sqs.create_queue(QueueName=name("dead"))["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})}
        self.sqs.set_queue_attributes(QueueUrl=self.queue, Attributes=redrive)
        self.sqs.send_message(QueueUrl=self.queue, MessageBody="poison")
        self.assertEqual(len(self.receive()), 1)
        advance("31s")
        self.assertEqual(self.receive(), [])
        [got] = self.sqs.receive_message(QueueUrl=dead).get("Messages", [])
        self.assertEqual(got["Body"], "poison")

    def test_errors(self):
        answer = self.refused("AWS.SimpleQueueService.NonExistentQueue", self.sqs.get_queue_url, QueueName="none")
        self.assertEqual(answer["Error"]["Message"], "The specified queue does not exist.")
        self.refused("ReceiptHandleIsInvalid", self.sqs.delete_message, QueueUrl=self.queue, ReceiptHandle="nonsense")
        self.refused("InvalidParameterValue", self.sqs.create_queue, QueueName="no spaces")


class Ordered(AwsTest):
    def setUp(self):
        self.sqs, self.sns = client("sqs"), client("sns")
        self.queue = self.sqs.create_queue(QueueName=name("ordered") + ".fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
        self.arn = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def bodies(self, most=10):
        got = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=most).get("Messages", [])
        return [message["Body"] for message in got]

    def test_a_fifo_topic_fills_a_fifo_queue_in_order_and_once(self):
        topic = self.sns.create_topic(Name=name("ordered") + ".fifo", Attributes={"FifoTopic": "true", "ContentBasedDeduplication": "true"})
        statement = {
            "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": self.arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic["TopicArn"]}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.sqs.set_queue_attributes(QueueUrl=self.queue, Attributes={"Policy": policy})
        attributes = {"RawMessageDelivery": "true"}
        self.sns.subscribe(TopicArn=topic["TopicArn"], Protocol="sqs", Endpoint=self.arn, Attributes=attributes)
        for body in ["one", "two", "one", "three"]:
            self.sns.publish(TopicArn=topic["TopicArn"], Message=body, MessageGroupId="g")
        settle()
        self.assertEqual(self.bodies(most=1), ["one"])
        self.assertEqual(self.bodies(), [])
        advance("31s")
        self.assertEqual(self.bodies(), ["one", "two", "three"])

    def test_a_message_is_sent_once_in_five_minutes(self):
        message = {"QueueUrl": self.queue, "MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": "d"}
        first = self.sqs.send_message(**message)
        self.assertEqual(self.sqs.send_message(**message)["SequenceNumber"], first["SequenceNumber"])
        advance("5m")
        self.assertNotEqual(self.sqs.send_message(**message)["MessageId"], first["MessageId"])


class LogGroups(AwsTest):
    def setUp(self):
        self.logs = client("logs")
        self.group = "/" + name("group")
        self.logs.create_log_group(logGroupName=self.group)
        self.logs.create_log_stream(logGroupName=self.group, logStreamName="s")

    def put(self, *messages):
        # The emulator's clock may be ahead of ours by what other tests advanced.
        now = own("GET", "clock")
        at = int(time.time() * 1000) + int(now["offset_ms"])
        events = [{"timestamp": at + n, "message": m} for n, m in enumerate(messages)]
        return self.logs.put_log_events(logGroupName=self.group, logStreamName="s", logEvents=events)

    def test_lines_are_found_by_patterns(self):
        self.put("plain ERROR one", json.dumps({"level": "warn", "ms": 12}), "fine")
        events = self.logs.get_log_events(logGroupName=self.group, logStreamName="s", startFromHead=True)["events"]
        self.assertEqual(len(events), 3)

        def found(pattern):
            return [e["message"] for e in self.logs.filter_log_events(logGroupName=self.group, filterPattern=pattern)["events"]]

        self.assertEqual(found("ERROR"), ["plain ERROR one"])
        self.assertEqual(found("{ $.ms > 10 }"), [json.dumps({"level": "warn", "ms": 12})])

    def test_a_query_counts_and_a_metric_filter_is_listed(self):
        self.put(json.dumps({"level": "warn", "ms": 12}), json.dumps({"level": "warn", "ms": 8}), "fine")
        at = int(time.time()) + int(own("GET", "clock")["offset_ms"]) // 1000
        query = "filter level = 'warn' | stats count(*) as n, avg(ms) as mean by level"
        started = self.logs.start_query(logGroupName=self.group, startTime=at - 3600, endTime=at + 3600, queryString=query)
        settle()
        found = self.logs.get_query_results(queryId=started["queryId"])
        self.assertEqual(found["status"], "Complete")
        self.assertEqual({cell["field"]: cell["value"] for cell in found["results"][0]}, {"level": "warn", "n": "2", "mean": "10"})
        transformation = {"metricName": "Slow", "metricNamespace": "App", "metricValue": "$.ms"}
        pattern = {"filterName": "slow", "filterPattern": "{ $.ms > 10 }", "metricTransformations": [transformation]}
        self.logs.put_metric_filter(logGroupName=self.group, **pattern)
        [listed] = self.logs.describe_metric_filters(logGroupName=self.group)["metricFilters"]
        self.assertEqual(listed["metricTransformations"], [transformation])
        self.refused("MalformedQueryException", self.logs.start_query, logGroupName=self.group, startTime=0, endTime=1, queryString="x")

    def test_retention(self):
        self.logs.put_retention_policy(logGroupName=self.group, retentionInDays=1)
        self.put("short-lived")
        advance("3d")
        self.assertEqual(self.logs.filter_log_events(logGroupName=self.group)["events"], [])

    def test_errors(self):
        self.refused("ResourceAlreadyExistsException", self.logs.create_log_group, logGroupName=self.group)
        self.refused("ResourceNotFoundException", self.logs.describe_log_streams, logGroupName="/none")
        self.refused("InvalidParameterException", self.logs.put_retention_policy, logGroupName=self.group, retentionInDays=2)


class Catalog(AwsTest):
    def setUp(self):
        self.glue = client("glue")
        self.database = name("db").replace("-", "_")
        self.glue.create_database(DatabaseInput={"Name": self.database})

    def table(self, **more):
        columns = [{"Name": "id", "Type": "string"}]
        storage = {"Columns": columns, "Location": "s3://none/", "SerdeInfo": {"SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe"}}
        return {"Name": "Things", "StorageDescriptor": storage, "PartitionKeys": [{"Name": "dt", "Type": "string"}], **more}

    def test_tables_and_partitions(self):
        self.glue.create_table(DatabaseName=self.database, TableInput=self.table())
        self.assertEqual(self.glue.get_table(DatabaseName=self.database, Name="things")["Table"]["Name"], "things")
        where = dict(DatabaseName=self.database, TableName="things")
        for day in ["2024-01-01", "2024-01-02", "2024-02-01"]:
            self.glue.create_partition(**where, PartitionInput={"Values": [day], "StorageDescriptor": self.table()["StorageDescriptor"]})
        found = self.glue.get_partitions(**where, Expression="dt >= '2024-01-02' AND dt < '2024-02-01'")["Partitions"]
        self.assertEqual([p["Values"] for p in found], [["2024-01-02"]])
        self.refused("AlreadyExistsException", self.glue.create_partition, **where, PartitionInput={"Values": ["2024-01-01"]})

    def test_errors(self):
        self.refused("AlreadyExistsException", self.glue.create_database, DatabaseInput={"Name": self.database})
        answer = self.refused("EntityNotFoundException", self.glue.get_database, Name="none")
        self.assertEqual(answer["Error"]["Message"], "Database none not found.")
        self.refused("EntityNotFoundException", self.glue.get_table, DatabaseName=self.database, Name="none")


if __name__ == "__main__":
    unittest.main()
