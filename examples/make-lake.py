"""Writes the example lake with the writers people use: deltalake and pyiceberg here, Spark in make-lake-spark.py.

    python3 -m venv venv
    venv/bin/pip install -r test/live/requirements.txt
    apt-get install libfaketime
    venv/bin/python examples/make-lake.py [FOLDER]         # default: examples/lake

The writers take their commit times from the clock, so the script runs itself again under libfaketime and sets the
time before each commit: a month of history is written in a minute. Values come from a seeded generator; only the
names of files (random UUIDs) differ from one run to the next.
"""

import os
import random
import shutil
import sys
import tempfile
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

CLOCK = "FAKETIME_TIMESTAMP_FILE"
LIBRARIES = (
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
)

if CLOCK not in os.environ:
    library = next((path for path in LIBRARIES if os.path.exists(path)), None)
    if library is None:
        sys.exit("libfaketime is not installed; apt-get install libfaketime")
    with tempfile.NamedTemporaryFile("w", suffix=".clock") as clock:
        clock.write("+0\n")
        clock.flush()
        env = os.environ | {
            CLOCK: clock.name,
            "LD_PRELOAD": library,
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "TZ": "UTC",
        }
        sys.exit(os.spawnve(os.P_WAIT, sys.executable, [sys.executable, *sys.argv], env))

import pyarrow as pa  # noqa: E402
from deltalake import DeltaTable, write_deltalake  # noqa: E402
from pyarrow.fs import LocalFileSystem, SubTreeFileSystem  # noqa: E402
from pyiceberg.catalog.sql import SqlCatalog  # noqa: E402
from pyiceberg.io.pyarrow import PyArrowFileIO  # noqa: E402
from pyiceberg.schema import Schema  # noqa: E402
from pyiceberg.transforms import DayTransform  # noqa: E402
from pyiceberg.types import (  # noqa: E402
    BooleanType,
    DoubleType,
    IntegerType,
    LongType,
    NestedField,
    StringType,
    TimestamptzType,
)

LAKE = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent / "lake").resolve()
LAST_DAY = date(2026, 11, 20)
FIRST_DAY = LAST_DAY - timedelta(days=30)
RANDOM = random.Random(20261120)
COUNTRIES = ["DE", "FR", "IT", "ES", "NL", "PL", "SE", "AT"]


def at(day: date, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    """Sets the clock that the writers see."""
    moment = datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=timezone.utc)
    Path(os.environ[CLOCK]).write_text(moment.strftime("@%Y-%m-%d %H:%M:%S\n"))
    return moment


def days(first: date = FIRST_DAY, last: date = LAST_DAY) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def moment_in(day: date) -> datetime:
    start = datetime(day.year, day.month, day.day, tzinfo=timezone.utc)
    return start + timedelta(seconds=RANDOM.randrange(86_400))


UTC = pa.timestamp("us", tz="UTC")


def orders() -> None:
    """gold/orders: healthy. One partition a day, one file in it of the size the table asks for."""
    table = LAKE / "gold/orders"
    schema = pa.schema(
        [
            ("order_id", pa.int64()),
            ("customer_id", pa.int64()),
            ("order_date", pa.date32()),
            ("ordered_at", UTC),
            ("country", pa.string()),
            ("amount", pa.decimal128(12, 2)),
        ]
    )
    next_id = 700_000
    for day in days():
        rows = []
        for _ in range(RANDOM.randint(320, 350)):
            next_id += 1
            rows.append(
                {
                    "order_id": next_id,
                    "customer_id": RANDOM.randint(1, 4_000),
                    "order_date": day,
                    "ordered_at": moment_in(day),
                    "country": RANDOM.choice(COUNTRIES),
                    "amount": Decimal(RANDOM.randrange(500, 40_000)) / 100,
                }
            )
        at(day + timedelta(days=1), 4, RANDOM.randint(0, 9), RANDOM.randint(0, 59))
        write_deltalake(
            table,
            pa.Table.from_pylist(rows, schema),
            mode="append",
            partition_by=["order_date"],
            name="orders",
            configuration={"delta.targetFileSize": "9216", "delta.checkpointInterval": "10"},
        )


