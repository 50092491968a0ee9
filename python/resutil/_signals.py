"""Signals that wait while a request is under way.

A handler of Python may raise in the middle of anything (KeyboardInterrupt);
between a request and its answer that would leave both sides with different
ideas of what is recorded.
"""

from __future__ import annotations

import os
import signal
import threading
from types import TracebackType
from typing import Any, Dict, List, Optional, Type

__all__ = ["held"]

_NUMBERS = [getattr(signal, name) for name in (
    "SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGALRM", "SIGVTALRM",
    "SIGPROF", "SIGUSR1", "SIGUSR2") if hasattr(signal, name)]
# The second of these is not put off: something may hang.
_URGENT = (signal.SIGINT, signal.SIGTERM)

_depth = 0                      # of the main thread, which has all signals
_owner = 0                      # that thread, while _depth is not 0
_saved: Dict[int, Any] = {}     # handlers in whose place ours stand
_caught: List[int] = []


def _note(number: int, frame: Any) -> None:
    if number in _URGENT and number in _caught:
        handler = _saved.get(number)
        if callable(handler):
            handler(number, frame)
    elif number not in _caught:
        _caught.append(number)


def _install() -> None:
    try:
        for number in _NUMBERS:
            handler = signal.getsignal(number)
            if callable(handler):
                _saved[number] = handler
                signal.signal(number, _note)
    except BaseException:       # one came before its handler was replaced
        _restore()
        raise


def _restore() -> None:
    while _saved:
        number, handler = _saved.popitem()
        # The program may have set another meanwhile: that one stays.
        if signal.getsignal(number) is _note:
            signal.signal(number, handler)


def _deliver() -> None:
    caught = list(_caught)
    _caught.clear()
    for number in caught:
        signal.raise_signal(number)


class held:
    """``with held():`` - handlers of Python run after the block, not in it.

    Those of C and the default actions are left alone, and the second SIGINT
    or SIGTERM acts at once. In other threads than the main one nothing needs
    to be done. May be nested.
    """

    def __enter__(self) -> "held":
        global _depth, _owner
        self._acts = threading.current_thread() is threading.main_thread()
        if self._acts:
            _owner = threading.get_ident()
            _depth += 1
            if _depth == 1:
                try:
                    _install()
                except ValueError:      # an interpreter within another
                    pass
                except BaseException:
                    _depth -= 1
                    raise
        return self

    def __exit__(self, kind: Optional[Type[BaseException]],
                 value: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        global _depth
        if self._acts:
            _depth -= 1
            if not _depth:
                _restore()
                _deliver()

    def forget(self, number: int) -> bool:
        """That it came is forgotten; returns whether it had come."""
        came = number in _caught
        while number in _caught:
            _caught.remove(number)
        return came

    def released(self) -> "_released":
        """``with h.released():`` within - signals act as ever in there."""
        return _released(self._acts)


class _released:
    def __init__(self, acts: bool) -> None:
        self._acts = acts
        self._depth = 0

    def __enter__(self) -> None:
        global _depth
        if self._acts:
            self._depth, _depth = _depth, 0
            _restore()
            _deliver()

    def __exit__(self, *exc: Any) -> None:
        global _depth
        if self._acts:
            _depth = self._depth
            try:
                _install()
            except ValueError:
                pass


def _after_fork() -> None:
    """Another thread forked: in the child nobody will end what the main
    thread began."""
    global _depth
    if _depth and threading.get_ident() != _owner:
        _depth = 0
        _caught.clear()
        _restore()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
