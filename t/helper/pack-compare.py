"""pack-compare.py PACK DIR: is PACK, as Python's zipfile reads it, what lies in
DIR? Content, kinds, modes, times, order; FIFOs and sockets count as not there.

Each path is compared as the bytes it is. Prints how many entries there are.
"""

import os
import stat
import struct
import sys
import zipfile


def walk(top):
    """Maps the path of everything in `top`, with / for directories, to what
    lstat() says."""
    found = {}
    pending = [b""]
    while pending:
        below = pending.pop()
        for entry in os.scandir(os.path.join(os.fsencode(top), below)):
            path = below + entry.name
            st = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(st.st_mode):
                path += b"/"
                pending.append(path)
            elif not (stat.S_ISREG(st.st_mode) or stat.S_ISLNK(st.st_mode)):
                continue
            found[path] = st
    return found


def raw_name(info):
    """zipfile gives text; this gives the bytes back."""
    return info.orig_filename.encode(
        "utf-8" if info.flag_bits & 0x800 else "cp437")


def unix_time(info):
    """The time of the extra field 0x5455, or None."""
    extra = info.extra
    while extra:
        kind, size = struct.unpack("<HH", extra[:4])
        if kind == 0x5455:
            flags, mtime = struct.unpack("<Bi", extra[4:9])
            assert flags == 1 and size == 5
            return mtime
        extra = extra[4 + size:]
    return None


def compare_content(archive, info, path):
    with archive.open(info) as packed, open(path, "rb") as plain:
        while True:
            one, two = packed.read(1 << 20), plain.read(1 << 20)
            assert one == two, path
            if not one:
                break


def main():
    pack, top = sys.argv[1:]
    want = walk(top)
    order = sorted(want)
    if b"resutil-exp.yaml" in want:
        order.remove(b"resutil-exp.yaml")
        order.insert(0, b"resutil-exp.yaml")
    with zipfile.ZipFile(pack) as archive:
        infos = archive.infolist()
        names = [raw_name(info) for info in infos]
        assert names == order, (names[:20], order[:20])
        for info, name in zip(infos, names):
            st = want[name]
            path = os.path.join(os.fsencode(top), name)
            mode = info.external_attr >> 16
            assert stat.S_IFMT(mode) == stat.S_IFMT(st.st_mode), name
            assert mode & 0o7777 == st.st_mode & 0o777, name
            assert info.create_system == 3, name
            if -2 ** 31 <= st.st_mtime < 2 ** 31:
                assert unix_time(info) == st.st_mtime_ns // 10 ** 9, name
            else:
                assert unix_time(info) is None, name
            if stat.S_ISREG(mode):
                assert info.file_size == st.st_size, name
                compare_content(archive, info, path)
            elif stat.S_ISLNK(mode):
                assert archive.read(info) == os.readlink(path), name
            else:
                assert info.file_size == 0, name
    print(len(names))


main()
