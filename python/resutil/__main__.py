"""``python -m resutil ARGS...`` is ``resutil ARGS...``, the program."""

from __future__ import annotations

import os
import sys
from typing import List

from ._flags import whole_command_line
from ._program import ResutilError, find_program


def _words() -> List[str]:
    """What follows ``-m resutil``; some of that is not in ``sys.argv`` any
    more, since a program that imports this package must not see it."""
    words = whole_command_line()
    for nr, word in enumerate(words):
        if word == "-m" and words[nr + 1:nr + 2] == ["resutil"]:
            return words[nr + 2:]
        if word == "-mresutil":
            return words[nr + 1:]
    return sys.argv[1:]


def main() -> None:
    """Becomes the program; ends with 127 and a sentence where there is none.
    """
    try:
        program = find_program()
    except ResutilError as e:
        sys.stderr.write(f"resutil: {e}\n")
        sys.exit(127)
    os.execv(program, [program, *_words()])


if __name__ == "__main__":
    main()
