"""DuckDB's totals of a generated log: python peer-delta.py FORM DIR. One JSON object on standard output."""
import json
import pathlib
import resource
import sys
import time

import duckdb

form, log = sys.argv[1], pathlib.Path(sys.argv[2]) / "_delta_log"
sql = duckdb.connect()
if form.startswith("json"):
    file = log / f"{0:020}.json"
    source = f"""read_json('{file}', format = 'newline_delimited', maximum_object_size = 16777216, columns = {{
      add: 'STRUCT(path VARCHAR, "partitionValues" MAP(VARCHAR, VARCHAR), size BIGINT, "modificationTime" BIGINT, stats VARCHAR)'}})"""
    rows = "sum((add.stats->>'numRecords')::BIGINT)"
    newest = "max((add.stats->>'$.maxValues.ts')::TIMESTAMP)"
else:
    source = f"read_parquet('{log}/*.checkpoint.parquet')"
    rows = "sum(add.stats_parsed.numRecords - coalesce(add.deletionVector.cardinality, 0))"
    newest = "max(add.stats_parsed.\"maxValues\".ts)"
query = f"""
  SELECT count(*), sum(add.size), {rows}, {newest}, median(add.size),
         count(DISTINCT add."partitionValues"['day']), max(hash(add.path)),
         count(*) FILTER (add.size < 50331648)
  FROM {source} WHERE add.path IS NOT NULL"""
start = time.perf_counter()
files, size, count, *_rest = row = sql.execute(query).fetchone()
per_partition = sql.execute(
    f"""SELECT add."partitionValues"['day'], sum(add.size) FROM {source} WHERE add.path IS NOT NULL GROUP BY 1"""
).fetchall()
seconds = time.perf_counter() - start
print(
    json.dumps(
        {
            "version": duckdb.__version__,
            "seconds": seconds,
            "peakMb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000),
            "files": files,
            "rows": None if count is None else int(count),
            "bytes": int(size),
            "partitions": len(per_partition),
        }
    )
)
