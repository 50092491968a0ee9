#!/usr/bin/env python3
"""Stands for ``resutil record-runs`` where a test needs one that misbehaves.

The words of FAKE say how: ``noseq`` (answers carry no ``seq``), ``die-at-N``
(ends when it reads the Nth request), ``garbage`` (says something that is no
JSON), ``child`` (does not leave its parent), ``slow`` (waits for FAKE_GATE to
appear before it answers an update).
Each request is appended to FAKE_LOG; FAKE_LOG.end is made at the end of input.
"""

import json
import os
import sys
import time

if sys.argv[1:] != ["record-runs", "--detach"]:
    sys.exit(f"fake: what is {sys.argv[1:]}?")
modes = os.environ.get("FAKE", "").split()
if "die-at-1" not in modes and "child" not in modes and os.fork():
    os._exit(0)
where = os.environ["FAKE_LOG"]
count = 0
for line in sys.stdin:
    count += 1
    with open(where, "a") as log:
        log.write(line)
    try:
        request = json.loads(line)
    except ValueError:
        print(json.dumps({"ok": False, "code": 129, "error": "malformed"}),
              flush=True)
        continue
    if f"die-at-{count}" in modes:
        # the second one that is started is well
        if not os.path.exists(where + ".died"):
            open(where + ".died", "w").close()
            os._exit(7)
    if "garbage" in modes:
        print("usage: something else", flush=True)
        continue
    op = request["op"]
    if op == "update" and "slow" in modes:
        gate = os.environ["FAKE_GATE"]
        open(gate + ".asked", "w").close()
        while not os.path.exists(gate) and os.path.exists(where):
            time.sleep(0.01)
    answer = {"ok": True, "pid": os.getpid(), "recorder": os.getpid()}
    if op == "begin":
        answer.update(run=count, id="1-2-3", name="aaaaaa_x",
                      dir=request.get("cwd", "/") + "/aaaaaa_x")
    elif op in ("join", "adopt"):
        answer.update(run=count, id="1-2-3", dir=request["dir"])
    elif op == "update":
        answer.update(revision=count, changes=request.get("changes"))
    elif op == "refuse":
        answer = {"ok": False, "code": 14, "error": "no", "retry": True}
    if "noseq" not in modes and "seq" in request:
        answer["seq"] = request["seq"]
    try:
        print(json.dumps(answer), flush=True)
    except BrokenPipeError:
        os._exit(0)
if os.path.exists(where):
    open(where + ".end", "w").close()
