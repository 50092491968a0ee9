"""What a program wants to be told about its trials.

Give objects with some of these methods to ``init(hooks=...)``: one, or a list
of them.  Each gets the tracker of the trial (see current_tracker()).  What a
hook raises is logged and changes nothing for the trial.
"""

from __future__ import annotations

from typing import Any, Iterable, List, Union

from ._log import log

__all__ = ["Hook", "call", "listed"]


class Hook:
    """Does nothing; a class of your own needs only the methods it wants."""

    def on_tracker_start(self, tracker: Any) -> None:
        """The trial has its directory and record, its function comes next."""

    def on_tracker_flush(self, tracker: Any) -> None:
        """Metrics and record were brought to the disk: snapshot, end."""

    def on_tracker_finish(self, tracker: Any) -> None:
        """The function has ended; the record gets its last state next."""

    def on_tracker_infused(self, tracker: Any) -> None:
        """Another process joined the trial; called there."""


def listed(hooks: Union[None, Any, Iterable[Any]]) -> List[Any]:
    """The hooks as a list: from None, one of them, or any number."""
    if hooks is None:
        return []
    if hasattr(hooks, "__iter__"):
        return [one for item in hooks for one in listed(item)]
    return [hooks]


def call(hooks: Iterable[Any], event: str, tracker: Any) -> None:
    """Call method `event` of all hooks that have it."""
    for one in hooks:
        method = getattr(one, event, None)
        if method is None:
            continue
        try:
            method(tracker)
        except Exception:
            log.warning("hook %s of %r failed", event, one, exc_info=True)
