"""zip-differential.py SEED NR SAMPLE DIR [SEED_ZIP...]

Makes NR archives, right, odd and broken, from a seed, and asks several readers
about them: ours (pack-probe, all of them), Python's zipfile (all that ours
takes), and unzip and bsdtar where they are here (SAMPLE of those).

Where ours takes an archive, each reader that takes it too must find the same
names with the same content. Prints what was counted; fails, and leaves the
archive in DIR, when two disagree. What others refuse is counted by reason.
"""
import collections
import hashlib
import io
import os
import random
import re
import runpy
import shutil
import stat
import struct
import subprocess
import sys
import zipfile

RAW = runpy.run_path(os.path.join(os.path.dirname(__file__), "raw-zip.py"))
Zip, MAX16, MAX32, MAX64 = (RAW[n] for n in
                            ("Zip", "MAX16", "MAX32", "MAX64"))

NAMES = (b"a", b"b.txt", b"dir/", b"dir/c", b"dir/d/e", b"x y", b"f",
         "gr\u00fcn".encode(), "dir/\u65e5".encode(), b"UPPER", b"upper",
         b"-r", b"a.zip", b"very/deep/down/in/it", b"dir", b"a/b", b"q//w",
         b"../up", b"/abs", b"./dot", b"n" * 255, b"n" * 300, b"tr.")
NUMBERS = (0, 1, 2, 3, 4, 7, 8, 9, 12, 20, 29, 30, 31, 45, 46, 63, 99, 255,
           256, 0x0800, 0x0808, 0x7fff, MAX16 - 1, MAX16, MAX16 + 1, 1 << 24,
           0x7fffffff, 0x80000000, MAX32 - 1, MAX32)
MODES = (0o100644, 0o100755, 0o120777, 0o040755, 0o010644, 0o060644, 0o644, 0,
         0o104755, 0o047777)
PLAIN = re.compile(rb"[A-Za-z0-9._ /-]+\Z")
FIELDS = {"local": RAW["LOCAL"], "central": RAW["CENTRAL"], "end": RAW["END"],
          "end64": RAW["END64"], "locator": RAW["LOCATOR"]}
ROOM = {"B": 0xff, "H": MAX16, "I": MAX32, "Q": MAX64}


def some_content(r):
    kind = r.randrange(5)
    if kind == 0:
        return b""
    if kind == 1:
        return bytes(r.randrange(256) for _ in range(r.randrange(1, 60)))
    if kind == 2:
        return b"line %d\n" % r.randrange(9) * r.randrange(1, 300)
    if kind == 3:
        inner = Zip()
        inner.add(r.choice(NAMES), b"inside")
        return inner.build()
    return b"\0" * r.randrange(1, 3000)


def some_extra(r, e):
    out = []
    for _ in range(r.randrange(3)):
        kind = r.randrange(8)
        if kind == 0:
            out.append(RAW["extra_time"](r.randrange(1 << 31)))
        elif kind == 1:
            out.append(RAW["extra"](0x7875, b"\1\4\0\0\0\0\4\0\0\0\0"))
        elif kind == 2:
            out.append(RAW["extra"](r.randrange(1 << 16), b"?" *
                                    r.randrange(9)))
        elif kind == 3:
            out.append(RAW["unicode_path"](r.choice(NAMES), e.name))
        elif kind == 4:
            out.append(RAW["zip64"](*[len(e.content)] * r.randrange(4)))
        elif kind == 5:		# ASi Unix
            asi = struct.pack("<HIHH", r.choice(MODES), 4, 0, 0) + b"dir/"
            out.append(RAW["extra"](0x756e, struct.pack(
                "<I", RAW["zlib"].crc32(asi)) + asi))
        elif kind == 6:		# Unicode comment, NTFS
            out.append(RAW["extra"](r.choice((0x6375, 0x000a)), b"\1" * 13))
        else:
            out.append(bytes(r.randrange(256) for _ in range(5)))
    return b"".join(out)


def make(r):
    """An archive that is right, mostly."""
    z = Zip(r.choice((b"", b"", b"a comment", b"PK" * 40)))
    z.is_64 = r.random() < 0.1
    used = []
    for _ in range(r.randrange(1, 6)):
        name = r.choice(NAMES[:15] if r.random() < 0.95 else NAMES)
        if name in used and r.random() < 0.95:
            continue
        used.append(name)
        e = z.add(name, b"" if name.endswith(b"/") else some_content(r))
        if r.random() < 0.1 and not name.endswith(b"/"):
            e.mode, e.method = RAW["LINK"], 0
            e.content = r.choice((b"a", b"dir/c", b"../outside", b"/etc"))
        else:
            e.method = r.choice((0, 8))
        if not name.isascii():
            e.flags |= 0x800
        if r.random() < 0.2:
            e.host = r.choice((0, 3, 10, 19))
            if e.host in (0, 10) and e.mode == RAW["LINK"]:
                e.mode = None
        if r.random() < 0.3:
            e.descriptor = r.choice(("32", "64", "32 bare", "64 bare"))
        if r.random() < 0.2:
            e.extras(some_extra(r, e))
    return z


