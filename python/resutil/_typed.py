"""Values of Python as JSON that keeps their type, and back.

JSON has fewer types than a record. A map with exactly the keys ``!`` and ``v``
is a value of one of the others::

    {"!": "binary", "v": "<base64>"}       bytes; text that is no Unicode
    {"!": "set", "v": [...]}               set, frozenset
    {"!": "timestamp", "v": "2026-11-20 23:04:10.690226"}
    {"!": "float", "v": "nan"}             nan, inf, -inf
    {"!": "int", "v": "<digits>"}          beyond 64 bits
    {"!": "map", "v": [[key, value], ...]} keys that are not all text

resutil-record-runs(1) has the same list. What a record can hold of any other
value is for _values.plain() to say.
"""

from __future__ import annotations

import base64
import datetime
import json
import math
import re
from typing import Any, Callable, Dict, List

from . import _values

__all__ = ["encode", "decode", "dumps", "loads"]

_TIMESTAMP = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)"
    r"(?:(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.(\d*))?"
    r"(?:[ \t]*(?:([Zz])|([-+])(\d\d?)(?::?(\d\d))?))?)?", re.ASCII)

INT_MIN, INT_MAX = -(1 << 63), (1 << 63) - 1


def encode(value: Any) -> Any:
    """`value`, as _values.plain() gives it, as what json.dumps() writes
    without loss. Tuples are lists; anything else becomes what repr() says.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return _int(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        return _map(value)
    if isinstance(value, bytes):
        return _binary(value)
    if isinstance(value, set):
        return _set([encode(item) for item in value])
    if isinstance(value, datetime.datetime):
        return _typed("timestamp", datetime.datetime.isoformat(value, " "))
    if isinstance(value, datetime.date):
        return _typed("timestamp", value.isoformat())
    return _values.bounded_repr(value)


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


def _binary(value: bytes) -> Dict[str, Any]:
    return _typed("binary", base64.b64encode(value).decode("ascii"))


def _text(value: str) -> Any:
    text = _values.text_or_bytes(value)
    return text if isinstance(text, str) else _binary(text)


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


def _map(value: Dict[Any, Any]) -> Any:
    """Of a map whose keys are scalars that are written in different ways."""
    if all(isinstance(key, str) and key != "!" and _text(key) == key
           for key in value):
        return {key: encode(item) for key, item in value.items()}
    return _typed("map", [[_key(key), encode(item)]
                          for key, item in value.items()])


def _key(key: Any) -> Any:
    """Keys are scalars; another one becomes what it looks like."""
    encoded = encode(key)
    if isinstance(encoded, (dict, list)):
        return _values.bounded_repr(key)
    return encoded


def _set(items: List[Any]) -> Any:
    if any(isinstance(item, (dict, list)) for item in items):
        return items        # a record has sets of scalars
    return _typed("set", items)


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
