#!/usr/bin/env python3
"""mid-upload.py STORE HOW COMMAND...

Puts a file of 64 MiB as project/object into the directory STORE, stops that in
its midst, runs the shell commands COMMAND, one after the other, and then lets it
go on (HOW: go) or kills it (HOW: kill; then the commands come after its end).
Exits 0 when everything did, and the put, too, unless it was killed.
"""
import os
import signal
import subprocess
import sys
import time

store, how, commands = sys.argv[1], sys.argv[2], sys.argv[3:]
project = os.path.join(store, "project")


def begun():
    """Whether a temporary is being written."""
    try:
        for entry in os.scandir(project):
            if (entry.name.startswith(".resutil-put-") and
                    entry.stat().st_size):
                return True
    except OSError:
        pass
    return False


def stopped(argv):
    """The put, stopped; None: it was too fast."""
    put = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
    limit = time.time() + 10
    while put.poll() is None and time.time() < limit:
        if begun():
            put.send_signal(signal.SIGSTOP)
            if begun():
                return put
            put.send_signal(signal.SIGCONT)
            break
    put.wait()
    return None


with open("upload", "wb") as upload:
    upload.truncate(64 << 20)
put = None
for _ in range(50):
    put = put or stopped(["resutil", "put-object", "--remote",
                          "dir:" + store, "project/object", "upload"])
if not put:
    sys.exit("the upload was never caught in its midst")
if how == "kill":
    put.kill()
    put.wait()
failed = [c for c in commands if subprocess.call(["sh", "-c", c])]
put.send_signal(signal.SIGCONT)
put.wait()
if failed:
    sys.exit("failed: " + failed[0])
sys.exit(how == "go" and put.returncode)
