"""Thirty-nine data sets of many formats and layouts: each is crawled, described as AWS's crawlers describe it, and queried at once.

Nobody makes a table here but the crawler. Columnar files are written by pyarrow and fastavro, Ion by Amazon's own writer.
"""

import bz2
import csv
import gzip
import io
import json
import unittest
import zipfile
from decimal import Decimal

import fastavro
import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet
from amazon.ion import simpleion

from lake import LakeTest
from support import client, name, settle

TRUST = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}],
})
MAY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*", "glue:*", "logs:*"], "Resource": "*"}]})

ROWS = [{"id": n, "name": f"photo {n}", "size": n * 1.5} for n in range(1, 5)]


def lines(rows=ROWS):
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def table(rows=ROWS):
    return pa.Table.from_pylist(rows)


def parquet(rows=ROWS, **options):
    out = io.BytesIO()
    pyarrow.parquet.write_table(table(rows), out, **options)
    return out.getvalue()


def orc(rows=ROWS, **options):
    out = io.BytesIO()
    pyarrow.orc.write_table(table(rows), out, **options)
    return out.getvalue()


def avro(rows=ROWS, codec="null"):
    fields = [{"name": "id", "type": "long"}, {"name": "name", "type": "string"}, {"name": "size", "type": ["null", "double"]}]
    out = io.BytesIO()
    fastavro.writer(out, {"type": "record", "name": "row", "fields": fields}, rows, codec=codec)
    return out.getvalue()


def ion(rows=ROWS, binary=True):
    written = simpleion.dumps(rows, binary=binary, sequence_as_stream=True)
    return written if binary else written.encode()


def delimited(delimiter=",", header=True, quoting=csv.QUOTE_MINIMAL, rows=ROWS, end="\n"):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=end)
    if header:
        writer.writerow(rows[0])
    writer.writerows(row.values() for row in rows)
    return out.getvalue().encode()


def zipped(data):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data", data)
    return out.getvalue()


APACHE = b'10.0.0.1 - ada [10/Oct/2026:13:55:36 +0000] "GET /a HTTP/1.1" 200 12 "-" "curl"\n' * 3

TYPED = ["id bigint", "name string", "size double"]
SMALL = ["id int", "name string", "size double"]
COUNT = ("select count(*), sum(id) from {t}", [["4", "10"]])

