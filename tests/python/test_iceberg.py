"""Iceberg tables as pyiceberg writes them against our Glue and S3, and as Athena reads them at once."""

import datetime as dt
import os
import unittest

import pyarrow as pa
from pyiceberg.catalog import load_catalog
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import DayTransform
from pyiceberg.types import LongType, NestedField, StringType, TimestampType

from lake import LakeTest
from support import ENDPOINT, REGION, name


class Iceberg(LakeTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        keys = {"access-key-id": os.environ["AWS_ACCESS_KEY_ID"], "secret-access-key": os.environ["AWS_SECRET_ACCESS_KEY"]}
        settings = {f"{service}.{key}": value for service in ("s3", "glue") for key, value in keys.items()}
        settings |= {f"{service}.endpoint": ENDPOINT for service in ("s3", "glue")} | {"s3.region": REGION, "glue.region": REGION}
        cls.catalog = load_catalog("windtunnel", type="glue", warehouse=f"s3://{cls.bucket}/warehouse", **settings)
        # A database that pyiceberg made.
        cls.database = name("ice").replace("-", "_")
        cls.catalog.create_namespace(cls.database)

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
        found = self.glue.get_table(DatabaseName=self.database, Name="events")["Table"]
        self.assertEqual(found["Parameters"]["table_type"], "ICEBERG")


if __name__ == "__main__":
    unittest.main()
