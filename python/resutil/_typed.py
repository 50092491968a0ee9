"""Values of Python as JSON that keeps their type, and back.

JSON has fewer types than a record. A map with exactly the keys ``!`` and ``v``
is a value of one of the others::

    {"!": "binary", "v": "<base64>"}       bytes; text that is no Unicode
    {"!": "set", "v": [...]}               set, frozenset
    {"!": "timestamp", "v": "2026-11-20 23:04:10.690226"}
    {"!": "float", "v": "nan"}             nan, inf, -inf
    {"!": "int", "v": "<digits>"}          beyond 64 bits
    {"!": "map", "v": [[key, value], ...]} keys that are not all text

resutil-record-runs(1) has the same list. Nothing is pickled: what is none of
this becomes text.
"""

from __future__ import annotations

import base64
import collections
import collections.abc
import dataclasses
import datetime
import enum
import json
import math
import numbers
import os
import re
import types
from typing import Any, Callable, Dict, List, Tuple

__all__ = ["encode", "decode", "dumps", "loads", "bounded", "describe"]

_TIMESTAMP = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)"
    r"(?:(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.(\d*))?"
    r"(?:[ \t]*(?:([Zz])|([-+])(\d\d?)(?::?(\d\d))?))?)?", re.ASCII)

MAX_DEPTH = 50          # a record may hold 60
MAX_ITEMS = 100000      # of an array; a record is no place for more
SHORT = 1000            # characters of what is told of larger things
INT_MIN, INT_MAX = -(1 << 63), (1 << 63) - 1


def encode(value: Any) -> Any:
    """`value` as what json.dumps() writes without loss.

    Lists, tuples and ranges become lists; dataclasses and namedtuples maps of
    their fields; scalars and arrays of numpy plain numbers and lists, if there
    are at most MAX_ITEMS; what argparse made a map; complex numbers, paths,
    enums and UUIDs text; everything else the text that repr() gives. Never
    raises because of a value.
    """
    return _encode(value, [])


def decode(value: Any) -> Any:
    """What encode() was given, as far as the types go.

    A timestamp without a time is a date; a set with members that cannot be
    hashed is a list; what is not understood stays a map.
    """
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 2 and "!" in value and "v" in value:
        kind = value["!"]
        make = _DECODERS.get(kind) if isinstance(kind, str) else None
        if make is not None:
            try:
                return make(value["v"])
            except (TypeError, ValueError, OverflowError):
                pass
    return {key: decode(item) for key, item in value.items()}


def dumps(value: Any) -> bytes:
    """One line of JSON in UTF-8, without the newline, of encoded values."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False,
                      separators=(",", ":")).encode("utf-8")


def loads(line: bytes) -> Any:
    """The JSON value in `line`; raises ValueError."""
    return json.loads(line.decode("utf-8"))


def _typed(kind: str, value: Any) -> Dict[str, Any]:
    return {"!": kind, "v": value}


def _text(value: str) -> Any:
    """Words of the command line may be any bytes: then they are surrogates."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        try:
            raw = value.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            raw = value.encode("utf-8", "surrogatepass")
        return _typed("binary", base64.b64encode(raw).decode("ascii"))
    # A subclass may print itself in other ways.
    return value if type(value) is str else str.__str__(value)


def _float(value: float) -> Any:
    if math.isfinite(value):
        return float(value)
    return _typed("float", "nan" if math.isnan(value) else
                  "inf" if value > 0 else "-inf")


def _int(value: int) -> Any:
    value = int(value)
    if INT_MIN <= value <= INT_MAX:
        return value
    if value.bit_length() > 10000:      # str() refuses long ones
        return hex(value)
    return _typed("int", str(value))


def describe(value: Any) -> str:
    """What repr() says of the value, whatever that does; valid UTF-8."""
    try:
        text = repr(value)
        return text if _text(text) == text else ascii(value)
    except Exception:       # a __repr__ of the program's own
        return f"<{type(value).__module__}.{type(value).__qualname__}>"


def _map(pairs: List[Tuple[Any, Any]], path: List[int]) -> Any:
    if all(isinstance(key, str) and key != "!" and _text(key) == key
           for key, _ in pairs):
        return {str.__str__(key): _encode(item, path) for key, item in pairs}
    keyed = [[_key(key), _encode(item, path)] for key, item in pairs]
    # 1 and "1" are two keys in Python, and one in a record.
    if len({_written(key) for key, _ in keyed}) < len(keyed):
        return keyed
    return _typed("map", keyed)


def _key(key: Any) -> Any:
    """Keys are scalars; another one becomes what it looks like."""
    plain = _encode(key, [])
    if isinstance(plain, (dict, list)):
        return describe(key)
    return plain


def _written(key: Any) -> str:
    return key if isinstance(key, str) else json.dumps(key)


def _list(items: Any, path: List[int]) -> List[Any]:
    return [_encode(item, path) for item in items]


