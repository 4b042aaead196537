#!/usr/bin/env python3
"""Writes registry.json.zlib: the names of all of AWS's resource types, and the schemas of those that windtunnel makes.

The schemas are AWS's public resource registry, as the PyPI package cfn-lint (MIT-0) ships them. Run it as

    pip install cfn-lint==1.51.0 && python3 generate.py

It needs no network beyond that, writes the same bytes for the same package, and prints what it took. `types.txt` beside it
lists the types whose schemas are wanted; the build reads only the result.
"""

import json
import pathlib
import zlib
from importlib import metadata, resources

PINNED = "1.51.0"
HERE = pathlib.Path(__file__).parent
# Text for people and what only the registry itself needs.
DROPPED = {
    "$schema", "$id", "$comment", "title", "description", "examples", "documentationUrl", "sourceUrl", "handlers", "tagging",
    "taggable", "typeName", "resourceLink", "propertyTransform", "deprecatedProperties", "nonPublicProperties", "nonPublicDefinitions",
    "additionalIdentifiers", "insertionOrder", "arrayType", "relationshipRef", "cfnLint", "default", "resourceSemantics",
}


def slim(node, names=False):
    """Without what is dropped; `names` says that the keys are names of properties, which are never dropped."""
    if isinstance(node, list):
        return [slim(item) for item in node]
    if not isinstance(node, dict):
        return node
    named = {"properties", "definitions", "patternProperties", "dependencies", "dependentRequired", "dependentExcluded"}
    return {
        key: slim(value, key in named and not names)
        for key, value in sorted(node.items())
        if names or key not in DROPPED
    }


def main():
    version = metadata.version("cfn-lint")
    if version != PINNED:
        raise SystemExit(f"cfn-lint {PINNED} is wanted, {version} is installed")
    from cfnlint.data.schemas.providers.us_east_1 import types

    folder = resources.files("cfnlint.data.schemas.resources")
    wanted = [line.strip() for line in (HERE / "types.txt").read_text().splitlines()]
    wanted = [name for name in wanted if name and not name.startswith("#")]
    missing = [name for name in wanted if name not in types]
    if missing:
        raise SystemExit(f"not in the registry: {', '.join(missing)}")
    schemas = {name: slim(json.loads((folder / f"{types[name]}.json").read_text())) for name in sorted(wanted)}
    out = {"source": f"cfn-lint {version}, us-east-1", "types": sorted(types), "schemas": schemas}
    text = json.dumps(out, separators=(",", ":"), ensure_ascii=False).encode()
    packed = zlib.compress(text, 9)
    (HERE / "registry.json.zlib").write_bytes(packed)
    print(f"{len(types)} types, {len(schemas)} schemas, {len(text)} bytes, {len(packed)} packed")


if __name__ == "__main__":
    main()