def clicks() -> None:
    """bronze/clicks: a micro-batch every ten minutes for a day and more, one tiny file each, never compacted."""
    table = LAKE / "bronze/clicks"
    start = datetime(2026, 11, 19, 18, 0, tzinfo=timezone.utc)
    for batch in range(156):
        end = start + timedelta(minutes=10 * (batch + 1))
        rows = [
            {
                "clicked_at": end - timedelta(seconds=RANDOM.randrange(600)),
                "session": RANDOM.randrange(1, 9_999),
                "page": RANDOM.choice(["/", "/search", "/product", "/cart", "/checkout"]),
            }
            for _ in range(RANDOM.randint(20, 60))
        ]
        at(end.date(), end.hour, end.minute, RANDOM.randint(1, 20))
        schema = pa.schema([("clicked_at", UTC), ("session", pa.int64()), ("page", pa.string())])
        write_deltalake(
            table,
            pa.Table.from_pylist(rows, schema),
            mode="append",
            name="clicks",
            configuration={"delta.checkpointInterval": "100"},
        )


def device_readings() -> None:
    """silver/device_readings: partitioned by day and device, so that nearly each file is a partition of its own."""
    table = LAKE / "silver/device_readings"
    schema = pa.schema(
        [("day", pa.date32()), ("device", pa.string()), ("read_at", UTC), ("celsius", pa.float32())]
    )
    for day in days(LAST_DAY - timedelta(days=4)):
        rows = [
            {
                "day": day,
                "device": f"sensor-{device:03}",
                "read_at": moment_in(day),
                "celsius": RANDOM.gauss(21, 3),
            }
            for device in range(1, 41)
            for _ in range(RANDOM.randint(2, 5))
        ]
        at(day + timedelta(days=1), 0, 30, RANDOM.randint(0, 59))
        write_deltalake(
            table,
            pa.Table.from_pylist(rows, schema),
            mode="append",
            partition_by=["day", "device"],
            name="device_readings",
        )


def revenue() -> None:
    """gold/revenue_daily: maintained. Many small appends, then compacted with Z-order and vacuumed."""
    table = LAKE / "gold/revenue_daily"
    schema = pa.schema(
        [("day", pa.date32()), ("store_id", pa.int32()), ("product", pa.string()), ("revenue", pa.float64())]
    )
    for day in days(LAST_DAY - timedelta(days=17)):
        rows = [
            {"day": day, "store_id": store, "product": f"p{product:02}", "revenue": RANDOM.gammavariate(2, 90)}
            for store in range(1, 13)
            for product in range(1, 13)
        ]
        at(day + timedelta(days=1), 5, 15, RANDOM.randint(0, 59))
        write_deltalake(
            table,
            pa.Table.from_pylist(rows, schema),
            mode="append",
            name="revenue_daily",
            configuration={
                "delta.targetFileSize": "32768",
                "delta.deletedFileRetentionDuration": "interval 2 days",
            },
        )
        if day == LAST_DAY - timedelta(days=7):
            at(day + timedelta(days=1), 22)
            DeltaTable(table).optimize.z_order(["store_id", "product"])
        if day == LAST_DAY - timedelta(days=2):
            at(day + timedelta(days=1), 23)
            DeltaTable(table).vacuum(dry_run=False)
    at(LAST_DAY + timedelta(days=1), 22)
    DeltaTable(table).optimize.z_order(["store_id", "product"])
    at(LAST_DAY + timedelta(days=1), 22, 30)
    DeltaTable(table).create_checkpoint()


class ExampleFileIO(PyArrowFileIO):
    """Keeps s3://lake/… in all metadata while the files go below the example's folder, so that the lake can be moved."""

    def _initialize_fs(self, scheme: str, netloc: str | None = None):  # noqa: ANN202
        return SubTreeFileSystem(str(LAKE.parent), LocalFileSystem())

    @staticmethod
    def parse_location(location: str, properties=None):  # noqa: ANN001, ANN205
        path = location.removeprefix("s3://lake/")
        (LAKE / path).parent.mkdir(parents=True, exist_ok=True)
        return "s3", "lake", f"{LAKE.name}/{path}"


