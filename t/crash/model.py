"""What is there, read without resutil, and what must hold of it.

A state is a dictionary: what it is called ("p:NAME" for an experiment in the
project p, "store:NAME" for a pack in the store, "p/FILE" for any other file
that people made or asked for) -> an Exp or the bytes. Hidden things, locks,
caches and notes are no part of it; that these do no harm is shown by what is
done next.
"""
import hashlib
import os
import re
import stat
import zipfile
import zlib

RECORD = "resutil-exp.yaml"
NAME = re.compile(r"[a-z]{6}_\d{8}T\d{6}(_.+)?$")
# What two calls of the same command cannot have in common: the first of these
# are left out of comparisons, and of the records only what is measured.
MEASURED = ("usage", "meta")
TRIALS = "trials"
HIDDEN = (".resutil", ".git", "home", "tmp")


class Broken(Exception):
    """Something is half there."""


class Exp:
    """One experiment: the keys of its record, and its other files."""

    def __init__(self, label, record, files):
        self.keys = keys_of(label, record)
        self.files = files
        self.id = self.keys.get("id", "").strip(' "')
        self.state = self.keys.get("state", "").strip(' "')
        self.revision = int(self.keys["revision"])

    def stable(self):
        """All but what is measured, for comparing."""
        return ({k: v for k, v in self.keys.items() if k not in MEASURED},
                self.files)

    def admitted(self):
        """What the record itself says is missing, as a pattern of keys and
        files: code that could not be read, output that could not be kept."""
        git, words = self.keys.get("git", ""), []
        if "\n  error:" in git or "\n  left_out:\n" in git:
            words.append(r"git|uncommited.*")
        if "lost_output" in self.keys:
            words.append(r"lost_output|std(out|err)\.log")
        return "|".join(words) or r"(?!)"

    def without(self, pattern):
        """This, but for keys and files of a pattern."""
        left = [{k: v for k, v in part.items()
                 if not re.fullmatch(pattern, k)} for part in self.stable()]
        return tuple(left)

    def is_honest(self, other):
        """Whether this is the other, but for what it says itself."""
        admitted = self.admitted()
        return isinstance(other, Exp) and \
            self.without(admitted) == other.without(admitted)

    def __eq__(self, other):
        return isinstance(other, Exp) and self.stable() == other.stable()

    def as_often_as(self, other):
        """This, with the revision of another that was written less often."""
        if not isinstance(other, Exp) or self.revision <= other.revision:
            return self
        copy = Exp.__new__(Exp)
        copy.__dict__ = dict(self.__dict__, keys=dict(
            self.keys, revision=other.keys["revision"]))
        return copy

    def differs(self, other):
        """Says where."""
        if not isinstance(other, Exp):
            return "is there" if other is None else "is something else"
        mine, its = self.stable(), other.stable()
        words = []
        for a, b in zip(mine, its):
            words += [k for k in sorted(set(a) | set(b))
                      if a.get(k) != b.get(k)]
        return "differs in " + ", ".join(words)


def keys_of(label, text):
    """The top level of a record that resutil wrote, values as they stand."""
    if not text.startswith("resutil: 1\n") or not text.endswith("\n"):
        raise Broken("%s: the record is not whole" % label)
    keys, last = {}, None
    for line in text.splitlines():
        if line[:1] in (" ", "-"):
            keys[last] += "\n" + line
            continue
        last, colon, value = line.partition(":")
        if not colon or last in keys:
            raise Broken("%s: the record cannot be read" % label)
        keys[last] = value
    for key in ("id", "state", "at", "revision"):
        if key not in keys:
            raise Broken("%s: the record has no %s" % (label, key))
    if "name" not in keys and "tid" not in keys:
        raise Broken("%s: the record has no name" % label)
    return keys


def content_of(mode, data):
    """What must be the same of a file: its kind and mode, and the bytes."""
    return "%o %d %s" % (mode, len(data), hashlib.sha256(data).hexdigest())


def read_file(path):
    with open(path, "rb") as f:
        return f.read()


