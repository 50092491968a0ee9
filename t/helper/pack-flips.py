"""pack-flips.py make PACK | pack-probe | pack-flips.py judge PACK

Every single bit of a pack flipped. make writes the packs as pack-probe wants
them; judge reads what it says, fails when one was taken with other content,
and prints the fields of headers in which a flip did no harm.
"""
import os
import runpy
import struct
import sys

ZIP = runpy.run_path(os.path.join(os.path.dirname(__file__), "raw-zip.py"))


def fields(layout, offset, what):
    """(first, last + 1, name) of each field of a header."""
    for name, kind in layout:
        size = struct.calcsize("<" + kind)
        yield offset, offset + size, what + " " + name
        offset += size


def rest(data, at, fixed, lens, what):
    """Name and extra fields behind a header, and the comment."""
    at += fixed
    yield at, at + lens[0], what + " name"
    at += lens[0]
    end = at + lens[1]
    while at < end:
        yield at, at + 2, what + " extra id"
        yield at + 2, at + 4, what + " extra length"
        size, = struct.unpack_from("<H", data, at + 2)
        yield at + 4, at + 5, what + " extra flags"
        yield at + 5, at + 4 + size, what + " extra data"
        at += 4 + size


def map_of(data):
    """What each byte of a pack without zip64 belongs to."""
    end = data.rindex(b"PK\5\6")
    nr, _, at = struct.unpack_from("<HII", data, end + 10)
    spans = [(0, len(data), "data"), (end + 22, len(data), "comment")]
    spans += fields(ZIP["END"], end, "end")
    for _ in range(nr):
        lens = struct.unpack_from("<HHH", data, at + 28)
        offset, = struct.unpack_from("<I", data, at + 42)
        spans += fields(ZIP["CENTRAL"], at, "central")
        spans += rest(data, at, 46, lens, "central")
        spans += fields(ZIP["LOCAL"], offset, "local")
        lens_there = struct.unpack_from("<HH", data, offset + 26)
        spans += rest(data, offset, 30, lens_there, "local")
        at += 46 + sum(lens)
    found = {}
    for first, last, name in spans:
        for i in range(first, last):
            found[i] = name
    return found


def flipped(data):
    yield data
    for i in range(len(data)):
        for bit in range(8):
            new = bytearray(data)
            new[i] ^= 1 << bit
            yield bytes(new)


def content(lines):
    """Without the permission bits, which no hash covers."""
    return [line.split("\t")[1][:2] + line.split("\t", 2)[2]
            for line in lines]


def judge(data):
    packs = []
    for line in sys.stdin.read().splitlines():
        if line.startswith("\t"):
            packs[-1][1].append(line)
        else:
            packs.append((line, []))
    assert len(packs) == 1 + 8 * len(data), len(packs)
    assert packs[0][0].startswith("ok"), packs[0]
    right = content(packs[0][1])
    names, harmless = map_of(data), set()
    for nr, (line, entries) in enumerate(packs[1:]):
        if line.startswith("refused\t"):
            continue
        at = nr // 8
        name = names[at]
        if content(entries) != right:
            sys.exit("other content after a flip of %s, bit %d:\n%s" % (
                name, nr % 8, "\n".join(entries)))
        harmless.add(name)
    print("\n".join(sorted(harmless)))


def main():
    with open(sys.argv[2], "rb") as stream:
        data = stream.read()
    if sys.argv[1] == "make":
        for new in flipped(data):
            sys.stdout.buffer.write(struct.pack("<I", len(new)) + new)
    else:
        judge(data)


main()
