"""Reading clones and stores as they lie on the disk, while others change them.

Nothing here asks resutil: what it shows is compared with what is there.
"""
import os
import re
import stat
import zipfile

RECORD = "resutil-exp.yaml"
# Comments of the tests: which run it is, and which comment of that run.
COMMENT = re.compile(r"^[a-z]{6}_\d{8}T\d{6}_([mrt]\d+n\d+)(c\d+)?$")


def run_of(name):
    """The token of the run that has this name, or None."""
    found = COMMENT.match(name)
    return found.group(1) if found else None


def names_here(clone):
    return [n for n in os.listdir(os.path.join(clone, "results"))
            if not n.startswith(".")]


def names_there(store):
    try:
        return [n[:-4] for n in os.listdir(os.path.join(store, "project"))
                if n.endswith(".zip") and not n.startswith(".")]
    except FileNotFoundError:
        return []


def facts_of_record(text):
    """id, state and the `info` of a record, without a YAML reader."""
    found = {}
    section = None
    for line in text.split("\n"):
        if line and not line.startswith(" "):
            section = line.split(":")[0]
            if section in ("id", "state"):
                found[section] = line.split(":", 1)[1].strip().strip('"')
        elif section == "info" and line.startswith("  k"):
            key, value = line.strip().split(": ", 1)
            found[key] = value
    return found


class Copy:
    """One copy of a run, in a clone or in the store."""

    def __init__(self, name, record, files):
        self.name, self.files = name, files
        self.facts = facts_of_record(record.decode())
        # A run that has not got to its files yet has them in its words.
        self.words = re.findall(r"[\w.]+", record.decode())


def read_here(clone, name):
    top = os.path.join(clone, "results", name)
    files = {}
    for path, _, names in os.walk(top):
        for n in names:
            with open(os.path.join(path, n), "rb") as f:
                inner = os.path.relpath(os.path.join(path, n), top)
                files[inner] = f.read()
    return Copy(name, files.pop(RECORD), files)


def read_there(store, name):
    with zipfile.ZipFile(os.path.join(store, "project", name + ".zip")) as z:
        files = {n: z.read(n) for n in z.namelist() if not n.endswith("/")}
    return Copy(name, files.pop(RECORD), files)


def look_here(clone):
    """What is wrong with one moment of a clone: a sentence, or None."""
    results = os.open(os.path.join(clone, "results"), os.O_RDONLY)
    try:
        for name in os.listdir(results):
            if name.startswith("."):
                continue
            wrong = look_at_one(results, name)
            if wrong:
                return wrong
    finally:
        os.close(results)
    return None


def look_at_one(results, name):
    """An experiment has its record, whole, as long as it has its name."""
    try:
        top = os.open(name, os.O_RDONLY | os.O_DIRECTORY, dir_fd=results)
    except FileNotFoundError:
        return None
    try:
        inode = os.fstat(top).st_ino
        try:
            f = os.open(RECORD, os.O_RDONLY, dir_fd=top)
        except FileNotFoundError:
            # It may be on its way out, under another name.
            if still_is(results, name, inode):
                return "'%s' has no record" % name
            return None
        with os.fdopen(f, "rb") as f:
            text = f.read()
            if not text.startswith(b"resutil: 1\n") or text[-1:] != b"\n":
                return "the record of '%s' is not whole" % name
    finally:
        os.close(top)
    return None


def still_is(results, name, inode):
    try:
        found = os.stat(name, dir_fd=results, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return found.st_ino == inode


def look_there(store):
    """Each object that has an experiment's name is a whole zip."""
    for name in names_there(store):
        path = os.path.join(store, "project", name + ".zip")
        try:
            with zipfile.ZipFile(path) as z:
                bad = z.testzip()
                if bad:
                    return "'%s' in '%s' of the store is bad" % (bad, name)
                if z.namelist()[0] != RECORD:
                    return "'%s' of the store has no record" % name
        except FileNotFoundError:
            pass
        except zipfile.BadZipFile as e:
            return "'%s' of the store: %s" % (name, e)
    return None


def rests(top):
    """Hidden files and lock files below a directory that nobody needs."""
    found = []
    for path, dirs, files in os.walk(top):
        for n in dirs + files:
            inner = os.path.join(path, n)
            if re.search(r"\.(tmp|rm|old)$", n) or n.startswith(
                    ".resutil-put-"):
                found.append(inner)
            elif re.search(r"/\.resutil/(live|renames|partial)$", path):
                found.append(inner)
        dirs[:] = [d for d in dirs if stat.S_ISDIR(
            os.lstat(os.path.join(path, d)).st_mode)]
    return found
