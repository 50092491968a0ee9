"""The last request of a run: its end."""

from __future__ import annotations

from typing import Any, Callable, Dict

from . import _values
from ._recorder import Refused, Run

__all__ = ["finish"]

#: Code of the program for what is more than a record holds.
TOO_MUCH = 13
#: What an end can do without, when there is no room for all of it.
_SPARE = ("result", "traceback", "changes")


def finish(run: Run, fields: Dict[str, Any],
           tell: Callable[[str], None]) -> None:
    """Records the end of a run, or as much of it as can be.

    fields: as of Run.finish(); ``result`` may be any value. Where it is too
            large the beginning of its repr() is recorded; where the end is
            refused even then, or the disk is full, it is recorded without
            result and traceback.
    tell:   gets a sentence when something is left out.
    Raises what Run.finish() raises when nothing is recorded.
    """
    def left_out(why: Exception) -> None:
        tell(f"the end of '{run.name}' is not recorded whole: {why}")

    fields = dict(fields)
    result = fields.get("result")
    if "result" in fields:
        try:
            fields["result"] = _values.plain(result)
        except Exception as e:
            left_out(e)
            fields["result"] = _values.bounded_repr(result)
    try:
        run.finish(**fields)
        return
    except Refused as e:
        if not e.answer.get("retry"):
            raise
        left_out(e)
        too_much = e.code == TOO_MUCH
    if too_much and "result" in fields:
        fields["result"] = _values.bounded_repr(result)
        try:
            run.finish(**fields)
            return
        except Refused as e:
            if not e.answer.get("retry"):
                raise
    run.finish(**{name: value for name, value in fields.items()
                  if name not in _SPARE})