# Name, files, classification, columns, partition keys, query, rows of its result. A query of None: Athena doesn't read the format.
SETS = [
    ("json_lines", {"a.json": lines()}, "json", SMALL, [], COUNT),
    ("json_many_files", {"a.json": lines(ROWS[:2]), "b.json": lines(ROWS[2:])}, "json", SMALL, [], COUNT),
    ("json_gzip", {"a.json.gz": gzip.compress(lines())}, "json", SMALL, [], COUNT),
    ("json_nested", {"a.json": lines([{"id": 1, "at": {"x": 1.5, "y": 2}, "tags": ["a", "b"]}])}, "json",
     ["id int", "at struct<x:double,y:int>", "tags array<string>"], [], ("select at.x, tags[2] from {t}", [["1.5", "b"]])),
    ("json_wide_numbers", {"a.json": lines([{"id": 1}, {"id": 2**40}])}, "json", ["id bigint"], [],
     ("select max(id) from {t}", [[str(2**40)]])),
    ("json_mixed", {"a.json": lines([{"v": 1}, {"v": "x"}])}, "json", ["v string"], [], ("select max(v) from {t}", [["x"]])),
    ("json_by_key", {f"year={y}/month={m:02}/a.json": lines([{"id": y + m}]) for y in (2025, 2026) for m in (1, 2)}, "json", ["id int"],
     ["year string", "month string"], ("select count(*) from {t} where year = '2026' and month = '02'", [["1"]])),
    ("json_by_place", {f"2026/{m:02}/a.json": lines([{"id": m}]) for m in (1, 2, 3)}, "json", ["id int"],
     ["partition_0 string", "partition_1 string"], ("select id from {t} where partition_1 = '03'", [["3"]])),
    ("json_new_column", {"d=1/a.json": lines([{"a": 1, "b": 1, "c": 1}]), "d=2/a.json": lines([{"a": 2, "b": 2, "c": 2, "e": 9}])}, "json",
     ["a int", "b int", "c int", "e int"], ["d string"], ("select sum(a), max(e) from {t}", [["3", "9"]])),
    ("json_upper", {"a.json": lines([{"Id": 1, "UserName": "x"}])}, "json", ["id int", "username string"], [],
     ("select username from {t}", [["x"]])),
    ("csv_header", {"a.csv": delimited()}, "csv", TYPED, [], COUNT),
    ("csv_no_header", {"a.csv": delimited(header=False)}, "csv", ["col0 bigint", "col1 string", "col2 double"], [],
     ("select sum(col0) from {t}", [["10"]])),
    ("csv_all_text", {"a.csv": b"red,round\nblue,flat\n"}, "csv", ["col0 string", "col1 string"], [],
     ("select count(*) from {t} where col0 = 'red'", [["1"]])),
    ("csv_pipes", {"a.txt": delimited("|")}, "csv", TYPED, [], COUNT),
    ("csv_tabs", {"a.tsv": delimited("\t")}, "csv", TYPED, [], COUNT),
    ("csv_semicolons", {"a.csv": delimited(";")}, "csv", TYPED, [], COUNT),
    ("csv_control_a", {"a.txt": delimited("\x01")}, "csv", TYPED, [], COUNT),
    ("csv_quoted", {"a.csv": delimited(quoting=csv.QUOTE_ALL, rows=[{"id": 1, "name": "a, b"}, {"id": 2, "name": "c"}])}, "csv",
     ["id bigint", "name string"], [], ("select name from {t} where id = 1", [["a, b"]])),
    ("csv_gzip", {"a.csv.gz": gzip.compress(delimited())}, "csv", TYPED, [], COUNT),
    ("csv_crlf", {"a.csv": delimited(end="\r\n")}, "csv", TYPED, [], COUNT),
    ("csv_by_key", {f"day=2026-01-0{n}/a.csv": delimited() for n in (1, 2)}, "csv", TYPED, ["day string"],
     ("select day, count(*) from {t} group by day order by day", [["2026-01-01", "4"], ["2026-01-02", "4"]])),
    ("parquet_plain", {"a.parquet": parquet(compression="none")}, "parquet", TYPED, [], COUNT),
    ("parquet_snappy", {"a.parquet": parquet(compression="snappy")}, "parquet", TYPED, [], COUNT),
    ("parquet_zstd", {"a.parquet": parquet(compression="zstd")}, "parquet", TYPED, [], COUNT),
    ("parquet_nested", {"a.parquet": parquet([{"id": 1, "at": {"x": 1.5}, "tags": ["a"]}])}, "parquet",
     ["id bigint", "at struct<x:double>", "tags array<string>"], [], ("select at.x, cardinality(tags) from {t}", [["1.5", "1"]])),
    ("parquet_by_key", {f"dt=2026-01-0{n}/a.parquet": parquet() for n in (1, 2, 3)}, "parquet", TYPED, ["dt string"],
     ("select count(*) from {t} where dt > '2026-01-01'", [["8"]])),
    ("orc_zlib", {"a.orc": orc(compression="zlib")}, "orc", TYPED, [], COUNT),
    ("orc_by_key", {f"dt=2026-01-0{n}/a.orc": orc(compression="lz4") for n in (1, 2)}, "orc", TYPED, ["dt string"],
     ("select count(*), max(name) from {t} where dt = '2026-01-02'", [["4", "photo 4"]])),
    ("avro_plain", {"a.avro": avro()}, "avro", TYPED, [], COUNT),
    ("avro_deflate", {"a.avro": avro(codec="deflate")}, "avro", TYPED, [], COUNT),
    ("ion_text", {"a.ion": ion(binary=False)}, "ion", SMALL, [], COUNT),
    ("ion_binary", {"a.10n": ion()}, "ion", SMALL, [], COUNT),
    ("ion_gzip", {"a.10n.gz": gzip.compress(ion())}, "ion", SMALL, [], COUNT),
    ("ion_nested", {"a.ion": ion([{"at": {"x": 1.5}, "tags": ["a", "b"], "price": Decimal("2.50")}], False)}, "ion",
     ["at struct<x:double>", "tags array<string>", "price decimal(3,2)"], [], ("select at.x, tags[2], price from {t}", [["1.5", "b", "2.50"]])),
    ("apache_log", {"access.log": APACHE}, "combinedapache", None, [], ("select count(*), max(response) from {t}", [["3", "200"]])),
    ("json_zip", {"a.zip": zipped(lines())}, "json", SMALL, [], None),
    ("xml", {"a.xml": b"<?xml version='1.0'?><all><row><a>1</a></row></all>"}, "xml", [], [], None),
    ("unknown", {"a.bin": bytes(range(128, 256)) * 4}, "UNKNOWN", [], [], None),
    ("json_bzip2", {"a.json.bz2": bz2.compress(lines())}, "json", SMALL, [], ("select count(*) from {t}", [["4"]])),
]


