"""Durable puts in a second with litequeue and persist-queue: queues.py DIRECTORY SECONDS.

Both on SQLite in WAL mode with synchronous=FULL, which is what the queue of tilld uses, and with a
body as long as that of a payment. One line for each: its name, the callers, the puts in a second.
"""

import sys
import threading
import time
from pathlib import Path

import litequeue
import persistqueue

BODY = "x" * 700


def rate(put, callers, seconds):
    counts = [0] * callers
    end = time.monotonic() + seconds
    lock = threading.Lock()

    def call(n):
        while time.monotonic() < end:
            with lock:
                put(BODY)
            counts[n] += 1

    threads = [threading.Thread(target=call, args=(n,)) for n in range(callers)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.monotonic() - begun)


def durable(connection):
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    level = connection.execute("PRAGMA synchronous").fetchone()[0]
    mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    assert (level, mode) == (2, "wal"), (level, mode)


def main():
    directory, seconds = Path(sys.argv[1]), float(sys.argv[2])
    light = litequeue.LiteQueue(str(directory / "litequeue.db"))
    durable(light.conn)
    persistent = persistqueue.SQLiteQueue(
        str(directory / "persist-queue"), multithreading=True, auto_commit=True
    )
    durable(persistent._putter)
    for callers in (1, 64):
        for name, queue in (("litequeue", light), ("persist-queue", persistent)):
            print(name, callers, f"{rate(queue.put, callers, seconds):.1f}")


main()
