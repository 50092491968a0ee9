"""Which run the code that asks is part of.

A run or tracker that a function entered counts in that function's context
(contextvars: per thread and per asynchronous task); where there is none, the
run of the whole process counts: that of ``main()`` or ``start()``, else the
one that this process was started in (``resutil run``).

What is kept here are objects with ``dir``, ``id``, ``name`` and
``update(changes)``, as Run of _recorder has them.
"""

from __future__ import annotations

import contextvars
import os
import threading
from typing import Any, Dict, List, Optional

__all__ = ["current", "enter", "leave", "add_process", "remove_process",
           "joinable_dir"]

_VARIABLES = ("RESUTIL_EX_DIR", "RESUTIL_EX_NAME", "RESUTIL_ID",
              "RESUTIL_RECORDER")

_here: "contextvars.ContextVar[Any]" = contextvars.ContextVar(
    "resutil_current", default=None)

_lock = threading.Lock()
_process: List[Any] = []        # the last one counts
_shown: List[Any] = []          # those of them that the environment showed
_outside: Dict[str, Optional[str]] = {}     # what it said before
_joined: Any = None             # of `_joined_dir`, by process `_joined_pid`
_joined_dir: Optional[str] = None
_joined_pid = 0


def current(join: bool = True) -> Any:
    """The run or tracker of the caller, or None outside of one.

    join: also the run that this process was started in; the first call then
    opens it. Raises ResutilError when that run cannot be opened.
    """
    here = _here.get()
    if here is not None:
        return here
    with _lock:
        if _process:
            return _process[-1]
    return _join() if join else None


def enter(run: Any) -> "contextvars.Token[Any]":
    """`run` is what current() gives in this context, until leave(token)."""
    return _here.set(run)


def leave(token: "contextvars.Token[Any]") -> None:
    """Undoes enter(). In another context than that of enter() it does
    nothing, since nothing was entered there."""
    try:
        _here.reset(token)
    except ValueError:
        pass


def add_process(run: Any, *, environment: bool = False) -> None:
    """`run` is the run of the whole process, until remove_process().

    environment: programs that this process starts find it, too.
    """
    global _outside
    with _lock:
        _process.append(run)
        if environment:
            if not _shown:
                _outside = {name: os.environ.get(name) for name in _VARIABLES}
            _shown.append(run)
            _show(run)


def remove_process(run: Any) -> None:
    """Undoes add_process(). Runs of several threads end in any order: what
    the environment says is what the last one says that still lives, and in
    the end what it said before the first."""
    with _lock:
        if run in _process:
            _process.remove(run)
        if run not in _shown:
            return
        _shown.remove(run)
        if _shown:
            _show(_shown[-1])
            return
        for name, value in _outside.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _show(run: Any) -> None:
    os.environ.update(zip(_VARIABLES, (run.dir, run.name, run.id,
                                       "function")))


def joinable_dir() -> Optional[str]:
    """The absolute directory of a run that records this program, or None.

    A Python function that is recorded is no such run: a program that it
    starts is recorded for itself.
    """
    found = os.environ.get("RESUTIL_EX_DIR", "")
    if not os.path.isabs(found):
        return None
    if os.environ.get("RESUTIL_RECORDER") == "function":
        return None
    return found


def _join() -> Any:
    """Also of a function of another process: what a child of it notes is
    noted there, though it would not be recorded as that run."""
    global _joined, _joined_dir, _joined_pid
    from ._recorder import recorder

    found = os.environ.get("RESUTIL_EX_DIR", "")
    if not os.path.isabs(found):
        return None
    with _lock:
        if (_joined is None or _joined_dir != found or
                _joined_pid != os.getpid()):
            _joined = recorder().join(found)
            _joined_dir, _joined_pid = found, os.getpid()
        return _joined


def _after_fork() -> None:
    """The child is in the same runs, but another thread may have held this."""
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
