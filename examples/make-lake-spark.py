"""Writes the tables of the example lake that need Spark: with deletion vectors, and with position deletes.

    python3 -m venv venv
    venv/bin/pip install pyspark==4.0.1
    for a in io.delta:delta-spark_2.13:4.0.0 io.delta:delta-storage:4.0.0 org.antlr:antlr4-runtime:4.13.1 \\
             org.apache.iceberg:iceberg-spark-runtime-4.0_2.13:1.10.0; do
      mvn -q dependency:copy -Dartifact=$a -DoutputDirectory=jars
    done
    venv/bin/python examples/make-lake-spark.py jars [FOLDER]     # default: examples/lake; as root, for /lake

Iceberg writes absolute locations into its metadata. The script links /lake to the folder while it runs, so that they
read file:/lake/…, wherever the lake is kept afterwards. Times are set with libfaketime, as in make-lake.py.
"""

import os
import random
import shutil
import sys
import tempfile
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

CLOCK = "FAKETIME_TIMESTAMP_FILE"
LIBRARY = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"

from pyspark.sql import SparkSession

JARS = Path(sys.argv[1]).resolve()
LAKE = Path(sys.argv[2] if len(sys.argv) > 2 else Path(__file__).parent / "lake").resolve()
LINK = Path("/lake")
LAST_DAY = date(2026, 11, 20)
RANDOM = random.Random(20261121)


def at(day: date, hour: int, minute: int = 0) -> None:
    Path(os.environ[CLOCK]).write_text(f"@{day} {hour:02}:{minute:02}:00\n")


def session(clock: Path) -> SparkSession:
    # Only the JVM that Spark starts sees the false time. Its monotonic clock must be false, too, or its waits never end.
    os.environ |= {
        CLOCK: str(clock),
        "LD_PRELOAD": LIBRARY,
        "FAKETIME_NO_CACHE": "1",
        "TZ": "UTC",
    }
    at(LAST_DAY - timedelta(days=30), 0)
    options = {
        "spark.jars": ",".join(str(jar) for jar in JARS.glob("*.jar")),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension,"
        "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.catalog.lake": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.lake.type": "hadoop",
        "spark.sql.catalog.lake.warehouse": f"file://{LINK}",
        # Days pass between two commits; nobody may take that for a lost heartbeat.
        "spark.executor.heartbeatInterval": "7776000s",
        "spark.network.timeout": "77760000s",
        "spark.rpc.askTimeout": "77760000s",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.warehouse.dir": str(clock.parent / "unused"),
        "spark.ui.enabled": "false",
        # Databricks knows delta.targetFileSize, Delta itself does not.
        "spark.databricks.delta.allowArbitraryProperties.enabled": "true",
        "spark.driver.host": "127.0.0.1",
    }
    builder = SparkSession.builder.master("local[2]")
    for key, value in options.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def payments(spark: SparkSession) -> None:
    """silver/payments (Delta): rows of people who left are deleted with deletion vectors, files are not rewritten."""
    table = f"delta.`{LAKE}/silver/payments`"
    at(LAST_DAY - timedelta(days=20), 1)
    spark.sql(
        f"""CREATE TABLE {table} (payment_id BIGINT, customer_id BIGINT, paid_at TIMESTAMP, method STRING, amount DECIMAL(12,2))
        USING delta TBLPROPERTIES (delta.enableDeletionVectors = true, delta.enableInCommitTimestamps = true,
        delta.targetFileSize = '16384', delta.checkpointInterval = '10')"""
    )
    next_id = 0
    for back in range(20, 0, -2):
        day = LAST_DAY - timedelta(days=back)
        rows = []
        for _ in range(600):
            next_id += 1
            paid = datetime(day.year, day.month, day.day, tzinfo=timezone.utc) + timedelta(seconds=RANDOM.randrange(86_400))
            rows.append((next_id, RANDOM.randint(1, 900), paid, RANDOM.choice(["card", "sepa", "invoice"]), RANDOM.randrange(1, 40_000) / 100))
        at(day + timedelta(days=1), 4, 30)
        frame = spark.createDataFrame(rows, "payment_id long, customer_id long, paid_at timestamp, method string, amount double")
        frame.coalesce(1).createOrReplaceTempView("batch")
        spark.sql(f"INSERT INTO {table} SELECT payment_id, customer_id, paid_at, method, CAST(amount AS DECIMAL(12,2)) FROM batch")
        if back % 6 == 2:
            at(day + timedelta(days=1), 13, 10)
            spark.sql(f"DELETE FROM {table} WHERE customer_id % 9 = {back % 9}")
    at(LAST_DAY, 15)
    spark.sql(f"UPDATE {table} SET method = 'card' WHERE method = 'invoice' AND payment_id % 40 = 0")


def inventory(spark: SparkSession) -> None:
    """silver/inventory (Iceberg 2): corrected all day by merge-on-read updates, so position deletes pile up."""
    table = "lake.silver.inventory"
    at(LAST_DAY - timedelta(days=10), 1)
    spark.sql(
        f"""CREATE TABLE {table} (sku BIGINT, warehouse STRING, quantity INT, counted_at TIMESTAMP) USING iceberg
        PARTITIONED BY (warehouse) TBLPROPERTIES ('format-version' = '2', 'write.delete.mode' = 'merge-on-read',
        'write.update.mode' = 'merge-on-read', 'write.target-file-size-bytes' = '16384',
        'write.metadata.delete-after-commit.enabled' = 'true', 'write.metadata.previous-versions-max' = '3')"""
    )
    day = LAST_DAY - timedelta(days=10)
    rows = [
        (sku, warehouse, RANDOM.randint(0, 500), datetime(day.year, day.month, day.day, 2, tzinfo=timezone.utc))
        for warehouse in ("Hamburg", "Lyon", "Turin")
        for sku in range(1, 401)
    ]
    at(day, 3)
    frame = spark.createDataFrame(rows, "sku long, warehouse string, quantity int, counted_at timestamp")
    frame.coalesce(1).createOrReplaceTempView("count")
    spark.sql(f"INSERT INTO {table} SELECT * FROM count ORDER BY warehouse")
    for back in range(9, 0, -1):
        day = LAST_DAY - timedelta(days=back)
        warehouse = RANDOM.choice(["Hamburg", "Lyon", "Turin"])
        at(day, 9, 5)
        spark.sql(
            f"UPDATE {table} SET quantity = quantity - 1, counted_at = TIMESTAMP '{day} 09:00:00' "
            f"WHERE warehouse = '{warehouse}' AND sku % 23 = {back}"
        )
        at(day, 18, 40)
        spark.sql(f"DELETE FROM {table} WHERE sku % 211 = {back} AND warehouse <> '{warehouse}'")


def main() -> None:
    for table in ("silver/payments", "silver/inventory"):
        shutil.rmtree(LAKE / table, ignore_errors=True)
    LAKE.mkdir(parents=True, exist_ok=True)
    LINK.symlink_to(LAKE)
    with tempfile.TemporaryDirectory() as scratch:
        try:
            spark = session(Path(scratch) / "clock")
            payments(spark)
            inventory(spark)
            spark.stop()
        finally:
            LINK.unlink()
    # Hadoop's local file system keeps a checksum beside each file; no object store does.
    for checksum in [*LAKE.glob("silver/payments/**/.*.crc"), *LAKE.glob("silver/inventory/**/.*.crc")]:
        checksum.unlink()


if __name__ == "__main__":
    main()
