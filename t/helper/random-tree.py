"""random-tree.py SEED DIR: a repository with a random work tree.

A commit of random files, then random changes: content, modes, kinds, names,
staged or not. Names stay within what the tests around can compare.
"""
import os
import random
import shutil
import subprocess
import sys

seed, top = int(sys.argv[1]), sys.argv[2]
rng = random.Random(seed)
NAMES = [b"a", b"b b", b"c\tc", b"d\"", b"e\\", b"f\xff", b"\xe6\x97\xa5",
         b"-g", b"*", b"i\nj", b"a.b", b"a-b"]


def git(*args):
    subprocess.run(("git", "-C", top, "-c", "user.name=x",
                    "-c", "user.email=x@x.invalid") + args, check=True,
                   stdout=subprocess.DEVNULL)


def content():
    kind = rng.randrange(5)
    if kind == 0:
        return b""
    if kind == 1:
        return bytes(rng.randrange(256) for _ in range(rng.randrange(4000)))
    end = rng.choice([b"\n", b"", b"\r\n"])
    lines = [b"line %d" % rng.randrange(9) for _ in range(rng.randrange(60))]
    return b"\n".join(lines) + end


def remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def put(path):
    """A file or a link, making way for its directories."""
    parts = path.split(b"/")
    for depth in range(2, len(parts)):
        above = b"/".join(parts[:depth])
        if os.path.lexists(above) and (os.path.islink(above) or
                                       not os.path.isdir(above)):
            os.unlink(above)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    remove(path)
    if rng.randrange(6) == 0:
        os.symlink(rng.choice(NAMES), path)
        return
    with open(path, "wb") as stream:
        stream.write(content())
    if rng.randrange(4) == 0:
        os.chmod(path, 0o755)


def some_path():
    parts = [rng.choice(NAMES) for _ in range(rng.randrange(1, 4))]
    return os.path.join(os.fsencode(top), *parts)


def files():
    found = []
    for directory, names, leaves in os.walk(os.fsencode(top)):
        if b".git" in names:
            names.remove(b".git")
        names.sort()
        found += [os.path.join(directory, n) for n in leaves]
    return sorted(found)


os.makedirs(top)
git("init", "-q", "-b", "main")
for _ in range(40):
    put(some_path())
git("add", "-A")
git("commit", "-q", "-m", "one")
for _ in range(30):
    now = files()
    action = rng.randrange(8)
    one = rng.choice(now) if now else None
    if action < 3 or one is None:
        put(some_path())
    elif action == 3:
        remove(one)
    elif action == 4 and not os.path.islink(one):
        os.chmod(one, rng.choice([0o644, 0o755]))
    elif action == 5 and not os.path.islink(one):
        with open(one, "ab") as stream:
            stream.write(content())
    elif action == 6:
        git("add", "-A")
    elif action == 7:
        relative = os.path.relpath(one, os.fsencode(top))
        subprocess.run(["git", "--literal-pathspecs", "-C", top, "rm", "-q", "-r",
                        "--cached", "-f", "--ignore-unmatch", "--",
                        relative], check=True)
