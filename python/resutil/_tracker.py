"""The trial that runs now, as its function and its hooks see it."""

from __future__ import annotations

import os
import pickle
import threading
import time
import weakref
from typing import IO, Any, Dict, List, Optional, Set

from . import _attach, _binding, _values, hook
from ._ending import finish
from ._log import log
from ._traceback import traceback_text

__all__ = ["NullTracker", "Tracker"]


class NullTracker:
    """What there is outside of any trial: false, and does nothing but say so.
    """

    tid = uid = path = None
    state = None

    def __init__(self) -> None:
        self.params: Dict[str, Any] = {}
        self.info: Dict[str, Any] = {}
        self.meta: Dict[str, Any] = {}

    def __bool__(self) -> bool:
        return False

    def inform(self, **values: Any) -> None:
        log.info("inform outside of a trial: %s", ", ".join(values))

    def meter(self, series: Any = None, value: Any = None, *,
              format: str = "csv", **columns: Any) -> None:
        log.info("meter outside of a trial: %s", ", ".join(columns))

    def attach(self, name: Any, mode: str = "w", **options: Any) -> IO[Any]:
        """FileNotFoundError for reading; what is written goes nowhere."""
        if not set(mode) & set("wxa"):
            raise FileNotFoundError(2, "not inside of a trial", str(name))
        log.info("attach outside of a trial: %s", name)
        return open(os.devnull, mode.replace("x", "w"), **options)

    def flush(self) -> None:
        pass


