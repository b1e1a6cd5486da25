"""DAGs whose outcome is known: what the collector says of them is compared with it."""
import os
import time
from datetime import datetime, timedelta

from airflow.decorators import dag, task
from airflow.exceptions import AirflowException, AirflowSkipException

COMMON = dict(schedule=None, start_date=datetime(2026, 1, 1), catchup=False, tags=["tidemark"])
OWNED = dict(owner="ana")


@dag(dag_id="succeeds", default_args=OWNED, **COMMON)
def succeeds():
    @task
    def first():
        time.sleep(1)

    @task
    def second():
        pass

    first() >> second()


@dag(dag_id="fails", **COMMON)
def fails():
    @task
    def breaks():
        raise AirflowException("disk full")

    @task
    def never():
        pass

    breaks() >> never()


@dag(dag_id="retries", **COMMON)
def retries():
    @task(retries=2, retry_delay=timedelta(seconds=1))
    def third_time(**context):
        if context["ti"].try_number < 3:
            raise AirflowException("not yet")

    third_time()


@dag(dag_id="maps", **COMMON)
def maps():
    @task
    def each(i):
        if i == 3:
            raise AirflowException("bad row")

    @task
    def skips():
        raise AirflowSkipException("nothing to do")

    each.expand(i=list(range(5)))
    skips()


@dag(dag_id="long", **COMMON)
def long():
    @task
    def waits():
        time.sleep(600)

    waits()


@dag(dag_id="scheduled", default_args=OWNED, **{**COMMON, "schedule": "0 6 * * *"})
def scheduled():
    @task
    def nothing():
        pass

    nothing()


succeeds(), fails(), retries(), maps(), long(), scheduled()
