#!/usr/bin/env python3
"""report-oracle.py make SEED | check SEED: groups and orders, computed again.

`make` writes `results/` with random runs. `check` reads what `resutil report`
printed of them as JSON lines (`groups` by a and b with all statistics of x,
`sorted` by -x,b,name with their columns) and compares it with what Python
computes from the same values.
"""
import json
import math
import os
import random
import statistics
import sys

RUNS = 60
ABSENT = object()
KEYS = [1, 1.0, 2, 0.5, "one", "1", True, None, ABSENT, [1, 2], math.nan]
STATS = "count,mean,std,min,max,sum,median,p5,p99.9"


def make_runs(seed):
    rng = random.Random(seed)
    runs = {}
    for i in range(RUNS):
        run = {"a": rng.choice(KEYS), "b": rng.choice(KEYS[:4])}
        kind = rng.randrange(8)
        run["x"] = ABSENT if kind == 0 else None if kind == 1 else \
            math.nan if kind == 2 else rng.random() < .5 if kind == 3 else \
            rng.randrange(-5, 5) if kind == 4 else "text" if kind == 5 else \
            rng.uniform(-1, 1) * 10 ** rng.randrange(-3, 6)
        runs["aapfup_20240704T1915%02d" % i] = run
    return runs


def yaml(value):
    if isinstance(value, float):
        if value != value:
            return ".nan"
        text = repr(value)
        return text if "e" not in text or "." in text \
            else text.replace("e", ".0e")
    return json.dumps(value)


def write(runs):
    for name, run in runs.items():
        os.makedirs("results/" + name)
        with open("results/" + name + "/resutil-exp.yaml", "w",
                  encoding="utf-8") as f:
            f.write("resutil: 1\nstate: done\nparams:\n  all: 1\n")
            for key, value in run.items():
                if value is not ABSENT:
                    f.write("  {}: {}\n".format(key, yaml(value)))


def rank(value):
    """Its place in the order of values: a key for sorting."""
    if value is ABSENT:
        return (9, 0)
    if value is None:
        return (9, 1)
    if isinstance(value, bool):
        return (1, value)
    if isinstance(value, (int, float)):
        return (9, 2) if value != value else (2, value)
    if isinstance(value, str):
        return (4, value)
    return (5, [rank(v) for v in value])


def close(got, want):
    if want is None or got is None:
        return got is want
    return math.isclose(got, want, rel_tol=1e-12, abs_tol=1e-12)


def quantile(values, part):
    at = (len(values) - 1) * part
    low = math.floor(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (at - low) * (values[high] - values[low])


def expected(values):
    values = sorted(float(v) for v in values
                    if isinstance(v, (bool, int, float)) and v == v)
    if not values:
        return [0] + [None] * 8
    std = statistics.stdev(values) if len(values) > 1 else None
    return [len(values), statistics.fmean(values), std, values[0],
            values[-1], math.fsum(values), quantile(values, .5),
            quantile(values, .05), quantile(values, .999)]


def read(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def shown(value):
    return None if value is ABSENT else "nan" if value != value else value


def check_groups(runs):
    groups = {}
    for run in runs.values():
        key = (str(rank(run["a"])).replace(".0", ""),
               str(rank(run["b"])).replace(".0", ""))
        groups.setdefault(key, []).append(run)
    want = sorted(groups.values(),
                  key=lambda g: (rank(g[0]["a"]), rank(g[0]["b"])))
    rows = read("groups")
    assert len(rows) == len(want), (len(rows), len(want))
    for row, group in zip(rows, want):
        first = group[0]
        assert row["count"] == len(group), (row, group)
        assert row["params.a"] == shown(first["a"]), (row, first)
        assert row["params.b"] == shown(first["b"]), (row, first)
        values = expected([run["x"] for run in group])
        for name, value in zip(STATS.split(","), values):
            assert close(row["params.x." + name], value), (name, value, row)


def check_sorted(runs):
    def key(item):
        name, run = item
        x, b = rank(run["x"]), rank(run["b"])
        if x[0] != 9:
            x = (-x[0], [-ord(c) for c in x[1]] if x[0] == 4 else -x[1])
        return (x, b, name)
    want = [name for name, _ in sorted(runs.items(), key=key)]
    rows = read("sorted")
    assert [row["name"] for row in rows] == want, (rows, want)
    for row in rows:
        run = runs[row["name"]]
        for field in "abx":
            assert row["params." + field] == shown(run[field]), (row, run)


def main():
    runs = make_runs(int(sys.argv[2]))
    if sys.argv[1] == "make":
        write(runs)
        print(STATS)
    else:
        check_groups(runs)
        check_sorted(runs)


main()