def read_tree(top):
    """All below a directory: path -> content."""
    files = {}
    for at, dirs, names in os.walk(top):
        for name in dirs + names:
            path = os.path.join(at, name)
            st = os.lstat(path)
            if stat.S_ISLNK(st.st_mode):
                data = os.fsencode(os.readlink(path))
            elif stat.S_ISREG(st.st_mode):
                data = read_file(path)
            else:
                data = b""
            files[os.path.relpath(path, top)] = content_of(st.st_mode, data)
    return files


def read_dir(label, top):
    """An experiment that is a directory."""
    files = read_tree(top)
    if files.pop(RECORD, None) is None:
        raise Broken("%s is visible without a record" % label)
    # What a writer has in the works is hidden from readers by its name.
    files = {p: c for p, c in files.items()
             if not (p.startswith(RECORD + ".") and p.endswith(".tmp"))}
    record = read_file(os.path.join(top, RECORD)).decode("utf-8", "replace")
    exp = Exp(label, record, files)
    # What can be started again is the same, whenever and however often.
    if "tid" in exp.keys:
        for key in ("at", "resumes"):
            exp.keys.pop(key, None)
    return exp


def read_pack(label, path):
    """The same as a pack; reading it compares the checksums, too. Of one that
    is damaged the bytes."""
    files, record = {}, None
    try:
        with zipfile.ZipFile(path) as z:
            for entry in z.infolist():
                data = z.read(entry)
                if entry.filename == RECORD:
                    record = data.decode("utf-8", "replace")
                else:
                    files[entry.filename.rstrip("/")] = content_of(
                        entry.external_attr >> 16, data)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError):
        return read_file(path)
    if record is None:
        raise Broken("%s: the pack has no record" % label)
    return Exp(label, record, files)


def read_trials(state, label, top):
    """Trials below a directory, by their paths; a directory without a record
    is none. A trial that goes on is the same trial, whatever its id."""
    for at, dirs, names in os.walk(top):
        if RECORD not in names:
            continue
        trial = "%s/%s" % (label, os.path.relpath(at, top))
        state[trial] = read_dir(trial, at)
        state[trial].keys.pop("id", None)
        state[trial].files.pop(".resutil-live", None)


def read_project(state, top, who):
    results = os.path.join(top, who, "results")
    if os.path.isdir(results):
        for name in os.listdir(results):
            label = "%s:%s" % (who, name)
            if name.startswith("."):
                continue
            if not NAME.match(name):
                raise Broken("%s is no name of an experiment" % label)
            state[label] = read_dir(label, os.path.join(results, name))


def read_files(state, top, who):
    """What else is visible in a directory: settings, packs, trees."""
    for name in os.listdir(os.path.join(top, who)):
        path, label = os.path.join(top, who, name), "%s/%s" % (who, name)
        if name in HIDDEN or name == "results" or is_temporary(name):
            continue
        if name == TRIALS:
            read_trials(state, label, path)
        elif name.endswith(".zip"):
            state[label] = read_pack(label, path)
        elif os.path.isdir(path):
            if os.path.exists(os.path.join(path, RECORD)):
                state[label] = read_dir(label, path)
            else:
                state[label] = read_tree(path)
        else:
            state[label] = read_file(path)


def read_store(state, top):
    store = os.path.join(top, "store", "project")
    if os.path.isdir(store):
        for name in os.listdir(store):
            if not name.startswith(".resutil-"):
                label = "store:%s" % name[:-len(".zip")]
                if not NAME.match(label[len("store:"):]):
                    raise Broken("%s is no name of an experiment" % label)
                state[label] = read_pack(label, os.path.join(store, name))


def is_temporary(name):
    return bool(re.search(r"^\..*\.(tmp|rm|old)$|\.\d+(\.\d+)?\.tmp$", name))


def temporaries(top):
    """What has a temporary or hidden name in a project."""
    for at, dirs, names in os.walk(top):
        if ".git" in dirs:
            dirs.remove(".git")
        for name in sorted(dirs + names):
            if is_temporary(name) or (name.startswith(".") and
                                      os.path.basename(at) == "results" and
                                      name != ".gitignore"):
                yield os.path.relpath(os.path.join(at, name), top)


