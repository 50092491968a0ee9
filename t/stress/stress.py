"""stress.py DIR [--seconds=N] [--workers=N] [--seed=N] [--faulty=PROGRAM]

Many workers do at random what people do, in three clones and one store: run,
add, change, push, pull, comment, remove, look, check and clean up, all at once,
and some of them are killed. A model (model.py) remembers what was said to be
done; in the end, and while it goes on, clones and store are compared with it.

`a` and `b` send and fetch; `c` only fetches, so what is removed there of its
own runs must stay away. Runs whose token begins with `m` may be removed; those
with `t` all have the comment `twin`, so that their names clash in the store.

--seed repeats the choices of every worker; what they meet of each other is left
to the machine. Prints what is wrong and keeps DIR; exit status 1.
"""
import argparse
import json
import os
import random
import re
import shutil
import sys
import threading
import time
import traceback

sys.dont_write_bytecode = True      # nothing beside the sources

import places
from commands import Commands, Wrong, KNOWN
from model import BIRTH, FINAL, Model, content

SCRIPT = """\
for f
do
	yes "${f%:*}" | head -n "${f#*:}" >"$RESUTIL_EX_DIR/${f%:*}"
done
case "$CHECKPOINT" in
now) resutil checkpoint ;;
later) resutil checkpoint --background ;;
esac
exit "$STATUS"
"""
SENT = re.compile(r"^(?:Sent|Fetched) (\S+?)(?:$|,)", re.M)


