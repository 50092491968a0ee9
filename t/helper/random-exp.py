"""random-exp.py SEED DIR: a random experiment, as no program would write it.

Odd names, modes and times, links, empty directories, deep ones, names that
sort differently with and without a slash, and now and then a file that is long
enough to have restart points. What can be compared is all that a pack keeps.
"""
import os
import random
import sys

seed, top = int(sys.argv[1]), os.fsencode(sys.argv[2])
rng = random.Random(seed)
NAMES = [b"a", b"a.b", b"a-b", b"a b", b"c\tc", b"d\"", b"e\\", b"f\xff",
         b"\xe6\x97\xa5", b"-g", b"*", b"i\nj", b"...", b"A", b" ", b"~",
         b"\x01\x7f", b"a" * 255, b"resutil-exp.yaml", b"\xc3\xa9", b"e\xcc\x81"]
FILE_MODES = [0o644, 0o755, 0o600, 0o400, 0o444, 0o000, 0o777, 0o711, 0o640]
DIR_MODES = [0o755, 0o755, 0o700, 0o750, 0o777, 0o555, 0o500, 0o000, 0o311]
TIMES = [0, 1, 315532799, 315532800, 1720091754, 1720091755, 2147483647]


def content():
    kind = rng.randrange(60)
    if kind < 10:
        return b""
    if kind < 20:
        return rng.randbytes(rng.randrange(1, 5000))
    if kind < 55:
        return b"line %d of a log\n" % rng.randrange(99) * rng.randrange(400)
    if kind < 57:
        size = rng.choice([(1 << 20) - 1, 1 << 20, (1 << 20) + 1, 65536])
        return (rng.randbytes(1000) * (size // 1000 + 1))[:size]
    if kind < 58:
        return bytes(rng.randrange(200000)) + rng.randbytes(100)
    size = rng.choice([4 << 20, (4 << 20) + 1, 9000000])
    piece = rng.randbytes(3000)
    return (piece * (size // 3000 + 1))[:size] if rng.randrange(2) else \
        bytes(size - 3000) + piece


def set_time(path):
    when = rng.choice(TIMES) if rng.randrange(2) else rng.randrange(1 << 31)
    os.utime(path, (when, when), follow_symlinks=False)


def fill(path, levels):
    """All that is in one directory; then its time and mode."""
    for name in rng.sample(NAMES, rng.randrange(7)):
        one = os.path.join(path, name)
        kind = rng.randrange(10)
        if kind < 3 and levels:
            os.mkdir(one)
            fill(one, levels - 1)
            set_time(one)
            os.chmod(one, rng.choice(DIR_MODES))
            continue
        if kind == 3:
            os.symlink(rng.choice(NAMES + [b"../../..", b"/etc", b"x" * 4000]),
                       one)
        else:
            with open(one, "wb") as stream:
                stream.write(content())
            os.chmod(one, rng.choice(FILE_MODES))
        set_time(one)


os.mkdir(top)
fill(top, rng.randrange(6))
if rng.randrange(5) == 0:
    deep = top
    for _ in range(rng.randrange(60)):
        deep = os.path.join(deep, b"deep")
        os.mkdir(deep)
