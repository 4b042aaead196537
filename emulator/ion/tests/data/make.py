"""Writes photos.ion and photos.10n with Amazon's own writer (pip install amazon.ion==0.15.0), of the same values."""

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

from amazon.ion import simpleion
from amazon.ion.symbols import SymbolToken

AT = datetime(2026, 1, 1, 11, 0, 0, 123000, tzinfo=timezone(timedelta(hours=1)))


def row(n):
    return {
        "id": n,
        "big": -170141183460469231731,
        "name": f"photo {n} é",
        "size": n * 1.5,
        "price": Decimal("-19.99"),
        "kind": SymbolToken("portrait", None),
        "raw": bytes([0, 159, 146, 150]),
        "at": AT,
        "ok": n % 2 == 0,
        "none": None,
        "tags": ["a", f"b{n}"],
        "place": {"x": 0.5, "y": [1, 2]},
    }


ROWS = [row(n) for n in (1, 2, 3)]
HERE = Path(__file__).parent
(HERE / "photos.10n").write_bytes(simpleion.dumps(ROWS, binary=True, sequence_as_stream=True))
(HERE / "photos.ion").write_text(simpleion.dumps(ROWS, binary=False, sequence_as_stream=True), encoding="utf-8")
