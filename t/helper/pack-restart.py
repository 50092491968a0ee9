"""pack-restart.py PACK: for each entry with restart points, inflates every
segment by itself and compares all of them with what zipfile reads.

Prints path, unit and number of segments for each such entry.
"""

import struct
import sys
import zipfile
import zlib


def restart_field(extra):
    while extra:
        kind, size = struct.unpack("<HH", extra[:4])
        if kind == 0x5552:
            return extra[4:4 + size]
        extra = extra[4 + size:]
    return None


def main():
    path = sys.argv[1]
    with zipfile.ZipFile(path) as archive, open(path, "rb") as raw:
        for info in archive.infolist():
            field = restart_field(info.extra)
            if field is None:
                assert info.file_size <= 4 << 20, info.filename
                continue
            assert info.file_size > 4 << 20, info.filename
            version, bits, zero = struct.unpack("<BBH", field[:4])
            assert (version, zero) == (1, 0)
            sizes = list(struct.unpack(f"<{len(field) // 4 - 1}I", field[4:]))
            sizes.append(info.compress_size - sum(sizes))
            assert len(sizes) == -(-info.file_size >> bits), info.filename
            raw.seek(info.header_offset)
            local = raw.read(30)
            name_len, extra_len = struct.unpack("<HH", local[26:30])
            raw.seek(name_len + extra_len, 1)
            with archive.open(info) as whole:
                for nr, size in enumerate(sizes):
                    stream = zlib.decompressobj(-15)
                    got = stream.decompress(raw.read(size))
                    assert got == whole.read(1 << bits), (info.filename, nr)
                    assert stream.eof == (nr == len(sizes) - 1)
                    assert not stream.unused_data
            print(info.filename, 1 << bits, len(sizes))


main()
