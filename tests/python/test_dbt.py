"""dbt with its adapter for Athena, unmodified: seeds, views, tables by CTAS, incremental models of both kinds, tests, sources, docs."""

import json
import os
import subprocess
import tempfile
import unittest

from lake import LakeTest
from support import REGION

PROFILE = """
lake:
  target: dev
  outputs:
    dev:
      type: athena
      s3_staging_dir: {output}
      s3_data_dir: s3://{bucket}/dbt/
      region_name: {region}
      database: awsdatacatalog
      schema: {database}
      threads: 2
      poll_interval: 0.1
      num_retries: 0
      num_boto3_retries: 1
      num_iceberg_retries: 0
"""

FILES = {
    "dbt_project.yml": """
name: lake
version: "1.0"
profile: lake
model-paths: [models]
seed-paths: [seeds]
flags:
  send_anonymous_usage_stats: false
models:
  lake:
    +materialized: table
""",
    "seeds/photos.csv": """id,owner,format,size,taken
1,ada,jpeg,100,2026-01-01
2,ada,png,200,2026-01-01
3,bob,jpeg,300,2026-01-02
4,eve,webp,400,2026-01-03
""",
    "models/schema.yml": """
version: 2
models:
  - name: owners
    description: One row for each owner
    columns:
      - name: owner
        description: Who uploaded
        data_tests: [unique, not_null]
  - name: by_day
    columns:
      - name: day
        data_tests: [not_null]
seeds:
  - name: photos
    columns:
      - name: format
        data_tests:
          - accepted_values:
              arguments:
                values: [jpeg, png, webp]
""",
    "models/recent.sql": "{{ config(materialized='view') }} select * from {{ ref('photos') }} where taken >= date '2026-01-01'",
    "models/owners.sql": "select owner, count(*) as photos, sum(size) as bytes from {{ ref('recent') }} group by owner",
    "models/by_day.sql": """
{{ config(partitioned_by=['day'], format='parquet', write_compression='snappy') }}
select id, size, cast(taken as varchar) as day from {{ ref('recent') }}
""",
    "models/grown.sql": """
{{ config(materialized='incremental', incremental_strategy='append', format='json') }}
select id, size from {{ ref('recent') }}
{% if is_incremental() %} where id > (select max(id) from {{ this }}) {% endif %}
""",
    "models/daily.sql": """
{{ config(materialized='incremental', incremental_strategy='insert_overwrite', partitioned_by=['day']) }}
select count(*) as photos, cast(taken as varchar) as day from {{ ref('recent') }} group by taken
""",
}


class Dbt(LakeTest):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        values = {"output": self.output, "bucket": self.bucket, "region": REGION, "database": self.database}
        for path, text in {**FILES, "profiles.yml": PROFILE.format(**values)}.items():
            self.write(path, text)

    def write(self, path, text):
        path = os.path.join(self.folder.name, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)

    def dbt(self, *words):
        """Runs dbt, which must succeed; what it says of each node."""
        folder = self.folder.name
        command = ["dbt", "--quiet", *words, "--project-dir", folder, "--profiles-dir", folder]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240)
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}\n{done.stderr}")
        with open(os.path.join(folder, "target", "run_results.json")) as file:
            return {found["unique_id"].split(".", 2)[2]: found["status"] for found in json.load(file)["results"]}

    def test_a_project_is_built_tested_grown_and_described(self):
        statuses = self.dbt("build")
        self.assertEqual({s for s in statuses.values()}, {"success", "pass"}, statuses)
        self.assertEqual(len(statuses), 10, statuses)
        self.assertEqual(self.rows("SELECT owner, photos, bytes FROM owners ORDER BY owner"), [["ada", "2", "300"], ["bob", "1", "300"], ["eve", "1", "400"]])
        self.assertEqual(self.rows("SELECT day, count(*) FROM by_day GROUP BY day ORDER BY day")[0], ["2026-01-01", "2"])
        self.assertTrue(any("/day=2026-01-03/" in key for key in self.keys("dbt/")), "partitions lie in folders of their own")

        self.write("seeds/photos.csv", FILES["seeds/photos.csv"] + "5,eve,webp,500,2026-01-03\n6,eve,webp,600,2026-01-04\n")
        statuses = self.dbt("build")
        self.assertEqual({s for s in statuses.values()}, {"success", "pass"}, statuses)
        self.assertEqual(self.rows("SELECT count(*), count(DISTINCT id), sum(size) FROM grown"), [["6", "6", "2100"]])
        self.assertEqual(
            self.rows("SELECT day, photos FROM daily ORDER BY day"),
            [["2026-01-01", "2"], ["2026-01-02", "1"], ["2026-01-03", "2"], ["2026-01-04", "1"]],
        )
        self.assertEqual(self.rows("SELECT count(*) FROM recent"), [["6"]])

        self.dbt("docs", "generate", "--no-compile")
        with open(os.path.join(self.folder.name, "target", "catalog.json")) as file:
            catalog = json.load(file)["nodes"]
        self.assertEqual(list(catalog["model.lake.by_day"]["columns"]), ["id", "size", "day"])


if __name__ == "__main__":
    unittest.main()
