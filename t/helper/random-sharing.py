"""random-sharing.py [--drive=SERVER,ROOT,KEY,FOLDER] [--gcs=SERVER,ROOT,KEY,
BUCKET] SEED STEPS DIR [PROGRAM-WITH-FAULTS]: nothing gets lost.

The store is a directory; or a FOLDER of the fake Drive at SERVER (its control),
which resutil finds at ROOT with the key file KEY; or likewise a BUCKET.

Two clones, one store and a random sequence of what people do: add, change,
push, pull, remove, rename, lose the store, die in the middle. Each change puts
a file with a token of its own into an experiment, so that what an experiment
has seen can be read off it. After each step these hold:

* a token whose step ended well is in a clone or in the store, unless somebody
  removed or forced it away;
* without --force a push takes no such token out of the store, and a pull none
  out of a clone: what is replaced had been seen by what replaces it;
* every pack in the store can be read by Python's zipfile, and every experiment
  here has its record;
* the exit status is one that the pages know.

In the end, with the store there, push -A and pull -A leave what is in both
clones and not in conflict the same. Prints what was done when anything fails.
"""
import base64
import io
import json
import os
import random
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from urllib.parse import quote

KIND, _, PLACE = sys.argv.pop(1).partition("=") \
    if sys.argv[1].startswith("--") else ("", "", "")
SEED, STEPS, TOP = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
FAULTY = sys.argv[4] if len(sys.argv) > 4 else None
KNOWN = {0, 3, 10, 12, 14}
CONF = """\
project_name: project
results_dir: results
"""
rng = random.Random(SEED)
log = []


def path(*parts):
    return os.path.join(TOP, *parts)


class Wrong(Exception):
    pass


def resutil(who, *args, fault=None):
    env = dict(os.environ, RESUTIL_NO_INTERACTIVE="1",
               RESUTIL_TEST_NOW=str(1720091755 + len(log)))
    program = "resutil"
    if fault:
        env["RESUTIL_TEST_STORE_FAULT"] = fault
        program = FAULTY
    done = subprocess.run([program, "-C", path(who), *args], env=env,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True)
    log.append("%s: %s%s -> %d %s" % (
        who, " ".join(args), " [%s]" % fault if fault else "",
        done.returncode, done.stderr.strip().replace("\n", " | ")))
    if done.returncode not in KNOWN and not fault:
        raise Wrong("exit status %d" % done.returncode)
    if done.returncode in (86, 129, 134, 139):
        raise Wrong("exit status %d" % done.returncode)
    return done.returncode, done.stdout


# ---- the store ---------------------------------------------------------------

class Directory:
    conf = "storage_type: dir\nstorage_config:\n  path: ../store\n"

    def __init__(self):
        os.mkdir(path("store"))

    def packs(self):
        """name -> the pack, as a file"""
        top = path("store", "project")
        if not os.path.isdir(top):
            top = path("away", "project")
        if not os.path.isdir(top):
            return {}
        return {name[:-4]: os.path.join(top, name) for name in os.listdir(top)
                if not name.startswith(".resutil-")}

    def vanish(self):
        if os.path.isdir(path("store")):
            os.rename(path("store"), path("away"))

    def come_back(self):
        if os.path.isdir(path("away")):
            os.rename(path("away"), path("store"))


class Google:
    """What stores at a server that stands for Google's have in common."""

    def __init__(self, kind, place):
        self.server, root, self.key, self.place = PLACE.split(",")
        self.conf = ("storage_type: %s\nstorage_config:\n  %s: %s\n"
                     "  key_file_path: %s\n  api_root: %s\n" % (
                         kind, place, self.place, self.key, root))
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}))
        with open(self.key) as f:
            self.email = json.load(f)["client_email"]

    def control(self, what, **args):
        return json.load(self.opener.open(
            "%s/_test/%s" % (self.server, what), json.dumps(args).encode()))


