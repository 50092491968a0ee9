#!/usr/bin/python3
"""see-processes.py OUT COMMAND...: runs COMMAND; what can be seen of it and of
its children meanwhile, in /proc, is written to OUT: a line each, once, with
"cmdline" or "environ" before it. Its status is that of the command."""

import os
import subprocess
import sys
import time

STEP = 0.003


def children(pid, parents):
    found, new = set(), {pid}
    while new:
        found |= new
        new = {p for p, above in parents.items() if above in new} - found
    return found


def look(pid, seen):
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/stat" % name, "rb") as f:
                    fields = f.read().rpartition(b")")[2].split()
                parents[int(name)] = int(fields[1])
            except OSError:
                pass
    for child in children(pid, parents):
        for what in ("cmdline", "environ"):
            try:
                with open("/proc/%d/%s" % (child, what), "rb") as f:
                    words = f.read().split(b"\0")
            except OSError:
                continue
            if what == "cmdline":
                words = [b" ".join(words)]
            seen.update((what, word) for word in words if word)


def main():
    seen = set()
    child = subprocess.Popen(sys.argv[2:])
    while child.poll() is None:
        look(child.pid, seen)
        time.sleep(STEP)
    with open(sys.argv[1], "wb") as f:
        for what, word in sorted(seen):
            f.write(what.encode() + b" " + word.replace(b"\n", b" ") + b"\n")
    status = child.returncode
    sys.exit(128 - status if status < 0 else status)


main()
