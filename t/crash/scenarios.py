"""The operations that crash.py cuts short, and what each acknowledges.

A scenario prepares a world (two projects p and q, one store, sometimes a
repository), names the command that is cut short, and says what its exit status
0 and its lines mean. What the command does when nothing goes wrong is measured,
not said here; so a scenario has few words.
"""
import json
import os
import random

import model

SCENARIOS = {}


class Scenario:
    """name: of points on the command line.
    prepare(world): what is there before.
    command: what is cut short; run in `who`.
    rest: what a person does next when the same again is refused.
    more: the same command once more makes one more experiment (add, run);
        otherwise it leads to the same end.
    said: beginnings of lines -> the place where what the line names then is
        as it will be in the end.
    live: an experiment may be seen while it is being made (run).
    raises: an experiment may be as before but for a higher revision.
    gone: the program itself removes what it has been given.
    later: status 0 only says that it is going to be done, by somebody else.
    status: of the command when all goes well.
    codes: what else it may say when it was done already and is asked again.
    syncs: how many it may make.
    own: a pattern of files that the program of a run writes, not resutil.
    allocs: false where much is moved: no allocation fails, and only one of ten
        other points, by chance.
    may_find: errors that fsck finds from the start; untidy: leftovers.
    place: where the store is: "s3" or "gcs", a bucket; of the points that are
        no requests only one of ten is done. None: a directory.
    each(world): what is done for each point, after `prepare`: what cannot be
        copied, such as an upload that a server has begun.
    grows: an experiment may have some of its files already as they will be.
    varies: a pattern of keys and files of an experiment that are never the
        same twice.
    look(world): what else there is to see, as a dictionary, each of which is
        old or new as well.
    reads(check), ends(check): what else is wrong, as sentences: after the
        point, and when all is done again and gc has cleaned.
    power: false where others write and sync what counts.
    """

    def __init__(self, name, prepare, command, who="p", rest=None,
                 more=False, said=(), live=False, status=0,
                 codes=(0,), syncs=None, env=None,
                 may_find=(), untidy=False, allocs=True, own=None,
                 later=False, raises=False, gone=False, place=None,
                 each=None, grows=False, varies=None, look=None, reads=None,
                 ends=None, power=True):
        self.name, self.prepare, self.command = name, prepare, command
        self.who, self.rest, self.more = who, rest, more
        self.said, self.live, self.status = said, live, status
        self.codes, self.syncs, self.env = codes, syncs, env or {}
        self.may_find, self.untidy, self.allocs = may_find, untidy, allocs
        self.own, self.later, self.raises = own, later, raises
        self.gone, self.place, self.each = gone, place, each
        self.grows, self.varies, self.look = grows, varies, look
        self.reads, self.ends, self.power = reads, ends, power


def scenario(name, command, **more):
    """Decorates the function that prepares it."""
    def take(prepare):
        SCENARIOS[name] = Scenario(name, prepare, command, **more)
        return prepare
    return take


# What lines acknowledge: the word, and where the name after it then is.
SENT = (("Sent ", "store"), ("sent\t", "store"), ("grown\t", "store"))
FETCHED = (("Fetched ", "q"), ("fetched\t", "q"), ("grown\t", "q"))


# ---- worlds ------------------------------------------------------------------

# More than fits into the memory that packing and unpacking take at once, and
# not to be compressed.
LARGE = {"large": random.Random(1).randbytes(9 << 20).decode("latin-1")}
FILES = {"data": "0123456789\n" * 2000, "sub/b": "b\n", "sub/empty": "",
         "log": "one line\n"}


def project(w):
    w.conf("p")


def one(w):
    """One experiment with files, here alone."""
    project(w)
    w.add("p", "one", FILES)


def two_clones(w):
    one(w)
    w.conf("q")


def sent(w):
    """The same experiment here and in the store."""
    two_clones(w)
    w.do("p", "push", "one")