class Worker(threading.Thread):
    ACTIONS = (["run"] * 10 + ["add"] * 8 + ["update"] * 14 + ["push"] * 12 +
               ["push_all"] * 4 + ["pull"] * 12 + ["pull_all"] * 4 +
               ["comment"] * 5 + ["rm"] * 5 + ["look"] * 8 +
               ["look_raw"] * 4 + ["check"] * 2 + ["clean"] * 2)

    def __init__(self, stress, nr):
        super().__init__(daemon=True)
        self.stress, self.nr = stress, nr
        self.model, self.clones = stress.model, stress.clones
        self.rng = random.Random("%d/%d" % (stress.seed, nr))
        self.count = 0

    def run(self):
        try:
            while not self.stress.is_over():
                clone = self.rng.choice(sorted(self.clones))
                getattr(self, "do_" + self.rng.choice(self.ACTIONS))(clone)
        except Wrong as e:
            self.stress.wrong(str(e))
        except Exception:
            self.stress.wrong(traceback.format_exc())

    def command(self, clone, *args, known=KNOWN):
        kill = self.stress.commands.how_to_kill(self.rng, args)
        return self.stress.commands.run(self.clones[clone], args, kill, known)

    # Of one length, so that no name is the beginning of another: that would be
    # ambiguous where the first one has just been renamed.
    def number(self):
        self.count += 1
        return "%03dn%05d" % (self.nr, self.count)

    # A name here, or in the store, that `wanted` likes; or None.
    def pick(self, place, wanted=None):
        names = (places.names_there(self.stress.store) if place == "store"
                 else places.names_here(self.clones[place]))
        if wanted:
            names = [n for n in names if wanted(places.run_of(n))]
        return self.rng.choice(sorted(names)) if names else None

    # ---- births ------------------------------------------------------------------

    def new_run(self, clone):
        kind = self.rng.choice("rrrrrmmt")
        token = kind + self.number()
        files = {"%s.%d" % (token, n):
                 self.rng.choice([1, 1, 1, 10, 1000, 20000])
                 for n in range(self.rng.choice([1, 2, 3]))}
        if self.rng.random() < 0.01:
            files[token + ".0"] = 1200000
        run = self.model.born(token, clone, files)
        return run, "twin" if kind == "t" else token

    def do_run(self, clone):
        run, comment = self.new_run(clone)
        status = self.rng.choice([0, 0, 7])
        run.ended_as = {"fail" if status else "done"}
        name_file = os.path.join(self.stress.top, "names", run.token)
        push = clone != self.model.private and self.rng.random() < 0.4
        args = ["run", "-m", comment, "--name-file", name_file,
                "--push" if push else "--no-push"]
        needs = None
        if self.rng.random() < 0.3:
            needs = self.pick(clone, lambda t: t and t[0] == "r")
            if needs:
                args += ["-d", needs]
        checkpoint = push and self.rng.choice(["now", "later"] + [""] * 5)
        known = {status} | ({125} if needs else set())
        if run.token[0] == "m":
            # Somebody may remove it with --force while it goes on.
            known.add(128)
        start = self.model.clock()
        done = self.command(
            clone, *args, "--", "env", "STATUS=%d" % status,
            "CHECKPOINT=" + (checkpoint or ""), "sh", "-c", SCRIPT, "sh",
            *["%s:%d" % f for f in run.files.items()],
            known=known)
        if os.path.exists(name_file) and os.path.getsize(name_file):
            self.model.learn(clone, run.token, frozenset(), start)
        if done.code == status and not (status == 0 and done.killed):
            facts = frozenset((BIRTH, FINAL))
            self.model.learn(clone, run.token, facts, start)
            if push and not done.err:
                self.model.learn("store", run.token, facts, start)

    def do_add(self, clone):
        run, comment = self.new_run(clone)
        run.ended_as = {"added"}
        source = os.path.join(self.stress.top, "from", run.token)
        os.mkdir(source)
        for name, size in run.files.items():
            with open(os.path.join(source, name), "wb") as f:
                f.write(content(name, size))
        start = self.model.clock()
        done = self.command(clone, "add", comment, "--from", source)
        if done.ok:
            self.model.learn(clone, run.token, frozenset((BIRTH, FINAL)), start)
        shutil.rmtree(source)

    # ---- changes -----------------------------------------------------------------

    # Only of what has ended here: what goes on may be replaced by design.
    def do_update(self, clone):
        name = self.pick(clone, lambda t: t and FINAL in self.model.snapshot(
            clone, t).get(t, ()))
        if not name:
            return
        token = places.run_of(name)
        key, value = "k" + self.number(), "v%s" % token
        self.model.try_key(token, key, value)
        start = self.model.clock()
        done = self.command(clone, "update-exp", "--set",
                            "info.%s=%s" % (key, value), name)
        if done.ok:
            self.model.learn(clone, token, frozenset((key,)), start)

    def do_comment(self, clone):
        name = self.pick(clone, lambda t: t)
        if not name:
            return
        token = places.run_of(name)
        self.count += 1
        text = "%sc%03d%05d" % (token, self.nr, self.count)
        args = ["-l"] if self.rng.random() < 0.2 else []
        comment = self.model.comment(token, clone, text)
        done = None
        try:
            done = self.command(clone, "comment", *args, name, text)
        finally:
            self.model.commented(comment, done and done.ok,
                                 not done or done.killed)

    def do_rm(self, clone):
        args, where = self.rng.choice([
            (["-l"], [clone]), (["-l"], [clone]), (["-r"], ["store"]),
            ([], [clone, "store"])])
        name = self.pick("store" if where == ["store"] else clone,
                         lambda t: t and t[0] == "m")
        if not name:
            return
        if self.rng.random() < 0.3:
            args = args + ["--force"]
        token = places.run_of(name)
        self.model.removal(token, where)
        done = None
        try:
            done = self.command(clone, "rm", "-y", *args, name)
        finally:
            self.model.removed(token, where, done and done.ok)

    # ---- to and from the store -----------------------------------------------------

    def transfer(self, clone, verb, source, target, name):
        args = [verb, name or "-A"]
        renames = self.rng.random() < 0.1
        if renames:
            args.append("--rename")
        if self.rng.random() < 0.2:
            args += ["-j", self.rng.choice(["1", "4"])]
        token = name and places.run_of(name)
        start = self.model.clock()
        had = self.model.snapshot(source, token)
        try:
            done = self.command(clone, *args)
        finally:
            if renames:
                self.model.renames.append((clone, self.model.clock()))
        sent = {places.run_of(n) for n in SENT.findall(done.out)}
        if done.ok:
            sent |= {token} if name else self.model.kept(source, had, start)
        for token in sent & set(had):
            if token[0] != "t":
                self.model.learn(target, token, had[token], start)

    def do_push(self, clone):
        name = clone != self.model.private and self.pick(clone)
        if name:
            self.transfer(clone, "push", clone, "store", name)

    def do_push_all(self, clone):
        if clone != self.model.private:
            self.transfer(clone, "push", clone, "store", None)

    def do_pull(self, clone):
        name = self.pick("store")
        if name:
            self.transfer(clone, "pull", "store", clone, name)

    def do_pull_all(self, clone):
        self.transfer(clone, "pull", "store", clone, None)

    # ---- looking -------------------------------------------------------------------

    def do_look(self, clone):
        what = self.rng.choice(["list", "status", "log", "list-remote",
                                "show", "read-exp", "hash-experiment"])
        args = [what]
        if what == "list-remote":
            args.append("--long")
        elif what == "list":
            args.append("--json")
        elif what in ("show", "read-exp", "hash-experiment"):
            name = self.pick(clone)
            if not name:
                return
            args.append(name)
        self.command(clone, *args)

    def do_look_raw(self, clone):
        text = (places.look_there(self.stress.store)
                if self.rng.random() < 0.3
                else places.look_here(self.clones[clone]))
        if text:
            raise Wrong("seen while others worked: " + text)

    def do_check(self, clone):
        done = self.command(clone, "fsck", "--json",
                            *self.rng.choice([[], ["--remote"]]), known={0, 1})
        if not done.killed:
            self.stress.check_findings(clone, done, {"error"})

    def do_clean(self, clone):
        self.command(clone, "gc", "--older-than=0",
                     *self.rng.choice([[], ["--remote"]]), known={0})


