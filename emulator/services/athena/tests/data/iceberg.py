#!/usr/bin/env python3
"""Writes the Iceberg tables of `iceberg/`, as if they lay in `s3://lake/`: `pip install 'pyiceberg[sql-sqlite,pyarrow]' && python3 iceberg.py`.

Names of files and ids of snapshots differ with each run; the tests find them by the metadata that `latest.json` names.
"""

import datetime as dt
import json
import os
import pathlib
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.expressions import EqualTo
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import DayTransform, IdentityTransform
from pyiceberg.types import DoubleType, IntegerType, ListType, LongType, NestedField, StringType, TimestampType

HERE = pathlib.Path(__file__).parent / "iceberg"


class Folder(PyArrowFileIO):
    """`s3://lake/` is this folder."""

    @staticmethod
    def parse_location(location, properties=None):
        path = HERE / location.removeprefix("s3://lake/")
        path.parent.mkdir(parents=True, exist_ok=True)
        return "file", "", str(path)


def main():
    shutil.rmtree(HERE, ignore_errors=True)
    HERE.mkdir()
    catalog = SqlCatalog("x", uri="sqlite:///:memory:", warehouse="s3://lake", **{"py-io-impl": "iceberg.Folder"})
    catalog.create_namespace("db")
    latest = {}
    schema = Schema(
        NestedField(1, "id", LongType(), required=False),
        NestedField(2, "owner", StringType(), required=False),
        NestedField(3, "at", TimestampType(), required=False),
        NestedField(4, "ratio", DoubleType(), required=False),
        NestedField(5, "tags", ListType(6, StringType(), False), required=False),
    )
    spec = PartitionSpec(
        PartitionField(2, 1000, IdentityTransform(), "owner"), PartitionField(3, 1001, DayTransform(), "at_day")
    )

    def rows(ids, day):
        return pa.table(
            {
                "id": pa.array(ids, pa.int64()),
                "owner": pa.array([["ada", "bob", None][i % 3] for i in ids], pa.string()),
                "at": pa.array([dt.datetime(2026, 1, day, 12, 0, i % 60, 250) for i in ids], pa.timestamp("us")),
                "ratio": pa.array([i / 4 for i in ids], pa.float64()),
                "tags": pa.array([[f"t{i}"] for i in ids], pa.list_(pa.string())),
            }
        )

    # Three snapshots of a partitioned table.
    events = catalog.create_table("db.events", schema, location="s3://lake/events", partition_spec=spec)
    events.append(rows(range(6), 1))
    events.append(rows(range(6, 12), 2))
    events.append(rows(range(12, 18), 3))
    latest["events"] = events.metadata_location

    # Columns that were renamed, widened, added and dropped; rows that were deleted by writing their files anew.
    evolved = catalog.create_table(
        "db.evolved",
        Schema(
            NestedField(1, "id", IntegerType(), required=False),
            NestedField(2, "name", StringType(), required=False),
            NestedField(3, "gone", StringType(), required=False),
        ),
        location="s3://lake/evolved",
    )
    evolved.append(pa.table({"id": pa.array([1, 2, 3], pa.int32()), "name": ["a", "b", "c"], "gone": ["x", "y", "z"]}))
    with evolved.update_schema() as update:
        update.rename_column("name", "title")
        update.update_column("id", LongType())
        update.delete_column("gone")
        update.add_column("gone", DoubleType())
    evolved.append(pa.table({"id": pa.array([2**40], pa.int64()), "title": ["d"], "gone": [1.5]}))
    evolved.delete(EqualTo("title", "b"))
    latest["evolved"] = evolved.metadata_location

    # A table without a snapshot.
    latest["empty"] = catalog.create_table("db.empty", schema, location="s3://lake/empty").metadata_location
    latest["deletes"] = deletes(catalog)
    latest["foreign"] = foreign(catalog)
    (HERE / "latest.json").write_text(json.dumps(latest, indent=1) + "\n")


