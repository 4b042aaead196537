"""TPC-H as Athena runs it over Parquet in S3: each of the 22 queries gives what DuckDB gives of the same files.

CI takes the scale 0.1, a desk 0.01; TPCH_SCALE sets another.
"""

import datetime
import decimal
import os
import re
import subprocess
import tempfile
import time
import unittest

import duckdb

from lake import LakeTest

SCALE = float(os.environ.get("TPCH_SCALE", "0.1" if os.environ.get("WINDTUNNEL_CI") == "1" else "0.01"))
HERE = os.path.dirname(os.path.abspath(__file__))


def queries():
    """Number and text of each query."""
    with open(os.path.join(HERE, "tpch.sql")) as file:
        parts = re.findall(r"-- Q(\d+)\n(.*?);", file.read(), re.S)
    return [(int(number), sql.replace("{fraction}", f"{0.0001 / SCALE:.7f}")) for number, sql in parts]


def hive(kind):
    return {"INTEGER": "int", "VARCHAR": "string"}.get(kind, kind.lower())


class TpcH(LakeTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.duck = duckdb.connect()
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["tpchgen-cli", "parquet", "-s", str(SCALE), "-o", folder], check=True, capture_output=True)
            for file in sorted(os.listdir(folder)):
                table = file.split(".")[0]
                path = os.path.join(folder, file)
                cls.duck.execute(f"CREATE TABLE {table} AS SELECT * FROM read_parquet('{path}')")
                cls.s3.upload_file(path, cls.bucket, f"tpch/{table}/{file}")

    def setUp(self):
        for (table,) in self.duck.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            found = self.duck.execute(f"SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = '{table}' ORDER BY column_index")
            columns = ", ".join(f"{column} {hive(kind)}" for column, kind in found.fetchall())
            self.run_sql(f"CREATE EXTERNAL TABLE {table} ({columns}) STORED AS PARQUET LOCATION 's3://{self.bucket}/tpch/{table}/'")

    def test_all_queries_give_what_duckdb_gives(self):
        asked = queries()
        self.assertEqual([number for number, _ in asked], list(range(1, 23)))
        for number, sql in asked:
            with self.subTest(query=number):
                started = time.monotonic()
                found = self.rows(sql)
                took = time.monotonic() - started
                wanted = self.duck.execute(sql).fetchall()
                print(f"Q{number}: {len(found)} rows in {took:.2f} s", flush=True)
                self.assertEqual(len(found), len(wanted))
                for ours, theirs in zip(found, wanted):
                    self.assertEqual(len(ours), len(theirs))
                    for text, value in zip(ours, theirs):
                        self.same(text, value)

    def same(self, text, value):
        """A value's text is DuckDB's value."""
        match value:
            case None:
                self.assertIsNone(text)
            case int():
                self.assertEqual(int(text), value)
            case float():
                # Means and quotients of decimals have Trino's scale, and are doubles in DuckDB: half of the last digit may differ.
                digits = len(text.partition(".")[2]) if "E" not in text else 12
                self.assertAlmostEqual(float(text), value, delta=max(abs(value) * 1e-9, 0.5000001 * 10.0**-digits))
            case decimal.Decimal():
                self.assertEqual(decimal.Decimal(text), value)
            case datetime.date():
                self.assertEqual(text, value.isoformat())
            case _:
                self.assertEqual(text, value)


if __name__ == "__main__":
    unittest.main()
