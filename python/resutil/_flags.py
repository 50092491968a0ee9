"""The words of a program's command line that are for resutil.

They are taken out of ``sys.argv`` when the package is imported, so that the
program's own parser of arguments does not meet them.
"""

from __future__ import annotations

import os
import sys
from typing import Dict, List, Optional, Sequence, Tuple

__all__ = ["split", "take", "comment", "debug", "command_line",
           "whole_command_line"]

# The second is how the manual of the Python tool wrote it.
_COMMENT = ("--resutil_comment", "--reusitl_comment")
_DEBUG = "--resutil_debug"
# What programs that are started must know, too, goes into the environment.
_VARIABLES = {
    "--resutil_no_interactive": "RESUTIL_NO_INTERACTIVE",
    "--resutil_no_remote": "RESUTIL_NO_REMOTE",
}

_taken: Dict[str, str] = {}


def split(words: Sequence[str]) -> Tuple[List[str], Dict[str, str]]:
    """The words without those for resutil, and what these say.

    ``--flag VALUE`` and ``--flag=VALUE`` are the same; what comes after
    ``--`` is the program's. Raises ValueError when a value is missing.
    """
    left: List[str] = []
    given: Dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        if word == "--":
            left.append(word)
            break
        name, equals, value = word.partition("=")
        if name in _COMMENT:
            try:
                given["comment"] = value if equals else next(rest)
            except StopIteration:
                raise ValueError(f"{name} needs a text") from None
        elif name == _DEBUG or name in _VARIABLES:
            given[name] = value if equals else "1"
        else:
            left.append(word)
    left.extend(rest)
    return left, given


def take() -> None:
    """Takes them out of ``sys.argv`` and remembers what they say."""
    argv = getattr(sys, "argv", None)
    if not argv:
        return
    try:
        left, given = split(argv[1:])
    except ValueError as e:
        sys.exit(f"{os.path.basename(argv[0])}: {e}")
    if not given:
        return
    argv[1:] = left
    for name, variable in _VARIABLES.items():
        if name in given:
            os.environ[variable] = given[name]
    _taken.update(given)


def comment() -> Optional[str]:
    """The comment of the command line, or None."""
    return _taken.get("comment")


def debug() -> bool:
    """Whether the command line asks for a debug run, or RESUTIL_DEBUG."""
    from ._program import is_true, means_true

    if _DEBUG in _taken:
        return means_true(_taken[_DEBUG])
    return is_true("RESUTIL_DEBUG")


def command_line() -> List[str]:
    """The words that started this process, the interpreter's too, without
    those for resutil."""
    words = whole_command_line()
    try:
        return words[:1] + split(words[1:])[0]
    except ValueError:
        return words


def whole_command_line() -> List[str]:
    """All words that started this process."""
    words: List[str] = list(getattr(sys, "orig_argv", ()))
    if not words:       # before Python 3.10
        try:
            with open("/proc/self/cmdline", "rb") as f:
                raw = f.read().split(b"\0")[:-1]
            words = [os.fsdecode(word) for word in raw]
        except OSError:
            pass
    return words or [sys.executable or "python3", *getattr(sys, "argv", ())]
