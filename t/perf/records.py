#!/usr/bin/env python3
"""records.py DIR N [M]: workload W4, N experiments with records of 40 lines.

The same N gives the same files: a project in DIR whose runs have a few
parameters, results and measurements of the machine. They are written with
times of their own, long ago. Where there is no room for a million files, only
M records are written, and the other experiments share these as hard links.
"""
import datetime
import os
import random
import sys
import uuid

top, number = sys.argv[1], int(sys.argv[2])
distinct = int(sys.argv[3]) if len(sys.argv) > 3 else number
rng = random.Random(number)
begin = datetime.datetime(2024, 1, 1)


def name_of(when, nr):
    minutes, prefix = int((when - begin).total_seconds()) // 60, ""
    for _ in range(6):
        prefix = chr(97 + minutes % 26) + prefix
        minutes //= 26
    return prefix + when.strftime("_%Y%m%dT%H%M%S") + f"_run{nr % 100}"


def record(name, when, nr):
    stamp = "%Y-%m-%dT%H:%M:%S.%f+09:00"
    wall = rng.random() * 30
    end = when + datetime.timedelta(seconds=wall)
    state = rng.choice(["done"] * 9 + ["fail"])
    rate, depth = f"{rng.random():.4f}", str(nr % 7)
    return f"""\
resutil: 1
id: {uuid.UUID(int=rng.getrandbits(128), version=4)}
revision: 2
name: {name}
cmd: python3 train.py --lr {rate} --depth {depth} --opt adam
argv:
- python3
- train.py
- "--lr"
- "{rate}"
- "--depth"
- "{depth}"
cwd: /home/me/project
params:
  lr: {rate}
  depth: {depth}
  opt: {rng.choice(["adam", "sgd"])}
dependency: []
result_dir: results/{name}
git:
  commit_hash: {rng.getrandbits(160):040x}
  branch: main
  uncommited_files: []
  patch: null
at:
  created: "{when.strftime(stamp)}"
  started: "{when.strftime(stamp)}"
  finished: "{end.strftime(stamp)}"
state: {state}
exit_code: {0 if state == "done" else 1}
usage:
  wall: {wall:.6f}
  user: {wall * 0.9:.6f}
  sys: 0.01
  max_rss: {rng.randrange(10**6, 10**9)}
info:
  acc: {rng.random():.6f}
  loss: {rng.random():.6f}
host: node{nr % 8}
user: me
"""


os.makedirs(os.path.join(top, "results"), exist_ok=True)
with open(os.path.join(top, "resutil-conf.yaml"), "w", encoding="ascii") as f:
    f.write("project_name: project\nresults_dir: results\n"
            "storage_type: dir\nstorage_config:\n  path: /nonexistent\n")
written = []
for nr in range(number):
    when = begin + datetime.timedelta(seconds=nr * 37)
    name = name_of(when, nr)
    place = os.path.join(top, "results", name)
    path = os.path.join(place, "resutil-exp.yaml")
    os.mkdir(place)
    if nr >= distinct:
        os.link(written[nr % distinct], path)
        continue
    written.append(path)
    with open(path, "w", encoding="ascii") as f:
        f.write(record(name, when, nr))
