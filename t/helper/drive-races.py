#!/usr/bin/python3
"""drive-races.py SERVER BASE SEED ROUNDS MACHINE...: machines (files MACHINE.url
with their stores) put one name at once, and some are killed at it. After each
round says what is wrong; prints how often what happened, and ends with 1 when
anything was wrong.

Of those who expect nothing, or one version, at most one is told that it is
done, and its bytes are the object. Who was killed may have put, or not.
"""

import hashlib
import json
import os
import random
import subprocess
import sys
import threading
import time
import urllib.request

SERVER, BASE, SEED, ROUNDS = sys.argv[1:5]
MACHINES = sys.argv[5:]
counts = {"rounds": 0, "done": 0, "told": 0, "killed": 0, "bad": 0}
lock = threading.Lock()


def count(what):
    with lock:
        counts[what] += 1


def control(name, args):
    request = urllib.request.Request(
        "%s/_test/%s" % (SERVER, name), json.dumps(args).encode())
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def files_of(key):
    """The objects of that name: (id, MD5); pending ones are not there."""
    return [(f["id"], f["md5"])
            for f in control("drive_tree", {"id": BASE})["files"]
            if f["name"] == key and not f["trashed"] and not f["folder"] and
            "resutil-state" not in (f["properties"] or {})]


class Putting:
    def __init__(self, chance, machine, key, expect):
        with open(machine + ".url") as f:
            url = f.read().strip()
        self.data = b"of %s, %d\n" % (machine.encode(), chance.randrange(1e9))
        self.md5 = hashlib.md5(self.data).hexdigest()
        self.path = "%s.%s.data" % (machine, key)
        with open(self.path, "wb") as f:
            f.write(self.data)
        self.child = subprocess.Popen(
            ["resutil", "put-object", "--remote", url] + expect +
            [key, self.path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.status = None

    def end(self, kill_after=None):
        if kill_after is not None:
            time.sleep(kill_after)
            self.child.kill()
        self.out, self.err = self.child.communicate()
        self.status = self.child.returncode
        os.unlink(self.path)


def race(chance, key, expect):
    """All put at once; returns them when they have ended."""
    some = [Putting(chance, m, key, expect) for m in MACHINES]
    delays = [None] * len(some)
    if chance.random() < 0.6:
        delays[chance.randrange(len(some))] = chance.random() * 0.12
    threads = [threading.Thread(target=p.end, args=(delay,))
               for p, delay in zip(some, delays)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for p in some:
        count({0: "done", 14: "told", -9: "killed"}.get(p.status, "bad"))
    return some


def complain(key, what, some, there):
    count("bad")
    print("%s: %s; there: %s" % (key, what, there))
    for p in some:
        print("    %s %s %s" % (p.md5, p.status, p.err.decode().strip()))


def judge(key, some, before):
    """before: the MD5 of the object, or None. Returns whether all is well."""
    done = [p for p in some if p.status == 0]
    killed = [p.md5 for p in some if p.status == -9]
    there = files_of(key)
    sums = [md5 for _, md5 in there]
    if len(done) > 1:
        complain(key, "several were told that they are done", some, there)
    elif len(there) > 1:
        complain(key, "there are several", some, there)
    elif done and sums != [done[0].md5] and not (before and
                                                 sums[0] in killed):
        complain(key, "what was done is not there", some, there)
    elif not done and [s for s in sums if s not in killed + [before]]:
        complain(key, "what failed is there", some, there)
    elif before and not sums:
        complain(key, "what was there has gone", some, there)
    elif not done and not killed:
        complain(key, "nobody won", some, there)
    else:
        return sums[0] if sums else None
    return False


def version_of(key):
    with open(MACHINES[0] + ".url") as f:
        url = f.read().strip()
    listed = subprocess.run(
        ["resutil", "list-objects", "--remote", url, key],
        stdout=subprocess.PIPE, check=True).stdout.decode()
    return [words[1] for words in map(str.split, listed.splitlines())
            if words[2] == key][0]


def play(number):
    chance = random.Random("%s %d" % (SEED, number))
    key = "%s-%d" % (SEED, number)
    md5 = judge(key, race(chance, key, ["--absent"]), None)
    if md5 is None:
        md5 = judge(key, race(chance, key, ["--absent"]), None)
    if md5:
        version = version_of(key)
        judge(key, race(chance, key, ["--version=" + version]), md5)
    count("rounds")


def worker(numbers):
    while True:
        with lock:
            if not numbers:
                return
            number = numbers.pop()
        play(number)


left = list(range(int(ROUNDS)))
workers = [threading.Thread(target=worker, args=(left,)) for _ in range(4)]
for w in workers:
    w.start()
for w in workers:
    w.join()
print(" ".join("%s=%d" % c for c in counts.items()))
sys.exit(counts["bad"] > 0)
