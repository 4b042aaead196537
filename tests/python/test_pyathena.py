"""PyAthena unmodified: its plain, dictionary, pandas, Arrow, Polars, S3FS and asynchronous cursors (by threads and by asyncio), parameters,
and its dialects of SQLAlchemy's."""

import asyncio
import decimal
import functools
import os
import unittest
import unittest.mock

import pandas
import pyarrow.fs
import sqlalchemy
from pyathena import connect
from pyathena.aio.connection import AioConnection
from pyathena.arrow.async_cursor import AsyncArrowCursor
from pyathena.arrow.cursor import ArrowCursor
from pyathena.async_cursor import AsyncCursor, AsyncDictCursor
from pyathena.cursor import DictCursor
from pyathena.error import DatabaseError
from pyathena.pandas.async_cursor import AsyncPandasCursor
from pyathena.pandas.cursor import PandasCursor
from pyathena.polars.async_cursor import AsyncPolarsCursor
from pyathena.polars.cursor import PolarsCursor
from pyathena.s3fs.async_cursor import AsyncS3FSCursor
from pyathena.s3fs.cursor import S3FSCursor
from pyathena.util import RetryConfig

from lake import LakeTest
from support import REGION

# pyarrow has a client of S3 of its own, which PyAthena gives no endpoint to.
POINTED = functools.partial(pyarrow.fs.S3FileSystem, scheme="http", endpoint_override=os.environ["AWS_ENDPOINT_URL"].partition("://")[2])

VALUES = """
SELECT 1 AS n, CAST(2 AS bigint) AS big, 1.5 AS x, REAL '2.5' AS r, 'a, "b"' AS s, DATE '2020-01-02' AS d,
       TIMESTAMP '2020-01-02 03:04:05.678' AS at, DECIMAL '1.50' AS price, true AS yes, ARRAY[1, 2] AS list,
       MAP(ARRAY['k'], ARRAY[1]) AS map, CAST(ROW(1, 'x') AS ROW(id integer, name varchar)) AS row,
       X'0102' AS bytes, CAST(NULL AS varchar) AS nothing, '' AS empty
"""


