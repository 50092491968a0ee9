"""pack-list.py PACK: what Python's zipfile finds in a pack.

The comment, then a line for each entry: mode (octal), size, SHA-256 of the
content, the last change (0x5455, else the DOS time as UTC), the path, in "..."
with octal escapes where it is not printable ASCII.
"""

import calendar
import hashlib
import struct
import sys
import zipfile


def quote(name):
    if all(0x20 <= b < 0x7f and b not in b'"\\' for b in name):
        return name.decode()
    return '"' + "".join(
        chr(b) if 0x20 <= b < 0x7f and b not in b'"\\' else f"\\{b:03o}"
        for b in name) + '"'


def change_time(info):
    extra = info.extra
    while extra:
        kind, size = struct.unpack("<HH", extra[:4])
        if kind == 0x5455:
            return struct.unpack("<i", extra[5:9])[0]
        extra = extra[4 + size:]
    return calendar.timegm(info.date_time)


def main():
    with zipfile.ZipFile(sys.argv[1]) as archive:
        print(archive.comment.decode("ascii"))
        for info in archive.infolist():
            name = info.orig_filename.encode(
                "utf-8" if info.flag_bits & 0x800 else "cp437")
            content = hashlib.sha256()
            size = 0
            with archive.open(info) as f:
                for piece in iter(lambda: f.read(1 << 20), b""):
                    content.update(piece)
                    size += len(piece)
            assert size == info.file_size
            print(f"{info.external_attr >> 16:06o} {size} "
                  f"{content.hexdigest()} {change_time(info)} {quote(name)}")


main()
