#!/usr/bin/env python3
"""random-runs: changes the experiments of a project at random, and says what
a report of all their fields has to be.

random-runs.py change DIR SEED ROUND   (again and again, in one directory)
random-runs.py compare DIR REPORT      (REPORT: JSON lines of `report`)

What is expected is computed from the files by PyYAML, by the words of
resutil-fields(7), and shares no code with resutil.
"""
import csv
import datetime
import json
import os
import random
import re
import shutil
import sys

import yaml

KEYS = ["lr", "LR", "Lr", "a.b", "a", "b c", 'say "x"', "back\\slash", "",
        "1", "-", "drop table runs;--", "größe", "学習", "x" * 60, "and", "*",
        "[a]", "tab\there", "%s", "'", "é.è", "_", "9.5"]
TEXTS = ["", "a", "done", "x" * 500, 'quo"te', "two\nlines", "größe", "1",
         "true", "null", "2024-01-01", "' OR 1=1", "nan", "\\"]
STATES = ["done", "fail", "interrupted", "added", "lost"]
MADE = ["name", "comment", "date", "duration", "dir", "remote", "problem",
        "metrics", "fields_left_out"]
STATS = ["count", "last", "min", "max", "mean"]


def scalar(rng):
    return rng.choice([
        lambda: None, lambda: True, lambda: False,
        lambda: rng.randrange(-10, 10), lambda: rng.randrange(-2**63, 2**63),
        lambda: rng.random(), lambda: rng.random() * 10**rng.randrange(-300, 300),
        lambda: float(rng.randrange(5)), lambda: rng.choice(TEXTS)])()


def value(rng, depth):
    kind = rng.random()
    if kind < 0.15 and depth:
        return {key: value(rng, depth - 1)
                for key in rng.sample(KEYS, rng.randrange(4))}
    if kind < 0.25:
        return [scalar(rng) for _ in range(rng.randrange(4))]
    return scalar(rng)


def moment(rng):
    zone = datetime.timezone(datetime.timedelta(minutes=30 * rng.randrange(-24, 25)))
    when = datetime.datetime.fromtimestamp(
        rng.randrange(1500000000, 1800000000), zone)
    return when.replace(microsecond=rng.randrange(10**6)).isoformat(
        timespec="microseconds")


def record(rng):
    rec = {"resutil": 1, "dependency": [], "at": {"created": moment(rng)}}
    for part in ["params", "info", "result", "mine"]:
        if rng.random() < 0.7:
            rec[part] = {key: value(rng, 2)
                         for key in rng.sample(KEYS, rng.randrange(5))}
    if rng.random() < 0.2:
        rec["result"] = scalar(rng)
    if rng.random() < 0.8:
        rec["state"] = rng.choice(STATES)
    for key in rng.sample(["tags", "comment", "metrics", "odd key"], 2):
        rec[key] = value(rng, 1)
    if rng.random() < 0.5:
        rec["usage"] = {"wall": rng.random() * 100}
    elif rng.random() < 0.5:
        rec["at"]["started"] = moment(rng)
        rec["at"]["finished"] = moment(rng)
    return rec


class Changes:
    def __init__(self, top, seed, turn):
        self.rng = random.Random(f"{seed}/{turn}")
        self.results = os.path.join(top, "results")
        self.clock = 1000000000 + 100000 * turn
        os.makedirs(self.results, exist_ok=True)

    def stamp(self, path):
        """A time that it never had, whatever the clock of the disk does."""
        self.clock += 1
        os.utime(path, (self.clock, self.clock))

    def names(self):
        return sorted(os.listdir(self.results))

    def write(self, name, file, text):
        path = os.path.join(self.results, name, file)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        self.stamp(path)
        self.stamp(os.path.dirname(path))

    def write_record(self, name):
        rec = record(self.rng)
        if self.rng.random() < 0.2:
            text = json.dumps(rec)
        else:
            text = yaml.safe_dump(
                rec, sort_keys=False, allow_unicode=True,
                default_flow_style=self.rng.choice([False, False, None]))
        self.write(name, "resutil-exp.yaml", text)

    def write_metrics(self, name):
        rng = self.rng
        columns = rng.sample(["loss", "acc", "a b", "größe"], rng.randrange(1, 4))
        rows = [["at"] + columns]
        for step in range(rng.randrange(1, 6)):
            rows.append([f"{step}.5"] + [repr(rng.random()) for _ in columns])
        series = rng.choice(["", "", "-val", "-sys.tem"])
        out = []
        for row in rows:
            out.append(",".join(row) + "\n")
        self.write(name, f"metrics-0000{series}.csv", "".join(out))

    def add(self):
        stamp = datetime.datetime(2024, 7, 4) + datetime.timedelta(
            seconds=self.rng.randrange(10**7))
        minutes = int((stamp - datetime.datetime(2024, 1, 1)).total_seconds()) // 60
        prefix = ""
        for _ in range(6):
            prefix = chr(97 + minutes % 26) + prefix
            minutes //= 26
        name = prefix + stamp.strftime("_%Y%m%dT%H%M%S") + self.rng.choice(
            ["", "_first", "_größe", "_a b.c"])
        if not os.path.exists(os.path.join(self.results, name)):
            os.mkdir(os.path.join(self.results, name))
            self.write_record(name)

    def change(self):
        for _ in range(self.rng.randrange(1, 30)):
            names = self.names()
            what = self.rng.random()
            if what < 0.4 or not names:
                self.add()
                continue
            name = self.rng.choice(names)
            if what < 0.6:
                self.write_record(name)
            elif what < 0.8:
                self.write_metrics(name)
            elif what < 0.9:
                shutil.rmtree(os.path.join(self.results, name))
            else:
                other = name[:22] + "_moved%d" % self.rng.randrange(10**6)
                os.rename(os.path.join(self.results, name),
                          os.path.join(self.results, other))


