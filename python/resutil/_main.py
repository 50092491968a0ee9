"""main(), start(): a function, or a block of code, is an experiment.

What `resutil run` does for a program is done here for a part of one: the
experiment is born before the first line of the function runs, its end is
recorded whatever that was, then it is sent to the store.
"""

from __future__ import annotations

import atexit
import functools
import inspect
import os
import signal
import sys
import time
from typing import Any, Callable, Dict, Mapping, Optional, Sequence, Tuple

from . import _state, _store
from ._begin import begin_experiment
from ._binding import Binder, plain_params, qualified_name
from ._ending import finish
from ._program import ResutilError
from ._recorder import Run, recorder
from ._signals import held
from ._talk import ask_yes_no, is_interactive, tell, warn
from ._traceback import traceback_text
from ._values import bounded_repr, plain

__all__ = ["main", "start", "Params", "ActiveRun"]


class Params:
    """What a recorded function gets as its first argument.

    ex_dir: absolute path of the experiment's directory; what the function
            puts there is the experiment.
    name, id: the experiment's name, and which run it is (a UUID).
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self.ex_dir = run.dir
        self.name = run.name
        self.id = run.id

    def __repr__(self) -> str:
        return f"<resutil experiment {self.name}>"

    def save_checkpoint(self, background: bool = False) -> bool:
        """Sends the experiment to the store as it is now.

        background: return when the request is noted; a later request, and the
        end of the run, replace it. Returns whether it was sent (or noted);
        a failure is a warning: the run goes on.
        """
        try:
            return _store.checkpoint(self._run, background)
        except ResutilError as e:
            warn(str(e))
            return False

    def inform(self, **info: Any) -> None:
        """Records facts about the run, under ``info``.

        A later value of a name replaces the earlier one. Raises ResutilError,
        and ValueError for a value that is too large (16 MiB).
        """
        self._run.update(info={name: plain(value)
                               for name, value in info.items()})


class _Recording:
    """From the birth of an experiment to its end, or within one that `resutil
    run` records: then the birth, the end and the push are not ours."""

    def __init__(self, comment: Optional[str] = None, *,
                 params: Optional[Mapping[str, Any]] = None,
                 function: Optional[str] = None,
                 dependency: Sequence[str] = (),
                 debug: Optional[bool] = None,
                 verbose: bool = True) -> None:
        self.verbose = verbose
        self.debug = False
        directory = _state.joinable_dir()
        if directory is None:
            self.run, self.debug = begin_experiment(
                comment, params=params, function=function,
                dependency=dependency, debug=debug, verbose=verbose)
        else:
            self.run = recorder().join(directory)
            if params:
                self.run.update({"params": plain_params(params)})
        self.joined = self.run.joined
        _state.add_process(self.run, environment=not self.joined)
        self.before = _usage()
        self.wall = time.monotonic()

    def end(self, error: Optional[BaseException] = None, result: Any = None,
            state: Optional[str] = None) -> None:
        """Records how it ended and sends it. Never raises: the outcome of
        the function is the program's, whatever becomes of the record. In a
        forked child that comes here, it is not ours to end."""
        if not self.run.is_mine or self.run.finished:
            return
        wall = time.monotonic() - self.wall
        try:
            _state.remove_process(self.run)
            fields = _describe_end(error, result)
            if state is not None:
                fields["state"] = state
            if not self.joined:
                fields["usage"] = _usage_since(self.before, wall)
            # what inform(), meter() or attach() made for it
            tracker = getattr(self.run, "_resutil_tracker", None)
            if tracker is not None:
                tracker.close_files()
            finish(self.run, fields, warn)
        except Exception as e:
            warn(f"the end of '{self.run.name}' is not recorded: "
                 f"{str(e) or bounded_repr(e)}")
            return
        if self.joined:
            return
        try:
            self._tell_end(str(fields["state"]), error, wall)
            self._push_and_ask(error)
        except Exception as e:
            warn(f"'{self.run.name}' is not sent: {str(e) or bounded_repr(e)}")

    def _tell_end(self, state: str, error: Optional[BaseException],
                  wall: float) -> None:
        took = f"{wall:.1f} s"
        if state == "interrupted":
            tell(f"Interrupted after {took}: {self.run.name}", self.verbose)
        elif state == "fail":
            what = f" with {bounded_repr(error)}" if error is not None else ""
            tell(f"Failed after {took}{what}: {self.run.name}", self.verbose)
        else:
            tell(f"Done in {took}: {self.run.name}", self.verbose)

    def _push_and_ask(self, error: Optional[BaseException]) -> None:
        """Recorded and sent first, asked last; the default keeps it."""
        if self.debug:
            return
        ask = (error is not None and is_interactive() and
               not isinstance(error, SystemExit))
        with held() as signals:
            sent = _store.push(self.run, wait=ask, verbose=self.verbose)
            # It gave up the upload, and nothing else.
            stopped = signals.forget(signal.SIGINT)
        if ask and not stopped and ask_yes_no(
                "Delete this experiment, here and in the store?" if sent else
                "Delete this experiment?"):
            _store.remove(self.run.name, in_store=sent)


def _describe_end(error: Optional[BaseException],
                  result: Any) -> Dict[str, Any]:
    """The members of ``finish`` that say how a function ended."""
    if error is None:
        return {"state": "done"} if result is None else {
            "state": "done", "result": result}
    if isinstance(error, SystemExit):
        code = _exit_code(error)
        fields: Dict[str, Any] = {"state": "fail" if code else "done",
                                  "exit_code": code}
        if isinstance(error.code, str):
            fields["error"] = error.code
        return fields
    fields = {"state": "fail", "error": bounded_repr(error),
              "traceback": traceback_text(error)}
    if isinstance(error, KeyboardInterrupt):
        fields.update(state="interrupted", signal="SIGINT")
    return fields


def _exit_code(error: SystemExit) -> int:
    """The status with which the interpreter ends for it."""
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xff
    return 1


def _usage() -> Tuple[float, float]:
    times = os.times()
    return (times.user + times.children_user,
            times.system + times.children_system)


def _usage_since(before: Tuple[float, float],
                 wall: float) -> Dict[str, Any]:
    """Seconds since `before`, and the largest memory in bytes of this process
    or one of its children."""
    now = _usage()
    usage: Dict[str, Any] = {
        "wall": round(wall, 6), "user": round(now[0] - before[0], 6),
        "sys": round(now[1] - before[1], 6)}
    try:
        import resource
        usage["max_rss"] = 1024 * max(
            resource.getrusage(who).ru_maxrss
            for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    except ImportError:
        pass
    return usage


# -- a function -------------------------------------------------------------

def main(verbose: Any = True) -> Callable[..., Any]:
    """Decorator: each call of the function is recorded as an experiment.

    The function gets a Params as its first argument, before those of the
    call, and what it returns is given back. An exception is recorded, with
    its traceback, and raised again. Under ``resutil run`` the run is the one
    that this records: there is one experiment, not two.

    verbose: tell on a terminal (standard error) what happens.
    """
    if callable(verbose):       # @resutil.main
        recorded: Callable[..., Any] = main()(verbose)
        return recorded

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(function):
            return _wrap_async(function, bool(verbose))
        return _wrap(function, bool(verbose))

    return decorate


def _wrap(function: Callable[..., Any],
          verbose: bool) -> Callable[..., Any]:
    binder = Binder(function, ours=True)

    @functools.wraps(function)
    def recorded(*args: Any, **kwargs: Any) -> Any:
        params = binder.bind(args, kwargs)
        # A signal acts in the function, not between it and its record.
        with held() as signals:
            recording = _Recording(params=params, verbose=verbose,
                                   function=qualified_name(function))
            try:
                with signals.released():
                    result = function(Params(recording.run), *args, **kwargs)
            except BaseException as e:
                recording.end(e)
                raise
            recording.end(None, result)
        return result

    return recorded


def _wrap_async(function: Callable[..., Any],
                verbose: bool) -> Callable[..., Any]:
    binder = Binder(function, ours=True)

    @functools.wraps(function)
    async def recorded(*args: Any, **kwargs: Any) -> Any:
        params = binder.bind(args, kwargs)
        with held():
            recording = _Recording(params=params, verbose=verbose,
                                   function=qualified_name(function))
        try:
            result = await function(Params(recording.run), *args, **kwargs)
        except BaseException as e:
            with held():
                recording.end(e)
            raise
        with held():
            recording.end(None, result)
        return result

    return recorded


# -- a block ----------------------------------------------------------------

class ActiveRun(Params):
    """An experiment that lasts from start() to end(), or for a ``with``."""

    def __init__(self, recording: _Recording) -> None:
        super().__init__(recording.run)
        self._recording = recording
        atexit.register(self._at_exit)

    def __enter__(self) -> "ActiveRun":
        return self

    def __exit__(self, kind: Any, error: Optional[BaseException],
                 trace: Any) -> None:
        self.end(error=error)

    def end(self, result: Any = None, *, state: Optional[str] = None,
            error: Optional[BaseException] = None) -> None:
        """Ends it: recorded and sent to the store. Later calls do nothing.

        state: ``done``, ``fail`` or ``interrupted``; else what `error`, an
        exception, means, or ``done`` without one.
        """
        atexit.unregister(self._at_exit)
        with held():
            self._recording.end(error, result, state)

    def _at_exit(self) -> None:
        """The program has ended, and nobody ended the run before."""
        self.end(error=getattr(sys, "last_value", None))


def start(comment: Optional[str] = None, *,
          params: Optional[Mapping[str, Any]] = None,
          dependency: Sequence[str] = (), debug: Optional[bool] = None,
          verbose: bool = True) -> ActiveRun:
    """Begins an experiment here and now, in a script or in a notebook::

        with resutil.start("warm restarts", params={"lr": 0.1}) as run:
            train(run.ex_dir)

    comment: the last part of its name; without it RESUTIL_COMMENT, else it is
             asked for on a terminal.
    params: laid over those of the command line (a notebook has none).
    dependency: experiments (EXP) that it needs, fetched when not here.
    debug: use the directory ``_debug`` again, keep no experiment; None: as
           RESUTIL_DEBUG says.
    Raises ResutilError, with code 10 when there is no project here.
    """
    with held():
        return ActiveRun(_Recording(
            comment, params=params, dependency=dependency, debug=debug,
            verbose=verbose))
