"""Values of Python as a record can hold them.

A record is read by other languages and for years, so what goes into it is
plain: None, booleans, integers, floats, text, bytes, dates, lists, sets and
maps.  :func:`plain` makes such a value of any other; nothing is pickled, and
nothing is made that a reader would have to run.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime
import enum
import json
import numbers
import os
import reprlib
import types
from collections import abc
from typing import Any, Dict, List, Set, Union

__all__ = ["PARAM_LIMIT", "TooLarge", "VALUE_LIMIT", "bounded_repr", "plain",
           "plain_or_repr", "text_or_bytes"]

#: Bytes that one value may need, as counted by :func:`plain`.
VALUE_LIMIT = 16 << 20
#: The same for one parameter of a call: they say what was asked for.
PARAM_LIMIT = 64 << 10
#: Characters of a text made by repr().
REPR_LIMIT = 16 << 10
#: Containers in containers; the recorder takes 60.
DEPTH_LIMIT = 50

_NODE = 16
_TOO_LARGE = ("the value is too much for a record; keep it as a file with "
              "attach()")

_SCALARS = (bool, int, float, str, bytes, type(None))
_LISTS = (list, tuple, range, collections.deque, collections.UserList,
          abc.KeysView, abc.ValuesView)
#: What a record's sets do not hold.
_NO_MEMBERS = (bytes, list, dict, set, datetime.date)


class TooLarge(ValueError):
    """A value needs more room than a record has for one."""


class _Repr(reprlib.Repr):
    """repr() that looks at the beginning of long things only."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 4
        self.maxdict = self.maxlist = self.maxtuple = 20
        self.maxset = self.maxfrozenset = self.maxdeque = self.maxarray = 20
        self.maxstring = self.maxlong = 1000
        self.maxother = REPR_LIMIT


_repr = _Repr().repr


def bounded_repr(value: Any) -> str:
    """repr(value), at most about 16 KiB of it, and never an exception.

    Long containers and texts are shortened by ``...`` in their middle or at
    their end; an object whose repr() fails is named by its class.
    """
    try:
        if isinstance(value, (list, tuple, dict, set, frozenset, str, bytes)):
            text = _repr(value)
        else:
            text = repr(value)
    except Exception as error:
        text = "<{} object, whose repr() raised {}>".format(
            type(value).__qualname__, type(error).__name__)
    if len(text) > REPR_LIMIT:
        text = text[:REPR_LIMIT - 3] + "..."
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def text_or_bytes(value: str) -> Union[str, bytes]:
    """The text; bytes if it is no Unicode: the words of a command line may be
    any bytes, and are surrogates then (os.fsdecode)."""
    try:
        value.encode("utf-8")
        # a subclass may print itself in other ways
        return value if type(value) is str else str.__str__(value)
    except UnicodeEncodeError:
        pass
    try:
        return value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")