# The SerDes that AWS's crawlers name, by classification. Quoted CSV and Apache's log are read by others.
SERDES = {
    "parquet": {"org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
    "orc": {"org.apache.hadoop.hive.ql.io.orc.OrcSerde"},
    "avro": {"org.apache.hadoop.hive.serde2.avro.AvroSerDe"},
    "json": {"org.openx.data.jsonserde.JsonSerDe"},
    "csv": {"org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe", "org.apache.hadoop.hive.serde2.OpenCSVSerde"},
    "ion": {"com.amazon.ionhiveserde.IonHiveSerDe"},
    "combinedapache": {"com.amazonaws.glue.serde.GrokSerDe"},
}
PACKED = {".gz": "gzip", ".bz2": "bzip2", ".zip": "zip", ".zst": "zstd"}


class Crawls(LakeTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        iam = client("iam")
        for data, files, *_ in SETS:
            for key, body in files.items():
                cls.s3.put_object(Bucket=cls.bucket, Key=f"data/{data}/{key}", Body=body)
        role = name("crawls")
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=TRUST)
        iam.put_role_policy(RoleName=role, PolicyName="may", PolicyDocument=MAY)
        crawler = name("crawler")
        targets = [{"Path": f"s3://{cls.bucket}/data/{data}/"} for data, *_ in SETS]
        cls.glue.create_crawler(Name=crawler, Role=role, DatabaseName=cls.database, Targets={"S3Targets": targets})
        cls.glue.start_crawler(Name=crawler)
        settle()
        last = cls.glue.get_crawler(Name=crawler)["Crawler"]["LastCrawl"]
        assert last["Status"] == "SUCCEEDED", last

    def test_every_data_set_is_described_and_queried(self):
        for data, files, classification, columns, keys, query in SETS:
            with self.subTest(data):
                table = self.glue.get_table(DatabaseName=self.database, Name=data)["Table"]
                said = [f"{c['Name']} {c['Type']}" for c in table["StorageDescriptor"]["Columns"]]
                self.assertEqual(table["Parameters"]["classification"], classification)
                self.assertEqual(table["Parameters"]["objectCount"], str(len(files)))
                if columns is not None:
                    self.assertEqual(said, columns)
                self.assertEqual([f"{k['Name']} {k['Type']}" for k in table["PartitionKeys"]], keys)
                self.described(data, table, files)
                if query:
                    sql, rows = query
                    self.assertEqual(self.rows(sql.format(t=data)), rows)

    def described(self, data, table, files):
        """What AWS's crawlers say of a table beside its columns, and of each of its partitions."""
        said, storage = table["Parameters"], table["StorageDescriptor"]
        self.assertEqual((said["typeOfData"], said["CrawlerSchemaSerializerVersion"], said["CrawlerSchemaDeserializerVersion"]), ("file", "1.0", "1.0"))
        self.assertEqual(int(said["sizeKey"]), sum(map(len, files.values())))
        records = int(said["recordCount"])
        if records:
            self.assertEqual(int(said["averageRecordSize"]), int(said["sizeKey"]) // records)
        packing = next((word for ending, word in PACKED.items() if next(iter(files)).endswith(ending)), "none")
        self.assertEqual((said["compressionType"], storage["Compressed"]), (packing, packing != "none"))
        self.assertTrue(storage["Location"].startswith(f"s3://{self.bucket}/data/{data}/"), storage["Location"])
        if said["classification"] in SERDES:
            self.assertIn(storage["SerdeInfo"]["SerializationLibrary"], SERDES[said["classification"]])
        if table["PartitionKeys"]:
            self.assertEqual(said["partition_filtering.enabled"], "true")
            parts = self.glue.get_partitions(DatabaseName=self.database, TableName=data)["Partitions"]
            folders = {key.rpartition("/")[0] for key in files}
            self.assertEqual({part["StorageDescriptor"]["Location"] for part in parts}, {f"s3://{self.bucket}/data/{data}/{f}/" for f in folders})
            for part in parts:
                own = [body for key, body in files.items() if part["StorageDescriptor"]["Location"].endswith(f"/{data}/{key.rpartition('/')[0]}/")]
                self.assertEqual((int(part["Parameters"]["sizeKey"]), int(part["Parameters"]["objectCount"])), (sum(map(len, own)), len(own)))
                self.assertEqual(part["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"], storage["SerdeInfo"]["SerializationLibrary"])


if __name__ == "__main__":
    unittest.main()
