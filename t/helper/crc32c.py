"""CRC32C of bytes, for the servers of tests: by libisal where it is installed
(what packs are made with brings it), else by numpy, else slowly."""

import ctypes


def crc32c_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0x82f63b78 if n & 1 else 0)
        table.append(n)
    return table


CRC32C = crc32c_table()


def find_fast():
    try:
        function = ctypes.CDLL("libisal.so.2").crc32_iscsi
    except (OSError, AttributeError):
        return None
    function.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_uint32]
    function.restype = ctypes.c_uint32
    right = function(b"123456789", 9, 0xffffffff) == 0xe3069283 ^ 0xffffffff
    return function if right else None


FAST = find_fast()


def crc32c_add(crc, data):
    for byte in data:
        crc = CRC32C[(crc ^ byte) & 255] ^ crc >> 8
    return crc


def applied(matrix, vector):
    out = vector ^ vector
    for i in range(32):
        out ^= (vector >> i & 1) * matrix[i]
    return out


def by_stripes(crc, data):
    """Large data: 4096 stripes side by side, two bytes at a time, which are
    then put together in pairs, by what zero bytes make of each bit."""
    width = 4096
    rows = len(data) // width // 2
    if rows > 16:
        import numpy
        table = numpy.array(CRC32C, dtype=numpy.uint32)
        two = numpy.arange(65536, dtype=numpy.uint32)
        for _ in range(2):
            two = table[two & 255] ^ two >> 8
        words = numpy.frombuffer(data, dtype="<u2", count=rows * width)
        sums = numpy.zeros(width, dtype=numpy.uint32)
        matrix = numpy.left_shift(
            numpy.uint32(1), numpy.arange(32, dtype=numpy.uint32))
        for row in numpy.ascontiguousarray(words.reshape(width, rows).T):
            sums = two[sums & 65535 ^ row] ^ sums >> 16
            matrix = two[matrix & 65535] ^ matrix >> 16
        while len(sums) > 1:
            sums = applied(matrix, sums[::2]) ^ sums[1::2]
            matrix = applied(matrix, matrix)
        first = numpy.array([crc], dtype=numpy.uint32)
        crc = int((applied(matrix, first) ^ sums)[0])
        data = data[rows * width * 2:]
    return crc32c_add(crc, data)


def more(crc, data):
    """The sum of what has the sum `crc` (0: of nothing) with `data` behind."""
    function = FAST or (lambda d, _, c: by_stripes(c, d))
    data = bytes(data)
    return function(data, len(data), crc ^ 0xffffffff) ^ 0xffffffff


def crc32c(data):
    """As four bytes, as services tell it."""
    return more(0, data).to_bytes(4, "big")