class Tracker:
    """A trial, or another run, that is being recorded.

    tid:    name of the trial; of another experiment its name.
    uid:    the record's id (UUID).
    path:   absolute directory.
    params: parameters by name, as the function got them.
    info:   what inform() said here.
    state:  ``running``, ``resumed``, then ``done``, ``fail``, ``interrupted``.
    resumed, resumes: whether, and how often, it was begun before.
    Any thread may call its methods.
    """

    def __init__(self, run: Any, tid: Optional[str],
                 params: Optional[Dict[str, Any]] = None,
                 hooks: Optional[List[Any]] = None,
                 resumes: int = 0, gathering: Any = None) -> None:
        self.run = run
        self._gathering = gathering
        self.tid = tid
        self.uid = run.id
        self.path = run.dir
        self.params = params or {}
        self.info: Dict[str, Any] = {}
        self.hooks = hooks or []
        self.resumes = resumes
        self.resumed = resumes > 0
        self.state = "resumed" if self.resumed else "running"
        #: set by who knows better than the exception (another process)
        self.traceback: Optional[str] = None
        self.usage: Dict[str, Any] = {}
        #: of trial(): the result, and whether it was there before
        self.value: Any = None
        self.done = False
        self._began = time.perf_counter()
        self._lock = threading.RLock()
        self._writer: Any = None
        self._files: List[Any] = []
        _trackers.add(self)
        self._told: Set[str] = set()

    def __reduce__(self) -> Any:
        return _join, (self.path, self.tid,
                       _binding.plain_params(self.params),
                       [one for one in self.hooks if _can_be_sent(one)],
                       self.resumes)

    @property
    def dir(self) -> str:
        return str(self.path)

    @property
    def data(self) -> Any:
        """The whole record, as it is on the disk now."""
        return self.trial().data

    @property
    def meta(self) -> Any:
        """The record's ``meta``."""
        return self.trial().meta

    def trial(self) -> Any:
        """The trial as load_trials() reads it."""
        from . import _read, _trial
        found = _read.read_one(self.path)
        return _trial.Trial(found["record"], self.path, self.tid)

    def inform(self, **values: Any) -> None:
        """Put values into ``info`` of the record, now.

        Raises TooLarge for a value that no record has room for.  What cannot
        be written (a full disk) is logged; the program goes on.
        """
        made = {key: _values.plain(value) for key, value in values.items()}
        if not made:
            return
        with self._lock:
            for key in made:
                if key in self.info and self.info[key] != made[key] \
                        and key not in self._told:
                    self._told.add(key)
                    log.warning("inform: '%s' was %s and becomes %s", key,
                                _values.bounded_repr(self.info[key]),
                                _values.bounded_repr(made[key]))
            self.info.update(made)
        try:
            self.run.update(info=made)
        except Exception as error:
            log.error("inform: %s could not be recorded: %s",
                      ", ".join(map(str, made)), error)

    def meter(self, series: Optional[str] = None, value: Any = None, *,
              format: str = "csv", **columns: Any) -> None:
        """Append a row to a series of metrics; see resutil.meter()."""
        if value is not None:
            columns["value"] = value
        (self._writer or self.writer()).write(columns, series, format)

    def writer(self) -> Any:
        """The writer of this process's metrics of the run."""
        with self._lock:
            if self._writer is None:
                from . import metrics
                self._writer = metrics.writer_for(self.path)
            return self._writer

    def attach(self, name: Any, mode: str = "w", **options: Any) -> IO[Any]:
        """open(name, mode, ...) in the run's directory; see resutil.attach().
        """
        writing = bool(set(mode) & set("wxa+"))
        path = _attach.safe_path(self.path, name, writing)
        opened = _attach.open_attached(self.path, path, mode, **options)
        if set(mode) & set("wx"):
            with self._lock:
                self._files.append(weakref.ref(opened))
        return opened

    def flush(self) -> None:
        """Bring metrics to their files, and tell the hooks."""
        with self._lock:
            if self._writer is not None:
                self._writer.flush()
        hook.call(self.hooks, "on_tracker_flush", self)

    @property
    def is_infused(self) -> bool:
        """Whether another process records the trial."""
        return self.run.joined or not self.run.is_mine

    def leave(self) -> None:
        """Close what this process has open of another one's trial."""
        if self.is_infused:
            self.close_files()

    def end(self, error: Optional[BaseException], value: Any = None) -> None:
        """The function has ended: complete the record.

        Never raises for what cannot be written: it is logged.  In a forked
        child that got here, too, only the child's files are closed.
        """
        if not self.run.is_mine:
            self.close_files()
            return
        self.usage["wall"] = round(time.perf_counter() - self._began, 6)
        fields = dict(self._ending(error, value), usage=self.usage)
        try:
            hook.call(self.hooks, "on_tracker_finish", self)
            self.close_files()
            rest = self._gathering.rest() if self._gathering else None
            if rest:
                fields["changes"] = {"meta": rest}
        finally:                # whoever presses Ctrl-C here, too
            self._finish(fields)

    def _finish(self, fields: Dict[str, Any]) -> None:
        try:
            finish(self.run, fields, log.error)
        except Exception as error:
            log.error("the end of trial '%s' could not be recorded: %s",
                      self.tid, error)

    def _ending(self, error: Optional[BaseException],
                value: Any) -> Dict[str, Any]:
        if isinstance(error, SystemExit) and error.code in (None, 0):
            error = None
        if error is None:
            self.state = "done"
            return {"state": "done", "result": value}
        stopped = type(error).__name__ == "CancelledError" or isinstance(
            error, (KeyboardInterrupt, GeneratorExit))
        self.state = "interrupted" if stopped else "fail"
        return {"state": self.state, "error": _values.bounded_repr(error),
                "traceback": self.traceback or traceback_text(error)}

    def close_files(self) -> None:
        """Metrics to their files, attached ones to their places."""
        with self._lock:
            files = [ref() for ref in self._files]
            self._files = []
            try:
                self.flush()
                if self._writer is not None:
                    self._writer.close()
            except Exception as error:
                log.error("metrics of trial '%s' could not be kept: %s",
                          self.tid, error)
        for lost in _attach.place_all([one for one in files if one]):
            log.error("a file of trial '%s' could not be kept: %s",
                      self.tid, lost)

    def __repr__(self) -> str:
        return "<Tracker {!r} {}>".format(self.tid, self.state)


_trackers: "weakref.WeakSet[Tracker]" = weakref.WeakSet()


def _after_fork() -> None:
    """Another thread of the parent may have held a lock; and what is in
    the buffers of its open files is the parent's to write."""
    for tracker in list(_trackers):
        tracker._lock = threading.RLock()
        tracker._files = []


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _can_be_sent(value: Any) -> bool:
    try:
        pickle.dumps(value)
        return True
    except Exception:
        return False


def _join(path: str, tid: Optional[str], params: Dict[str, Any],
          hooks: List[Any], resumes: int) -> Tracker:
    """A tracker of another process's trial: informs, and ends nothing."""
    from ._recorder import recorder
    return Tracker(recorder().join(path), tid, params, hooks, resumes)