def customers(catalog: SqlCatalog) -> None:
    """gold/customers (Iceberg): its schema grew up: columns added, widened, renamed and dropped."""
    at(FIRST_DAY, 6)
    table = catalog.create_table(
        "gold.customers",
        Schema(
            NestedField(1, "customer_id", IntegerType(), required=True),
            NestedField(2, "name", StringType()),
            NestedField(3, "country", StringType()),
            NestedField(4, "fax", StringType()),
            NestedField(5, "signed_up", TimestamptzType()),
            identifier_field_ids=[1],
        ),
        location="s3://lake/gold/customers",
        properties={
            "format-version": "2",
            "commit.manifest-merge.enabled": "false",
        },
    )

    def append(day: date, count: int) -> None:
        first = 1 + table.scan().count()
        schema = table.schema().as_arrow()
        rows = []
        for n in range(first, first + count):
            row = {
                "customer_id": n,
                "name": f"customer {n}",
                "full_name": f"customer {n}",
                "country": RANDOM.choice(COUNTRIES),
                "fax": None,
                "signed_up": moment_in(day),
                "loyalty_points": RANDOM.randrange(10_000),
                "newsletter": RANDOM.random() < 0.4,
                "lifetime_value": round(RANDOM.gammavariate(2, 150), 2),
            }
            rows.append({name: row[name] for name in schema.names})
        at(day + timedelta(days=1), 3, 20)
        table.append(pa.Table.from_pylist(rows, schema))

    changes = {
        FIRST_DAY + timedelta(days=4): lambda update: update.add_column("loyalty_points", IntegerType()),
        FIRST_DAY + timedelta(days=9): lambda update: update.rename_column("name", "full_name"),
        FIRST_DAY + timedelta(days=14): lambda update: update.update_column("customer_id", field_type=LongType()),
        FIRST_DAY + timedelta(days=18): lambda update: update.delete_column("fax").add_column("newsletter", BooleanType()),
        FIRST_DAY + timedelta(days=24): lambda update: update.update_column(
            "loyalty_points", field_type=LongType()
        ).add_column("lifetime_value", DoubleType(), doc="euros"),
    }
    for n, day in enumerate(days()):
        if day in changes:
            at(day, 9, 30)
            with table.update_schema() as update:
                changes[day](update)
        if n % 2 == 0:
            append(day, RANDOM.randint(150, 170))
    # Only now: pyiceberg measures what it writes in memory and would split each append in two.
    with table.transaction() as transaction:
        transaction.set_properties({"write.target-file-size-bytes": "6144"})


def shipments(catalog: SqlCatalog) -> None:
    """silver/shipments (Iceberg): partitioned by day of a timestamp, corrected by overwrites, snapshots never expired."""
    at(FIRST_DAY, 6)
    schema = Schema(
        NestedField(1, "shipment_id", LongType()),
        NestedField(2, "shipped_at", TimestamptzType()),
        NestedField(3, "carrier", StringType()),
        NestedField(4, "weight_kg", DoubleType()),
    )
    table = catalog.create_table("silver.shipments", schema, location="s3://lake/silver/shipments")
    with table.update_spec() as update:
        update.add_field("shipped_at", DayTransform(), "shipped_day")
    next_id = 0
    for day in days(LAST_DAY - timedelta(days=10)):
        rows = []
        for _ in range(RANDOM.randint(30, 60)):
            next_id += 1
            rows.append(
                {
                    "shipment_id": next_id,
                    "shipped_at": moment_in(day),
                    "carrier": RANDOM.choice(["DHL", "DPD", "GLS", "UPS"]),
                    "weight_kg": round(RANDOM.uniform(0.2, 30), 1),
                }
            )
        at(day + timedelta(days=1), 2, 10)
        table.append(pa.Table.from_pylist(rows, schema.as_arrow()))
        if day.day % 4 == 0:
            at(day + timedelta(days=1), 11, 45)
            table.delete(f"shipment_id == {next_id - 7}")


def main() -> None:
    for table in "gold/orders bronze/clicks silver/device_readings gold/revenue_daily gold/customers silver/shipments".split():
        shutil.rmtree(LAKE / table, ignore_errors=True)
    orders()
    clicks()
    device_readings()
    revenue()
    catalog = SqlCatalog(
        "example",
        uri="sqlite:///:memory:",
        warehouse="s3://lake",
        **{"py-io-impl": f"{__name__}.{ExampleFileIO.__name__}"},
    )
    for namespace in ("gold", "silver"):
        catalog.create_namespace(namespace)
    customers(catalog)
    shipments(catalog)


if __name__ == "__main__":
    main()