def fetched(w):
    """And in the second clone."""
    sent(w)
    w.do("q", "pull", "one")


def grow(w, who, comment, **files):
    """A file and a change of the record, as a checkpoint has them."""
    name = w.named(who, comment)
    for path, text in files.items():
        w.write("%s/results/%s/%s" % (who, name, path), text)
    w.do(who, "update-exp", "--set", "info.grown=%d" % len(files), comment)


def three(w):
    """Three that need each other in a row."""
    project(w)
    w.conf("q")
    w.add("p", "one", FILES)
    w.add("p", "two", {"x": "x\n"}, "-d", "one")
    w.add("p", "three", {}, "-d", "two")


def repository(w):
    """A project in a git repository, with a change that is in no commit."""
    project(w)
    w.write("p/train.py", "print(1)\n")
    w.git("p", "init", "-q")
    w.git("p", "add", "train.py")
    w.git("p", "commit", "-q", "-m", "start")
    w.write("p/train.py", "print(2)\n")


# ---- making experiments ------------------------------------------------------

# The program says by a file that it was started: then its record is there.
ALONE = {"RESUTIL_NO_REMOTE": "1"}
PROGRAM = ("echo out; echo err >&2; echo r >\"$RESUTIL_EX_DIR\"/result; "
           ": >\"$CRASH_WITNESS\"; exit ")


# Four of the syncs are of the object that it tries the store by, three of the
# directories that a home gets for the list of trusted projects.
@scenario("init", ["init", "--project-name=new", "--storage-type=dir",
                   "-o", "path=../store", "--gitignore"],
          who="n", codes=(14, 128), syncs=14)
def _(w):
    w.write("n/.gitignore", "*.pyc\n")
    w.write("n/train.py", "")
    w.git("n", "init", "-q")


scenario("add", ["add", "new"], more=True, syncs=3)(one)


@scenario("add-first", ["add", "new"], more=True, syncs=4)
def _(w):
    project(w)


@scenario("add-files", ["add", "new", "--from", "files"], more=True, syncs=2)
def _(w):
    one(w)
    for path, text in FILES.items():
        w.write("p/files/" + path, text)


@scenario("add-many", ["add", "new", "--from", "files"], more=True, syncs=2)
def _(w):
    one(w)
    for n in range(12):
        w.write("p/files/d%d/f%d" % (n % 3, n), "%d\n" % n * 100)


scenario("run", ["run", "-m", "new", "--", "sh", "-c", PROGRAM + "0"],
         more=True, live=True, env=ALONE, syncs=5)(one)
scenario("run-fail", ["run", "-m", "new", "--", "sh", "-c", PROGRAM + "3"],
         more=True, live=True, status=3, env=ALONE, syncs=5)(one)


# It was killed when its program had ended, and goes on. What the first start
# printed no other one prints; and all starts have one end.
AGAIN = ["run", "--id", "a/b", "-m", "new", "--", "sh", "-c",
         "cd \"$RESUTIL_EX_DIR\"; case $RESUTIL_RESUME in "
         "1) grep -qx more stdout.log || echo more;; *) echo out;; esac; "
         "echo r >result; : >\"$CRASH_WITNESS\"; exit 0"]


@scenario("run-again", AGAIN, live=True, env=ALONE, syncs=4)
def _(w):
    one(w)
    w.crash("truncate:3:kill", "p", *AGAIN)


# The program removes its own experiment, which is put back in the end.
scenario("run-gone", ["run", "-m", "new", "--", "sh", "-c",
                      "rm -rf \"$RESUTIL_EX_DIR\"; echo out; "
                      ": >\"$CRASH_WITNESS\"; exit 0"],
         more=True, live=True, gone=True, env=ALONE, syncs=8)(one)


@scenario("run-code", ["run", "-m", "new", "--", "sh", "-c", PROGRAM + "0"],
          more=True, live=True, env=ALONE, syncs=9)