def spoil(r, z):
    """One thing that is wrong, or only odd."""
    e = r.choice(z.entries) if z.entries else z.add(b"a", b"x")
    kind = r.randrange(16)
    if kind == 14:
        e.host = r.choice((0, 0, 1, 2, 3, 3, 4, 6, 7, 10, 11, 13, 14, 16, 19,
                           20, 255))
        e.central["external"] = r.choice(MODES) << 16 | \
            r.choice((0, 0, 0x10, 0x20, 0x08, 0x01, 0x30, 0xffff))
    elif kind == 15:
        e.host = r.choice((0, 3, 7, 10, 19))
        e.central["made_by"] = r.choice((0, 10, 20, 21, 30, 45, 50, 63, 255))
        e.name = r.choice((b"gr\x81n", b"gr\xc3\xbcn", b"C:", b"a\\b",
                           b"..\\x", b"x\x01y", b"\xff", b"e\xe9/x", b"a.",
                           b"con", b"A:b", b"a;1", b"lpt1.txt", b"x\ny"))
        e.flags = r.choice((0, 0, 0x800))
    elif kind < 6:
        where = r.choice(("local", "central", "central", "end", "end64",
                          "locator"))
        field, size = r.choice(FIELDS[where])
        value = r.choice(NUMBERS) & ROOM[size]
        if r.random() < 0.5:
            by = r.choice((-2, -1, 1, 2, 4, 8, 16))
            value = lambda right: (right + by) & ROOM[size]
        holder = z if where in ("end", "end64", "locator") else e
        getattr(holder, where)[field] = value
        if where in ("local", "central") and r.random() < 0.3 and \
                field in dict(FIELDS["local"]):
            e.local[field] = e.central[field] = value
    elif kind == 6:
        z.order = list(z.entries)
        r.shuffle(z.order)
    elif kind == 7:
        z.add(r.choice(NAMES), e.content, at=e, method=e.method)
    elif kind == 8:
        setattr(e, r.choice(("before", "after")), b"J" * r.randrange(1, 40))
    elif kind == 9:
        setattr(z, r.choice(("prefix", "suffix", "before_central",
                             "after_central", "central_tail")),
                b"J" * r.randrange(1, 40))
    elif kind == 10:
        e.local_name = r.choice(NAMES)
    elif kind == 11:
        setattr(e, r.choice(("local_extra", "central_extra")),
                some_extra(r, e))
    elif kind == 12:
        e.name = r.choice(NAMES)
    else:
        e.data = e.packed() + b"trailing" if r.random() < 0.5 else \
            e.packed()[:-1]


def spoil_bytes(r, data):
    data = bytearray(data)
    for _ in range(r.choice((1, 1, 1, 2, 5))):
        kind = r.randrange(7)
        at = r.randrange(len(data)) if data else 0
        if kind < 3 and data:
            data[at] ^= 1 << r.randrange(8)
        elif kind == 3 and data:
            data[at] = r.choice((0, 1, 0x50, 0x4b, 0xff))
        elif kind == 4:
            del data[at:at + r.randrange(1, 9)]
        elif kind == 5:
            data[at:at] = bytes(r.randrange(256)
                                for _ in range(r.randrange(1, 9)))
        else:
            part = data[at:at + r.randrange(1, 60)]
            to = r.randrange(len(data) + 1)
            data[to:to + len(part) * r.randrange(2)] = part
    return bytes(data)


def archives(seed, nr, seeds):
    r = random.Random(seed)
    for i in range(nr):
        try:
            if i % 4 == 3:
                data = r.choice(seeds) if seeds and r.random() < 0.7 else \
                    make(r).build()
                yield spoil_bytes(r, data)
                continue
            z = make(r)
            for _ in range(r.choice((0, 1, 1, 1, 2, 3))):
                spoil(r, z)
            yield z.build()
        except struct.error:	# what no field can hold
            yield b""


def ask_ours(packs):
    """For each None, or a list of (mode, size, hash, path, name)."""
    data = b"".join(struct.pack("<I", len(p)) + p for p in packs)
    done = subprocess.run(["pack-probe"], input=data, stdout=subprocess.PIPE,
                          check=True)
    found, why = [], collections.Counter()
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        word, _, rest = line.partition("\t")
        if word == "refused":
            found.append(None)
            why[rest.rpartition(": ")[2]] += 1
        elif word == "ok":
            found.append([])
        else:
            mode, size, sha, path, name = rest.split("\t")
            found[-1].append((int(mode, 8), int(size), sha,
                              bytes.fromhex(path), bytes.fromhex(name)))
    assert len(found) == len(packs), (len(found), len(packs))
    return found, why


