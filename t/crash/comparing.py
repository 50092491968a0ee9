"""What compares, repeats and takes over runs, cut short: import, capture, the
index, bench, rerun; and what git is told: hooks and notes (see scenarios.py).
"""
import json
import os

import model
from scenarios import (ALONE, PROGRAM, SCENARIOS, grow, one, project,
                       repository, scenario, sent, three)


# ---- runs of other programs --------------------------------------------------

# Of one run of MLflow, whose times it tells itself: so what is made has the same
# name, id and times whenever it is made.
AT_ONE_TIME = {"RESUTIL_TEST_NOW": "1720100000",
               "RESUTIL_TEST_ID": "11111111-2222-4333-8444-555555555555"}
RUN = "mlruns/7/0a1b2c3d4e5f60718293a4b5c6d7e8f9"
META = """\
artifact_uri: file:///gone/artifacts
end_time: 1720091764000
lifecycle_stage: active
run_id: 0a1b2c3d4e5f60718293a4b5c6d7e8f9
run_name: shrew
start_time: 1720091755123
status: 3
user_id: ann
"""


def mlflow(w, top):
    for path, text in (("meta.yaml", META), ("params/lr", "0.01"),
                       ("params/note", "two\nlines"),
                       ("metrics/loss", "1720091756000 0.5 0\n"),
                       ("metrics/system/cpu", "1720091755050 12.5 0\n"),
                       ("artifacts/model/weights", "w\n" * 5000),
                       ("artifacts/empty", "")):
        w.write("%s/%s/%s" % (top, RUN, path), text)
    long_ago(w, top)


def long_ago(w, top):
    """Whether a run has changed is told by times of files."""
    for at, _, names in os.walk(w.path(top)):
        for name in names:
            os.utime(os.path.join(at, name), (1720091800, 1720091800))


IMPORT = ["import", "mlflow", "there"]


@scenario("import", IMPORT, said=(("new\t", "p"),), env=AT_ONE_TIME, syncs=8)
def _(w):
    one(w)
    mlflow(w, "p/there")


# It was sent before: what is here may not become something else without a word
# in its record, or the next push takes it for a conflict.
@scenario("import-grown", IMPORT, said=(("grown\t", "p"),), env=AT_ONE_TIME,
          grows=True, syncs=14)
def _(w):
    sent(w)
    mlflow(w, "p/there")
    w.do("p", *IMPORT, **AT_ONE_TIME)
    w.do("p", "push", "shrew")
    for path, text in (("params/more", "5"), ("artifacts/new", "new\n"),
                       ("artifacts/model/weights", "v\n" * 6000),
                       ("metrics/loss", "1720091756000 0.5 0\n"
                                        "1720091757000 0.25 1\n"),
                       ("metrics/other/x", "1720091756000 1 0\n")):
        w.write("p/there/%s/%s" % (RUN, path), text)
    long_ago(w, "p/there")


@scenario("run-capture", ["run", "-m", "new", "--capture=mlflow", "--", "sh",
                          "-c", "cp -Rp there/mlruns . && " + PROGRAM + "0"],
          more=True, live=True, env=ALONE, syncs=17, own=r"p/mlruns",
          varies=r"captured")
def _(w):
    one(w)
    mlflow(w, "p/there")


# ---- the index ---------------------------------------------------------------

# Later than all files, so that what is in the index is believed.
LATER = {"RESUTIL_TEST_NOW": "4000000000"}
REPORT = ["report", "--columns=**", "--sort=name", "--json"]
DAMAGED = " is damaged: it is made anew"


def reported(check):
    """The next report is that of the records, and says nothing: but one line
    after a power failure, for the index is never synced."""
    world = check.world
    status, want, err = world.run("p", *REPORT, XDG_CACHE_HOME="/dev/null/x",
                                  **LATER)
    if status or err:
        yield "a report without an index exits %d: %s" % (status, err)
    for turn in range(2):
        status, out, err = world.run("p", *REPORT, **LATER)
        if status or out != want:
            yield "a report says, with status %d: %s%s" % (status, out, err)
        if err and not (check.point.is_power and not turn and
                        err.count("\n") == 1 and DAMAGED in err):
            yield "a report says: %s" % err


scenario("index", ["update-index"], env=LATER, reads=reported, syncs=3)(three)


@scenario("index-more", REPORT, env=LATER, reads=reported, syncs=3)
def _(w):
    three(w)
    w.do("p", "update-index", **LATER)
    w.do("p", "add", "four")
    grow(w, "p", "one", more="more\n")
    w.do("p", "rm", "-l", "-y", "three")


@scenario("index-remote", ["update-index", "--remote", "origin"], env=LATER,
          reads=reported, syncs=3)
def _(w):
    three(w)
    w.do("p", "push", "-A")


# ---- done again --------------------------------------------------------------

scenario("bench", ["bench", "-n", "2", "--overhead=0", "--format=%(count)",
                   "-m", "new", "--", "sh", "-c", PROGRAM + "0"],
         more=True, live=True, env=ALONE, syncs=5,
         varies=r"result|metrics-\d+\.csv")(one)


def the_users(world):
    """What a rerun must not touch, beside the files in the work tree."""
    git = "p/.git/"
    found = {name: model.read_file(world.path(git + name))
             for name in ("index", "HEAD", "config")}
    found.update(("refs/" + path, text) for path, text in
                 model.read_tree(world.path(git + "refs")).items())
    return found