# ---- what it must be -------------------------------------------------------


def plain(key, first):
    return re.fullmatch(r"[A-Za-z_\u0080-\U0010ffff]" if first else
                        r"[A-Za-z0-9_\u0080-\U0010ffff-]", key[:1]) and \
        re.fullmatch(r"[A-Za-z0-9_\u0080-\U0010ffff-]+", key)


def join(path, key):
    if not plain(key, not path):
        key = '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{path}.{key}" if path else key


def flatten(out, path, val):
    if isinstance(val, dict):
        for key, member in val.items():
            flatten(out, join(path, key), member)
    else:
        out[path] = val


def read_metrics(out, directory):
    for file in sorted(os.listdir(directory)):
        m = re.fullmatch(r"metrics-\d{4,}(?:-(.*))?\.csv", file)
        if not m:
            continue
        with open(os.path.join(directory, file), encoding="utf-8", newline="") as f:
            rows = list(csv.reader(f))
        path = join("metrics", m.group(1)) if m.group(1) else "metrics"
        for i, column in enumerate(rows[0][1:], 1):
            vals = [float(row[i]) for row in rows[1:]]
            sums = [len(vals), vals[-1], min(vals), max(vals),
                    sum(vals) / len(vals)]
            for word, number in zip(STATS, sums):
                out[join(join(path, column), word)] = number


def expected(directory):
    with open(os.path.join(directory, "resutil-exp.yaml"), encoding="utf-8") as f:
        rec = yaml.safe_load(f)
    out = {}
    name = os.path.basename(directory)
    for key, val in rec.items():
        if key not in MADE:
            flatten(out, join("", key), val)
    out["name"] = name
    comment = re.fullmatch(r".{22}_(.*)", name)
    if comment:
        out["comment"] = comment.group(1)
    out["date"] = rec["at"]["created"]
    if "usage" in rec:
        out["duration"] = rec["usage"]["wall"]
    elif "finished" in rec["at"]:
        begun, ended = (datetime.datetime.fromisoformat(rec["at"][key])
                        for key in ("started", "finished"))
        out["duration"] = max((ended - begun).total_seconds(), 0.0)
    read_metrics(out, directory)
    return {key: val for key, val in out.items() if val is not None}


def same(one, two):
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(map(same, one, two))
    if isinstance(one, bool) or isinstance(two, bool):
        return one is two
    if isinstance(one, (int, float)) and isinstance(two, (int, float)):
        return one == two or abs(one - two) <= 1e-12 * abs(one)
    return type(one) is type(two) and one == two


def compare(top, report):
    results = os.path.join(top, "results")
    want = [expected(os.path.join(results, name))
            for name in sorted(os.listdir(results), key=os.fsencode)]
    with open(report, encoding="utf-8") as f:
        have = [{key: val for key, val in json.loads(line).items()
                 if val is not None} for line in f]
    bad = 0
    if len(want) != len(have):
        print(f"{len(have)} runs, not {len(want)}")
        bad = 1
    for one, two in zip(want, have):
        for key in sorted(set(one) | set(two)):
            if key not in one or key not in two or not same(one[key], two[key]):
                print(f"{one['name']}: {key}: {two.get(key)!r}, "
                      f"not {one.get(key)!r}")
                bad = 1
    return bad


if sys.argv[1] == "change":
    Changes(sys.argv[2], sys.argv[3], int(sys.argv[4])).change()
else:
    sys.exit(compare(sys.argv[2], sys.argv[3]))