class Cursors(LakeTest):
    def connection(self, **more):
        options = {"s3_staging_dir": self.output, "region_name": REGION, "schema_name": self.database, "poll_interval": 0.02}
        return connect(**options, retry_config=RetryConfig(attempt=1), **more)

    def test_values_have_their_types(self):
        cursor = self.connection().cursor()
        cursor.execute(VALUES)
        row = dict(zip([column[0] for column in cursor.description], cursor.fetchone()))
        self.assertEqual((row["n"], row["big"], row["x"], row["r"], row["s"]), (1, 2, 1.5, 2.5, 'a, "b"'))
        self.assertEqual((str(row["d"]), str(row["at"])), ("2020-01-02", "2020-01-02 03:04:05.678000"))
        self.assertEqual((row["price"], row["yes"], row["bytes"]), (decimal.Decimal("1.50"), True, b"\x01\x02"))
        # Without hints PyAthena takes the values of maps and rows for texts.
        self.assertEqual((row["list"], row["map"], row["row"]), ([1, 2], {"k": "1"}, {"id": "1", "name": "x"}))
        self.assertEqual((row["nothing"], row["empty"]), (None, ""))
        kinds = [column[1] for column in cursor.description]
        self.assertEqual(
            kinds,
            ["integer", "bigint", "double", "float", "varchar", "date", "timestamp", "decimal", "boolean", "array", "map", "row",
             "varbinary", "varchar", "varchar"],
        )
        self.assertIsNone(cursor.fetchone())

    def test_parameters_go_in_by_name_and_by_mark(self):
        cursor = self.connection().cursor()
        cursor.execute("SELECT x FROM (VALUES 1, 2, 3) AS t(x) WHERE x > %(low)d ORDER BY x", {"low": 1})
        self.assertEqual(cursor.fetchall(), [(2,), (3,)])
        cursor.execute("SELECT x FROM (VALUES 'a', 'it''s') AS t(x) WHERE x = %(text)s", {"text": "it's"})
        self.assertEqual(cursor.fetchall(), [("it's",)])
        cursor.execute("SELECT x FROM (VALUES 1, 2, 3) AS t(x) WHERE x = ?", ["3"], paramstyle="qmark")
        self.assertEqual(cursor.fetchall(), [(3,)])

    def test_many_rows_come_page_by_page(self):
        cursor = self.connection().cursor()
        cursor.arraysize = 100
        cursor.execute("SELECT x FROM UNNEST(sequence(1, 2500)) AS t(x) ORDER BY x")
        self.assertEqual([row[0] for row in cursor], list(range(1, 2501)))
        self.assertEqual(cursor.data_scanned_in_bytes, 0)
        with self.connection(cursor_class=DictCursor).cursor() as named:
            self.assertEqual(named.execute("SELECT 7 AS seven").fetchone(), {"seven": 7})

    def test_a_failure_says_why(self):
        cursor = self.connection().cursor()
        with self.assertRaises(DatabaseError) as refusal:
            cursor.execute("SELECT nothing FROM nowhere")
        self.assertIn("TABLE_NOT_FOUND: line 1:21: Table 'awsdatacatalog", str(refusal.exception))

    def test_rows_are_written_and_read_as_objects(self):
        cursor = self.connection().cursor()
        cursor.execute(
            "CREATE EXTERNAL TABLE people (id int, name string) PARTITIONED BY (day string) STORED AS PARQUET LOCATION %(place)s",
            {"place": f"s3://{self.bucket}/people/"},
        )
        cursor.executemany("INSERT INTO people VALUES (%(id)d, %(name)s, %(day)s)", [{"id": n, "name": f"p{n}", "day": "d1"} for n in (1, 2)])
        cursor.execute("SELECT count(*), max(name) FROM people WHERE day = 'd1'")
        self.assertEqual(cursor.fetchone(), (2, "p2"))
        cursor.execute("SHOW PARTITIONS people")
        self.assertEqual(cursor.fetchall(), [("day=d1",)])
        self.assertEqual([c.name for c in cursor.get_table_metadata("people").columns], ["id", "name"])
        self.assertIn("people", [table.name for table in cursor.list_table_metadata()])
        self.assertIn(self.database, [found.name for found in cursor.list_databases(catalog_name="AwsDataCatalog")])

    def test_pandas_reads_the_result_file(self):
        cursor = self.connection(cursor_class=PandasCursor).cursor()
        frame = cursor.execute(VALUES).as_pandas()
        self.assertEqual(frame["n"].tolist(), [1])
        self.assertEqual(str(frame["at"][0]), "2020-01-02 03:04:05.678000")
        self.assertEqual(frame["price"].tolist(), [decimal.Decimal("1.50")])
        frame = cursor.execute("SELECT x, CAST(x AS varchar) AS s FROM UNNEST(sequence(1, 1000)) AS t(x)").as_pandas()
        self.assertEqual((len(frame), frame["x"].sum()), (1000, 500500))

    @unittest.mock.patch("pyarrow.fs.S3FileSystem", POINTED)
    def test_pandas_and_arrow_read_what_was_unloaded(self):
        sql = "SELECT x, CAST(x AS varchar) AS s, x * 0.5 AS half FROM UNNEST(sequence(1, 1000)) AS t(x)"
        cursor = self.connection(cursor_class=PandasCursor).cursor(unload=True)
        frame = cursor.execute(sql).as_pandas()
        self.assertEqual((len(frame), frame["x"].sum(), frame["half"].sum()), (1000, 500500, 250250.0))
        table = self.connection(cursor_class=ArrowCursor).cursor(unload=True).execute(sql).as_arrow()
        self.assertEqual((table.num_rows, sum(table["x"].to_pylist())), (1000, 500500))

    @unittest.mock.patch("pyarrow.fs.S3FileSystem", POINTED)
    def test_arrow_and_s3fs_read_the_result_file(self):
        table = self.connection(cursor_class=ArrowCursor).cursor().execute("SELECT 1 AS n, 'x' AS s, DATE '2020-01-02' AS d").as_arrow()
        self.assertEqual([str(v) for v in table.to_pylist()[0].values()], ["1", "x", "2020-01-02 00:00:00"])
        rows = self.connection(cursor_class=S3FSCursor).cursor().execute("SELECT 1 AS n, 'a,\"b' AS s, CAST(NULL AS integer) AS z").fetchall()
        self.assertEqual(rows, [(1, 'a,"b', None)])

    def test_asynchronous_cursors_end_and_can_be_stopped(self):
        cursor = self.connection(cursor_class=AsyncCursor).cursor()
        _, future = cursor.execute("SELECT 41 + 1")
        self.assertEqual(future.result().fetchall(), [(42,)])
        _, future = self.connection(cursor_class=AsyncDictCursor).cursor().execute("SELECT 1 AS one")
        self.assertEqual(future.result().fetchall(), [{"one": 1}])
        _, future = self.connection(cursor_class=AsyncPandasCursor).cursor().execute("SELECT 1 AS one")
        pandas.testing.assert_frame_equal(future.result().as_pandas(), pandas.DataFrame({"one": pandas.array([1], dtype="Int64")}))
        many = ", ".join(f"UNNEST(sequence(1, 10000)) {name}(n_{name})" for name in "abc")
        id, future = cursor.execute(f"SELECT count(*) FROM {many}")
        cursor.cancel(id).result()
        self.assertEqual(future.result().state, "CANCELLED")

    def test_polars_reads_the_result_file(self):
        sql = "SELECT x, CAST(x AS varchar) AS s FROM UNNEST(sequence(1, 1000)) AS t(x)"
        frame = self.connection(cursor_class=PolarsCursor).cursor().execute(sql).as_polars()
        self.assertEqual((frame.height, frame["x"].sum(), frame.columns), (1000, 500500, ["x", "s"]))
        _, future = self.connection(cursor_class=AsyncPolarsCursor).cursor().execute("SELECT 1 AS one")
        self.assertEqual(future.result().as_polars()["one"].to_list(), [1])

    @unittest.mock.patch("pyarrow.fs.S3FileSystem", POINTED)
    def test_arrow_and_s3fs_have_asynchronous_cursors(self):
        _, future = self.connection(cursor_class=AsyncArrowCursor).cursor().execute("SELECT 1 AS one")
        self.assertEqual(future.result().as_arrow()["one"].to_pylist(), [1])
        _, future = self.connection(cursor_class=AsyncS3FSCursor).cursor().execute("SELECT 1 AS one")
        self.assertEqual(future.result().fetchall(), [(1,)])

    def test_asyncio_waits_for_queries(self):
        async def both():
            options = {"s3_staging_dir": self.output, "region_name": REGION, "schema_name": self.database, "poll_interval": 0.02}
            async with await AioConnection.create(**options) as connection:
                cursors = connection.cursor(), connection.cursor()
                await asyncio.gather(*(cursor.execute("SELECT %(n)d AS n", {"n": n}) for n, cursor in enumerate(cursors)))
                return [await cursor.fetchone() for cursor in cursors]

        self.assertEqual(asyncio.run(both()), [(0,), (1,)])

    def test_sqlalchemy_reflects_and_asks(self):
        cursor = self.connection().cursor()
        place = {"place": f"s3://{self.bucket}/things/"}
        cursor.execute("CREATE EXTERNAL TABLE things (id int, name string) PARTITIONED BY (day string) STORED AS PARQUET LOCATION %(place)s", place)
        cursor.execute("INSERT INTO things VALUES (1, 'a', 'd1'), (2, 'b', 'd1')")
        url = f"awsathena+rest://:@athena.{REGION}.amazonaws.com:443/{self.database}?s3_staging_dir={self.output}&poll_interval=0.02"
        engine = sqlalchemy.create_engine(url)
        with engine.connect() as connection:
            things = sqlalchemy.Table("things", sqlalchemy.MetaData(), autoload_with=connection)
            self.assertEqual([column.name for column in things.columns], ["id", "name", "day"])
            asked = sqlalchemy.select(things.c.name).where(things.c.id > sqlalchemy.bindparam("low")).order_by(things.c.name)
            self.assertEqual(connection.execute(asked, {"low": 0}).scalars().all(), ["a", "b"])
            self.assertIn("things", sqlalchemy.inspect(connection).get_table_names())
        frame = pandas.read_sql("SELECT count(*) AS n FROM things", sqlalchemy.create_engine(url.replace("+rest", "+pandas")))
        self.assertEqual(frame["n"].tolist(), [2])

    def test_result_reuse_is_told(self):
        cursor = self.connection(result_reuse_enable=True, result_reuse_minutes=60).cursor()
        first = cursor.execute("SELECT 'reused' AS s")
        self.assertFalse(first.reused_previous_result)
        id = first.query_id
        second = cursor.execute("SELECT 'reused' AS s")
        self.assertTrue(second.reused_previous_result)
        self.assertNotEqual(second.query_id, id)
        self.assertEqual(second.fetchall(), [("reused",)])


if __name__ == "__main__":
    unittest.main()
