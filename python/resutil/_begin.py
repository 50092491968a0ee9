"""The birth of an experiment: what is asked, fetched and told before."""

from __future__ import annotations

import builtins
import os
import signal
import sys
import tempfile
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from . import _flags, _store
from ._binding import plain_params
from ._program import ResutilError, run_program
from ._recorder import Recorder, Run, recorder
from ._talk import is_interactive, tell, warn

__all__ = ["begin_experiment"]

TOLD_FILES = 10
BAD_USAGE = 129


def begin_experiment(comment: Optional[str], *,
                     params: Optional[Mapping[str, Any]],
                     function: Optional[str], dependency: Sequence[str],
                     debug: Optional[bool], verbose: bool
                     ) -> Tuple[Run, bool]:
    """Begins one; returns it, and whether it is a debug run."""
    if debug is None:
        debug = _flags.debug()
    argv = _flags.command_line()
    owner = recorder()
    fields: Dict[str, Any] = {
        "kind": "experiment", "argv": argv, "debug": debug,
        "dependency": _dependencies(owner, argv, dependency, verbose)}
    if function is not None:
        fields["function"] = function
    if params or _is_notebook():
        fields["params"] = plain_params(params or {})
        # The command line of a notebook is that of a kernel.
        fields["argv_params"] = not _is_notebook()
    run = _begin(owner, fields, comment, debug)
    _tell_begin(run, verbose)
    return run, debug


def _is_notebook() -> bool:
    return hasattr(sys, "ps1") or hasattr(builtins, "get_ipython")


def _begin(owner: Recorder, fields: Dict[str, Any], comment: Optional[str],
           debug: bool) -> Run:
    """With the comment; a person is asked last, and again when it is bad."""
    if debug:
        return owner.begin(**fields)
    given = _flags.comment()
    if given is None:
        given = comment
    if given is None:
        given = os.environ.get("RESUTIL_COMMENT")
    if given is not None:
        return owner.begin(comment=given, **fields)
    if not is_interactive() or not _may_prompt(owner):
        return owner.begin(**fields)
    while True:
        given = _ask_comment()
        try:
            return owner.begin(comment=given, **fields)
        except ResutilError as e:
            if e.code != BAD_USAGE:
                raise
            tell(str(e))


def _may_prompt(owner: Recorder) -> bool:
    settings = _hello(owner).get("settings") or {}
    return bool(settings.get("run.prompt", True))


def _ask_comment() -> str:
    """The answer of the person; Tab completes earlier comments."""
    with tempfile.NamedTemporaryFile() as candidates:
        for text in _earlier_comments():
            candidates.write(os.fsencode(text) + b"\n")
        candidates.flush()
        done = run_program(
            ["ask-line", f"--complete-from={candidates.name}", "--",
             "Comment (Tab completes, Enter for none): "],
            capture=True, stdin=True)
    if done.returncode == 128 + signal.SIGINT:
        raise KeyboardInterrupt     # the terminal gave it as a character
    if done.returncode:
        raise ResutilError("no comment was given, so nothing is recorded", 1)
    return os.fsdecode(done.stdout.rstrip(b"\n"))


def _earlier_comments() -> List[str]:
    """Each once, the newest first."""
    done = run_program(["list-exps", "-z"], capture=True)
    names = [os.fsdecode(name) for name in done.stdout.split(b"\0") if name]
    comments = [name.split("_", 2)[2] for name in sorted(names, reverse=True)
                if name.count("_") >= 2]
    return list(dict.fromkeys(text for text in comments if text))


def _dependencies(owner: Recorder, argv: Sequence[str],
                  asked: Sequence[str], verbose: bool) -> List[str]:
    """The names of those that are here, after fetching what is not.

    A word of the command line may only look like an experiment, or the
    program may do without it: a warning. What is asked for must be here.
    """
    named = _store.scan(argv) if len(argv) > 1 else []
    results = _results_dir(owner)
    missing = [name for name in named
               if not os.path.isdir(os.path.join(results, name))]
    missing.extend(exp for exp in asked if _find(exp) is None)
    if missing and _store.may_ask_stores():
        _store.pull(missing, verbose)
    here: List[str] = []
    for name in named:
        if os.path.isdir(os.path.join(results, name)):
            here.append(name)
        else:
            warn(f"'{name}', which the command names, is not here")
    for exp in asked:
        found = _find(exp)
        if found is None:
            raise ResutilError(f"there is no experiment '{exp}'", 10)
        here.append(found)
    return list(dict.fromkeys(here))


def _hello(owner: Recorder) -> Dict[str, Any]:
    """Of where we are now: the program may have gone elsewhere since."""
    return owner.ask("hello", **owner.introduction())


def _results_dir(owner: Recorder) -> str:
    project = _hello(owner).get("project") or {}
    return os.path.join(str(project.get("root", "")),
                        str(project.get("results_dir", "")))


def _find(exp: str) -> Optional[str]:
    done = run_program(["rev-exp", "--", exp], capture=True)
    return os.fsdecode(done.stdout).rstrip("\n") or None


def _tell_begin(run: Run, verbose: bool) -> None:
    redacted = run.answer.get("redacted")
    if redacted:
        warn(f"not recorded, for it looks secret: {redacted} "
             f"('secrets.allow' exempts)")
    changes = run.answer.get("changes") or []
    kept = [str(change.get("path")) for change in changes
            if not change.get("left_out")]
    if kept:
        tell(f"Keeping {len(kept)} changed file{'s' * (len(kept) != 1)} of "
             f"the code:", verbose)
    for path in kept[:TOLD_FILES]:
        tell(f"  - {path}", verbose)
    if len(kept) > TOLD_FILES:
        tell(f"  ... and {len(kept) - TOLD_FILES} more", verbose)
    for change in changes:
        if change.get("left_out"):
            tell(f"  left out: {change.get('path')} ({change['left_out']})",
                 verbose)
    tell(f"Experiment: {run.name}", verbose)
