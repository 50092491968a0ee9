#!/usr/bin/env python3
"""crash.py [OPTIONS] [SCENARIO...]: operations fail at each of their steps.

Each operation of scenarios.py is done once, in a build with fault points, to
learn which points it passes. Then it is done once for each point and each way
to fail there:

  errors   the call, the allocation or the request fails (ENOSPC, EIO, EACCES;
           at some points EDQUOT, EROFS, and what an odd file system says);
           from there on all fail (3+)
  short    half of a write is done
  kill     SIGKILL before the call, kill-after: after it; kill-all: of all
           processes of the command
  power    the machine stops after that call. What was not synced is lost:
           all of it (none), what is in files (names), or the names (data)
  requests to a store, and the tries by HTTP that a store elsewhere needs for
           one, are refused, lost, cut, or their answers are

A scenario whose store is on S3 has a real server (s3.py), one on Cloud Storage
the fake of helper/fake-gcs.py (gcs.py).

After each, what is there is read without resutil (model.py), then by fsck. What
was acknowledged, by an exit status or by a line, must be there with the right
bytes; all else is as it was or as it was to be. The same command then succeeds,
and after gc nothing is found any more. A point is named SCENARIO:KIND:N:ACTION;
--only does that one again.

The last line is "N points, M lost"; M is 0, or the exit status 1.
"""
import argparse
import hashlib
import json
import multiprocessing
import os
import queue
import re
import resource
import signal
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True
import model
import power
from comparing import SCENARIOS
from world import PLACES, World, adopt_orphans, copy, remove, text_of

KINDS = ("open", "write", "sync", "rename", "mkdir", "unlink", "link",
         "truncate", "chmod", "spawn", "lock")
REQUESTS = ("request", "http")
ERRORS = ("ENOSPC", "EIO", "EACCES")
# What else a kind may say, such as a file system that cannot do it. EACCES of
# a lock says that somebody else holds it.
MORE = {"write": ("short",), "link": ("EPERM",), "rename": ("EINVAL",),
        "sync": ("EINVAL",), "chmod": ("EPERM",), "open": ("EMFILE",)}
# What goes on failing: a full disk, one that became read-only, no locks. (Not
# syncs and requests: stores that come back are waited for.)
LASTING = {"write": "ENOSPC", "open": "EROFS", "mkdir": "ENOSPC",
           "rename": "EROFS", "unlink": "EROFS",
           "link": "EROFS", "spawn": "EACCES", "lock": "ENOLCK"}
# Where these fail something may be left: without memory a program ends at once,
# and a live file stays when it is not known whether it is held.
UNTIDY = ("unlink", "alloc", "lock")
LOCK_ERRORS = ("ENOLCK", "EIO", "ENOSPC")
KNOWN = {0, 1, 3, 10, 11, 12, 13, 14, 125, 126, 128}
END = "end"             # as a number: the command ends, and then the machine
NEVER = "999999999"     # no command passes so many points


# ---- points ------------------------------------------------------------------

class Point:
    """SCENARIO:KIND:N:ACTION"""

    def __init__(self, scenario, kind, nr, action):
        self.scenario, self.kind = scenario, kind
        self.nr, self.action = str(nr), action

    def __str__(self):
        return ":".join((self.scenario, self.kind, self.nr, self.action))

    @property
    def kills(self):
        return "kill" in self.action or self.is_power

    @property
    def is_power(self):
        return self.action.startswith("power-")

    def plan(self):
        action = "kill-all-after" if self.is_power else self.action
        nr = self.nr if self.nr != END else NEVER
        return "%s:%s:%s" % (self.kind, nr, action)


