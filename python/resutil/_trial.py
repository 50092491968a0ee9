"""Trials that were recorded: read them, look into them, make tables."""

from __future__ import annotations

import os
from typing import IO, Any, Dict, Iterator, List, Optional, Union

from . import _attach, _read, _report

__all__ = ["Data", "Trial", "TrialFailedException", "load_report",
           "load_trials"]

_PathLike = Union[str, "os.PathLike[str]"]

#: States in which a run has not come to its end.
OPEN_STATES = ("started", "running", "resumed")


class Data(Dict[Any, Any]):
    """A map whose keys are attributes, too: ``trial.meta.git.commit``."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        try:
            del self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __dir__(self) -> List[str]:
        return sorted(set(super().__dir__())
                      | {key for key in self if isinstance(key, str)})


def as_data(value: Any) -> Any:
    """The value with every map in it made a :class:`Data`."""
    if isinstance(value, dict):
        return Data((key, as_data(item)) for key, item in value.items())
    if isinstance(value, list):
        return [as_data(item) for item in value]
    return value


class TrialFailedException(Exception):
    """The result of a trial was asked for that has none, since it failed.

    ``args``: the error's text, and its traceback (text or None).
    """

    def __init__(self, error: str, traceback: Optional[str] = None) -> None:
        super().__init__(error, traceback)
        self.error = error
        self.traceback = traceback

    def __str__(self) -> str:
        return self.error


class Trial:
    """One recorded trial, as it was when it was read.

    Its parts are attributes and keys: ``trial.params`` is ``trial["params"]``.

    tid:      its name, text.
    uid:      which run it is: the record's ``id``; votakvot's uid.
    path:     its directory; None for one that was read from a store.
    data:     the whole record (:class:`Data`); times of ``at`` are naive
              datetimes in local time.
    meta, params, info: maps of it, ``{}`` where it has none.
    state:    ``done``, ``fail``, ``running``, ...
    result:   what the function returned.  Raises TrialFailedException for a
              trial that ended otherwise; None while it is running.
    attached: paths of its files as they are now, without the record; of a
              trial in a store none.
    """

    _KEYS = ("tid", "uid", "path", "data", "meta", "params", "info", "result",
             "state", "status", "attached", "error")

    def __init__(self, data: Dict[Any, Any], path: Optional[str] = None,
                 tid: Optional[str] = None) -> None:
        self.data = as_data(data)
        moments = self.data.get("at")
        if isinstance(moments, dict):
            for key in moments:
                moments[key] = _report.local_time(moments[key])
        self.path = path
        self.tid = tid if tid is not None else self.data.get("tid")

    @property
    def uid(self) -> Any:
        return self.data.get("uid") or self.data.get("id")

    @property
    def meta(self) -> Data:
        return self._map("meta")

    @property
    def params(self) -> Data:
        return self._map("params")

    @property
    def info(self) -> Data:
        return self._map("info")

    def _map(self, key: str) -> Data:
        value = self.data.get(key)
        return value if isinstance(value, Data) else Data()

    @property
    def state(self) -> Any:
        return self.data.get("state")

    status = state

    @property
    def error(self) -> Any:
        return self.data.get("error")

    @property
    def result(self) -> Any:
        if self.state in ("fail", "interrupted", "lost"):
            raise TrialFailedException(
                str(self.error or "trial '{}' ended as {}".format(
                    self.tid, self.state)), self.data.get("traceback"))
        return self.data.get("result")

    @property
    def attached(self) -> List[str]:
        return _read.attached_files(self.path)

    def attach(self, name: _PathLike, mode: str = "rb",
               **options: Any) -> IO[Any]:
        """Open file `name` of the trial as open(name, mode, ...) does.

        What is written makes the record's revision grow, so that a store is
        sent it.
        """
        if self.path is None:
            raise FileNotFoundError(
                2, "the trial is in a store: pull it first", str(name))
        writing = bool(set(mode) & set("wxa+"))
        path = _attach.safe_path(self.path, name, writing)
        return _attach.open_attached(self.path, path, mode,
                                     placed=self._has_grown, **options)

    def _has_grown(self) -> None:
        from ._recorder import recorder
        recorder().join(str(self.path)).update({})

    def load_metrics(self) -> Any:
        """All its metrics, as metrics.load_metrics() gives them."""
        from . import metrics
        return metrics.load_metrics(self)

    def __getitem__(self, key: str) -> Any:
        if key in self._KEYS:
            return getattr(self, key)
        return self.data[key]

    def __getattr__(self, name: str) -> Any:
        # only what is no attribute otherwise: at, git, host, ...
        if name.startswith("_") or name == "data":
            raise AttributeError(name)
        try:
            return self.data[name]
        except KeyError:
            raise AttributeError("a trial has no '{}'".format(
                name)) from None

    def __contains__(self, key: object) -> bool:
        return key in self._KEYS or key in self.data

    def __iter__(self) -> Iterator[Any]:
        return iter(self.keys())

    def keys(self) -> List[Any]:
        """What may be asked for by key."""
        return list(dict.fromkeys(list(self._KEYS) + list(self.data)))

    def get(self, key: str, default: Any = None) -> Any:
        """self[key]; `default` where there is none."""
        try:
            return self[key]
        except (KeyError, TrialFailedException):
            return default

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Trial):
            return NotImplemented
        return (self.uid, self.tid) == (other.uid, other.tid)

    def __hash__(self) -> int:
        return hash((self.uid, self.tid))

    def __repr__(self) -> str:
        return "<Trial {!r} {}>".format(self.tid, self.state)


def load_trials(path: Optional[_PathLike] = None,
                safe: bool = True) -> Dict[str, Trial]:
    """All trials below `path`, as a dict from tid to :class:`Trial`.

    path: a directory, a pattern (``*`` within one level, ``**`` any number of
          them) or the URL of a store; None: where init() said, else ``.``.
          ``my_module/function`` also means ``my_module.function``, and the
          other way round.
    safe: with False, a record that cannot be read raises ResutilError; it is
          otherwise told and passed over.
    Order: by tid.  Of two trials with one tid the later path wins.
    """
    return {str(trial.tid): trial for trial in _all(path, safe)}


def _all(path: Optional[_PathLike], safe: bool) -> List[Trial]:
    if path is None:
        from . import _track
        path = _track.root()
    trials = [Trial(found["record"], found["path"], found["tid"])
              for found in _read.read_all(path, safe)]
    trials.sort(key=lambda trial: (str(trial.tid), str(trial.path)))
    return trials


def load_report(path: Optional[_PathLike] = None, full: bool = False,
                safe: bool = True) -> Any:
    """The trials below `path` as a table, one row each, by tid.

    full: False: ``tid``, the parameters, ``info`` and the result without
          prefix, ``state`` and ``error``.  True: every value of the record
          under its dotted name (``params.one``, ``meta.git.commit``).
    Returns a pandas.DataFrame with an integer index where pandas is there, a
    list of dicts otherwise; without trials an empty one, never None.
    path, safe: as of load_trials().
    """
    row = _report.full_row if full else _report.short_row
    return _report.frame([row(trial) for trial in _all(path, safe)], full)
