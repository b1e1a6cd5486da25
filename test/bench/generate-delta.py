"""Writes Delta tables for the benchmarks, log only: python generate-delta.py checkpoint-zstd|checkpoint-snappy|json|json-lean DIR."""
import json
import pathlib
import sys
import uuid

import duckdb

ADDS = 1_000_000
JSON_ADDS = 300_000
START = 1_767_225_600_000  # 2026-01-01, epoch milliseconds

SCHEMA = {
    "type": "struct",
    "fields": [
        {"name": "id", "type": "long", "nullable": True, "metadata": {}},
        {"name": "ts", "type": "timestamp", "nullable": True, "metadata": {}},
        {"name": "amount", "type": "double", "nullable": True, "metadata": {}},
        {"name": "customer", "type": "string", "nullable": True, "metadata": {}},
        {"name": "day", "type": "string", "nullable": True, "metadata": {}},
    ],
}
META = {
    "id": "5a1bfa3b-7d0e-4f44-9d6a-0d5f6b1b6c11",
    "format": {"provider": "parquet", "options": {}},
    "schemaString": json.dumps(SCHEMA),
    "partitionColumns": ["day"],
    "configuration": {"delta.targetFileSize": "64mb"},
    "createdTime": START,
}


def day(i: int) -> str:
    return f"2026-{1 + (i % 360) // 30:02d}-{1 + i % 30:02d}"


def write_json(log: pathlib.Path, with_stats: bool) -> None:
    with open(log / f"{0:020}.json", "w") as out:
        info = {"timestamp": START, "operation": "WRITE", "operationParameters": {}, "engineInfo": "bench"}
        for action in ({"commitInfo": info}, {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}}, {"metaData": META}):
            out.write(json.dumps(action) + "\n")
        for i in range(JSON_ADDS):
            stats = {
                "numRecords": 1000 + i % 7,
                "minValues": {"id": i * 1000, "ts": "2026-01-01T00:00:00.000Z"},
                "maxValues": {"id": i * 1000 + 999, "ts": f"2026-{1 + i % 12:02d}-11T{i % 24:02d}:00:00.000Z"},
                "nullCount": {"id": 0, "ts": 0},
            }
            add = {
                "path": f"day={day(i)}/part-{i % 200:05d}-{uuid.UUID(int=i * 0x9E3779B97F4A7C15)}.c000.snappy.parquet",
                "partitionValues": {"day": day(i)},
                "size": 1_000_000 + (i * 7919) % 200_000_000,
                "modificationTime": START + i,
                "dataChange": True,
            }
            if with_stats:
                add["stats"] = json.dumps(stats, separators=(",", ":"))
            out.write(json.dumps({"add": add}, separators=(",", ":")) + "\n")


def write_checkpoint(log: pathlib.Path, options: str) -> None:
    sql = duckdb.connect()
    meta = (
        "{'id': $id, 'schemaString': $schema, 'partitionColumns': ['day'], 'createdTime': 1767225600000::BIGINT,"
        " 'configuration': MAP {'delta.targetFileSize': '64mb'}}"
    )
    sql.execute(
        f"""
        COPY (
          SELECT NULL AS add, NULL AS remove, {meta} AS metaData, NULL AS protocol
          UNION ALL BY NAME
          SELECT {{'minReaderVersion': 3, 'minWriterVersion': 7,
                   'readerFeatures': ['deletionVectors'], 'writerFeatures': ['deletionVectors']}} AS protocol
          UNION ALL BY NAME
          SELECT {{
            'path': format('day=2026-{{:02d}}-{{:02d}}/part-{{:05d}}-{{}}.c000.snappy.parquet',
                           1 + (i % 360) // 30, 1 + i % 30, i % 200, md5(i::VARCHAR)),
            'partitionValues': MAP {{'day': format('2026-{{:02d}}-{{:02d}}', 1 + (i % 360) // 30, 1 + i % 30)}},
            'size': (1000000 + (i * 7919) % 200000000)::BIGINT,
            'modificationTime': ({START} + i)::BIGINT,
            'dataChange': false,
            'stats': format('{{{{"numRecords":{{}},"minValues":{{{{"id":{{}},"amount":0.5,"customer":"a{{}}"}}}},"maxValues":{{{{"id":{{}},"amount":999.5,"customer":"z{{}}"}}}},"nullCount":{{{{"id":0,"amount":3,"customer":0}}}}}}}}',
                            1000 + i % 7, i * 1000, i, i * 1000 + 999, i),
            'deletionVector': CASE WHEN i % 50 = 0 THEN
               {{'storageType': 'u', 'pathOrInlineDv': 'ab^-aqEH.-t@S}}K{{vb[*k^', 'offset': (i % 100000)::INTEGER,
                 'sizeInBytes': 40, 'cardinality': (i % 90)::BIGINT}} END,
            'stats_parsed': {{
              'numRecords': (1000 + i % 7)::BIGINT,
              'minValues': {{'id': i * 1000, 'ts': make_timestamp(({START} + i) * 1000), 'amount': 0.5, 'customer': 'a' || i}},
              'maxValues': {{'id': i * 1000 + 999, 'ts': make_timestamp(({START} + i * 20) * 1000), 'amount': 999.5, 'customer': 'z' || i}},
              'nullCount': {{'id': 0::BIGINT, 'ts': 0::BIGINT, 'amount': 3::BIGINT, 'customer': 0::BIGINT}}
            }}
          }} AS add
          FROM range({ADDS}) t(i)
          UNION ALL BY NAME
          SELECT {{'path': format('day=2025-12-01/part-{{:05d}}.parquet', i), 'deletionTimestamp': {START}::BIGINT,
                   'dataChange': true, 'size': 1000000::BIGINT}} AS remove
          FROM range(50000) t(i)
        ) TO '{log / f"{1:020}.checkpoint.parquet"}' (FORMAT parquet, {options})
        """,
        {"id": META["id"], "schema": META["schemaString"]},
    )
    (log / "_last_checkpoint").write_text(json.dumps({"version": 1, "size": ADDS + 2}))


form, folder = sys.argv[1], pathlib.Path(sys.argv[2]) / "_delta_log"
folder.mkdir(parents=True, exist_ok=True)
if form.startswith("json"):
    write_json(folder, with_stats=form == "json")
else:
    write_checkpoint(
        folder,
        "COMPRESSION zstd, ROW_GROUP_SIZE 122880" if form == "checkpoint-zstd" else "COMPRESSION snappy, ROW_GROUP_SIZE 2000000",
    )
