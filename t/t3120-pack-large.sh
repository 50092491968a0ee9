#!/bin/sh

test_description='pack-exp beyond 4 GiB: sizes and offsets that need zip64

The file is nothing but a hole. Of the pack only the two ends are kept.
'
. ./test-lib.sh

# In memory: elsewhere the system reads holes at a third of the speed.
test_lazy_prereq HOLES '
	test -w /dev/shm && hole=$(mktemp /dev/shm/resutil-hole.XXXXXX) &&
	truncate -s 5G "$hole" && blocks=$(du -k "$hole" | cut -f 1) &&
	rm "$hole" && test "$blocks" -lt 1000
'

cat >ends.py <<\EOF
import io
import struct
import sys
import zipfile

KEPT = 1 << 20


class Ends(io.RawIOBase):
    """A file of which only the ends are known."""

    def __init__(self, stream):
        self.head = stream.read(KEPT)
        self.size = len(self.head)
        self.tail = b""
        for piece in iter(lambda: stream.read(KEPT), b""):
            self.size += len(piece)
            self.tail = (self.tail + piece)[-KEPT:]
        self.at = 0

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, offset, whence=0):
        self.at = offset + (0, self.at, self.size)[whence]
        return self.at

    def tell(self):
        return self.at

    def read(self, size=-1):
        start = self.at - (self.size - len(self.tail))
        known = self.tail[start:] if start >= 0 else self.head[self.at:]
        got = known if size < 0 else known[:size]
        self.at += len(got)
        return got


f = Ends(sys.stdin.buffer)
with zipfile.ZipFile(f) as z:
    a, b = z.infolist()
    assert a.file_size == 4400000000 and b.header_offset > 1 << 32
    assert a.extract_version == b.extract_version == 45
    f.seek(0)
    local = struct.unpack("<IHHHIIIIHH", f.read(30))
    assert local[1] == 45 and local[5:8] == (0, 2**32 - 1, 2**32 - 1)
    assert f.read(1) == b"a"
    assert struct.unpack("<HHQQ", f.read(20)) == (1, 16, 0, 0)
    f.seek(b.header_offset - 24)
    descriptor = struct.unpack("<IIQQ", f.read(24))
    assert descriptor == (0x08074b50, a.CRC, a.compress_size, a.file_size)
    assert f.read(4) == b"PK\3\4"
    print(z.read(b).decode(), end="")
EOF

test_expect_success HOLES,PYTHON 'a file of more than 4 GiB, and one behind it' '
	large=$(mktemp -d /dev/shm/resutil-large.XXXXXX) &&
	test_when_finished "rm -r $large" &&
	truncate -s 4400000000 $large/a && echo behind >$large/b &&
	{ resutil pack-exp --level 0 $large; echo $? >status; } |
	python3 ends.py >out &&
	test $(cat status) = 0 && echo behind >want && test_cmp want out
'

test_done
