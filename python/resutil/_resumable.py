"""Functions that go on where they were stopped: resumable_fn.

A class takes the place of the function: its object is kept on the disk between
its steps, and the next start of the same trial goes on with it.
"""

from __future__ import annotations

import datetime
import os
import time
from typing import Any, Dict, Optional, Tuple, Union

from ._snapshot import Snapshot, Snapshots, find_key
from ._talk import warn

__all__ = ["resumable_fn", "carry_out", "is_resumable"]


class resumable_fn:
    """Base of functions that are run in steps, and can be pickled in between.

    ::

        class Fit(resutil.resumable_fn):
            snapshot_period = 60

            def init(self, seed, epochs=10):
                self.model, self.left = make_model(seed), epochs

            def loop(self):
                self.model.epoch()
                self.left -= 1
                return None if self.left else self.model.score()

        resutil.run("fit/seed=1", Fit, seed=1)

    init() is called once with the parameters. Then, in one of two ways:

    * loop() is called until it returns something that is not None: the result.
    * Where there is is_done(), that is asked before each step, and loop()
      called while it is false; the result is what result() returns.

    At the end clean() and cleanup() are called, where there are such.

    index:           how many steps were begun; is_done() counts in a step.
    snapshot_each:   a snapshot after so many steps.
    snapshot_period: and when so many seconds (or a timedelta) have passed
                     since the last one.

    There is always one after init() and one at the end. Each is synced to the
    disk, so one for each step of a few milliseconds would cost more than the
    steps. What is done after a snapshot is done again by the next start: rows
    of meter() and values of inform() that were recorded stay recorded.
    """

    snapshot_each: Optional[int] = None
    snapshot_period: Union[None, float, datetime.timedelta] = None
    index: int = 0
    _snapshot_wanted = False

    def init(self) -> None:
        """Takes the parameters; redefine it."""

    def loop(self) -> Any:
        """One step; redefine it."""
        raise NotImplementedError(
            f"{type(self).__qualname__} needs a method loop()")

    def result(self) -> Any:
        """What is_done() functions return in the end."""
        return None

    def snapshot(self) -> None:
        """Asks for a snapshot after the step that is under way."""
        self._snapshot_wanted = True

    @classmethod
    def call(cls, *args: Any, **params: Any) -> Any:
        """The result, as a plain function would give it: nothing is recorded
        or kept."""
        steps = _Steps(cls(), None)
        steps.begin(args, params)
        return steps.until_done()


def is_resumable(fn: Any) -> bool:
    """Whether run() is to carry it out in steps."""
    return isinstance(fn, type) and issubclass(fn, resumable_fn)


def carry_out(fn: Any, params: Dict[str, Any], run: Any,
              root: Optional[str] = None) -> Any:
    """The result of a class derived from resumable_fn, from its last snapshot
    on.

    params: of init(), by name.
    run:    the trial that is being recorded: ``dir``, ``id`` and ``name``.
    root:   of the tree that the trial lies in; None: its directory.
    Raises what the class raises, and what pickle raises when the object
    cannot be pickled after init().
    """
    about = {"class": f"{fn.__module__}.{fn.__qualname__}",
             "tid": str(run.name), "id": str(run.id)}
    directory = os.fspath(run.dir)
    snapshots = Snapshots(directory, about, find_key(root or directory))
    found = snapshots.load()
    if found is not None and found.finished:
        return found.result
    if found is not None and isinstance(found.object, fn):
        steps = _Steps(found.object, snapshots)
    else:
        steps = _Steps(fn(), snapshots)
        steps.begin((), params)
    return steps.until_done()


class _Steps:
    """An object between its steps.

    snapshots: where it is kept; None: nowhere.
    """

    def __init__(self, obj: Any, snapshots: Optional[Snapshots]) -> None:
        self.obj = obj
        self.snapshots = snapshots
        self.last = time.monotonic()
        self.told = False
        is_done = getattr(obj, "is_done", None)
        self.is_done = is_done if callable(is_done) else None
        self.period: Optional[float] = None

    def begin(self, args: Tuple[Any, ...], params: Dict[str, Any]) -> None:
        self.obj.index = 0
        self.obj.init(*args, **params)
        # What cannot be pickled now never can: better said before the work.
        if self.snapshots is not None:
            self._save(Snapshot(self.obj, False, None))

    def until_done(self) -> Any:
        period = self.obj.snapshot_period       # init() may have set it
        if isinstance(period, datetime.timedelta):
            period = period.total_seconds()
        self.period = period
        while True:
            done, value = self._step()
            if done:
                break
            if self._is_due():
                self._try_to_save(Snapshot(self.obj, False, None))
        for name in ("clean", "cleanup"):
            method = getattr(self.obj, name, None)
            if callable(method):
                method()
        self._try_to_save(Snapshot(self.obj, True, value))
        return value

    def _step(self) -> Tuple[bool, Any]:
        obj = self.obj
        obj.index += 1
        if self.is_done is None:
            value = obj.loop()
            return value is not None, value
        if self.is_done():
            return True, obj.result()
        obj.loop()
        return False, None

    def _is_due(self) -> bool:
        obj = self.obj
        if obj._snapshot_wanted:
            obj._snapshot_wanted = False
            return True
        if obj.snapshot_each and obj.index % obj.snapshot_each == 0:
            return True
        return (self.period is not None and
                time.monotonic() - self.last >= self.period)

    def _save(self, snapshot: Snapshot) -> None:
        from ._track import current_tracker

        if self.snapshots is None:
            return
        current_tracker().flush()
        self.snapshots.save(snapshot, self.obj.index)
        self.last = time.monotonic()

    def _try_to_save(self, snapshot: Snapshot) -> None:
        """The work goes on without it: what is lost by that is told, once."""
        try:
            self._save(snapshot)
        except Exception as e:
            self.last = time.monotonic()
            if not self.told:
                warn(f"no snapshot could be taken after step "
                     f"{self.obj.index}, and a new start will go on from an "
                     f"earlier one: {type(e).__name__}: {e}")
            self.told = True