def points_of(name, passed):
    """All ways to hurt what passes so many points of each kind."""
    for kind in KINDS:
        for nr in range(1, passed.get(kind, 0) + 1):
            actions = LOCK_ERRORS if kind == "lock" else ERRORS
            actions += MORE.get(kind, ()) + ("kill", "kill-after")
            actions += (("EDQUOT",), ("EROFS",), ())[nr % 3]
            actions += ("kill-all",) if passed.get("spawn") else ()
            for action in actions:
                yield Point(name, kind, nr, action)
            if kind in LASTING:
                yield Point(name, kind, "%d+" % nr, LASTING[kind])
    for kind in REQUESTS:
        for nr in range(1, passed.get(kind, 0) + 1):
            for action in ("transient", "lost", "half", "refused", "conflict",
                           "unreachable", "kill", "kill-after", "kill-all"):
                yield Point(name, kind, nr, action)
            yield Point(name, kind, "%d+" % nr, "unreachable")
    allocs = passed["alloc"] if SCENARIOS[name].allocs else 0
    for nr in range(1, allocs + 1):
        yield Point(name, "alloc", nr, "ENOMEM")
    calls = sum(passed.get(kind, 0) for kind in KINDS + REQUESTS)
    ends = [END, *range(1, calls + 1)] if SCENARIOS[name].power else []
    for nr in ends:
        for policy in power.POLICIES:
            yield Point(name, "any", nr, "power-" + policy)


