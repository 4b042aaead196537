"""awswrangler unmodified: datasets written with their tables, read back plainly, by CTAS and by UNLOAD, with parameters and projection."""

import datetime
import decimal
import unittest

import awswrangler
import botocore.config
import pandas

from lake import LakeTest

# A refusal must be seen at once.
awswrangler.config.botocore_config = botocore.config.Config(retries={"max_attempts": 0})

FRAME = pandas.DataFrame(
    {
        "id": [1, 2, 3],
        "name": ["a", "b", None],
        "price": [decimal.Decimal("1.50"), None, decimal.Decimal("3.25")],
        "taken": pandas.to_datetime(["2020-01-01 01:02:03.456", "2020-01-02 00:00:00.000", "2020-01-03 00:00:00.000"]),
        "born": [datetime.date(2020, 1, 1), None, datetime.date(2020, 1, 3)],
        "seen": [True, False, True],
        "day": ["2020-01-01", "2020-01-01", "2020-01-02"],
    }
)


class Wrangler(LakeTest):
    def path(self, folder):
        return f"s3://{self.bucket}/{folder}/"

    def read(self, sql, **more):
        options = {"database": self.database, "s3_output": self.output, "ctas_approach": False} | more
        return awswrangler.athena.read_sql_query(sql, **options)

    def photos(self):
        """A partitioned data set with its table, made anew."""
        options = {"dtype": {"price": "decimal(10,2)"}, "partition_cols": ["day"], "mode": "overwrite"}
        return awswrangler.s3.to_parquet(FRAME, self.path("photos"), dataset=True, database=self.database, table="photos", **options)

    def test_a_data_set_is_written_and_read_in_every_way(self):
        written = self.photos()
        self.assertEqual(sorted(written["partitions_values"].values()), [["2020-01-01"], ["2020-01-02"]])
        ways = {
            "plain": {},
            "ctas": {"ctas_approach": True},
            "unload": {"unload_approach": True, "s3_output": self.path("unloaded")},
        }
        for way, options in ways.items():
            with self.subTest(way):
                read = self.read("SELECT * FROM photos ORDER BY id", **options).sort_values("id", ignore_index=True)
                self.assertEqual(read["id"].tolist(), [1, 2, 3])
                self.assertEqual([v for v in read["name"] if not pandas.isna(v)], ["a", "b"])
                self.assertEqual(read["price"][2], decimal.Decimal("3.25"))
                self.assertEqual(str(read["taken"][0]), "2020-01-01 01:02:03.456000")
                self.assertEqual(read["born"][0], datetime.date(2020, 1, 1))
                self.assertEqual(read["day"].astype(str).tolist(), FRAME["day"].tolist())
        self.assertEqual([t for t in self.tables() if t.startswith("temp_table")], [], "the table of the CTAS is gone again")

    def tables(self):
        return [table["Name"] for table in awswrangler.catalog.get_tables(database=self.database)]

    def test_chunks_cover_all_rows(self):
        self.photos()
        for options in ({}, {"ctas_approach": True}, {"unload_approach": True, "s3_output": self.path("chunks")}):
            chunks = list(self.read("SELECT id FROM photos", chunksize=2, **options))
            self.assertEqual(sorted(n for chunk in chunks for n in chunk["id"]), [1, 2, 3], options)

    def test_parameters_go_in_by_name_and_by_mark(self):
        self.photos()
        named = self.read("SELECT id FROM photos WHERE name = :name", params={"name": "b"})
        self.assertEqual(named["id"].tolist(), [2])
        marked = self.read("SELECT id FROM photos WHERE id > ? AND day = ?", params=["1", "'2020-01-02'"], paramstyle="qmark")
        self.assertEqual(marked["id"].tolist(), [3])

    def test_prepared_statements_are_kept_and_run(self):
        self.photos()
        awswrangler.athena.create_prepared_statement("SELECT id FROM photos WHERE name = ?", statement_name="by_name")
        self.assertEqual([s["StatementName"] for s in awswrangler.athena.list_prepared_statements()], ["by_name"])
        read = self.read("EXECUTE by_name", params=["'a'"], paramstyle="qmark")
        self.assertEqual(read["id"].tolist(), [1])
        awswrangler.athena.delete_prepared_statement("by_name")
        self.assertEqual(awswrangler.athena.list_prepared_statements(), [])

    def test_a_projection_stands_in_for_partitions(self):
        awswrangler.s3.to_parquet(
            FRAME[["id", "day"]],
            self.path("projected"),
            dataset=True,
            database=self.database,
            table="projected",
            partition_cols=["day"],
            athena_partition_projection_settings={
                "projection_types": {"day": "date"},
                "projection_ranges": {"day": "2020-01-01,2020-01-31"},
                "projection_formats": {"day": "yyyy-MM-dd"},
            },
        )
        read = self.read("SELECT count(*) AS n FROM projected WHERE day = '2020-01-01'")
        self.assertEqual(read["n"].tolist(), [2])

    def test_appending_and_overwriting_partitions(self):
        options = {"dataset": True, "database": self.database, "table": "grown", "partition_cols": ["day"]}
        small = FRAME[["id", "day"]]
        awswrangler.s3.to_parquet(small, self.path("grown"), **options)
        more = pandas.DataFrame({"id": [9], "day": ["2020-01-02"], "extra": ["x"]})
        awswrangler.s3.to_parquet(more, self.path("grown"), mode="append", schema_evolution=True, **options)
        self.assertEqual(self.read("SELECT count(*) AS n, max(extra) AS extra FROM grown").values.tolist(), [[4, "x"]])
        awswrangler.s3.to_parquet(more, self.path("grown"), mode="overwrite_partitions", **options)
        self.assertEqual(sorted(self.read("SELECT id FROM grown")["id"]), [1, 2, 9])
        awswrangler.s3.to_csv(small, self.path("text"), dataset=True, database=self.database, table="text", index=False)
        self.assertEqual(self.read("SELECT sum(id) AS n FROM text")["n"].tolist(), [6])
        awswrangler.s3.to_json(small, self.path("lines"), dataset=True, database=self.database, table="lines", orient="records", lines=True, index=False)
        self.assertEqual(self.read("SELECT sum(id) AS n FROM lines")["n"].tolist(), [6])

    def test_the_catalog_is_described_and_mended(self):
        self.photos()
        described = awswrangler.athena.describe_table("photos", database=self.database, s3_output=self.output)
        self.assertEqual(described["Column Name"].tolist()[:2], ["id", "name"])
        self.assertIn("CREATE EXTERNAL TABLE", awswrangler.athena.show_create_table("photos", database=self.database, s3_output=self.output))
        self.glue.batch_delete_partition(
            DatabaseName=self.database, TableName="photos", PartitionsToDelete=[{"Values": ["2020-01-01"]}, {"Values": ["2020-01-02"]}]
        )
        self.assertEqual(self.read("SELECT count(*) AS n FROM photos")["n"].tolist(), [0])
        self.assertEqual(awswrangler.athena.repair_table("photos", database=self.database, s3_output=self.output), "SUCCEEDED")
        self.assertEqual(self.read("SELECT count(*) AS n FROM photos")["n"].tolist(), [3])

    def test_tables_are_made_of_queries(self):
        self.photos()
        made = awswrangler.athena.create_ctas_table(
            "SELECT id, day FROM photos", database=self.database, ctas_table="days", s3_output=self.path("days"),
            storage_format="parquet", partitioning_info=["day"], wait=True,
        )
        self.assertEqual(made["ctas_table"], "days")
        self.assertEqual(self.rows("SELECT day, count(*) FROM days GROUP BY day ORDER BY day"), [["2020-01-01", "2"], ["2020-01-02", "1"]])
        frame = pandas.DataFrame({"id": [7], "day": ["2020-02-01"]})
        awswrangler.athena.start_query_execution("DROP TABLE days", database=self.database, s3_output=self.output, wait=True)
        self.assertNotIn("days", self.tables())
        self.assertEqual(len(frame), 1)


if __name__ == "__main__":
    unittest.main()
