"""raw-zip.py [SCRIPT]: makes zip files field by field, right or wrong.

Runs a Python script (stdin, or the text given) in which the names below are
known. Nothing is checked and nothing corrected: every field of every header
has the value that would be right, unless the script says otherwise, by a
number or by a function of the right value:

    z = Zip()
    a = z.add("a.txt", b"hello")
    a.central["crc"] = lambda right: right ^ 1
    z.end["nr"] = 7
    z.save("bad.zip")
"""
import hashlib
import struct
import sys
import zlib

LOCAL = (("sig", "I"), ("needed", "H"), ("flags", "H"), ("method", "H"),
         ("time", "H"), ("date", "H"), ("crc", "I"), ("packed", "I"),
         ("size", "I"), ("name_len", "H"), ("extra_len", "H"))
CENTRAL = (("sig", "I"), ("made_by", "B"), ("host", "B"), ("needed", "H"),
           ("flags", "H"), ("method", "H"), ("time", "H"), ("date", "H"),
           ("crc", "I"), ("packed", "I"), ("size", "I"), ("name_len", "H"),
           ("extra_len", "H"), ("comment_len", "H"), ("disk", "H"),
           ("internal", "H"), ("external", "I"), ("offset", "I"))
END = (("sig", "I"), ("disk", "H"), ("central_disk", "H"), ("disk_nr", "H"),
       ("nr", "H"), ("size", "I"), ("offset", "I"), ("comment_len", "H"))
END64 = (("sig", "I"), ("rest", "Q"), ("made_by", "H"), ("needed", "H"),
         ("disk", "I"), ("central_disk", "I"), ("disk_nr", "Q"), ("nr", "Q"),
         ("size", "Q"), ("offset", "Q"))
LOCATOR = (("sig", "I"), ("disk", "I"), ("offset", "Q"), ("disks", "I"))

MAX16, MAX32, MAX64 = 0xffff, 0xffffffff, 0xffffffffffffffff
UNIX, NTFS, FAT, DARWIN = 3, 10, 0, 19
FILE, DIR, LINK = 0o100644, 0o040755, 0o120777
# 2024-07-04 19:15:54
DATE, TIME = 0x58e4, 0x99fb


def pack(layout, right, said):
    """One header: what is said of a field wins over what is right."""
    if not said:
        return struct.pack("<" + "".join([kind for _, kind in layout]),
                           *[right.get(field, 0) for field, _ in layout])
    out = []
    for field, kind in layout:
        value = right.get(field, 0)
        if field in said:
            value = said[field]
            if callable(value):
                value = value(right.get(field, 0))
        out.append(struct.pack("<" + kind, value))
    unknown = set(said) - {field for field, _ in layout}
    if unknown:
        raise KeyError(", ".join(sorted(unknown)))
    return b"".join(out)


def to_bytes(text):
    return text if isinstance(text, bytes) else text.encode()


def deflate(data, level=6):
    z = zlib.compressobj(level, zlib.DEFLATED, -15)
    return z.compress(data) + z.flush()


def extra(ident, data):
    return struct.pack("<HH", ident, len(data)) + data


def zip64(*values):
    return extra(1, b"".join(struct.pack("<Q", v) for v in values))


def extra_time(seconds, flags=1):
    return extra(0x5455, struct.pack("<Bi", flags, seconds))


def unicode_path(name, old, version=1):
    return extra(0x7075, struct.pack("<BI", version, zlib.crc32(to_bytes(old)))
                 + to_bytes(name))


def restart(sizes, version=1, log2=22, zero=0):
    return extra(0x5552, struct.pack("<BBH", version, log2, zero) +
                 b"".join(struct.pack("<I", s) for s in sizes))


def segments(pieces):
    """A deflate stream that can be entered at each piece, and the packed
    sizes of all but the last."""
    out, sizes = [], []
    for nr, piece in enumerate(pieces):
        z = zlib.compressobj(6, zlib.DEFLATED, -15)
        packed = z.compress(piece)
        last = nr == len(pieces) - 1
        packed += z.flush(zlib.Z_FINISH if last else zlib.Z_FULL_FLUSH)
        out.append(packed)
        if not last:
            sizes.append(len(packed))
    return b"".join(out), sizes


