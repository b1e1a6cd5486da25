"""What Python's readers take for the same manifest: python peer-iceberg.py DIR. One JSON object per reader."""
import json
import pathlib
import resource
import sys
import time

directory = pathlib.Path(sys.argv[1])
reader = sys.argv[2]


def with_fastavro():
    import fastavro

    start = time.perf_counter()
    files = size = rows = 0
    with open(directory / "metadata" / "manifest.avro", "rb") as manifest:
        for entry in fastavro.reader(manifest):
            files += 1
            size += entry["data_file"]["file_size_in_bytes"]
            rows += entry["data_file"]["record_count"]
    return fastavro.__version__, time.perf_counter() - start, files, size, rows


def with_pyiceberg():
    import pyiceberg
    from pyiceberg.table import StaticTable

    start = time.perf_counter()
    files = size = rows = 0
    table = StaticTable.from_metadata(str(directory / "metadata" / "v1.metadata.json"))
    for manifest in table.current_snapshot().manifests(table.io):
        for entry in manifest.fetch_manifest_entry(table.io):
            files += 1
            size += entry.data_file.file_size_in_bytes
            rows += entry.data_file.record_count
    return pyiceberg.__version__, time.perf_counter() - start, files, size, rows


version, seconds, files, size, rows = {"fastavro": with_fastavro, "pyiceberg": with_pyiceberg}[reader]()
print(
    json.dumps(
        {
            "name": f"{reader} {version}",
            "seconds": seconds,
            "peakMb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000),
            "files": files,
            "rows": rows,
            "bytes": size,
        }
    )
)