def _(w):
    repository(w)
    w.add("p", "old", {})


# What is asked beside the program is not what a crash can take.
@scenario("run-meta", ["-c", "meta.word=echo word", "-c",
                       "meta.gone=no-such-program", "run", "-m", "new", "--",
                       "sh", "-c", PROGRAM + "0"],
          more=True, live=True, env=ALONE, syncs=5)
def _(w):
    one(w)


# Each file of settings is the old or the new one, and is always one.
def settings(world):
    found = {}
    for path in ("p/resutil-conf.yaml", "home/.config/resutil/config.yaml",
                 "home/.local/share/resutil/trusted"):
        full = world.path(path)
        found[path] = model.read_file(full) if os.path.exists(full) else b""
    return found


def can_be_read(check):
    status, _, err = check.world.run("p", "config", "list")
    if status:
        yield "config list exits %d: %s" % (status, err.strip())


CONF = "# mine\nrun:\n  prompt: no   # never\n  monitor: 5\n"


def says_also(w, more):
    with open(w.path("p/resutil-conf.yaml"), encoding="utf-8") as f:
        text = f.read()
    w.write("p/resutil-conf.yaml", text + more)


@scenario("config-trust", ["config", "--trust"], syncs=2, look=settings)
def _(w):
    one(w)
    w.conf("q")
    w.do("q", "config", "--trust")
    says_also(w, "meta: {word: [echo, word]}\n")


# In a home that has no directory of ours yet.
@scenario("config-trust-first", ["config", "--trust"], syncs=5, look=settings)
def _(w):
    one(w)
    says_also(w, "meta: {word: [echo, word]}\n")


scenario("config-set", ["config", "set", "run.collect", "a*", "b"], syncs=2,
         look=settings, reads=can_be_read)(one)
scenario("config-set-user", ["config", "set", "--user", "run.prompt", "no"],
         syncs=4, look=settings, reads=can_be_read)(one)


@scenario("config-reset-user", ["config", "set", "alias.l", "list --json"],
          syncs=2, look=settings, reads=can_be_read)
def _(w):
    one(w)
    w.write("home/.config/resutil/config.yaml", CONF)


@scenario("config-unset", ["config", "unset", "run.prompt"], codes=(10,),
          syncs=2, look=settings, reads=can_be_read)
def _(w):
    one(w)
    says_also(w, CONF)


# What a program says about itself from inside. (A row of metrics has its own
# time, and is told to the kernel alone: t7610 looks at each step of that.)
@scenario("inside", ["run", "-m", "new", "--", "sh", "-c",
                     "resutil inform x=1 && "
                     "echo f | resutil attach --as d/f - || exit; " +
                     PROGRAM + "0"],
          more=True, live=True, env=ALONE, syncs=9)
def _(w):
    one(w)


# The revision is raised before the file is there.
@scenario("attach-after", ["attach", "--exp", "one", "--as", "d/f", "f"],
          syncs=5, raises=True, may_find=("content-differs",))
def _(w):
    sent(w)
    w.write("p/f", "f\n")


@scenario("run-collect", ["run", "-m", "new", "--collect", "out*", "--", "sh",
                          "-c", "echo 1 >out1; echo 2 >out2; " + PROGRAM +
                          "0"],
          more=True, live=True, env=ALONE, syncs=5, own=r"p/out\d")
def _(w):
    one(w)


@scenario("run-dep", ["run", "-m", "new", "-d", "one", "--", "sh", "-c",
                      PROGRAM + "0"],
          who="q", more=True, live=True, syncs=16)
def _(w):
    sent(w)


@scenario("run-push", ["run", "--push", "-m", "new", "--", "sh", "-c",
                       PROGRAM + "0"],
          more=True, live=True, said=SENT, syncs=12)
def _(w):
    sent(w)