def bits(*fields):
    """Bytes from (value, count) fields, least bit first; a text of 0 and 1
    is taken as it stands, as Huffman codes are written."""
    text = ""
    for field in fields:
        if isinstance(field, str):
            text += field
        else:
            text += "".join(str(field[0] >> i & 1) for i in range(field[1]))
    text += "0" * (-len(text) % 8)
    return bytes(int(text[i:i + 8][::-1], 2) for i in range(0, len(text), 8))


def literal(byte):
    """Its code in a block of fixed codes (RFC 1951, 3.2.6)."""
    return format(0x30 + byte, "08b") if byte < 144 else \
        format(0x190 + byte - 144, "09b")


class Entry:
    """data: the packed bytes; None: what the method makes of content.
    descriptor: None, or "32", "64", "32 bare", "64 bare" (no signature).
    at: another entry, whose local header and data are meant; nothing is
    written. before, after: bytes around the local part that are nobody's."""

    def __init__(self, name, content=b"", mode=None, method=None, host=UNIX):
        self.name = to_bytes(name)
        self.local_name = None
        self.content = to_bytes(content)
        self.mode = mode
        self.method = method
        self.host = host
        self.data = None
        self.flags = 0
        self.comment = b""
        self.local_extra = b""
        self.central_extra = b""
        self.local = {}
        self.central = {}
        self.descriptor = None
        self.desc = {}
        self.at = None
        self.before = b""
        self.after = b""
        self.offset = 0

    def both(self, **fields):
        """The same lie twice."""
        self.local.update(fields)
        self.central.update(fields)
        return self

    def extras(self, data):
        self.local_extra = self.central_extra = data
        return self

    def packed(self):
        if self.data is not None:
            return self.data
        return deflate(self.content) if self.method == 8 else self.content

    def right(self):
        if self.mode is None:
            self.mode = DIR if self.name.endswith(b"/") else FILE
        if self.method is None:
            self.method = 0 if len(self.content) < 16 else 8
        if self.at:
            self.offset = self.at.offset
        flags = self.flags
        if self.descriptor:
            flags |= 8
        is_dir = self.mode & 0o170000 == 0o040000
        return {
            "made_by": 45, "host": self.host, "needed": 20, "flags": flags,
            "method": self.method, "time": TIME, "date": DATE,
            "crc": zlib.crc32(self.content), "packed": len(self.packed()),
            "size": len(self.content), "name_len": len(self.name),
            "external": (self.mode << 16 if self.host in (UNIX, DARWIN)
                         else 0) | (0x10 if is_dir else 0),
            "offset": self.offset,
        }

    def local_part(self):
        right = self.right()
        name = self.name if self.local_name is None else \
            to_bytes(self.local_name)
        desc = b""
        if self.descriptor:
            desc = self.descriptor_part(right)
            right.update(crc=0, packed=0, size=0)
        right.update(sig=0x04034b50, name_len=len(name),
                     extra_len=len(self.local_extra))
        return pack(LOCAL, right, self.local) + name + self.local_extra + \
            self.packed() + desc

    def descriptor_part(self, right):
        kind = "Q" if self.descriptor.startswith("64") else "I"
        layout = (("crc", "I"), ("packed", kind), ("size", kind))
        if not self.descriptor.endswith("bare"):
            layout = (("sig", "I"),) + layout
        return pack(layout, dict(right, sig=0x08074b50), self.desc)

    def central_part(self):
        right = self.right()
        right.update(sig=0x02014b50, extra_len=len(self.central_extra),
                     comment_len=len(self.comment))
        return pack(CENTRAL, right, self.central) + self.name + \
            self.central_extra + self.comment


