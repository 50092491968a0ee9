"""terminal-bytes.py FILE...: what a screen got that does something to it.

Prints a line for each sequence that is no text, and exits 1 if there is one.
Ours are left alone: CR and "erase to the end of the line", which make lines of
progress, and NUL, which ends records and which terminals pass over. Colours are
asked not to be there (NO_COLOR).
"""
import re
import sys
import unicodedata

OURS = re.compile("\r(\x1b\\[K)?|\n|\t|\0")
# What turns text around is of the category Cf, as is the soft hyphen.
HARMLESS = {0xad, 0x200b, 0x200c, 0x200d, 0x2060, 0xfeff}


def bad(character):
    code = ord(character)
    if 0xdc80 <= code <= 0xdcff:        # a byte that is not UTF-8
        return True
    kind = unicodedata.category(character)
    return kind in ("Cc", "Zl", "Zp") or \
        kind == "Cf" and code not in HARMLESS


def main():
    status = 0
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8", errors="surrogateescape",
                  newline="") as stream:
            text = OURS.sub(lambda m: " " * len(m.group(0)), stream.read())
        for at, character in enumerate(text):
            if bad(character):
                print("%s: U+%04X in %r" % (path, ord(character),
                                            text[max(0, at - 20):at + 20]))
                status = 1
    sys.exit(status)


main()
