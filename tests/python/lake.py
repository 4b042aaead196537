"""What tests of the lake share: a bucket and a database of their own, statements run to their end, rows read."""

import time

from support import AwsTest, client, name

# A query that takes longer than this hangs, seconds.
LONGEST = 120


class LakeTest(AwsTest):
    """A bucket, a database, and Athena's results in that bucket."""

    @classmethod
    def setUpClass(cls):
        cls.s3, cls.athena, cls.glue = client("s3"), client("athena"), client("glue")
        cls.bucket, cls.database = name("lake"), name("db").replace("-", "_")
        cls.s3.create_bucket(Bucket=cls.bucket)
        cls.output = f"s3://{cls.bucket}/results/"
        cls.glue.create_database(DatabaseInput={"Name": cls.database})

    def execution(self, sql, **more):
        """Runs a statement to its end, whichever; its execution."""
        started = self.athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": self.database},
            ResultConfiguration={"OutputLocation": self.output},
            **more,
        )
        deadline = time.monotonic() + LONGEST
        while time.monotonic() < deadline:
            execution = self.athena.get_query_execution(QueryExecutionId=started["QueryExecutionId"])["QueryExecution"]
            if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
                return execution
            time.sleep(0.02)
        self.fail(f"{sql} still runs after {LONGEST} s")

    def run_sql(self, sql, **more):
        """Runs a statement that must succeed; its execution."""
        execution = self.execution(sql, **more)
        self.assertEqual(execution["Status"]["State"], "SUCCEEDED", f"{sql}: {execution['Status'].get('StateChangeReason')}")
        return execution

    def rows(self, sql):
        """The rows of a query, as texts; NULL is None."""
        execution, found = self.run_sql(sql), []
        for page in self.athena.get_paginator("get_query_results").paginate(QueryExecutionId=execution["QueryExecutionId"]):
            found += [[cell.get("VarCharValue") for cell in row["Data"]] for row in page["ResultSet"]["Rows"]]
        return found[1:]

    def keys(self, prefix):
        """Keys of the bucket below a prefix."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [found["Key"] for page in pages for found in page.get("Contents", [])]
