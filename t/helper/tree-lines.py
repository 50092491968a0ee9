"""Prints what git would see of a work tree: mode, hash and path of every file
and link below a directory, .git left out, sorted by bytes.
"""
import hashlib
import os
import stat
import sys

top = os.fsencode(sys.argv[1])
found = []
for directory, names, files in os.walk(top):
    if directory == top and b".git" in names:
        names.remove(b".git")
    for name in files + [n for n in names
                         if os.path.islink(os.path.join(directory, n))]:
        path = os.path.join(directory, name)
        if path == os.path.join(top, b".git"):
            continue
        mode = os.lstat(path).st_mode
        if stat.S_ISLNK(mode):
            kind, data = "120000", os.readlink(path)
        elif stat.S_ISREG(mode):
            kind = "100755" if mode & 0o100 else "100644"
            with open(path, "rb") as stream:
                data = stream.read()
        else:
            continue
        found.append((os.path.relpath(path, top), kind,
                      hashlib.sha256(data).hexdigest()))
for path, kind, digest in sorted(found):
    sys.stdout.write("%s %s %s\n" % (kind, digest, ascii(path)))
