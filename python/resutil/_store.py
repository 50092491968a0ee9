"""Stores and runs: what a run needs comes before it, what it made goes after.
"""

from __future__ import annotations

import os
from typing import Dict, Iterable, List

from ._program import is_true, run_program
from ._recorder import Run
from ._talk import telling, warn

__all__ = ["may_ask_stores", "scan", "pull", "push", "checkpoint", "remove"]


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
    run_program([*words, "pull", *names])


def _environment(run: Run) -> Dict[str, str]:
    """So that the program finds the run, wherever we are."""
    return dict(os.environ, RESUTIL_EX_DIR=run.dir, RESUTIL_EX_NAME=run.name,
                RESUTIL_ID=run.id)


def checkpoint(run: Run, background: bool = False) -> bool:
    """Sends a run as it is now; returns whether it was sent, or noted to be
    sent. A failure is a warning."""
    words = [] if telling() else ["-q"]
    words.append("checkpoint")
    if background:
        words.append("--background")
    if run_program(words, env=_environment(run)).returncode:
        warn(f"the checkpoint of '{run.name}' is not sent; the run goes on")
        return False
    return True


def push(run: Run, wait: bool = False, verbose: bool = True) -> bool:
    """Sends a run that has ended, as ``push.auto`` says; the program tells
    what fails, and the way to try it again.

    wait: not in the background. Returns whether the store has it, or will
    have it.
    """
    words = [] if verbose else ["-q"]
    words += ["checkpoint", "--final"]
    if wait:
        words.append("--wait")
    return not run_program(words, env=_environment(run)).returncode


def remove(name: str, in_store: bool) -> None:
    """Deletes it here, and in the store if it is there."""
    words = ["rm", "-y"] if in_store else ["rm", "-y", "-l"]
    run_program([*words, "--", name])
