#!/usr/bin/env python3
"""random-keys SEED DIRECTORY KIND [mutate] [many]: cases for match-keys -z.

Writes DIRECTORY/keys, for each pattern DIRECTORY/N.pattern and N.want (what
Python's fnmatch finds), and the numbers of the patterns into numbers. KIND:
ascii, utf8 or bytes (not all of them are UTF-8). mutate: patterns are keys in
which something became a wildcard. Patterns that mean something else to
match-keys, or nothing, are not made.
"""
import fnmatch
import os
import random
import re
import sys

LETTERS = {
    "ascii": list("aabbc/._-!]^\\ "),
    "utf8": list("aab/.é") + ["\u3042", "\u3044", "e\u0301", "\U0001f600"],
    "bytes": list("aab/é") + ["\udcc3", "\udca9", "\udcff", "\udc80"],
}
WILD = ["*", "*", "**", "?", "[ab]", "[!a]", "[a-c]", "[", "]", "[]", "[!]",
        "[z-a]", "[!z-a]", "[]a]", "[!]a]", "[a-]", "[*]", "[?]", "[[]", "[^a]"]


def encode(text):
    """To bytes and back: bytes that happen to be UTF-8 are characters."""
    return text.encode("utf-8", "surrogateescape")


def decode(data):
    return data.decode("utf-8", "surrogateescape")


def make_key(rng, letters):
    return "".join(rng.choice(letters) for _ in range(rng.randint(1, 12)))


def make_pattern(rng, letters):
    pieces = letters + WILD + ["*", "?"]
    return "".join(rng.choice(pieces) for _ in range(rng.randint(1, 8)))


def mutate(rng, key):
    chars = list(key)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(chars))
        end = min(len(chars), at + rng.randint(0, 4))
        change = rng.choice(["star", "any", "set", "not"])
        if change == "star":
            chars[at:end] = ["*"]
        elif change == "any":
            chars[at] = "?"
        elif change == "set":
            chars[at] = f"[x{chars[at]}]" if chars[at] != "]" else "[]x]"
        else:
            chars[at] = "[!x]"
    return "".join(chars)


def is_same(pattern):
    """Whether it means the same to both, and anything at all."""
    if not pattern or pattern.startswith("/") or pattern.endswith("/"):
        return False
    if pattern.startswith("./") or "//" in pattern or "\0" in pattern:
        return False
    # a component without wildcards; sets hold no dots here but mutated ones
    return not any(part in (".", "..") for part in re.split("/", pattern))


def main():
    seed, directory, kind = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    rng = random.Random(seed)
    letters = LETTERS[kind]
    os.mkdir(directory)
    keys = sorted({decode(encode(make_key(rng, letters)))
                   for _ in range(3000)})
    # what is passed over whatever the pattern is
    keys = [k for k in keys if not re.search(r"(^|/)\.(git|resutil)", k)]
    with open(os.path.join(directory, "keys"), "wb") as out:
        out.write(b"".join(encode(k) + b"\0" for k in keys))
    numbers = []
    matched = 0
    while len(numbers) < (1000 if "many" in sys.argv else 60):
        pattern = mutate(rng, rng.choice(keys)) if "mutate" in sys.argv \
            else make_pattern(rng, letters)
        pattern = decode(encode(pattern))
        if not is_same(pattern):
            continue
        want = [k for k in keys if fnmatch.fnmatchcase(k, pattern)]
        name = os.path.join(directory, str(len(numbers)))
        with open(name + ".pattern", "wb") as out:
            out.write(encode(pattern))
        with open(name + ".want", "wb") as out:
            out.write(b"".join(encode(k) + b"\0" for k in want))
        matched += bool(want)
        numbers.append(str(len(numbers)))
    with open(os.path.join(directory, "numbers"), "w") as out:
        out.write("\n".join(numbers) + "\n")
    if matched < len(numbers) // 4:
        sys.exit(f"only {matched} of {len(numbers)} patterns match anything")


if __name__ == "__main__":
    main()
