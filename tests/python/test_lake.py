"""The lake through clients: TPC-H as Athena runs it beside DuckDB's answers, PyAthena, awswrangler. Each part skips where its client isn't installed."""

import decimal
import importlib.util
import os
import tempfile
import time
import unittest

from support import REGION, AwsTest, client, name

SCALE = float(os.environ.get("TPCH_SCALE", "0.1"))


def has(module):
    return importlib.util.find_spec(module) is not None


class Lake(AwsTest):
    def setUp(self):
        self.s3, self.athena = client("s3"), client("athena")
        self.bucket, self.database = name("lake"), name("db").replace("-", "_")
        self.s3.create_bucket(Bucket=self.bucket, **({} if REGION == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": REGION}}))
        self.output = f"s3://{self.bucket}/results/"
        self.run_query(f"CREATE DATABASE {self.database}", database="default")

    def run_query(self, sql, database=None):
        """Runs a statement to its end; its execution."""
        started = self.athena.start_query_execution(
            QueryString=sql, QueryExecutionContext={"Database": database or self.database}, ResultConfiguration={"OutputLocation": self.output}
        )
        while True:
            execution = self.athena.get_query_execution(QueryExecutionId=started["QueryExecutionId"])["QueryExecution"]
            state = execution["Status"]["State"]
            if state in ("SUCCEEDED", "FAILED", "CANCELLED"):
                self.assertEqual(state, "SUCCEEDED", f"{sql}: {execution['Status'].get('StateChangeReason')}")
                return execution
            time.sleep(0.02)

    def rows(self, sql):
        execution = self.run_query(sql)
        found = []
        for page in self.athena.get_paginator("get_query_results").paginate(QueryExecutionId=execution["QueryExecutionId"]):
            found += [[cell.get("VarCharValue") for cell in row["Data"]] for row in page["ResultSet"]["Rows"]]
        return found[1:]


@unittest.skipUnless(has("duckdb"), "duckdb is not installed")
class TpcH(Lake):
    def test_all_queries_give_what_duckdb_gives(self):
        import duckdb

        duck = duckdb.connect()
        try:
            duck.execute(f"CALL dbgen(sf={SCALE})")
        except duckdb.Error as problem:
            self.skipTest(f"this duckdb makes no TPC-H data: {problem}")
        with tempfile.TemporaryDirectory() as folder:
            for (table,) in duck.execute("SELECT table_name FROM information_schema.tables").fetchall():
                path = os.path.join(folder, f"{table}.parquet")
                duck.execute(f"COPY {table} TO '{path}' (FORMAT parquet)")
                self.s3.upload_file(path, self.bucket, f"{table}/data.parquet")
                columns = duck.execute(f"SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = '{table}' ORDER BY column_index").fetchall()
                hive = ", ".join(f"{column} {self.hive(kind)}" for column, kind in columns)
                self.run_query(f"CREATE EXTERNAL TABLE {table} ({hive}) STORED AS PARQUET LOCATION 's3://{self.bucket}/{table}/'")
        queries = duck.execute("SELECT query_nr, query FROM tpch_queries()").fetchall()
        self.assertEqual(len(queries), 22)
        for number, sql in queries:
            with self.subTest(query=number):
                wanted = duck.execute(sql).fetchall()
                found = self.rows(sql)
                self.assertEqual(len(found), len(wanted))
                for ours, theirs in zip(found, wanted):
                    for text, value in zip(ours, theirs):
                        self.same(text, value)

    @staticmethod
    def hive(kind):
        return {"INTEGER": "int", "VARCHAR": "string"}.get(kind, kind.lower())

    def same(self, text, value):
        if isinstance(value, (int, float, decimal.Decimal)):
            # Divisions of decimals have the scale of Trino's there, doubles in DuckDB.
            self.assertAlmostEqual(float(text), float(value), delta=max(abs(float(value)) * 1e-6, 0.01))
        else:
            self.assertEqual(text, None if value is None else str(value))


@unittest.skipUnless(has("pyathena"), "pyathena is not installed")
class PyAthena(Lake):
    def test_cursors_give_typed_rows(self):
        from pyathena import connect
        from pyathena.cursor import DictCursor

        connection = connect(s3_staging_dir=self.output, region_name=REGION, schema_name=self.database, poll_interval=0.05)
        cursor = connection.cursor()
        cursor.execute("SELECT 1 AS n, 'a' AS s, DATE '2020-01-02' AS d, DECIMAL '1.50' AS x, ARRAY[1, 2] AS l, CAST(NULL AS varchar) AS nothing")
        row = cursor.fetchone()
        self.assertEqual((row[0], row[1], str(row[2]), row[3], row[5]), (1, "a", "2020-01-02", decimal.Decimal("1.50"), None))
        self.assertEqual([column[0] for column in cursor.description], ["n", "s", "d", "x", "l", "nothing"])
        cursor.execute("SELECT x FROM (VALUES 1, 2, 3) AS t(x) WHERE x > %(low)d ORDER BY x", {"low": 1})
        self.assertEqual(cursor.fetchall(), [(2,), (3,)])
        cursor.execute("SELECT x FROM (VALUES 1, 2, 3) AS t(x) WHERE x = ?", ["3"], paramstyle="qmark")
        self.assertEqual(cursor.fetchall(), [(3,)])
        with connection.cursor(DictCursor) as named:
            self.assertEqual(named.execute("SELECT 7 AS seven").fetchone(), {"seven": 7})
        with self.assertRaises(Exception) as refusal:
            cursor.execute("SELECT nothing FROM nowhere")
        self.assertIn("TABLE_NOT_FOUND", str(refusal.exception))


@unittest.skipUnless(has("awswrangler"), "awswrangler is not installed")
class Wrangler(Lake):
    def test_a_dataset_is_written_and_read_in_every_way(self):
        import awswrangler
        import pandas

        frame = pandas.DataFrame({"id": [1, 2, 3], "name": ["a", "b", "c"], "day": ["2020-01-01", "2020-01-01", "2020-01-02"]})
        path = f"s3://{self.bucket}/dataset/"
        awswrangler.s3.to_parquet(frame, path, dataset=True, database=self.database, table="photos", partition_cols=["day"])
        sql = "SELECT id, name FROM photos WHERE day = '2020-01-01' ORDER BY id"
        for more in ({"ctas_approach": False}, {"ctas_approach": True}, {"ctas_approach": False, "unload_approach": True, "s3_output": f"{self.output}unload/"}):
            read = awswrangler.athena.read_sql_query(sql, database=self.database, **({"s3_output": self.output} | more))
            self.assertEqual(sorted(read["name"]), ["a", "b"], more)


if __name__ == "__main__":
    unittest.main()
