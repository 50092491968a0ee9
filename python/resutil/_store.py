"""What a run has to do with stores: what it needs comes before, it goes after."""

from __future__ import annotations

import os
from typing import Iterable, List

from ._program import is_true, run_program
from ._talk import telling, warn

__all__ = ["may_ask_stores", "scan", "pull", "push", "remove"]


def may_ask_stores() -> bool:
    return not is_true("RESUTIL_NO_REMOTE")


def scan(words: Iterable[str]) -> List[str]:
    """The experiments that the words of a command line name."""
    done = run_program(["scan-deps", "-z", "--", *words], capture=True)
    return [os.fsdecode(name) for name in done.stdout.split(b"\0") if name]


def pull(names: Iterable[str], verbose: bool = True) -> None:
    """Fetches experiments, with all that they need. What came of it is seen
    in the results directory; why one cannot be had is told."""
    words = [] if telling(verbose) else ["-q"]
    run_program([*words, "pull", "--", *names])


def push(name: str, wait: bool = False, verbose: bool = True) -> bool:
    """Sends a run that has ended, as ``push.auto`` says.

    wait: not in the background. Returns whether the store has it, or may
    have; a failure is a warning.
    """
    if not may_ask_stores():
        return False
    words = [] if telling(verbose) else ["-q"]
    status = run_program([*words, "push", "--", name]).returncode
    if status:
        warn(f"'{name}' is kept here, but not in the store; 'resutil push "
             f"{name}' sends it")
    return not status


def remove(name: str, in_store: bool) -> None:
    """Deletes it here, and in the store if it is there."""
    words = ["rm", "-y"] if in_store else ["rm", "-y", "-l"]
    run_program([*words, "--", name])
