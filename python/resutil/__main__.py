"""``python -m resutil ARGS...`` is ``resutil ARGS...``, the program."""

from __future__ import annotations

import os
import sys

from ._program import ResutilError, find_program


def main() -> None:
    """Becomes the program; ends with 127 and a sentence where there is none.
    """
    try:
        program = find_program()
    except ResutilError as e:
        sys.stderr.write(f"resutil: {e}\n")
        sys.exit(127)
    os.execv(program, [program, *sys.argv[1:]])


if __name__ == "__main__":
    main()
