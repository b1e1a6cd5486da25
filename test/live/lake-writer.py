"""Commits to Delta and Iceberg tables in S3 as told: a line of JSON in, the table's versions (oldest first) out."""

import json
import sys

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from pyiceberg.catalog.sql import SqlCatalog

endpoint, lake = sys.argv[1:]
delta_options = {
    "AWS_ENDPOINT_URL": endpoint,
    "AWS_ALLOW_HTTP": "true",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-east-1",
}
catalog = SqlCatalog(
    "live",
    uri="sqlite:///:memory:",
    warehouse=lake,
    **{
        "s3.endpoint": endpoint,
        "s3.access-key-id": "test",
        "s3.secret-access-key": "test",
        "s3.region": "us-east-1",
    },
)
catalog.create_namespace("live")


def rows(start: int, count: int) -> pa.Table:
    return pa.table({"id": pa.array(range(start, start + count), pa.int64()), "text": ["x"] * count})


def delta(table: str, action: str, number: int) -> list[str]:
    location = f"{lake}/{table}"
    if action in ("append", "overwrite"):
        write_deltalake(location, rows(number * 100, 10), mode=action, storage_options=delta_options)
    opened = DeltaTable(location, storage_options=delta_options)
    if action == "delete":
        opened.delete(f"id % 2 = {number % 2}")
    if action == "optimize":
        opened.optimize.compact()
    if action == "checkpoint":
        opened.create_checkpoint()
    return [str(version) for version in range(DeltaTable(location, storage_options=delta_options).version() + 1)]


def iceberg(table: str, action: str, number: int) -> list[str]:
    name = "live." + table.replace("/", "_")
    data = rows(number * 100, 10)
    opened = catalog.create_table_if_not_exists(name, data.schema, location=f"{lake}/{table}")
    if action == "append":
        opened.append(data)
    if action == "overwrite":
        opened.overwrite(data)
    if action == "delete":
        opened.delete(f"id == {number * 100 - 100}")
    return [str(snapshot.snapshot_id) for snapshot in catalog.load_table(name).metadata.snapshots]


for line in sys.stdin:
    told = json.loads(line)
    write = {"delta": delta, "iceberg": iceberg}[told["format"]]
    print(json.dumps(write(told["table"], told["action"], told["number"])), flush=True)
