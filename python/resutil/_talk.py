"""What is said to people: on standard error, never on standard output."""

from __future__ import annotations

import os
import sys

__all__ = ["tell", "telling", "warn", "is_interactive", "ask_yes_no"]

TRIES = 3


def _verbosity() -> int:
    try:
        return int(os.environ.get("RESUTIL_VERBOSITY", "0"))
    except ValueError:
        return 0


def _isatty(fd: int) -> bool:
    try:
        return os.isatty(fd)
    except OSError:
        return False


def printable(text: str) -> str:
    """`text` without anything that a terminal would obey."""
    return "".join(c if c.isprintable() or c in "\n\t" else
                   "".join(f"\\x{b:02x}" for b in
                           c.encode("utf-8", "surrogateescape"))
                   if not "\ud800" <= c < "\udc80" else "?" for c in text)


def _say(text: str) -> None:
    """Nobody may listen: a closed stream is no reason to end a program."""
    stream = sys.stderr
    if stream is None:
        return
    try:
        stream.write(printable(text) + "\n")
        stream.flush()
    except Exception:       # it may be an object of the program's own
        pass


def telling(verbose: bool = True) -> bool:
    """The story goes to a terminal only, so that scripts see the program
    alone."""
    level = _verbosity()
    return verbose and level >= 0 and (level > 0 or _isatty(2))


def tell(text: str, verbose: bool = True) -> None:
    """A line of the story of a run, for a person at a terminal."""
    if telling(verbose):
        _say(text)


def warn(text: str) -> None:
    """Said also where nobody sits: something is lost or missing."""
    _say("resutil: warning: " + text)


def is_interactive() -> bool:
    """A person can be asked: standard input and error are terminals, and
    RESUTIL_NO_INTERACTIVE is not set."""
    from ._program import is_true

    return (not is_true("RESUTIL_NO_INTERACTIVE") and sys.stdin is not None
            and _isatty(0) and _isatty(2))


def ask_yes_no(question: str) -> bool:
    """Whether the person says yes; no is the default, and what the end of
    input, Ctrl-C and three answers of another kind mean."""
    if not is_interactive():
        return False
    try:
        for _ in range(TRIES):
            sys.stderr.write(printable(question) + " [y/N] ")
            sys.stderr.flush()
            answer = sys.stdin.readline()
            if not answer or answer.strip()[:1] in ("", "n", "N"):
                return False
            if answer.strip()[:1] in ("y", "Y"):
                return True
    except (KeyboardInterrupt, OSError, ValueError, UnicodeError):
        _say("")
    return False
