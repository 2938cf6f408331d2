"""A harvest, loaded into DuckDB: dlt_pipeline.py INPUT RUN_DIR. Run again after whatever stopped it."""

import sys

import dlt

from harvester.dlt_source import harvest_source

pipeline = dlt.pipeline("engagement", destination="duckdb", dataset_name="tweets")

if __name__ == "__main__":
    ids, out = sys.argv[1:]
    print(pipeline.run(harvest_source(ids, out=out)))
