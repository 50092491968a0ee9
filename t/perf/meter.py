"""meter.py DIRECTORY ROWS ROUNDS: what a row costs in Python, and a tracked
call.  The ways take turns; prints, a line each: NAME TAB median of the
seconds for a row or call, in microseconds.

All write the row (at, step, loss, acc) into CSV.  "rows in memory" is what
votakvot did: every 10,000 rows went to a file, and the death of the process
lost what was not there yet; all others hand each row to the kernel.
"""
import csv
import os
import statistics
import sys
import time

import resutil

directory, rows, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
resutil.init(directory)


@resutil.track()
def by_meter(number):
    begin = time.perf_counter()
    for i in range(number):
        resutil.meter(step=i, loss=i * 0.37, acc=0.5)
    return (time.perf_counter() - begin) / number


def by_memory(number):
    begin = time.perf_counter()
    kept = []
    for i in range(number):
        kept.append({"at": time.time(), "step": i, "loss": i * 0.37,
                     "acc": 0.5})
        if len(kept) == 10000:
            with open(os.path.join(directory, "memory.csv"), "w",
                      newline="") as file:
                writer = csv.DictWriter(file, list(kept[0]))
                writer.writeheader()
                writer.writerows(kept)
            kept = []
    return (time.perf_counter() - begin) / number


def by_flush(number):
    begin = time.perf_counter()
    with open(os.path.join(directory, "flush.csv"), "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["at", "step", "loss", "acc"])
        for i in range(number):
            writer.writerow([time.time(), i, i * 0.37, 0.5])
            file.flush()
    return (time.perf_counter() - begin) / number


def by_write(number):
    """The least that a row which survives can cost: one write(2)."""
    row = b"1720091755.012000,100000,37000.0,0.5\n"
    fd = os.open(os.path.join(directory, "write.csv"),
                 os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    begin = time.perf_counter()
    for _ in range(number):
        os.write(fd, row)
    took = (time.perf_counter() - begin) / number
    os.close(fd)
    return took


@resutil.track()
def nothing(x=1):
    return x


def by_track(number):
    calls = max(1, number // 500)
    begin = time.perf_counter()
    for _ in range(calls):
        nothing()
    return (time.perf_counter() - begin) / calls


@resutil.track()
def by_inform(number):
    calls = max(1, number // 500)
    begin = time.perf_counter()
    for i in range(calls):
        resutil.inform(step=1)
    return (time.perf_counter() - begin) / calls


WAYS = (("resutil.meter", by_meter), ("rows in memory", by_memory),
        ("csv.writer, a flush a row", by_flush),
        ("limit: os.write alone", by_write),
        ("@track, a call", by_track), ("resutil.inform", by_inform))

for _, way in WAYS:
    way(min(rows, 1000))
took = {name: [] for name, _ in WAYS}
for _ in range(rounds):
    for name, way in WAYS:
        took[name].append(way(rows))
for name, _ in WAYS:
    print("{}\t{:.3f}".format(name, statistics.median(took[name]) * 1e6))