def ask_python(data):
    """The same without modes, or why it refuses."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as z:
            found = []
            for info in z.infolist():
                utf8 = info.flag_bits & 0x800
                name = info.orig_filename.encode("utf-8" if utf8 else "cp437")
                content = z.read(info)
                found.append((name, len(content),
                              hashlib.sha256(content).hexdigest()))
            return found, None
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError,
            RuntimeError, EOFError, struct.error, RAW["zlib"].error) as e:
        return None, "%s: %s" % (type(e).__name__, str(e)[:30])


def tree_of(top):
    found = {}
    for at, dirs, files in os.walk(os.fsencode(top)):
        for name in dirs + files:
            path = os.path.join(at, name)
            mode = os.lstat(path).st_mode
            if stat.S_ISLNK(mode):
                data = os.fsencode(os.readlink(path))
            elif stat.S_ISDIR(mode):
                data = None
            else:
                with open(path, "rb") as stream:
                    data = stream.read()
            found[os.path.relpath(path, os.fsencode(top))] = \
                data if data is None else hashlib.sha256(data).hexdigest()
    return found


def ask_tool(command, data, work):
    """A tree, or why there is none. Only success without a warning counts."""
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work + "/out")
    with open(work + "/x.zip", "wb") as stream:
        stream.write(data)
    done = subprocess.run(command, cwd=work + "/out", timeout=60,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    if done.returncode:
        text = done.stdout.decode("utf-8", "replace").strip()
        return None, text.splitlines()[-1][-40:] if text else \
            "status %d" % done.returncode
    for at, dirs, _ in os.walk(os.fsencode(work + "/out")):
        for name in dirs:
            path = os.path.join(at, name)
            if not os.path.islink(path):
                os.chmod(path, 0o700)
    for at, _, files in os.walk(os.fsencode(work + "/out")):
        for name in files:
            path = os.path.join(at, name)
            if not os.path.islink(path):
                os.chmod(path, 0o600)
    return tree_of(work + "/out"), None


def same_tree(ours, tree):
    """Each entry by its path or its raw name, with its content; and no more
    but directories that these imply. Tools guess the character set of names
    that are not ASCII, take \\ for / and drop what looks like a drive, each
    in ways of its own: of names that are not plain the content counts."""
    if len({name for _, _, _, _, name in ours}) < len(ours):
        return True	# one name in two character sets: one file for some
    left = dict(tree)
    odd = []
    for mode, _, sha, path, name in ours:
        want = None if stat.S_ISDIR(mode) else sha
        for key in (path.rstrip(b"/"), name.rstrip(b"/")):
            if key in tree and tree[key] == want:
                left.pop(key, None)
                break
        else:
            if PLAIN.match(path) and PLAIN.match(name):
                return False
            odd.append(want)
    others = [v for v in left.values() if v is not None]
    return sorted(others) == sorted(v for v in odd if v is not None)


def main():
    seed, nr, sample = (int(a) for a in sys.argv[1:4])
    work, seeds = sys.argv[4], []
    for path in sys.argv[5:]:
        with open(path, "rb") as stream:
            seeds.append(stream.read())
    packs = list(archives(seed, nr, seeds))
    ours, why = ask_ours(packs)
    taken = [i for i, found in enumerate(ours) if found is not None]
    print("seed %d: %d archives, ours takes %d" % (seed, nr, len(taken)))

    bad = 0

    def disagree(who, i, theirs):
        nonlocal bad
        bad += 1
        path = os.path.join(work, "%s-%d.zip" % (who, i))
        RAW["save"](path, packs[i])
        print("DISAGREE %s %s\n\tours: %s\n\ttheirs: %s" % (
            who, path, ours[i], theirs))

    refused = collections.Counter()
    for i in taken:
        found, reason = ask_python(packs[i])
        if found is None:
            refused["python: " + reason] += 1
        elif found != [(name, size, sha)
                       for _, size, sha, _, name in ours[i]]:
            disagree("python", i, found)

    os.environ["LC_ALL"] = "C.UTF-8"
    tools = {"unzip": ["unzip", "-qq", "-o", "-V", "-^", "../x.zip"],
             "bsdtar": ["bsdtar", "-xf", "../x.zip"]}
    r = random.Random(seed)
    some = sorted(r.sample(taken, min(sample, len(taken))))
    for tool, command in tools.items():
        if not shutil.which(tool):
            print("%s is not here" % tool)
            continue
        agreed = 0
        for i in some:
            tree, reason = ask_tool(command, packs[i], work + "/" + tool)
            if tree is None:
                refused[tool + ": " + reason] += 1
            elif same_tree(ours[i], tree):
                agreed += 1
            else:
                disagree(tool, i, tree)
        print("%s agrees on %d of %d" % (tool, agreed, len(some)))
    for reason, count in sorted(refused.items()):
        print("others refuse: %5d %s" % (count, reason))
    for reason, count in sorted(why.items(), key=lambda item: -item[1]):
        print("ours refuses:  %5d %s" % (count, reason))
    sys.exit(1 if bad else 0)


main()