def work_trees(world):
    """Those that git knows of beside the user's, and those of ours."""
    status, out, err = world.run("p", "worktree", "list", "--porcelain",
                                 program="git")
    if status:
        raise model.Broken("git cannot list work trees: " + err)
    known = [line.split(" ", 1)[1] for line in out.splitlines()
             if line.startswith("worktree ")]
    ours = world.path("p/.resutil/rerun")
    return known[1:], os.listdir(ours) if os.path.isdir(ours) else []


def can_be_found(check):
    """What a rerun leaves is a leftover that fsck tells of."""
    _, ours = work_trees(check.world)
    _, out, _ = check.world.run("p", "fsck", "--json")
    told = [json.loads(line) for line in out.splitlines()]
    told = {os.path.basename(f["where"]) for f in told
            if f["id"] == "rerun-tree"}
    for name in sorted(set(ours) - told):
        yield "fsck does not tell of .resutil/rerun/%s" % name


def none_is_left(check):
    # What a power failure leaves of git's own notes, git takes away by itself.
    if check.point.is_power:
        check.world.run("p", "worktree", "prune", program="git")
    known, ours = work_trees(check.world)
    for name in known + ours:
        yield "after gc: the work tree '%s' is left" % name
    if os.path.isdir(check.world.path("p/.git/worktrees")) and \
            os.listdir(check.world.path("p/.git/worktrees")):
        yield "after gc: git has notes of work trees"


@scenario("rerun", ["rerun", "-m", "new", "old"], more=True, live=True,
          env=ALONE, look=the_users, reads=can_be_found, ends=none_is_left,
          syncs=9, varies=r"cwd")
def _(w):
    repository(w)
    w.do("p", "run", "-m", "old", "--", "sh", "-c",
         "grep -q 2 train.py && " + PROGRAM + "0", **ALONE)


# ---- git ---------------------------------------------------------------------

OWN_HOOK = "#!/bin/sh\necho mine\nexit 7\n"


def with_hook(w):
    repository(w)
    w.write("p/.git/hooks/post-commit", OWN_HOOK)
    os.chmod(w.path("p/.git/hooks/post-commit"), 0o755)


def hooks(world):
    """What git runs, where resutil is not on PATH, and what the table has."""
    status, out, _ = world.run("p", program=world.path(
        "p/.git/hooks/post-commit"), PATH="/nowhere")
    table = world.path("p/.git/resutil/hooks.json")
    return {"what the hook says": out, "its status": status,
            "the table": json.loads(model.read_file(table))["hooks"]
            if os.path.exists(table) else []}


def comes_back(check):
    """Without ours, the hook is the same file as ever, and alone."""
    check.world.run("p", "hook", "remove", "-A")
    at = check.world.path("p/.git/hooks/")
    now = [n for n in sorted(os.listdir(at)) if not n.endswith(".sample")]
    if now != ["post-commit"]:
        yield "after remove, among the hooks are: " + ", ".join(now)
    elif model.read_tree(at)["post-commit"] != model.content_of(
            0o100755, OWN_HOOK.encode()):
        yield "after remove, the hook is not as it was"
    if os.path.exists(check.world.path("p/.git/resutil")):
        yield "after remove, .git/resutil is left"


INSTALL = ["hook", "install", "-m", "by commit", "--", "true"]
scenario("hook-install", INSTALL, look=hooks, ends=comes_back,
         syncs=5)(with_hook)


@scenario("hook-remove", ["hook", "remove"], codes=(10,), look=hooks,
          ends=comes_back, syncs=2)
def _(w):
    with_hook(w)
    w.do("p", *INSTALL)


# What git starts, and waits for. What has gone wrong after a commit is no
# reason to say that the commit has.
@scenario("hook-run", ["hook", "run", "--on=post-commit", "--"], more=True,
          live=True, env=ALONE, later=True, syncs=10)
def _(w):
    with_hook(w)
    w.do("p", "hook", "install", "-m", "new", "--", "sh", "-c", PROGRAM + "0")


def notes(world):
    """The lines of the note of the commit, each by itself; but not of a run
    whose end could not be recorded, which is "running" by its record."""
    status, out, err = world.run("p", "notes", "--ref=resutil", "show", "HEAD",
                                 program="git")
    if status and "no note found" not in err:
        raise model.Broken("git cannot show the note: " + err)
    lines = [line for line in out.splitlines() if line[:7] != "running"]
    return {"the line '%s'" % line: lines.count(line) for line in lines}


def noted(w):
    """A commit with notes of a run, and of somebody."""
    repository(w)
    w.write("p/resutil-conf.yaml", model.read_file(
        w.path("p/resutil-conf.yaml")).decode() + "notes: true\n")
    w.do("p", "run", "-m", "one", "--", "true", **ALONE)
    w.git("p", "notes", "--ref=resutil", "append", "-m", "mine")


# What git writes is git's to sync: so no power fails here.
scenario("run-notes", ["run", "-m", "new", "--", "sh", "-c", PROGRAM + "0"],
         more=True, live=True, env=ALONE, syncs=9, look=notes,
         power=False)(noted)
scenario("comment-notes", ["comment", "-l", "one", "uno"], codes=(10,),
         syncs=5, look=notes, power=False)(noted)