@scenario("checkpoint", ["run", "-m", "new", "--", "sh", "-c",
                         "resutil checkpoint >\"$CRASH_SAID\" 2>&1 || " +
                         "exit; " + PROGRAM + "0"],
          more=True, live=True, said=SENT, syncs=21)
def _(w):
    sent(w)


@scenario("checkpoint-after", ["checkpoint", "--exp", "one"], said=SENT,
          syncs=9, may_find=("content-differs",))
def _(w):
    sent(w)
    name = w.named("p", "one")
    w.write("p/results/%s/more" % name, "more\n")


# Status 0 says that it is noted; the rest is done by a process of its own.
@scenario("checkpoint-background", ["checkpoint", "--background", "--exp",
                                    "one"],
          later=True, syncs=9, may_find=("content-differs",),
          untidy=True)      # who cannot open the request cannot remove it
def _(w):
    sent(w)
    name = w.named("p", "one")
    w.write("p/results/%s/more" % name, "more\n")


scenario("update", ["update-exp", "--set", "info.x=1", "one"], syncs=2)(one)


def not_untagged(check):
    """The new one has it before the old one gives it away."""
    _, out, _ = check.world.run("p", "tag", "--json", "best")
    if not out:
        yield "no run has the tag any more"


# Both have it in between; the same again takes it from the old one.
@scenario("tag", ["tag", "best", "two"], syncs=4, reads=not_untagged)
def _(w):
    project(w)
    w.add("p", "one", {})
    w.add("p", "two", {})
    w.do("p", "tag", "best", "one")


@scenario("tag-delete", ["tag", "-d", "best"], codes=(10,), syncs=2)
def _(w):
    project(w)
    w.add("p", "one", {})
    w.do("p", "tag", "best", "one")
    w.do("p", "tag", "other", "one")


# ---- programs that record themselves -------------------------------------------

def recorded(*requests):
    """A program that asks for all that and gives up when something is refused.
    It is an alias, since what is cut short is a command of resutil."""
    lines = " ".join("'%s'" % json.dumps(r) for r in requests)
    return ["-c", "alias.recorded=!out=$(printf \"%s\\n\" " + lines +
            " | resutil record-runs) || exit; case $out in *\\\"ok\\\":false*) "
            "echo \"$out\"; exit 13;; esac", "recorded"]


END = {"op": "finish", "run": 1, "state": "fail", "error": "E",
       "traceback": "T\\n", "result": [1], "info": {"b": 2},
       "usage": {"wall": 1.5}}


def trial(**more):
    return dict({"op": "begin", "kind": "trial", "root": "trials",
                 "tid": "a/b", "params": {"x": 1}, "resume": True}, **more)


scenario("record-experiment",
         recorded({"op": "begin", "kind": "experiment", "argv": ["x"],
                   "comment": "new"},
                  {"op": "update", "run": 1, "info": {"b": 1}}, END),
         more=True, live=True, syncs=7)(one)
scenario("record-trial",
         recorded(trial(), {"op": "update", "run": 1, "info": {"b": 1}}, END),
         live=True, syncs=8)(one)


@scenario("record-again", recorded(trial(), END), live=True, syncs=4)
def _(w):
    one(w)
    w.do("p", *recorded(trial()))


# ---- packs -------------------------------------------------------------------

scenario("pack", ["pack-exp", "-o", "one.zip", "one"], syncs=2)(one)


@scenario("pack-over", ["pack-exp", "-o", "one.zip", "one"], syncs=2)
def _(w):
    one(w)
    w.do("p", "pack-exp", "-o", "one.zip", "one")
    grow(w, "p", "one", more="more\n")


@scenario("unpack", ["unpack-exp", "one.zip", "-C", "tree"],
          codes=(14, 128), syncs=2)
def _(w):
    one(w)
    w.do("p", "pack-exp", "-o", "one.zip", "one")
    os.mkdir(w.path("p/tree"))


# ---- stores ------------------------------------------------------------------

@scenario("clone", ["clone", "dir:store/project", "c"], who=".",
          codes=(14, 128), syncs=6)