class Drive(Google):
    def __init__(self):
        super().__init__("gdrive", "base_folder_id")
        self.folder = self.place

    def files(self):
        """Of files of one name the newest one that is complete."""
        found = {}
        for f in self.control("drive_tree", id=self.folder)["files"]:
            if f["path"].split("/")[-2] != "project" or f["trashed"] or \
                    f["folder"] or "resutil-state" in f["properties"]:
                continue
            old = found.get(f["name"])
            if not old or (old["modified"], old["id"]) < (
                    f["modified"], f["id"]):
                found[f["name"]] = f
        return found

    def read(self, f):
        return self.control("drive_read", id=f["id"])["base64"]

    def packs(self):
        return {name[:-4]: io.BytesIO(base64.b64decode(self.read(f)))
                for name, f in self.files().items()}

    def share(self, role):
        self.control("drive_share", id=self.folder, email=self.email,
                     role=role)

    def vanish(self):
        self.share("none")

    def come_back(self):
        self.share("fileOrganizer")

    def somebody(self, may_go):
        """What people do in a browser. may_go(NAME): it is not lost."""
        files = self.files()
        does = rng.choice(["copy", "folder", "move", "trash", "restore"])
        gone = [f for f in self.control("drive_tree", id=self.folder)["files"]
                if f["trashed"] and f["name"].endswith(".zip")]
        if does == "folder":
            self.control("drive_folder", name="project", parent=self.folder)
        elif does == "restore" and gone:
            self.control("drive_trash", trashed=False,
                         id=rng.choice(gone)["id"])
        elif files:
            f = files[rng.choice(sorted(files))]
            if does == "copy":
                self.control("drive_file", parent=f["parent"], name=f["name"],
                             base64=self.read(f),
                             modifiedTime="2024-01-01T00:00:00Z")
            elif does == "move":
                self.control("drive_change", id=f["id"], parent=rng.choice(
                    [g["parent"] for g in files.values()]))
            elif does == "trash" and may_go(f["name"][:-4]):
                self.control("drive_trash", id=f["id"])
        log.append("somebody: " + does)


class Bucket(Google):
    def __init__(self):
        super().__init__("gcs", "backet_name")
        self.token = self.control("token", email=self.email)["access_token"]

    def read(self, name):
        return io.BytesIO(self.opener.open(urllib.request.Request(
            "%s/download/storage/v1/b/%s/o/%s?alt=media" % (
                self.server, self.place, quote(name, safe="")),
            headers={"Authorization": "Bearer " + self.token})).read())

    def packs(self):
        names = [o["name"] for o in self.control(
            "objects", bucket=self.place)["objects"]]
        return {n[8:-4]: self.read(n) for n in names
                if n.startswith("project/")}

    def vanish(self):
        self.control("errors", errors=[{
            "path": "^/(upload/)?storage/", "times": 1 << 30, "status": 404,
            "reason": "notFound",
            "message": "The specified bucket does not exist."}])

    def come_back(self):
        self.control("errors", errors=[])


# ---- what is where -----------------------------------------------------------

def tokens_here(who):
    """name -> its tokens"""
    found = {}
    for name in os.listdir(path(who, "results")):
        if name.startswith("."):
            continue
        files = os.listdir(path(who, "results", name))
        if "resutil-exp.yaml" not in files:
            raise Wrong("%s has '%s' without a record" % (who, name))
        found[name] = {f for f in files if f.startswith("token-")}
    return found


def tokens_there():
    found = {}
    for name, pack in store.packs().items():
        with zipfile.ZipFile(pack) as z:
            bad = z.testzip()
            if bad:
                raise Wrong("'%s' in '%s' is bad" % (bad, name))
            found[name] = {f for f in z.namelist() if f.startswith("token-")}
    return found


def everything():
    return {"a": tokens_here("a"), "b": tokens_here("b"),
            "store": tokens_there()}


def all_tokens(state):
    return {t for place in state.values() for ts in place.values() for t in ts}


# ---- what people do ----------------------------------------------------------