def read_state(top):
    """All of it. Raises Broken when something is half there."""
    state = {}
    for who in sorted(os.listdir(top)):
        if who not in HIDDEN and who != "store" and not is_temporary(who):
            read_project(state, top, who)
            read_files(state, top, who)
    read_store(state, top)
    return state


def forget(state, pattern):
    """Takes keys and files out of all experiments."""
    for value in state.values():
        if isinstance(value, Exp):
            value.keys, value.files = (
                {k: v for k, v in part.items() if not re.fullmatch(pattern, k)}
                for part in (value.keys, value.files))


# ---- what must hold ----------------------------------------------------------

def same(a, b):
    return a == b


def ids(state, place):
    return {v.id for k, v in state.items()
            if isinstance(v, Exp) and k.startswith(place)}


def lost(before, after, now):
    """Experiments that are in a place before and after, and not now."""
    for place in sorted({k.split(":")[0] + ":" for k in before if ":" in k}):
        gone = ids(before, place) & ids(after, place) - ids(now, place)
        if gone:
            yield "lost: %s is not in '%s'" % (", ".join(gone), place[:-1])


def strange(before, after, now, may_be=None):
    """What is neither as it was nor as it was to be. `may_be` says of an
    experiment that is being made whether it may be so meanwhile."""
    for label in sorted(set(before) | set(after) | set(now)):
        value = now.get(label)
        if value in (before.get(label), after.get(label)):
            continue
        want = after.get(label, before.get(label))
        if value is not None and may_be and may_be(value, want):
            continue
        yield "'%s' is neither old nor new: %s" % (label, how(value, want))


def how(value, want):
    if value is None:
        return "it is missing"
    if isinstance(value, Exp):
        return "it " + value.differs(want)
    return "other bytes"


def missing(want, now, grown=False, may_be=None):
    """What was promised and is not there, or not so. `grown`: a record may
    have been written more often. `may_be`: what else an experiment may be."""
    for label in sorted(set(want) | set(now)):
        value = now.get(label)
        if grown and isinstance(value, Exp):
            value = value.as_often_as(want.get(label))
        if isinstance(value, Exp) and isinstance(want.get(label), Exp) and (
                value.is_honest(want[label]) or
                (may_be and may_be(value, want[label]))):
            continue
        if value != want.get(label):
            yield "'%s' is not as it must be: %s" % (
                label, how(now.get(label), want.get(label)))


# ---- one word for a state ----------------------------------------------------

SCRUB_PATH = re.compile(r"\.\d+(\.\d+)?(?=\.(tmp|rm|old)$|\.(tmp|rm|old)/)|"
                        r"(?<=\.resutil-put-)[0-9a-zA-Z]+")
SCRUB_TEXT = re.compile(
    rb"^(  (pid|start|wall|user|sys|max_rss): ).*$|"
    rb"(?<=\t)[0-9a-f]+-[0-9a-f]+-[0-9a-f]+(?=\n)", re.M)


def fingerprint(top):
    """Of all the bytes, but for what is never the same twice (numbers of
    processes, times of objects), so that what was checked once need not be
    checked again."""
    whole = hashlib.sha256()
    for at, dirs, names in os.walk(top):
        dirs.sort()
        for name in sorted(names) + dirs:
            path = os.path.join(at, name)
            rel = os.path.relpath(path, top)
            st = os.lstat(path)
            whole.update(b"%s\0%o\0" % (
                os.fsencode(SCRUB_PATH.sub("", rel)), st.st_mode))
            if not stat.S_ISREG(st.st_mode):
                continue
            if (rel.startswith("home/") and not name.startswith("index")) or \
                    "/.resutil/live/" in rel:
                whole.update(b"%d" % st.st_size)
            else:
                whole.update(SCRUB_TEXT.sub(b"", read_file(path)))
            whole.update(b"\0")
    return whole.hexdigest()