def _(w):
    sent(w)


@scenario("clone-all", ["clone", "--all", "dir:store/project", "c"],
          who=".", codes=(14,), rest=["-C", "c", "pull", "-A"], syncs=10)
def _(w):
    sent(w)


@scenario("remote-add", ["remote", "add", "other", "dir:../other/project"],
          codes=(14, 128), syncs=4)
def _(w):
    one(w)


@scenario("remote-rm", ["remote", "rm", "other"], codes=(10,), syncs=2)
def _(w):
    one(w)
    w.do("p", "remote", "add", "other", "dir:../other/project")


scenario("push", ["push", "one"], said=SENT, syncs=7)(two_clones)


@scenario("push-grown", ["push", "one"], said=SENT, syncs=7)
def _(w):
    fetched(w)
    grow(w, "p", "one", more="more\n")


@scenario("push-large", ["push", "one"], said=SENT, allocs=False, syncs=7)
def _(w):
    project(w)
    w.add("p", "one", LARGE)


# 11, and 2 more when both threads find the project's directory new.
scenario("push-all", ["push", "-A", "-j", "2"], said=SENT, syncs=13)(three)


@scenario("push-force", ["push", "--force", "one"], said=SENT, syncs=7)
def _(w):
    fetched(w)
    grow(w, "q", "one", theirs="theirs\n")
    w.do("q", "push", "one")
    grow(w, "p", "one", ours="ours\n")


@scenario("push-rename", ["push", "--rename", "uno"], said=SENT, syncs=5)
def _(w):
    sent(w)
    w.do("p", "comment", "-l", "one", "uno")


scenario("pull", ["pull", "one"], who="q", said=FETCHED, syncs=4)(sent)


@scenario("pull-grown", ["pull", "one"], who="q", said=FETCHED, syncs=4)
def _(w):
    fetched(w)
    grow(w, "p", "one", more="more\n")
    w.do("p", "push", "one")


@scenario("pull-all", ["pull", "-A", "-j", "2"], who="q", said=FETCHED,
          syncs=8)
def _(w):
    three(w)
    w.do("p", "push", "-A")


@scenario("pull-large", ["pull", "one"], who="q", said=FETCHED, allocs=False,
          syncs=4)
def _(w):
    project(w)
    w.conf("q")
    w.add("p", "one", LARGE)
    w.do("p", "push", "one")


@scenario("pull-rename", ["pull", "--rename", "uno"], who="q", syncs=8)
def _(w):
    fetched(w)
    w.do("p", "comment", "one", "uno")


@scenario("pull-some", ["pull", "one", "--", "sub"], who="q", syncs=5)
def _(w):
    sent(w)


@scenario("pull-rest", ["pull", "one"], who="q", syncs=4)
def _(w):
    sent(w)
    w.do("q", "pull", "one", "--", "sub")


@scenario("pull-force", ["pull", "--force", "one"], who="q", said=FETCHED,
          syncs=4)
def _(w):
    fetched(w)
    grow(w, "q", "one", ours="ours\n")
    grow(w, "p", "one", theirs="theirs\n")
    w.do("p", "push", "one")


scenario("rm-l", ["rm", "-l", "-y", "one"], codes=(10,), syncs=1)(sent)
scenario("rm-r", ["rm", "-r", "-y", "one"], codes=(10,), syncs=3)(sent)
scenario("rm", ["rm", "-y", "one"], codes=(10,), syncs=4)(sent)
scenario("comment-l", ["comment", "-l", "one", "uno"], codes=(10,),
          syncs=5)(one)
scenario("comment", ["comment", "one", "uno"], codes=(10,), syncs=10)(sent)


# ---- stores elsewhere -------------------------------------------------------

