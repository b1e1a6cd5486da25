"""Flows whose outcome is known: what the collector says of them is compared with it."""
import time

from prefect import flow, task


@task(retries=2, retry_delay_seconds=1)
def third_time(calls=[0]):
    calls[0] += 1
    if calls[0] < 3:
        raise RuntimeError("not yet")


@task
def fine(i):
    time.sleep(0.5)
    return i


@task
def bad():
    raise ValueError("disk full")


@flow(name="succeeds")
def succeeds():
    fine.map([1, 2, 3]).wait()
    third_time()


@flow(name="fails")
def fails():
    bad()


@flow(name="child")
def child():
    fine(1)


@flow(name="parent")
def parent():
    child()


@flow(name="slow", timeout_seconds=1)
def slow():
    for _ in range(100):
        time.sleep(0.1)


for one in (succeeds, fails, parent, slow):
    try:
        one()
    except Exception as error:
        print(one.name, error)
