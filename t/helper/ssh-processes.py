#!/usr/bin/python3
"""ssh-processes.py PID: the ids of all living processes below PID, one a line,
parents before their children."""

import os
import sys


def main():
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as f:
                    rest = f.read().rpartition(b")")[2].split()
            except OSError:
                continue
            if rest[0] != b"Z":
                parents[int(name)] = int(rest[1])
    below = [int(sys.argv[1])]
    while below:
        below = sorted(p for p, parent in parents.items() if parent in below)
        for pid in below:
            print(pid)


main()
