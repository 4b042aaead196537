#!/usr/bin/env python3
"""Writes the files of this folder: `pip install pyarrow pyorc && python3 make.py`. What stands in them is told by formulas that the tests repeat."""

import datetime
import decimal
import zoneinfo

import pyarrow as pa
import pyarrow.orc
import pyorc

ROWS = 3000


def jumps(i):
    return 10**12 + i if i % 97 == 0 else i % 13


def words(i):
    return None if i % 7 == 3 else ["alpha", "beta", "", "gämma"][i % 4]


def tags(i):
    return None if i % 11 == 5 else [f"{i}.{n}" if n != 1 else None for n in range(i % 4)]


EPOCH = datetime.datetime(1969, 12, 31, 23, 0, 0)

TABLE = pa.table(
    {
        "id": pa.array([i * i * 7919 - 5 for i in range(ROWS)], pa.int64()),
        "jumps": pa.array([jumps(i) for i in range(ROWS)], pa.int64()),
        "same": pa.array([-7] * ROWS, pa.int32()),
        "small": pa.array([i % 256 - 128 for i in range(ROWS)], pa.int8()),
        "even": pa.array([None if i % 5 == 0 else i % 2 == 0 for i in range(ROWS)], pa.bool_()),
        "ratio": pa.array([i / 8 for i in range(ROWS)], pa.float64()),
        "single": pa.array([i / 4 for i in range(ROWS)], pa.float32()),
        "word": pa.array([words(i) for i in range(ROWS)], pa.string()),
        "text": pa.array([f"row {i}" for i in range(ROWS)], pa.string()),
        "day": pa.array([datetime.date(1970, 1, 1) + datetime.timedelta(i - 1000) for i in range(ROWS)], pa.date32()),
        "at": pa.array([EPOCH + datetime.timedelta(seconds=i * 2, milliseconds=i % 1000) for i in range(ROWS)], pa.timestamp("ns")),
        "price": pa.array([decimal.Decimal(i - 1500) / 100 for i in range(ROWS)], pa.decimal128(25, 2)),
        "tags": pa.array([tags(i) for i in range(ROWS)], pa.list_(pa.string())),
        "place": pa.array(
            [None if i % 3 == 0 else {"x": i, "y": None if i % 2 else "y"} for i in range(ROWS)],
            pa.struct([("x", pa.int32()), ("y", pa.string())]),
        ),
        "counts": pa.array([[(f"k{n}", i + n) for n in range(i % 3)] for i in range(ROWS)], pa.map_(pa.string(), pa.int64())),
    }
)

for name, settings in {
    "plain": {"compression": "uncompressed"},
    "first": {"compression": "zlib", "file_version": "0.11"},
    "words": {"compression": "snappy", "dictionary_key_size_threshold": 1.0},
    "lz4": {"compression": "lz4"},
    "zstd": {"compression": "zstd"},
}.items():
    pyarrow.orc.write_table(TABLE, f"{name}.orc", **settings)

with open("berlin.orc", "wb") as out:
    zone = zoneinfo.ZoneInfo("Europe/Berlin")
    with pyorc.Writer(out, "struct<at:timestamp,instant:timestamp with local time zone>", timezone=zone) as writer:
        for month in (1, 7):
            at = datetime.datetime(2026, month, 1, 12, 30, 0, 5000)
            writer.write((at.replace(tzinfo=zone), at.replace(tzinfo=datetime.timezone.utc)))

with open("stripes.orc", "wb") as out:
    with pyorc.Writer(out, "struct<id:bigint,word:string,ratio:double,day:date>", batch_size=100) as writer:
        for stripe in range(3):
            for i in range(stripe * 100, stripe * 100 + 100):
                writer.write((i, f"w{i:03}" if i else None, i / 8, datetime.date(1970, 1, 1) + datetime.timedelta(i)))
            if stripe < 2:
                writer.write_intermediate_footer()

# Numbers that stand in another order as texts, and one that is no tinyint.
FIVE = {"n": pa.array(range(5, 11), pa.int64()), "m": pa.array([1, 2, 3, 300, 5, 6], pa.int32())}
pyarrow.orc.write_table(pa.table(FIVE), "five.orc")