class Stress:
    def __init__(self, args):
        self.top, self.seed = os.path.abspath(args.dir), args.seed
        self.store = os.path.join(self.top, "store")
        self.clones = {n: os.path.join(self.top, n) for n in "abc"}
        for name in ("store", "home", "names", "from"):
            os.makedirs(os.path.join(self.top, name))
        self.log_file = open(os.path.join(self.top, "commands.log"), "w")
        self.began = time.monotonic()
        self.seconds = args.seconds
        self.model = Model(self.clones, "c")
        self.commands = Commands(self.top, self.log, args.faulty)
        self.problems = []

    def log(self, text):
        self.log_file.write("%8.3f %s\n" % (
            time.monotonic() - self.began, text))

    def wrong(self, text):
        self.problems.append(text)
        self.log("WRONG " + text)

    def is_over(self):
        return bool(self.problems) or (time.monotonic() - self.began >
                                       self.seconds)

    def plain(self, clone, *args, known=(0,)):
        return self.commands.run(self.clones[clone], args, known=set(known))

    def set_up(self):
        for clone, path in self.clones.items():
            os.mkdir(path)
            self.plain(clone, "init", "--project-name", "project",
                       "--storage-type", "dir", "-o", "path=" + self.store)

    def work(self, workers):
        self.began = time.monotonic()
        threads = [Worker(self, n) for n in range(workers)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()

    # Nobody is at work any more: what is there is what stays.
    def finish(self):
        for clone in self.clones:
            self.plain(clone, "list")       # settles renames
        self.problems += self.model.compare(self.store)
        for _ in range(2):
            for clone in self.clones:
                if clone != self.model.private:
                    self.plain(clone, "push", "-A", known=(0, 3, 14))
                self.plain(clone, "pull", "-A", known=(0, 3, 14))
        for clone in self.clones:
            verb = "pull" if clone == self.model.private else "push"
            done = self.plain(clone, verb, "-A", known=(0, 3, 14))
            if SENT.search(done.out):
                self.wrong("%s: '%s -A' is never done: %s" % (
                    clone, verb, done.out))
        self.problems += self.model.compare(self.store)
        self.clean_up()

    # What fsck may find: two clones may bring back at once what was removed
    # from the store, each as it calls it; and a run may be renamed just when
    # another one says that it needs it, which then has no more than its name.
    def check_findings(self, clone, done, levels):
        for line in done.out.splitlines():
            found = json.loads(line)
            token = places.run_of(found["name"] or "")
            if found["name"] and found["name"].endswith("_twin"):
                token = "twin"
            if found["level"] not in levels or \
                    found["state"] not in ("open", "would"):
                continue
            if found["id"] == "dependency-ambiguous":
                continue
            # What another clone has to say of its own run was not sent.
            if found["id"] == "run-lost" and token and (
                    token[0] == "t" or self.model.runs[token].born != clone):
                continue
            if not (found["id"] == "duplicate-id" and found.get("remote") and
                    token and token[0] == "m"):
                self.wrong("%s: fsck: %s" % (clone, line))

    def clean_up(self):
        for clone in self.clones:
            self.plain(clone, "fsck", "--repair", known=(0, 1))
            self.plain(clone, "gc", "--remote", "--older-than=0")
            # -n, as a lost run is told only where that would be mended
            done = self.plain(clone, "fsck", "-n", "--remote", "--read-data",
                              "--json", known=(0, 1))
            self.check_findings(clone, done, {"error", "warning", "note",
                                              "leftover"})
        for path in (*self.clones.values(), self.store,
                     os.path.join(self.top, "home")):
            for rest in places.rests(path):
                self.wrong("left behind: %s" % rest)
        self.problems += self.model.compare(self.store)

    def report(self, args):
        self.log_file.close()
        runs = self.model.runs.values()
        print("seed %d: %d commands of %d workers, %d of them killed, "
              "%d runs, %d in the store: %s" % (
                  self.seed, self.commands.nr, args.workers,
                  self.commands.nr_killed, len(runs),
                  len(places.names_there(self.store)),
                  "%d wrong" % len(self.problems) if self.problems
                  else "nothing is lost"))
        if not self.problems:
            shutil.rmtree(self.top)
            return 0
        for text in self.problems[:40]:
            print("  " + text.rstrip().replace("\n", "\n  "))
        print("what happened: %s" % os.path.join(self.top, "commands.log"))
        print("again: make stress STRESS_SEED=%d STRESS_SECONDS=%d "
              "STRESS_WORKERS=%d" % (self.seed, args.seconds, args.workers))
        return 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("dir")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--workers", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--faulty")
    args = parser.parse_args()
    args.seed = args.seed or random.SystemRandom().randrange(1, 10**6)
    stress = Stress(args)
    try:
        stress.set_up()
        stress.work(args.workers)
        if not stress.problems:
            stress.finish()
    except Wrong as e:
        stress.wrong(str(e))
    return stress.report(args)


if __name__ == "__main__":
    sys.exit(main())
