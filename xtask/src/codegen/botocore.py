"""Lays AWS's service models out as plain JSON: `botocore.py VERSION FOLDER MODEL...` writes FOLDER/MODEL.json.

Uses the installed botocore when it is of that version, else the wheel in FOLDER, which it downloads when absent.
The latest API version of a model is taken, and botocore's own `service-2.sdk-extras.json` is merged over it.
"""
import gzip
import json
import os
import subprocess
import sys
import zipfile


class Installed:
    def __init__(self, package):
        self.data = os.path.join(os.path.dirname(package.__file__), "data")

    def list(self, *path):
        try:
            return os.listdir(os.path.join(self.data, *path))
        except FileNotFoundError:
            return []

    def read(self, *path):
        with open(os.path.join(self.data, *path), "rb") as file:
            return file.read()


class Wheel:
    def __init__(self, path):
        self.zip = zipfile.ZipFile(path)

    def list(self, *path):
        start = "/".join(("botocore", "data") + path) + "/"
        return sorted({n[len(start):].split("/")[0] for n in self.zip.namelist() if n.startswith(start)})

    def read(self, *path):
        return self.zip.read("/".join(("botocore", "data") + path))


def source(version, folder):
    try:
        import botocore
        if botocore.__version__ == version:
            return Installed(botocore)
    except ImportError:
        pass
    wheel = os.path.join(folder, f"botocore-{version}-py3-none-any.whl")
    if not os.path.exists(wheel):
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", f"botocore=={version}", "-d", folder]
        if subprocess.run(pip).returncode != 0:
            sys.exit(f"botocore {version} is neither installed nor to be downloaded: `pip install botocore=={version}` where there is a network.")
    return Wheel(wheel)


def merge(target, extra):
    for key, value in extra.items():
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            merge(target[key], value)
        else:
            target[key] = value


def main():
    version, folder, models = sys.argv[1], sys.argv[2], sys.argv[3:]
    data = source(version, folder)
    for name in models:
        versions = sorted(v for v in data.list(name) if v[:1].isdigit())
        if not versions:
            sys.exit(f"botocore {version} has no model named `{name}`.")
        files = data.list(name, versions[-1])
        if "service-2.json.gz" in files:
            model = json.loads(gzip.decompress(data.read(name, versions[-1], "service-2.json.gz")))
        else:
            model = json.loads(data.read(name, versions[-1], "service-2.json"))
        if "service-2.sdk-extras.json" in files:
            merge(model, json.loads(data.read(name, versions[-1], "service-2.sdk-extras.json")).get("merge", {}))
        path = os.path.join(folder, f"{name}.json")
        with open(path + ".part", "w") as out:
            json.dump(model, out)
        os.replace(path + ".part", path)


main()
