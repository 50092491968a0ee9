"""Parameters of a call, and the name (tid) of the trial made from it."""

from __future__ import annotations

import datetime
import inspect
import uuid
from typing import Any, Callable, Dict, Mapping, Optional, Tuple, Union

from . import _values

__all__ = ["Binder", "make_tid", "plain_params", "qualified_name"]

_KINDS = inspect.Parameter

TidPattern = Union[None, str, Callable[..., str]]


def qualified_name(fn: Callable[..., Any]) -> str:
    """``module.qualname`` of a function, a class or any other callable."""
    name = getattr(fn, "__qualname__", None) or type(fn).__qualname__
    module = getattr(fn, "__module__", None) or type(fn).__module__
    return "{}.{}".format(module, name)


class Binder:
    """Tells how the parameters of one function are called.

    fn:   the function.  One without a signature (some built in ones) has its
          words given by position under ``args``.
    ours: whether it gets an argument before those of the call, which is no
          parameter.
    """

    def __init__(self, fn: Callable[..., Any], ours: bool = False) -> None:
        self.ours = ours
        self.signature: Optional[inspect.Signature]
        try:
            self.signature = inspect.signature(fn)
        except (TypeError, ValueError):
            self.signature = None
        self.hidden = None if ours else _first_is_self(fn, self.signature)

    def bind(self, args: Tuple[Any, ...],
             kwargs: Dict[str, Any]) -> Dict[str, Any]:
        """Parameters of fn(*args, **kwargs) by name, defaults included.

        ``*args`` is a list under its own name, ``**kwargs`` lie beside the
        others (under its own name where one of them has a name that a
        positional-only parameter has too).  Names that begin with ``_`` and
        the object that a method belongs to are left out; with `ours` nothing
        is but that.
        Raises TypeError where the call itself would.
        """
        if self.signature is None:
            found = {"args": list(args)} if args else {}
            found.update(kwargs)
            return self._visible(found)
        first: Tuple[Any, ...] = (None,) if self.ours else ()
        bound = self.signature.bind(*first, *args, **kwargs)
        bound.apply_defaults()
        found = {}
        for name, value in bound.arguments.items():
            kind = self.signature.parameters[name].kind
            if kind is _KINDS.VAR_POSITIONAL:
                value = value[len(first):]
                first = ()
                if value:
                    found[name] = list(value)
            elif first:
                first = ()
            elif kind is _KINDS.VAR_KEYWORD:
                if any(key in found for key in value):
                    found[name] = value
                else:
                    found.update(value)
            else:
                found[name] = value
        return self._visible(found)

    def _visible(self, found: Dict[str, Any]) -> Dict[str, Any]:
        if self.ours:
            return found
        return {name: value for name, value in found.items()
                if name != self.hidden and not name.startswith("_")}


def _first_is_self(fn: Callable[..., Any],
                   signature: Optional[inspect.Signature]) -> Optional[str]:
    """The name of a method's first parameter: the object, no parameter.

    A function that is decorated in the body of a class is no method yet, so
    its names have to tell.
    """
    outer = getattr(fn, "__qualname__", "").rpartition(".")[0]
    if signature is None or not outer or outer.endswith("<locals>"):
        return None
    first = next(iter(signature.parameters), None)
    return first if first in ("self", "cls") else None


def plain_params(params: Mapping[Any, Any]) -> Dict[Any, Any]:
    """Parameters as a record holds them: each bounded by itself, for data
    that a function is called with are no parameters."""
    names = _values.plain(dict.fromkeys(params))
    return {name: _values.plain_or_repr(value, _values.PARAM_LIMIT)
            for name, value in zip(names, params.values())}


def make_tid(fn: Callable[..., Any], params: Dict[str, Any],
             name: Optional[str] = None, pattern: TidPattern = None,
             rand_slug: bool = True,
             now: Optional[datetime.datetime] = None) -> str:
    """The tid of a new trial, as votakvot makes it.

    fn, params: the function and its parameters by name, as they are.
    name:       first part; None: ``module.qualname``; "": no such part.
    pattern:    second part; None: ``yy-mm-dd/HH:MM:SS``, local time; a text:
                str.format() with the parameters; a function: called with
                them.
    rand_slug:  whether 32 hexadecimal digits (a UUID 1) make the last part.
    now:        the time to use in the place of the clock's.
    Raises what the pattern raises, and ValueError for an empty tid.
    """
    parts = []
    if name is None:
        parts.append(qualified_name(fn))
    elif name:
        parts.append(name.rstrip("/"))
    if pattern is None:
        moment = now or datetime.datetime.now()
        parts.append(moment.strftime("%y-%m-%d/%H:%M:%S"))
    elif callable(pattern):
        parts.append(str(pattern(**params)))
    else:
        parts.append(pattern.format(**params))
    if rand_slug:
        parts.append(uuid.uuid1().hex)
    tid = "/".join(part for part in parts if part)
    if not tid:
        raise ValueError("a trial needs a tid: name, tid_pattern and "
                         "rand_slug gave none")
    return tid