class _Maker:
    """One walk over a value; counts what it makes, and knows its way."""

    def __init__(self, limit: int) -> None:
        self.left = limit
        self.above: Set[int] = set()

    def spend(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise TooLarge(_TOO_LARGE)

    def make(self, value: Any) -> Any:
        kind = type(value)
        if kind is str:
            return self.text(value)
        if kind is bytes:
            self.spend(_NODE + len(value))
            return value
        if kind is int:
            self.spend(_NODE + value.bit_length() // 3)
            return value
        if kind in _SCALARS:
            self.spend(_NODE)
            return value
        return self.other(value)

    def text(self, value: str) -> Any:
        self.spend(_NODE + len(value))
        if value.isascii():
            return value
        made = text_or_bytes(value)
        size = len(made if isinstance(made, bytes) else made.encode("utf-8"))
        self.spend(size - len(value))
        return made

    def other(self, value: Any) -> Any:
        if len(self.above) >= DEPTH_LIMIT or id(value) in self.above:
            return self.text("...")
        self.above.add(id(value))
        try:
            made = self.container(value)
            if made is not NotImplemented:
                return made
            made = _scalar(value)
        except TooLarge:
            raise
        except Exception:       # an object with odd methods
            made = NotImplemented
        finally:
            self.above.discard(id(value))
        if made is NotImplemented:
            return self.text(bounded_repr(value))
        if type(made) in _SCALARS or type(made) is list:
            return self.make(made)
        self.spend(_NODE)
        return made

    def container(self, value: Any) -> Any:
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self.fields(value, [
                f.name for f in dataclasses.fields(value)])
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return self.fields(value, value._fields)
        if isinstance(value, abc.Mapping):
            return self.mapping(value)
        if isinstance(value, types.SimpleNamespace) or \
                type(value).__module__ == "argparse":
            return self.mapping(vars(value))
        if isinstance(value, _LISTS):
            self.spend(_NODE)
            return [self.make(item) for item in value]
        if isinstance(value, (set, frozenset)):
            return self.members(value)
        return NotImplemented

    def fields(self, value: Any, names: Any) -> Dict[Any, Any]:
        self.spend(_NODE)
        return {name: self.make(getattr(value, name, None))
                for name in names}

    def mapping(self, value: Any) -> Dict[Any, Any]:
        self.spend(_NODE)
        made: Dict[Any, Any] = {}
        written: Set[str] = set()
        for key, item in value.items():
            name = self.key(key)
            # 1 and "1" would be one key to most readers
            while _written(name) in written:
                name = "{} ({})".format(name, type(key).__name__)
            written.add(_written(name))
            made[name] = self.make(item)
        return made

    def key(self, key: Any) -> Any:
        """A key: text, a number, a boolean or None; else text for it."""
        made = self.make(key)
        if isinstance(made, (bytes, list, dict, set, datetime.date)):
            return self.text(bounded_repr(key))
        return made

    def members(self, value: Any) -> Any:
        """A set of scalars; a sorted list of anything else in a set.

        Sorted, so that equal sets give equal records.
        """
        self.spend(_NODE)
        made: List[Any] = [self.make(item) for item in value]
        try:
            made.sort()
        except TypeError:
            made.sort(key=lambda item: (
                item if isinstance(item, (int, float)) else 0, repr(item)))
        if any(isinstance(item, _NO_MEMBERS) for item in made):
            return made
        return _OrderedSet(made)


class _OrderedSet(Set[Any]):
    """A set that is walked in the order in which a record has it."""

    def __init__(self, items: List[Any]) -> None:
        super().__init__(items)
        self._items = items

    def __iter__(self) -> Any:
        return iter(self._items)


def _written(key: Any) -> str:
    return key if isinstance(key, str) else json.dumps(key)


def _scalar(value: Any) -> Any:
    """What is plain for a value of another class, or NotImplemented.

    May be a list, which is not plain yet.
    """
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value if value == value else None    # pandas: not a time
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, enum.Enum):
        return str(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bytes):
        return bytes(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, type):
        return NotImplemented
    return _number(value)


def _number(value: Any) -> Any:
    # numpy's numbers are none of Python's, but say what they are
    if isinstance(value, numbers.Integral):
        return int(value)
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        size = value.numel() if callable(value.size) else value.size
        if size > VALUE_LIMIT // _NODE:
            raise TooLarge(_TOO_LARGE)
        made = value.tolist()
        return str(made) if isinstance(made, complex) else made
    if isinstance(value, numbers.Rational):
        return str(value)
    if isinstance(value, numbers.Real):
        return float(value)
    if isinstance(value, numbers.Complex):
        return str(value)
    if type(value).__module__ in ("decimal", "uuid", "ipaddress"):
        return str(value)
    if isinstance(value, (datetime.time, datetime.timedelta)):
        return str(value)
    return NotImplemented


def plain(value: Any, limit: int = VALUE_LIMIT) -> Any:
    """`value` as a record can hold it.

    value: anything.  Dataclasses, named tuples and what argparse made become
           maps of their fields; arrays, ranges, queues, views of maps and
           other tuples lists; complex numbers, paths, enums and times of day
           text, everything unknown its repr(), which ends at 16 KiB.
           Text with bytes that are no UTF-8 (os.fsdecode) becomes bytes.
    limit: bytes that the result may need, about as YAML has them.
    Raises TooLarge when it needs more; no more than that was looked at then.
    """
    return _Maker(limit).make(value)


def plain_or_repr(value: Any, limit: int = VALUE_LIMIT) -> Any:
    """As :func:`plain`; the beginning of repr() where it is too large.

    Never raises: objects whose methods fail are shown by their class.
    """
    try:
        return plain(value, limit)
    except Exception:
        return bounded_repr(value)