def chosen(point, stride, seed):
    """One of `stride`, by chance, but by the same chance each time; more of
    those at which all is acknowledged, and of requests to a real server."""
    if point.nr == END:
        stride = max(1, stride // 10)
    scenario = SCENARIOS[point.scenario]
    if scenario.place and point.kind in REQUESTS:
        stride = max(1, stride // 4)
    elif scenario.place or not scenario.allocs:
        stride *= 10
    text = "%s %d" % (point, seed)
    return not int(hashlib.sha256(text.encode()).hexdigest(), 16) % stride


# ---- one scenario in one world -----------------------------------------------

class Stage:
    """A prepared scenario: hurts it at one point after the other."""

    def __init__(self, scenario, world):
        self.scenario, self.world = scenario, world
        self.template = os.path.join(world.top, "template")
        self.counter = os.path.join(world.top, "counter")
        self.witness = os.path.join(world.top, "witness")
        self.said = os.path.join(world.top, "said")
        self.log = os.path.join(world.top, "log")
        self.checked = set()
        self.journal_of = None
        remove(self.template)
        world.reset()
        self.bucket = world.use(scenario.place)
        scenario.prepare(world)
        world.clock += 60
        self.clock = world.clock
        if self.bucket:
            self.bucket.save(world.path("store"))
            self.kept = self.bucket.keep()
        self.before, self.seen_before = self.state(), self.look()
        os.rename(world.live, self.template)
        self.passed = self.survey()

    def fresh(self):
        remove(self.world.live)
        copy(self.template, self.world.live)
        self.world.clock = self.clock
        for path in (self.counter, self.witness, self.said, self.log):
            if os.path.exists(path):
                os.unlink(path)
        if self.bucket:
            self.bucket.load(self.world.path("store"), self.kept)
        if self.scenario.each:
            self.scenario.each(self.world)

    def state(self):
        """What there is, of a store elsewhere, too; but not what the program
        of a run has made by itself."""
        if self.bucket:
            self.bucket.settle(self.world.path("store"))
        state = model.read_state(self.world.live)
        if self.scenario.varies:
            model.forget(state, self.scenario.varies)
        own = self.scenario.own or r"(?!)"
        return {k: v for k, v in state.items() if not re.match(own, k)}

    def look(self):
        return self.scenario.look(self.world) if self.scenario.look else {}

    def changed(self, who):
        """Whether this is not as it was prepared."""
        was = os.path.join(self.template, who)
        return (not os.path.isdir(was) or model.fingerprint(was) !=
                model.fingerprint(self.world.path(who)))

    def perform(self, argv, **env):
        return self.world.run(self.scenario.who, *argv,
                              **dict(self.scenario.env, **env))

    def survey(self):
        """Does it unharmed: what there is in the end, the points passed."""
        self.fresh()
        status, _, err = self.perform(
            self.scenario.command, RESUTIL_TEST_FAULT="alloc:%s:ENOMEM" % NEVER,
            RESUTIL_TEST_FAULT_SHARED=self.counter,
            RESUTIL_TEST_FAULT_LOG=self.log)
        if status != self.scenario.status:
            raise RuntimeError("%s: status %d: %s" % (
                self.scenario.name, status, err))
        self.after, self.seen_after = self.state(), self.look()
        passed = {"alloc": int.from_bytes(model.read_file(self.counter),
                                          sys.byteorder)}
        for line in text_of(self.log).splitlines():
            kind = line.split("\t")[0]
            passed[kind] = passed.get(kind, 0) + 1
        return passed

    def hurt(self, point):
        """What is wrong afterwards, as sentences."""
        if not point.is_power or self.is_new(point):
            self.fresh()
        env = {"RESUTIL_TEST_FAULT": point.plan(),
               "RESUTIL_TEST_FAULT_SHARED": self.counter}
        try:
            if point.is_power:
                ending = self.power_failure(point, env)
            else:
                ending = self.first(env)
            return Check(self, point, ending).problems()
        except model.Broken as e:
            # What the program removed is gone in any order.
            if self.scenario.gone and point.is_power and \
                    str(e).endswith("is visible without a record"):
                return []
            return [str(e)]
        except (Exception, SystemExit):
            return [traceback.format_exc().strip()]

    def is_new(self, point):
        """Whether no policy of this point was tried yet; where the store is
        elsewhere each of them needs it as it was."""
        return self.journal_of != point.nr or self.bucket

    def first(self, env):
        """The command that is hurt, and what it told, also by the program
        of a run."""
        ending = Ending(*self.perform(self.scenario.command, **env))
        ending.ran = os.path.exists(self.witness)
        if os.path.exists(self.said):
            ending.out += text_of(self.said)
        return ending

    def power_failure(self, point, env):
        """Does it up to that call with a journal, once for all policies."""
        was = os.path.join(self.world.top, "was")
        journal = os.path.join(self.world.top, "journal")
        if self.is_new(point):
            for path in (was, journal + ".blobs"):
                remove(path)
            if os.path.exists(journal):
                os.unlink(journal)
            env.update(power.environment(journal, self.world.live))
            self.ending = self.first(env)
            os.rename(self.world.live, was)
            self.journal_of = point.nr
        remove(self.world.live)
        power.lose(journal, point.action[len("power-"):], self.world.live, was)
        return self.ending


class Ending:
    """What a command left besides files."""

    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err
        self.ran = False


class Check:
    """What must hold after one point."""

    def __init__(self, stage, point, ending):
        self.stage, self.world = stage, stage.world
        self.scenario, self.point = stage.scenario, point
        self.status, self.out = ending.status, ending.out
        self.err, self.ran = ending.err, ending.ran
        self.new = {k for k in stage.after if k not in stage.before}

    def problems(self):
        found = list(self.ending())
        self.now = self.stage.state()
        key = (self.status, self.out, self.ran, self.point.kills,
               model.fingerprint(self.world.live))
        if not found and key in self.stage.checked:
            return []
        for step in (self.state, self.looks, self.reads, self.readers,
                     self.fsck, self.again, self.clean, self.ends):
            found += step()
            if found:
                return found
        self.stage.checked.add(key)
        return []

    def ending(self):
        """A known status, and a word on what went wrong."""
        if self.point.kills and self.status in (-signal.SIGKILL, 137):
            return
        if self.status not in KNOWN | {self.scenario.status}:
            yield "exit status %d: %s" % (self.status, self.err.strip())
        elif self.status and not self.err and not self.out:
            yield "exit status %d without a word" % self.status

    def state(self):
        """Old or new, nothing lost, and what was said is so."""
        before, after = self.stage.before, self.stage.after
        now = self.now
        may_be = self.being_made if self.scenario.live else \
            self.raised if self.scenario.raises else \
            self.growing if self.scenario.grows else None
        found = list(model.lost(before, after, now))
        found += model.strange(before, after, now, may_be)
        if self.speaks():
            found += model.missing(self.speaks_of(after), self.speaks_of(now),
                                   may_be=self.may_have_lost)
        return found + list(self.acknowledged(after, now))

    def looks(self):
        """The same of what else there is to see."""
        now = self.stage.look()
        before, after = self.stage.seen_before, self.stage.seen_after
        found = list(model.strange(before, after, now))
        if self.speaks() and not self.warned():
            found += model.missing(after, now)
        return found

    def warned(self):
        """That is beside the point: it is said, and the status is 0."""
        return "warning: " in self.err

    def reads(self):
        reads = self.scenario.reads
        return list(reads(self)) if reads else []

    def ends(self):
        ends = self.scenario.ends
        return list(ends(self)) if ends else []

    def speaks(self):
        """Whether the exit status acknowledges. That of a program that failed
        does when resutil did not complain."""
        return self.status == self.scenario.status and not (
            self.status and "resutil: " in self.err) and \
            not self.scenario.later

    def speaks_of(self, state):
        """What the exit status speaks of: not of the push after a run."""
        if not self.scenario.live:
            return state
        return {k: v for k, v in state.items() if not k.startswith("store:")}

    def raised(self, value, _):
        """As before, but written more often."""
        return any(isinstance(old, model.Exp) and old.id == value.id and
                   value.as_often_as(old) == old
                   for old in self.stage.before.values())

    def growing(self, value, want):
        """Each file is old or new; the record, which is last, is not yet."""
        for old in self.stage.before.values():
            if isinstance(old, model.Exp) and old.id == value.id and \
                    value.as_often_as(old).stable()[0] == old.stable()[0]:
                return all(value.files.get(p) in (old.files.get(p),
                                                  want.files.get(p))
                           for p in {**old.files, **value.files})
        return False

    def being_made(self, value, want):
        """A run meanwhile: its code state is there from the start; once the
        record says how it ended, so is what it made, which nobody syncs."""
        if not isinstance(want, model.Exp) or value.id != want.id:
            return False
        code = {p: c for p, c in want.files.items()
                if p.startswith("uncommited")}
        if any(value.files.get(p) != c for p, c in code.items()) and \
                not re.match(value.admitted(), "git"):
            return False
        return (value.state in ("running", "interrupted", "fail", "lost") or
                value.is_honest(want) or self.point.is_power or
                not self.speaks())

    def may_have_lost(self, value, want):
        """What a program writes nobody syncs; the record and the code are."""
        return (self.scenario.live and self.point.is_power and
                value.id == want.id and value.state == want.state and
                self.being_made(value, want))

    def lacks_files(self, value, want):
        """The same of one that is done, and so is not started again."""
        return (self.may_have_lost(value, want) and
                value.stable()[0] == want.stable()[0])

    def acknowledged(self, after, now):
        for line in self.out.splitlines():
            for word, place in self.scenario.said:
                if line.startswith(word):
                    name = re.split(r"[\t ]", line[len(word):])[0]
                    label = "%s:%s" % (place, name)
                    if label in after and not self.has(now, label, after):
                        yield "'%s' was said, but '%s' is not so" % (
                            line, label)
        if self.ran and not self.scenario.gone:
            for label in self.new:
                if not label.startswith("store:") and label not in now:
                    yield "the program ran, and '%s' is not there" % label

    def has(self, now, label, after):
        if self.scenario.live:
            return label in now
        return now.get(label) == after[label]

    # With resutil itself.

    def projects(self):
        """All that may have changed; another clone of the store has not."""
        return [who for who in sorted(os.listdir(self.world.live))
                if os.path.exists(self.world.path(who + "/resutil-conf.yaml"))
                and (who == self.scenario.who or self.stage.changed(who))]

    def ask(self, who, *argv):
        """Its output, or a problem."""
        status, out, err = self.world.run(who, *argv)
        if status:
            raise model.Broken("'%s' in '%s' exits %d: %s" % (
                " ".join(argv), who, status, (out + err).strip()))
        return out

    def readers(self):
        """resutil sees the same experiments, and can read each."""
        found = []
        for who in self.projects():
            names = self.ask(who, "list-exps").splitlines()
            want = [k.split(":", 1)[1] for k in sorted(self.now)
                    if k.startswith(who + ":")]
            if names != want:
                found.append("list-exps in '%s' says %s" % (who, names))
            if names:
                self.ask(who, "read-exp", "--json", *names)
            names = self.ask(who, "list-remote").splitlines()
            want = [k.split(":", 1)[1] for k in sorted(self.now)
                    if k.startswith("store:")]
            if who != "new" and names != want:
                found.append("list-remote in '%s' says %s" % (who, names))
        return found

    def fsck(self):
        found = []
        for who in self.projects():
            status, out, err = self.world.run(who, "fsck", "--remote",
                                              "--read-data", "--json")
            lines = [json.loads(line) for line in out.splitlines()]
            found += ["fsck in '%s': %s: %s" % (who, f["where"], f["text"])
                      for f in lines if not self.may_find(f)]
            if status not in (0, 1) or (status and not lines):
                found.append("fsck in '%s' exits %d: %s" % (
                    who, status, err.strip()))
        return found

    def may_find(self, finding):
        """No error, but of what a program writes, which nobody syncs; and who
        is not killed and could do it takes away what it has begun."""
        if finding["level"] == "error":
            return (finding["id"] in self.scenario.may_find or
                    (finding["id"] == "content-differs" and
                     self.point.is_power and self.scenario.live))
        return (finding["level"] in ("warning", "note") or self.point.kills or
                self.point.kind in UNTIDY or "+" in self.point.nr or
                finding["id"] == "upload-rest" or
                self.scenario.untidy)

    def again(self):
        """The next ordinary command: the same."""
        self.world.clock += 60
        status, _, err = self.stage.perform(self.scenario.command)
        if status and status in self.scenario.codes and self.scenario.rest:
            status, _, err = self.stage.perform(self.scenario.rest)
        self.then = self.stage.state()
        if self.scenario.more:
            return self.one_more(status, err)
        if status and status not in self.scenario.codes:
            return ["again: exit status %d: %s" % (status, err.strip())]
        return ["again: " + text for text in
                model.missing(self.stage.after, self.then, grown=True,
                              may_be=self.lacks_files)]

    def one_more(self, status, err):
        """One more experiment, and all others as before."""
        if status != self.scenario.status:
            return ["again: exit status %d: %s" % (status, err.strip())]
        more = {k: v for k, v in self.then.items()
                if k not in self.now and k not in self.stage.after}
        rest = {k: v for k, v in self.then.items() if k not in more}
        found = ["again: " + text for text in
    model.strange(self.now, self.stage.after, rest,
                               self.being_made)]
        want = [self.stage.after[k].files for k in sorted(self.new)
                if k.endswith("_new")]
        have = [more[k].files for k in sorted(more)]
        if want != have:
            found.append("again: made %s\n%s" % (", ".join(
                "%s (%s)" % (k, ", ".join(sorted(more[k].files)))
                for k in sorted(more)), err.strip()))
        return found

    def clean(self):
        """After gc nothing is found any more, and nothing is gone."""
        for who in self.projects():
            self.world.run(who, "fsck", "--repair")
            self.ask(who, "gc", "--older-than=0", "--remote")
        found = list(model.strange(self.then, self.then,
                                   self.stage.state(), self.being_made))
        for who in self.projects():
            out = self.ask(who, "fsck", "--remote", "--json")
            found += ["after gc: " + line for line in out.splitlines()]
            found += ["after gc: '%s' is left" % path for path in
                      model.temporaries(self.world.path(who))]
        return found + list(self.uploads())

    def uploads(self):
        """Nobody pays for parts of nothing. (Of an upload whose answer is lost
        nobody knows, and gc lets it be for a day.)"""
        if self.stage.bucket and not self.point.kills and \
                self.point.kind not in REQUESTS:
            for key, _ in self.stage.bucket.uploads():
                yield "after gc: an upload of '%s' is left" % key


# ---- many --------------------------------------------------------------------

def worker(top, build, servers, tasks, results):
    """Does what comes: (scenario, points); points None: tell which it has."""
    adopt_orphans()
    world, stage = World(top, build, servers), None
    signal.signal(signal.SIGTERM, world.stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.makedirs(top)
    for name, points in iter(tasks.get, None):
        try:
            if not stage or stage.scenario.name != name:
                stage = Stage(SCENARIOS[name], world)
            if points is None:
                results.put((name, stage.passed))
                continue
            results.put((name, [(point, stage.hurt(point))
                                for point in points]))
        except Exception:
            results.put((name, traceback.format_exc()))


class Crew:
    """As many workers as processors, each with a world of its own."""

    def __init__(self, jobs, top, build, servers):
        self.tasks, self.results = (multiprocessing.Queue()
                                    for _ in range(2))
        self.workers = [multiprocessing.Process(
            target=worker, daemon=True,
            args=(os.path.join(top, "w%d" % n), build, servers, self.tasks,
                  self.results))
            for n in range(jobs)]
        for w in self.workers:
            w.start()

    def do(self, tasks):
        """Gives the results as they come."""
        for task in tasks:
            self.tasks.put(task)
        for _ in tasks:
            name, result = self.next()
            if isinstance(result, str):
                raise SystemExit("%s cannot be prepared:\n%s" % (name, result))
            yield name, result

    def next(self):
        while True:
            try:
                return self.results.get(timeout=5)
            except queue.Empty:
                if not all(w.is_alive() for w in self.workers):
                    raise SystemExit("a worker of crash.py was killed")

    def end(self):
        self.tasks.cancel_join_thread()
        for w in self.workers:
            # A signal that comes right before a wait is seen after it.
            while w.is_alive():
                w.terminate()
                w.join(1)


def parse_args():
    here = os.path.dirname(os.path.abspath(__file__))
    p = argparse.ArgumentParser(
        usage="%(prog)s [OPTIONS] [SCENARIO...]",
        description="operations fail at each of their steps")
    p.add_argument("scenarios", nargs="*", metavar="SCENARIO")
    p.add_argument("--build", default=os.path.join(here, "../../build/faults"),
                   help="programs with fault points")
    p.add_argument("--only", action="append", metavar="POINT",
                   help="do this point alone (again)")
    p.add_argument("--kind", action="append", metavar="KIND",
                   help="only points of this kind")
    p.add_argument("--stride", type=int, default=1, metavar="N",
                   help="one point of N, by chance")
    p.add_argument("--seed", type=int, default=1, help="for --stride")
    p.add_argument("-j", "--jobs", type=int, default=os.cpu_count())
    p.add_argument("--root", help="where scratch directories are made")
    p.add_argument("--keep", action="store_true",
                   help="keep them, with what the last point left")
    p.add_argument("--progress", action="store_true",
                   help="show it also when standard error is no terminal")
    p.add_argument("--points", action="store_true", help="only count points")
    args = p.parse_args()
    args.build = os.path.abspath(args.build)
    unknown = set(args.scenarios) - set(SCENARIOS)
    if unknown:
        p.error("no scenario '%s'" % "', '".join(sorted(unknown)))
    return args


def scratch_root():
    """Memory, when there is a file system of it: syncs cost nothing there."""
    shm = "/dev/shm"
    return shm if os.access(shm, os.W_OK) else None


def one_by_one(args):
    """The points of --only."""
    for text in args.only:
        yield Point(*text.split(":"))


def start_servers(args, top):
    """Of each place where the stores of these scenarios are."""
    names = [t.split(":")[0] for t in args.only or ()] or args.scenarios
    places = {SCENARIOS[n].place for n in names or SCENARIOS} - {None}
    servers = {}
    try:
        for place in sorted(places):
            servers[place] = PLACES[place].Server(top)
    except BaseException:
        end_servers(servers)
        raise
    return servers


def end_servers(servers):
    for server in servers.values():
        server.end()


def too_many_syncs(name, passed):
    limit = SCENARIOS[name].syncs
    if limit is not None and passed.get("sync", 0) > limit:
        yield "%s: %d syncs, not %d at most" % (name, passed["sync"], limit)


def choose(args, crew, report):
    """The points to do, scenario by scenario."""
    if args.only:
        return list(one_by_one(args))
    names = args.scenarios or list(SCENARIOS)
    surveys = dict(crew.do([(name, None) for name in names]))
    points = []
    for name in names:
        for text in too_many_syncs(name, surveys[name]):
            report.wrong(text)
        mine = [p for p in points_of(name, surveys[name])
                if chosen(p, args.stride, args.seed) and
                (not args.kind or p.kind in args.kind)]
        report.scenario(name, surveys[name], mine)
        points += mine
    return points


def in_chunks(points, size=25):
    """Tasks: points that one worker does with one preparation."""
    chunk = []
    for p in points:
        if chunk and (chunk[0].scenario != p.scenario or len(chunk) == size):
            yield chunk[0].scenario, chunk
            chunk = []
        chunk.append(p)
    if chunk:
        yield chunk[0].scenario, chunk


class Report:
    """What is told, and how many were lost."""

    def __init__(self, args):
        self.args, self.all, self.done, self.lost = args, 0, 0, 0
        self.start = time.monotonic()

    def scenario(self, name, passed, mine):
        kinds = " ".join("%s %d" % (k, passed[k]) for k in sorted(passed))
        print("%-18s %5d points (%s)" % (name, len(mine), kinds), flush=True)

    def wrong(self, text):
        self.lost += 1
        print("wrong: " + text, flush=True)

    def progress(self):
        if sys.stderr.isatty() or self.args.progress:
            sys.stderr.write("%d of %d, %d lost, %.0f s\r" % (
                self.done, self.all, self.lost,
                time.monotonic() - self.start))
            sys.stderr.flush()

    def point(self, point, problems):
        self.done += 1
        if not problems:
            return
        self.lost += 1
        print("lost: %s" % point)
        for text in problems:
            print("    " + text.replace("\n", "\n    "))
        print("    again: t/crash/crash.py --build=%s --only '%s'" % (
            self.args.build, point), flush=True)

    def end(self):
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        print("%.0f seconds, %.0f of processors" % (
            time.monotonic() - self.start, used.ru_utime + used.ru_stime))
        print("%d points, %d lost" % (self.done, self.lost), flush=True)
        return 1 if self.lost or not self.done else 0


def stop(nr, _):
    """Once: it may come to the whole group, and again while it is cleaned."""
    for ignored in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ignored, signal.SIG_IGN)
    sys.exit(128 + nr)


def main():
    args = parse_args()
    top = tempfile.mkdtemp(prefix="resutil-crash.",
                           dir=args.root or scratch_root())
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    report = Report(args)
    servers = start_servers(args, top)
    crew = Crew(args.jobs, top, args.build,
                {place: s.env for place, s in servers.items()})
    try:
        points = choose(args, crew, report)
        if args.points:
            return 0
        report.all = len(points)
        for _, results in crew.do(list(in_chunks(points))):
            for point, problems in results:
                report.point(point, problems)
            report.progress()
    finally:
        crew.end()
        end_servers(servers)
        if args.keep:
            print("kept: " + top)
        else:
            remove(top)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