def foreign(catalog):
    """A table with a file that something else wrote, whose columns have no ids; one was renamed since."""
    table = catalog.create_table(
        "db.foreign",
        Schema(NestedField(1, "id", LongType(), required=False), NestedField(2, "name", StringType(), required=False)),
        location="s3://lake/foreign",
    )
    path = "s3://lake/foreign/data/foreign.parquet"
    _, _, local = Folder.parse_location(path)
    pq.write_table(pa.table({"id": pa.array([1, 2], pa.int64()), "name": ["a", "b"]}), local)
    table.add_files([path])
    with table.update_schema() as update:
        update.rename_column("name", "title")
    return table.metadata_location


def deletes(catalog):
    """A table with a file of deleted positions and one of deleted values: pyiceberg writes none, so their manifest is made by hand."""
    from pyiceberg.manifest import DataFile, DataFileContent, FileFormat, ManifestContent, ManifestEntry, ManifestEntryStatus, ManifestWriterV2, write_manifest_list
    from pyiceberg.table.snapshots import Operation, Snapshot, Summary
    from pyiceberg.table.update import AddSnapshotUpdate, SetSnapshotRefUpdate
    from pyiceberg.typedef import Record

    schema = Schema(NestedField(1, "id", LongType(), required=False), NestedField(2, "name", StringType(), required=False))
    table = catalog.create_table("db.deletes", schema, location="s3://lake/deletes", properties={"format-version": "2"})
    table.append(pa.table({"id": pa.array(range(10), pa.int64()), "name": [f"n{i}" for i in range(10)]}))
    data = next(iter(table.scan().plan_files())).file.file_path

    def file(name, content, arrow, ids):
        path = f"s3://lake/deletes/data/{name}.parquet"
        _, _, local = Folder.parse_location(path)
        pq.write_table(arrow, local)
        return DataFile.from_args(
            content=content, file_path=path, file_format=FileFormat.PARQUET, partition=Record(), record_count=arrow.num_rows,
            file_size_in_bytes=os.path.getsize(local), column_sizes={}, value_counts={}, null_value_counts={}, nan_value_counts={},
            lower_bounds={}, upper_bounds={}, equality_ids=ids, spec_id=0,
        )

    def field(name, kind, id):
        return pa.field(name, kind, metadata={"PARQUET:field_id": str(id)})

    positions = pa.table(
        [pa.array([data, data], pa.string()), pa.array([0, 9], pa.int64())],
        schema=pa.schema([field("file_path", pa.string(), 2147483546), field("pos", pa.int64(), 2147483545)]),
    )
    values = pa.table([pa.array(["n4", "n5"], pa.string())], schema=pa.schema([field("name", pa.string(), 2)]))
    files = [
        file("positions", DataFileContent.POSITION_DELETES, positions, None),
        file("values", DataFileContent.EQUALITY_DELETES, values, [2]),
    ]

    class Deletes(ManifestWriterV2):
        def content(self):
            return ManifestContent.DELETES

        @property
        def _meta(self):
            return {**super()._meta, "content": "deletes"}

    parent = table.metadata.current_snapshot()
    snapshot = parent.snapshot_id + 1
    io = table.io
    with Deletes(table.spec(), schema, io.new_output("s3://lake/deletes/metadata/deletes-m0.avro"), snapshot, "null") as writer:
        for one in files:
            writer.add(ManifestEntry.from_args(status=ManifestEntryStatus.ADDED, snapshot_id=snapshot, sequence_number=None, file_sequence_number=None, data_file=one))
    manifest = writer.to_manifest_file()
    listed = "s3://lake/deletes/metadata/snap-deletes.avro"
    with write_manifest_list(2, io.new_output(listed), snapshot, parent.snapshot_id, 2, "null") as out:
        out.add_manifests(parent.manifests(io) + [manifest])
    made = Snapshot(
        snapshot_id=snapshot, parent_snapshot_id=parent.snapshot_id, sequence_number=2, timestamp_ms=parent.timestamp_ms + 1000,
        manifest_list=listed, summary=Summary(Operation.DELETE), schema_id=0,
    )
    with table.transaction() as transaction:
        transaction._apply((AddSnapshotUpdate(snapshot=made), SetSnapshotRefUpdate(snapshot_id=snapshot, type="branch", ref_name="main")), ())
    return table.metadata_location


if __name__ == "__main__":
    # The class is found by the module's name.
    import iceberg

    iceberg.main()