def _set(items: Any, path: List[int]) -> Any:
    encoded = _list(items, path)
    # So that equal sets give equal records.
    encoded.sort(key=lambda item: (item if isinstance(item, (int, float))
                                   else 0, json.dumps(item, sort_keys=True)))
    if any(isinstance(item, (dict, list)) for item in encoded):
        return encoded      # a record has sets of scalars
    return _typed("set", encoded)


def _encode(value: Any, path: List[int]) -> Any:
    """`path` has the containers around the value, which may hold itself."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, enum.Enum):
        return _text(str(value))
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return _int(value)
    if isinstance(value, float):
        return _float(value)
    if len(path) >= MAX_DEPTH or id(value) in path:
        return describe(value)
    path.append(id(value))
    try:
        return _encode_other(value, path)
    except Exception:       # what is odd about it must not end the program
        return describe(value)
    finally:
        path.pop()


def _encode_other(value: Any, path: List[int]) -> Any:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _typed("binary",
                      base64.b64encode(bytes(value)).decode("ascii"))
    if isinstance(value, datetime.datetime):
        if value != value:      # pandas: not a time
            return None
        return _typed("timestamp", datetime.datetime.isoformat(value, " "))
    if isinstance(value, datetime.date):
        return _typed("timestamp", value.isoformat())
    if isinstance(value, (datetime.time, datetime.timedelta)):
        return str(value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return _map(list(zip(value._fields, value)), path)
    if isinstance(value, (list, tuple, range)):
        return _list(value, path)
    if isinstance(value, (set, frozenset)):
        return _set(value, path)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _map([(field.name, getattr(value, field.name, None))
                     for field in dataclasses.fields(value)], path)
    if isinstance(value, dict):
        return _map(list(value.items()), path)
    if isinstance(value, os.PathLike):
        return _encode(os.fspath(value), path)
    return _encode_numbers(value, path)


def _encode_numbers(value: Any, path: List[int]) -> Any:
    """Other numbers, those of numpy among them, without importing it."""
    if isinstance(value, type):
        return describe(value)
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        size = value.numel() if callable(value.size) else value.size
        if size > MAX_ITEMS:
            return describe(value)[:SHORT]
        return _encode(value.tolist(), path)
    if isinstance(value, numbers.Integral):
        return _int(int(value))
    if isinstance(value, numbers.Rational):
        return str(value)
    if isinstance(value, numbers.Real):
        return _float(float(value))
    if isinstance(value, numbers.Complex):
        return str(value)
    if type(value).__module__ in ("decimal", "uuid", "ipaddress"):
        return str(value)
    return _encode_maps(value, path)


def _encode_maps(value: Any, path: List[int]) -> Any:
    """What is like a map or a list, and the options of a command line."""
    if isinstance(value, collections.abc.Mapping):
        if len(value) > MAX_ITEMS:
            return describe(value)[:SHORT]
        return _map(list(value.items()), path)
    if isinstance(value, types.SimpleNamespace) or (
            type(value).__module__ == "argparse"):
        return _map(list(vars(value).items()), path)
    if isinstance(value, (collections.deque, collections.UserList,
                          collections.abc.KeysView,
                          collections.abc.ValuesView)):
        return _list(value, path)
    return describe(value)


def bounded(value: Any, limit: int) -> Any:
    """The value, or the beginning of what repr() says of it when it is more
    than `limit` bytes of JSON."""
    if len(dumps(encode(value))) <= limit:
        return value
    return describe(value)[:SHORT]


def _decode_timestamp(text: str) -> Any:
    """As YAML 1.1 writes them; fromisoformat() reads fewer of them."""
    found = _TIMESTAMP.fullmatch(text)
    if not found:
        raise ValueError(text)
    year, month, day, hour, minute, second = (
        int(part or 0) for part in found.group(1, 2, 3, 4, 5, 6))
    if found.group(4) is None:
        return datetime.date(year, month, day)
    fraction = int(((found.group(7) or "") + "000000")[:6])
    zone = None
    if found.group(8):
        zone = datetime.timezone.utc
    elif found.group(9):
        offset = datetime.timedelta(hours=int(found.group(10)),
                                    minutes=int(found.group(11) or 0))
        zone = datetime.timezone(-offset if found.group(9) == "-" else offset)
    return datetime.datetime(year, month, day, hour, minute, second, fraction,
                             zone)


def _decode_set(items: List[Any]) -> Any:
    members = decode(items)
    try:
        return set(members)
    except TypeError:
        return members


def _decode_binary(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _decode_map(pairs: List[List[Any]]) -> Dict[Any, Any]:
    return {decode(key): decode(item) for key, item in pairs}


def _decode_float(text: str) -> float:
    return float(text)


def _decode_int(text: str) -> int:
    return int(text)


_DECODERS: Dict[Any, Callable[[Any], Any]] = {
    "binary": _decode_binary,
    "set": _decode_set,
    "timestamp": _decode_timestamp,
    "float": _decode_float,
    "int": _decode_int,
    "map": _decode_map,
}
