"""CloudWatch through boto3, in each of its three protocols."""

import json
import time
import unittest
import xml.etree.ElementTree as ElementTree

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from support import ENDPOINT, REGION, AwsTest, client, http, name


def now():
    return int(time.time())


def spoken(protocol):
    """boto3's client of CloudWatch, made to speak a protocol."""
    session = botocore.session.get_session()
    loader = session.get_component("data_loader")
    load = loader.load_service_model

    def patched(service, kind, api_version=None):
        model = load(service, kind, api_version)
        if service == "cloudwatch" and kind == "service-2":
            model = {**model, "metadata": {**model["metadata"], "protocol": protocol, "protocols": [protocol]}}
        return model

    loader.load_service_model = patched
    return session.create_client("cloudwatch", region_name=REGION, endpoint_url=ENDPOINT)


def raw(headers, body):
    """A signed request as bytes: status and body."""
    request = AWSRequest("POST", ENDPOINT + "/", data=body, headers=headers)
    credentials = botocore.session.get_session().get_credentials()
    SigV4Auth(credentials, "monitoring", REGION).add_auth(request)
    status, _, answer = http("POST", ENDPOINT + "/", body, dict(request.headers))
    return status, answer


class Protocols(AwsTest):
    def test_each_protocol_puts_and_reads(self):
        for protocol in ["smithy-rpc-v2-cbor", "json", "query"]:
            with self.subTest(protocol):
                cloudwatch, space = spoken(protocol), name("space")
                data = [{"MetricName": "some", "Value": 41.0, "Timestamp": now()}, {"MetricName": "part", "Value": 23.0}]
                cloudwatch.put_metric_data(Namespace=space, MetricData=data)
                stat = lambda metric: {"Metric": {"Namespace": space, "MetricName": metric}, "Period": 60, "Stat": "Sum"}
                queries = [{"Id": metric, "MetricStat": stat(metric)} for metric in ["some", "part"]]
                answer = cloudwatch.get_metric_data(MetricDataQueries=queries, StartTime=now() - 120, EndTime=now() + 120)
                self.assertEqual([result["Values"] for result in answer["MetricDataResults"]], [[41.0], [23.0]])
                self.assertEqual(cloudwatch.describe_alarms(AlarmNamePrefix=space)["MetricAlarms"], [])

    def test_each_protocol_says_what_is_wrong(self):
        for protocol in ["smithy-rpc-v2-cbor", "json", "query"]:
            with self.subTest(protocol):
                cloudwatch = spoken(protocol)
                wrong = [{"MetricName": "m", "Value": 1.0, "Values": [1.0]}]
                self.refused("InvalidParameterCombination", cloudwatch.put_metric_data, Namespace="n", MetricData=wrong)
                state = {"AlarmName": name("nobody"), "StateReason": "r"}
                self.refused("ResourceNotFound", cloudwatch.set_alarm_state, StateValue="OK", **state)
                self.refused("ValidationError", cloudwatch.set_alarm_state, StateValue="INVALID", **state)

    def test_on_the_wire(self):
        target = {"X-Amz-Target": "GraniteServiceVersion20100801.SetAlarmState", "Content-Type": "application/x-amz-json-1.0"}
        body = json.dumps({"AlarmName": "nobody", "StateValue": "OK", "StateReason": "r"}).encode()
        status, answer = raw(target, body)
        self.assertEqual((status, json.loads(answer)["__type"].split("#")[-1]), (404, "ResourceNotFound"))
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        status, answer = raw(form, b"Action=DescribeAlarms&Version=2010-08-01&AlarmNamePrefix=nobody")
        root = ElementTree.fromstring(answer)
        self.assertEqual(root.tag, "{http://monitoring.amazonaws.com/doc/2010-08-01/}DescribeAlarmsResponse")
        self.assertEqual(root[0].tag, "{http://monitoring.amazonaws.com/doc/2010-08-01/}DescribeAlarmsResult")

    def test_big_requests_come_compressed(self):
        cloudwatch, space = client("cloudwatch"), name("space")
        sent = []
        cloudwatch.meta.events.register("before-send", lambda request, **_: sent.append(request.headers.get("Content-Encoding")) or None)
        data = [{"MetricName": f"metric-{n:04}", "Value": float(n), "Unit": "Count"} for n in range(500)]
        cloudwatch.put_metric_data(Namespace=space, MetricData=data)
        self.assertIn(sent[0], ["gzip", b"gzip"])
        found = cloudwatch.get_paginator("list_metrics").paginate(Namespace=space)
        self.assertEqual(sum(len(page["Metrics"]) for page in found), 500)


if __name__ == "__main__":
    unittest.main()