class Zip:
    def __init__(self, comment=b""):
        self.entries = []
        self.order = None	# of the central directory
        self.comment = to_bytes(comment)
        self.prefix = b""
        self.before_central = b""
        self.central_tail = b""	# in the directory, behind its entries
        self.after_central = b""
        self.is_64 = False
        self.end64, self.end64_tail = {}, b""
        self.after_end64 = b""
        self.locator = {}
        self.end = {}
        self.suffix = b""

    def add(self, name, content=b"", mode=None, **attributes):
        e = Entry(name, content, mode)
        for key, value in attributes.items():
            if not hasattr(e, key):
                raise AttributeError(key)
            setattr(e, key, value)
        self.entries.append(e)
        return e

    def link(self, name, target, **attributes):
        return self.add(name, target, LINK, method=0, **attributes)

    def build(self):
        out = bytearray(to_bytes(self.prefix))
        for e in self.entries:
            if e.at:
                continue
            out += e.before
            e.offset = len(out)
            out += e.local_part()
            out += e.after
        out += self.before_central
        offset = len(out)
        order = self.entries if self.order is None else self.order
        central = b"".join(e.central_part() for e in order) + \
            self.central_tail
        out += central
        out += self.after_central
        nr = len(order)
        right = {"sig": 0x06054b50, "disk_nr": nr & MAX16, "nr": nr & MAX16,
                 "size": len(central), "offset": offset,
                 "comment_len": len(self.comment)}
        if self.is_64:
            at = len(out)
            out += pack(END64, {
                "sig": 0x06064b50, "rest": 44 + len(self.end64_tail),
                "made_by": 45 | UNIX << 8, "needed": 45, "disk_nr": nr,
                "nr": nr, "size": len(central), "offset": offset,
            }, self.end64) + self.end64_tail + self.after_end64
            out += pack(LOCATOR, {"sig": 0x07064b50, "offset": at,
                                  "disks": 1}, self.locator)
            right.update(disk_nr=MAX16, nr=MAX16, size=MAX32, offset=MAX32)
        out += pack(END, right, self.end) + self.comment + self.suffix
        return bytes(out)

    def save(self, path):
        save(path, self.build())


def save(path, data):
    with open(path, "wb") as stream:
        stream.write(data)


def one(name, content=b"hello", mode=None, **attributes):
    """A zip with a single entry, and that entry."""
    z = Zip()
    return z, z.add(name, content, mode, **attributes)


def tree_lines(entries):
    """The tree hash of (path, kind, content); kind: one of git's modes."""
    text = b""
    for path, kind, content in sorted(entries):
        text += b"%s %d %s %s\0" % (
            kind.encode(), len(content),
            hashlib.sha256(content).hexdigest().encode(), path)
    return hashlib.sha256(text).hexdigest()


def ours(entries, text=None, **words):
    """A pack of version 1 as resutil writes it: (name, content[, mode]) in
    order. text: of the record, which comes first. words: replace those of the
    comment; None leaves one out."""
    z = Zip()
    lines, said = [], {"tree": None}
    if text is not None:
        entries = [("resutil-exp.yaml", text)] + list(entries)
        said["record"] = hashlib.sha256(to_bytes(text)).hexdigest()
    for name, content, *mode in entries:
        e = z.add(name, content, *mode)
        e.right()
        if e.mode & 0o170000 == 0o120000:
            e.method = 0
        if e.name != b"resutil-exp.yaml":
            kind = {0o120000: "120000", 0o040000: "040000"}.get(
                e.mode & 0o170000, "100755" if e.mode & 0o100 else "100644")
            lines.append((e.name, kind, e.content))
    said["tree"] = tree_lines(lines)
    said.update(words)
    z.comment = " ".join(["resutil-pack 1"] + [
        "%s=%s" % item for item in said.items() if item[1] is not None
    ]).encode()
    return z


if __name__ == "__main__":
    script = sys.argv[1] if len(sys.argv) > 1 else sys.stdin.read()
    exec(compile(script, "raw-zip script", "exec"), globals())