# The same operations; what differs is what is asked of the store.
def far(place, name, syncs, each=None, of=None, prepare=None, may_find=(),
        **more):
    like, name = SCENARIOS[of or name], "%s-%s" % (place, name)
    SCENARIOS[name] = Scenario(
        name, prepare or like.prepare, like.command, who=like.who,
        rest=like.rest, said=like.said, codes=like.codes, syncs=syncs,
        place=place, each=each, may_find=like.may_find + tuple(may_find),
        **more)


def on_s3(name, syncs, **more):
    far("s3", name, syncs, **more)


def on_gcs(name, syncs, **more):
    far("gcs", name, syncs, **more)


def cut_upload(w):
    """Parts of the pack are in the store, and a note here says which."""
    w.crash("http:4:kill-all", "p", "push", "one")


def cut_session(w):
    """A session has taken a piece of the pack, and a note here says so. (Before
    it come a token, two looks, and the session itself.)"""
    w.crash("http:6:kill-all", "p", "push", "one")


def cut_long_ago(w):
    """... which is too old to be gone on with."""
    w.clock -= 8 * 86400
    cut_session(w)
    w.clock += 8 * 86400


HUGE = {"huge": LARGE["large"] * 3}


def huge(w):
    project(w)
    w.add("p", "one", HUGE)


on_s3("push", 7)
on_s3("push-grown", 7)
on_s3("push-force", 7)
# A copy, and then a removal: for a moment, or after a crash, both are there.
on_s3("push-rename", 5, may_find=["duplicate-id"])
on_s3("push-all", 13)
on_s3("push-large", 7, prepare=huge, allocs=False)
on_s3("push-resumed", 7, of="push-large", prepare=huge, each=cut_upload,
      allocs=False)
on_s3("pull", 4)
on_s3("pull-some", 5)
on_s3("pull-large", 4, allocs=False)
on_s3("rm-r", 3)
on_s3("comment", 10, may_find=["duplicate-id"])

on_gcs("push", 7)
on_gcs("push-grown", 7)
on_gcs("push-force", 7)
on_gcs("push-rename", 5, may_find=["duplicate-id"])
on_gcs("push-all", 13)
# A note is written anew while pieces are acknowledged; how often, time says.
on_gcs("push-large", 10, prepare=huge, allocs=False)
on_gcs("push-resumed", 10, of="push-large", prepare=huge, each=cut_session,
       allocs=False)
on_gcs("pull", 4)
on_gcs("pull-some", 5)
on_gcs("pull-large", 4, allocs=False)
on_gcs("rm-r", 3)
on_gcs("comment", 10, may_find=["duplicate-id"])


# ---- looking after it --------------------------------------------------------

def broken(w):
    """What crashes of push, pull, add and rm leave, and a run that is lost."""
    fetched(w)
    grow(w, "p", "one", more="more\n")
    w.crash("rename:1:kill", "p", "push", "one")
    w.crash("rename:1:kill", "p", "add", "never", "--from", "../q/results")
    w.crash("rename:1:kill-after", "q", "rm", "-l", "-y", "one")
    w.crash("unlink:1:kill", "q", "pull", "one")
    w.crash("truncate:2:kill", "p", "run", "-m", "lost", "--", "true")


scenario("gc", ["gc", "--older-than=0"], untidy=True, syncs=0)(broken)
scenario("gc-remote", ["gc", "--older-than=0", "--remote"], untidy=True,
         syncs=0)(broken)
on_s3("gc-remote", 2, prepare=huge, each=cut_upload, untidy=True, allocs=False)
on_gcs("gc-remote", 2, prepare=huge, each=cut_long_ago, untidy=True,
       allocs=False)
scenario("fsck-repair", ["fsck", "--repair"], codes=(1,), untidy=True,
         syncs=2)(broken)


@scenario("fsck-mend", ["fsck", "--remote", "--read-data", "--repair"],
          said=SENT, may_find=("pack-damaged",), syncs=7)
def _(w):
    sent(w)
    w.damage("store/project/%s.zip" % w.named("p", "one"))
