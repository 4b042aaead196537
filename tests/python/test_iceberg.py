"""Iceberg tables as pyiceberg writes them against our Glue and S3, and as Athena reads them at once."""

import datetime as dt
import os
import time
import unittest

import pyarrow as pa
from pyiceberg.catalog import load_catalog
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import DayTransform
from pyiceberg.types import LongType, NestedField, StringType, TimestampType

from support import ENDPOINT, REGION, AwsTest, client, name


class Iceberg(AwsTest):
    def setUp(self):
        self.athena, self.bucket, self.database = client("athena"), name("ice"), name("ice").replace("-", "_")
        client("s3").create_bucket(Bucket=self.bucket)
        keys = {"access-key-id": os.environ["AWS_ACCESS_KEY_ID"], "secret-access-key": os.environ["AWS_SECRET_ACCESS_KEY"]}
        settings = {f"{service}.{key}": value for service in ("s3", "glue") for key, value in keys.items()}
        settings |= {f"{service}.endpoint": ENDPOINT for service in ("s3", "glue")} | {"s3.region": REGION, "glue.region": REGION}
        self.catalog = load_catalog("windtunnel", type="glue", warehouse=f"s3://{self.bucket}/warehouse", **settings)
        self.catalog.create_namespace(self.database)

    def rows(self, sql):
        started = self.athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": self.database},
            ResultConfiguration={"OutputLocation": f"s3://{self.bucket}/results/"},
        )["QueryExecutionId"]
        while True:
            status = self.athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"]
            if status["State"] not in ("QUEUED", "RUNNING"):
                break
            time.sleep(0.02)
        self.assertEqual(status["State"], "SUCCEEDED", status)
        rows = self.athena.get_query_results(QueryExecutionId=started)["ResultSet"]["Rows"]
        return [[value.get("VarCharValue") for value in row["Data"]] for row in rows[1:]]

    def test_what_one_writes_the_other_reads(self):
        schema = Schema(
            NestedField(1, "id", LongType(), required=False),
            NestedField(2, "who", StringType(), required=False),
            NestedField(3, "at", TimestampType(), required=False),
        )
        days = PartitionSpec(PartitionField(3, 1000, DayTransform(), "at_day"))
        table = self.catalog.create_table(f"{self.database}.events", schema, partition_spec=days)

        def batch(ids, day):
            return pa.table({
                "id": pa.array(ids, pa.int64()),
                "who": pa.array([f"u{i}" for i in ids]),
                "at": pa.array([dt.datetime(2026, 1, day)] * len(ids), pa.timestamp("us")),
            })

        table.append(batch([1, 2], 1))
        table.append(batch([3], 2))
        self.assertEqual(self.rows("select id, who from events where at >= timestamp '2026-01-02 00:00:00'"), [["3", "u3"]])
        with table.update_schema() as update:
            update.rename_column("who", "owner")
        table.delete("id = 1")
        self.assertEqual(self.rows("select id, owner from events order by id"), [["2", "u2"], ["3", "u3"]])
        first = self.rows('select snapshot_id from "events$snapshots" order by committed_at limit 1')[0][0]
        self.assertEqual(self.rows(f"select count(*), max(who) from events for version as of {first}"), [["2", "u2"]])
        found = client("glue").get_table(DatabaseName=self.database, Name="events")["Table"]
        self.assertEqual(found["Parameters"]["table_type"], "ICEBERG")


if __name__ == "__main__":
    unittest.main()