class Model:
    def __init__(self):
        self.made = 0
        self.kept = set()           # tokens that must be somewhere

    def token(self, who, name):
        self.made += 1
        token = "token-%05d" % self.made
        with open(path(who, "results", name, token), "w") as f:
            f.write(token * rng.choice([1, 1, 50, 5000]))
        self.kept.add(token)

    # Few experiments, so that the two get in the way of each other.
    def add(self, who):
        if len(tokens_here(who)) >= 4:
            return self.grow(who)
        code, out = resutil(who, "add", "n%d" % len(log))
        if code == 0:
            self.token(who, out.strip())

    # The file comes first: what `update-exp` makes known has it.
    def grow(self, who):
        name = some(who)
        if name:
            self.token(who, name)
            resutil(who, "update-exp", "--set", "info.n=%d" % len(log), name)

    # Nobody raises the revision: neither side may overwrite the other.
    def scribble(self, who):
        name = some(who)
        if name:
            self.token(who, name)

    def transfer(self, who, verb):
        args = [verb]
        if rng.random() < 0.4:
            args.append("-A")
        else:
            name = some(who) if verb == "push" else some_there()
            if not name:
                return
            args.append(name)
        if rng.random() < 0.1:
            args.append("--rename")
        if rng.random() < 0.2:
            args += ["-j", rng.choice(["1", "4"])]
        fault = None
        if FAULTY and rng.random() < 0.3:
            fault = "%s:%d:%s" % (
                rng.choice(["any", "put", "get", "stat", "list"]),
                rng.randint(1, 6),
                rng.choice(["kill", "kill-after", "lost", "unreachable",
                            "conflict", "transient", "half"]))
        resutil(who, *args, fault=fault)

    def push(self, who):
        self.transfer(who, "push")

    def pull(self, who):
        self.transfer(who, "pull")

    # Only what this clone could have back.
    def forget(self, who):
        name = some(who)
        state = everything()
        if name and state[who][name] <= state["store"].get(name, set()):
            resutil(who, "rm", "-l", "-y", name)

    def remove_there(self, who):
        name = some_there()
        state = everything()
        if name and state["store"][name] <= state[who].get(name, set()):
            resutil(who, "rm", "-r", "-y", "--force", name)

    def somebody(self, who):
        state = everything()
        store.somebody(lambda name: state["store"][name] <=
                       state[who].get(name, set()))

    def comment(self, who):
        name = some(who)
        if name:
            resutil(who, "comment", name, "c%d" % len(log))

    def force(self, who):
        name = some(who)
        if name and name in everything()["store"]:
            before = everything()
            resutil(who, rng.choice(["push", "pull"]), "--no-dependency",
                    "--force", name)
            after = everything()
            # What left one place now may leave the others later: who sent
            # it, and changed nothing since, follows what was forced.
            for place in before:
                self.kept -= flat(before[place]) - flat(after[place])

    def vanish(self, who):
        store.vanish()

    def come_back(self, who):
        store.come_back()


def some(who):
    names = sorted(tokens_here(who))
    return rng.choice(names) if names else None


def some_there():
    names = sorted(tokens_there())
    return rng.choice(names) if names else None


# Tokens of a place, whatever the experiments are called now.
def flat(place):
    return {t for tokens in place.values() for t in tokens}


def check(model, verb, before, after):
    lost = model.kept - all_tokens(after)
    if lost:
        raise Wrong("lost: %s" % sorted(lost))
    if verb in ("push", "comment", "add", "grow", "scribble"):
        gone = model.kept & (flat(before["store"]) - flat(after["store"]))
        if gone:
            raise Wrong("no longer in the store: %s" % sorted(gone))
    if verb in ("pull", "push", "comment", "add", "grow", "scribble"):
        for who in "ab":
            gone = model.kept & (flat(before[who]) - flat(after[who]))
            if gone:
                raise Wrong("no longer in %s: %s" % (who, sorted(gone)))


def finish(model):
    model.come_back("a")
    for who in "abab":
        resutil(who, "push", "-A")
        resutil(who, "pull", "-A")
    state = everything()
    check(model, "push", state, state)
    same = 0
    for name in sorted(set(state["a"]) & set(state["b"])):
        codes = [resutil(who, "send-pack", name) for who in "ab"]
        if all(code == 0 and out.startswith("same\t") for code, out in codes):
            same += 1
            if state["a"][name] != state["b"][name]:
                raise Wrong("'%s' is not the same in both" % name)
        elif not any(code for code, _ in codes):
            raise Wrong("'%s' is neither the same nor in conflict" % name)
    return same


def main():
    for who in "ab":
        os.makedirs(path(who, "results"))
        with open(path(who, "resutil-conf.yaml"), "w") as f:
            f.write(CONF + store.conf)
    model = Model()
    verbs = (["add"] * 2 + ["grow"] * 8 + ["push"] * 8 + ["pull"] * 8 +
             ["force"] * 3 + ["come_back"] * 4 +
             ["scribble", "forget", "remove_there", "comment", "vanish"] +
             ["somebody"] * (8 if KIND == "--drive" else 0))
    try:
        for _ in range(STEPS):
            verb, who = rng.choice(verbs), rng.choice("ab")
            before = everything()
            getattr(model, verb)(who)
            check(model, verb, before, everything())
        same = finish(model)
    except Wrong as e:
        print("\n".join(log))
        print("seed %d, after %d commands: %s" % (SEED, len(log), e))
        return 1
    print("seed %d: %d commands, %d tokens, %d experiments are the same" % (
        SEED, len(log), model.made, same))
    shutil.rmtree(TOP)
    return 0


shutil.rmtree(TOP, ignore_errors=True)
os.mkdir(TOP)
store = {"--drive": Drive, "--gcs": Bucket}.get(KIND, Directory)()
sys.exit(main())
