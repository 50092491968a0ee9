"""Trials as a table: one row a trial, one column a value."""

from __future__ import annotations

import datetime
from typing import Any, Dict, Iterable, List, Optional

__all__ = ["frame", "full_row", "short_row"]

#: Columns of the short form that are always what their names say.
RESERVED = ("tid", "state", "error")
#: Keys of a record that say how it was written, and nothing of the run.
_FULL_LEFT_OUT = ("resutil", "votakvot", "tid", "uid", "id")


def flatten(into: Dict[str, Any], prefix: str, value: Any) -> None:
    """Put `value` under `prefix`; a map key by key, with dots between.

    An empty map and None give no column.
    """
    if isinstance(value, dict):
        for key, item in value.items():
            name = str(key)
            flatten(into, prefix + "." + name if prefix else name, item)
    elif value is not None:
        into[prefix] = value


def short_row(trial: Any) -> Dict[str, Any]:
    """tid; then params, info and result, without prefix; state and error.

    A result that is no map has the column ``result``.  Of one name the later
    wins.  What the program called ``tid``, ``state`` or ``error`` itself is
    under its long name (``params.state``).
    """
    row: Dict[str, Any] = {"tid": trial.tid}
    data = trial.data
    for section in ("params", "info", "result"):
        value = data.get(section)
        found: Dict[str, Any] = {}
        flatten(found, "" if isinstance(value, dict) else section, value)
        for name, item in found.items():
            if name in RESERVED:
                name = section + "." + name
            row[name] = item
    row["state"] = trial.state
    if data.get("error") is not None:
        row["error"] = data["error"]
    return row


def full_row(trial: Any) -> Dict[str, Any]:
    """tid, uid, and every value of the record under its dotted name."""
    row: Dict[str, Any] = {"tid": trial.tid, "uid": trial.uid}
    for key, value in trial.data.items():
        if key not in _FULL_LEFT_OUT:
            flatten(row, str(key), value)
    return row


def _columns(rows: Iterable[Dict[str, Any]]) -> List[str]:
    """All columns: in the order in which they were met, but the last ones."""
    seen: Dict[str, None] = {"tid": None}
    for row in rows:
        for name in row:
            seen.setdefault(name)
    last = [name for name in ("state", "error") if name in seen]
    return [name for name in seen if name not in last] + last


def _pandas() -> Optional[Any]:
    try:
        import pandas
    except ImportError:
        return None
    return pandas


def frame(rows: List[Dict[str, Any]], full: bool = False) -> Any:
    """A pandas DataFrame of the rows, index 0, 1, ...; else the rows.

    In a DataFrame what a row lacks is None or NaN, as pandas has it; a list of
    dicts holds what is there.
    """
    pandas = _pandas()
    if pandas is None:
        return rows
    columns = _columns(rows) if not full else _full_columns(rows)
    made = pandas.DataFrame(
        {name: _column(pandas, [row.get(name) for row in rows])
         for name in columns}, columns=columns)
    return made


def _full_columns(rows: List[Dict[str, Any]]) -> List[str]:
    seen: Dict[str, None] = {"tid": None, "uid": None}
    for row in rows:
        for name in row:
            seen.setdefault(name)
    return list(seen)


def _column(pandas: Any, values: List[Any]) -> Any:
    """A column; dates that pandas cannot hold stay objects of Python."""
    if not values:
        return pandas.Series(values, dtype=object)
    try:
        return pandas.Series(values)
    except (ValueError, OverflowError):
        return pandas.Series(values, dtype=object)


def local_time(text: Any) -> Any:
    """A time of a record as a naive datetime in local time, as votakvot's.

    What is no time of RFC 3339 stays as it is.
    """
    if isinstance(text, datetime.datetime):
        moment = text
    elif isinstance(text, str):
        try:
            moment = datetime.datetime.fromisoformat(
                text[:-1] + "+00:00" if text.endswith("Z") else text)
        except ValueError:
            return text
    else:
        return text
    if moment.tzinfo is not None:
        try:
            moment = moment.astimezone().replace(tzinfo=None)
        except (OverflowError, ValueError):
            return text
    return moment
