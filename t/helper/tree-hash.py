"""tree-hash.py DIR...: the tree hash, as resutilformat-hash(5) says it is.

Written from the page alone, to be compared with the program. Prints the hash,
a TAB and DIR; with --lines the lines that are hashed, NUL for NUL.
"""
import hashlib
import os
import re
import stat
import sys

RECORD = b"resutil-exp.yaml"
LEFTOVER = re.compile(rb"resutil-exp\.yaml\.[0-9]+\.[0-9]+\.tmp")


def content_hash(path):
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while True:
            chunk = stream.read(1 << 20)
            if not chunk:
                return digest
            digest.update(chunk)


def line_of(path, name):
    """MODE SP SIZE SP HASH SP PATH NUL, or None for what is no content."""
    st = os.lstat(path)
    digest = hashlib.sha256()
    size = 0
    if stat.S_ISDIR(st.st_mode):
        mode = b"040000"
    elif stat.S_ISLNK(st.st_mode):
        mode = b"120000"
        target = os.readlink(path)
        digest.update(target)
        size = len(target)
    elif stat.S_ISREG(st.st_mode):
        mode = b"100755" if st.st_mode & stat.S_IXUSR else b"100644"
        digest = content_hash(path)
        size = st.st_size
    else:
        return None
    return b"%s %d %s %s\0" % (mode, size, digest.hexdigest().encode(), name)


def counts(name, path):
    if not os.path.islink(path) and os.path.isfile(path):
        return name != RECORD and not LEFTOVER.fullmatch(name)
    return True


def lines(top):
    found = {}
    for directory, dirs, files in os.walk(top):
        for leaf in dirs + files:
            path = os.path.join(directory, leaf)
            name = os.path.relpath(path, top)
            if os.path.isdir(path) and not os.path.islink(path):
                name += b"/"
            line = line_of(path, name)
            if line and counts(name, path):
                found[name] = line
    return [found[name] for name in sorted(found)]


def main():
    words = sys.argv[1:]
    show = words[:1] == ["--lines"]
    for top in words[1:] if show else words:
        text = b"".join(lines(os.fsencode(top)))
        if show:
            sys.stdout.buffer.write(text)
        else:
            print(hashlib.sha256(text).hexdigest(), top, sep="\t")


main()
