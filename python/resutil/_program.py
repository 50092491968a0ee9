"""The C program ``resutil``: where it is, and how it is run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, List, Mapping, Optional, Sequence

from ._talk import printable

if TYPE_CHECKING:       # costs an import more than all else
    import subprocess

__all__ = ["ResutilError", "NotInstalled", "find_program", "run_program",
           "is_open", "is_true", "means_true"]

HOW_TO_INSTALL = (
    "this package records with the program 'resutil', which {what}; install "
    "it ('make install' in the sources of resutil), put its directory on "
    "PATH, or set RESUTIL_BIN to the program")


class ResutilError(Exception):
    """Something that resutil could not do; the text is a whole sentence.

    ``code`` is the exit status that the program has for it: 1 the answer is
    no, 10 not found, 11 credentials, 12 the store is away, 13 content not as
    promised, 14 conflict, 128 any other failure, 129 wrong usage.
    """

    def __init__(self, message: str, code: int = 128) -> None:
        # Names of files are in it, and Python shows it on a terminal.
        super().__init__(printable(message))
        self.code = code


class NotInstalled(ResutilError):
    """There is no program to record with."""


def is_true(name: str) -> bool:
    """A boolean environment variable, read as the program reads it.

    Unset, empty, ``0``, ``no``, ``off`` and ``false`` are false.
    """
    return means_true(os.environ.get(name, ""))


def means_true(text: str) -> bool:
    """The same of the value of one."""
    return text.lower() not in ("", "0", "no", "off", "false")


def find_program() -> str:
    """The path of ``resutil``: ``RESUTIL_BIN``, else the first on ``PATH``.

    Raises NotInstalled, which says how to install it.
    """
    import shutil

    given = os.environ.get("RESUTIL_BIN")
    found = shutil.which(given or "resutil")
    if found:
        # A relative path would mean another file after a chdir.
        return os.path.abspath(found)
    if given:
        raise NotInstalled(HOW_TO_INSTALL.format(
            what=f"is not at RESUTIL_BIN={given!r}"))
    raise NotInstalled(HOW_TO_INSTALL.format(what="is not on PATH"))


def run_program(args: Sequence[str], *, capture: bool = False,
                stdin: bool = False, data: Optional[bytes] = None,
                env: Optional[Mapping[str, str]] = None,
                ) -> "subprocess.CompletedProcess[bytes]":
    """Runs ``resutil ARGS...`` and waits for it.

    Its standard input is empty, or `data`, or with `stdin` ours. What it
    prints goes to our standard error, or with `capture` into ``stdout`` of
    what is returned: the standard output of this process belongs to the
    program alone.
    """
    import subprocess

    out: int = subprocess.DEVNULL
    if capture:
        out = subprocess.PIPE
    elif is_open(2):
        out = 2
    words: List[str] = [find_program()]
    words.extend(args)
    err = None if is_open(2) else subprocess.DEVNULL
    try:
        if data is not None:
            return subprocess.run(words, check=False, env=env, stdout=out,
                                  input=data, stderr=err)
        return subprocess.run(words, check=False, env=env, stdout=out,
                              stdin=None if stdin else subprocess.DEVNULL,
                              stderr=err)
    except OSError as e:
        raise ResutilError(f"cannot run '{words[0]}': {e.strerror}") from e


def is_open(fd: int) -> bool:
    """Whether the descriptor leads anywhere."""
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True
