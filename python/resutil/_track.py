"""votakvot's way to record: a function, decorated, is a trial at each call.

A trial is a directory ``<path>/<tid>`` with a record, anywhere; it needs no
project.  What runs in a trial says more about itself by inform(), meter() and
attach(), which also work in an experiment (``resutil run``, main(), start()).
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
import threading
import time
import types
from typing import (IO, Any, Callable, Dict, Iterator, List, Mapping, Optional,
                    Tuple, TypeVar, Union)

from . import _binding, _read, _runners, _state, _trial, hook
from ._program import NotInstalled, ResutilError
from ._recorder import recorder
from ._log import log
from ._tracker import NullTracker, Tracker

__all__ = ["attach", "current_tracker", "inform", "init", "meter", "root",
           "run", "tid", "track", "using_tracker"]

_PathLike = Union[str, "os.PathLike[str]"]
_Fn = TypeVar("_Fn", bound=Callable[..., Any])

#: Exit status of the program for something that is there already.
CONFLICT = 14
#: Seconds that the recorder of a program that was killed is waited for.
PATIENCE = 10.0
#: How many names are tried for one that is taken.
TRIES = 1000


class _Settings:
    """What init() was told; before it, what it takes for granted."""

    def __init__(self) -> None:
        self.path: Optional[str] = None
        self.hooks: List[Any] = []
        self.runner: Any = _runners.InplaceRunner()
        self.providers: Optional[Mapping[str, Callable[[], Any]]] = None


_settings = _Settings()
#: What the caller's context entered, or None.
_current = _state._here.get
_nothing = NullTracker()
_lock = threading.Lock()
_told = ""
#: The number that a root and tid had last, so that 1,000 calls of one tid are
#: not 500,000 questions.
_numbers: Dict[Tuple[str, str], int] = {}
#: Trials of this process that are open, in the order of their beginnings:
#: the tracker, and the one in which it began.
_open: Dict[Tracker, Any] = {}


def init(path: _PathLike = ".", hooks: Any = None, runner: Any = "inplace",
         meta_providers: Optional[Mapping[str, Callable[[], Any]]] = None,
         **runner_options: Any) -> None:
    """Says where and how trials are recorded from now on.

    path:    directory of the trees of trials; made when it is needed.
    hooks:   objects with methods of resutil.hook.Hook: one, or a list.
    runner:  ``inplace``; ``process``: each call in a process of its own, with
             ``processes=N`` at once, made by ``mp_method="fork"``; or a class
             of your own (``call(tracker, fn, args, kwargs)``).
    meta_providers: what is asked about machine and code, see resutil.meta;
             None or empty: ``meta.providers``.
    It may be called again, and need not be called: a tracked function records
    below the working directory then.
    Raises ValueError, TypeError for a runner that cannot be made or a path
    that is a URL.
    """
    made = _runners.make(runner, runner_options)
    _settings.path = os.path.abspath(_local_path(path))
    _settings.hooks = hook.listed(hooks)
    _settings.runner = made
    _settings.providers = dict(meta_providers) if meta_providers else None


def _after_fork() -> None:
    """Another thread of the parent may have held it."""
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _local_path(path: _PathLike) -> str:
    text = os.fsdecode(os.fspath(path))
    if text.startswith("file://"):
        return text[len("file://"):]
    if "://" in text:
        raise ValueError("trials are recorded in a directory of this "
                         "machine, not in '{}'".format(text))
    return text


def root() -> str:
    """Where trials are recorded: what init() said, or the working directory.
    """
    return _settings.path or os.getcwd()


def current_tracker() -> Any:
    """The tracker of the trial or other run that the caller is part of.

    Outside of one: an object that is false, whose methods do nothing.
    A thread that was started in a trial is part of it, as long as only that
    trial is open in the process, or one within the other (then of the inner
    one); use using_tracker() in it where several are.
    """
    here = _current()
    if here is None and _open:
        here = _only_chain()
    if here is None:
        here = _run_of_process()
    return _tracker_of(here)


def _run_of_process() -> Any:
    """What the whole process is part of; a program goes on without it."""
    global _told
    try:
        return _state.current()
    except NotInstalled:
        raise
    except ResutilError as error:
        if _told != str(error):
            _told = str(error)
            log.error("nothing can be added to the run around this program: "
                      "%s", error)
        return None


def _only_chain() -> Any:
    """The innermost open trial, if all open ones lie within each other."""
    with _lock:
        expected = None
        for tracker, parent in _open.items():
            if expected is not None and parent is not expected:
                return None
            expected = tracker
        return expected


def _tracker_of(here: Any) -> Any:
    """The tracker of what the other parts of the package hold as current."""
    if here is None:
        return _nothing
    if isinstance(here, (Tracker, NullTracker)):
        return here
    known = getattr(here, "_resutil_tracker", None)
    if known is None:
        known = Tracker(here, here.name)
        here._resutil_tracker = known
    return known


@contextlib.contextmanager
def using_tracker(tracker: Any, globally: bool = False) -> Iterator[Any]:
    """``with using_tracker(t):`` - the block is part of the trial of `t`.

    For threads of a pool, and for processes: a tracker can be pickled, and
    joins its trial where it is unpickled.
    globally: all threads of the process that are in no trial of their own.
    """
    token = _state.enter(tracker)
    if globally:
        _state.add_process(tracker)
    try:
        if isinstance(tracker, Tracker) and tracker.is_infused:
            hook.call(tracker.hooks, "on_tracker_infused", tracker)
        yield tracker
    finally:
        if globally:
            _state.remove_process(tracker)
        _state.leave(token)
        if isinstance(tracker, Tracker):
            tracker.leave()


def tid() -> Optional[str]:
    """The current trial's tid; an experiment's name; None outside of them."""
    found: Optional[str] = current_tracker().tid
    return found


def inform(**values: Any) -> None:
    """Adds values to ``info`` of the current trial or experiment.

    They are recorded when it returns: nothing but a failure of the disk
    loses them then.  A value takes the place of an earlier one of its name,
    which is logged if it was another.  Outside of a trial nothing happens.
    Raises ValueError for a value that is too large (16 MiB): attach it.
    """
    current_tracker().inform(**values)


def meter(series: Optional[str] = None, value: Any = None, *,
          format: str = "csv", **columns: Any) -> None:
    """Appends a row to a series of metrics of the current trial.

    series: its name; None: the one without a name.
    value:  the column ``value``.
    format: ``csv`` or ``jsonl``.
    The row has the column ``at`` (Unix time); no other may be called that, or
    ``tid``.  It is in its file when meter() returns.  Outside of a trial
    nothing happens.
    """
    here = _current()
    if type(here) is not Tracker:
        current_tracker().meter(series, value, format=format, **columns)
        return
    # the way that is walked 100,000 times a second
    if value is not None:
        columns["value"] = value
    (here._writer or here.writer()).write(columns, series, format)


def attach(name: _PathLike, mode: str = "w", **options: Any) -> IO[Any]:
    """open(name, mode, ...) for a file of the current trial or experiment.

    name: path below its directory; directories in it are made.
    mode: as of open(), the letters in any order; text is UTF-8 where
          ``encoding`` does not say otherwise.
    A file that is written anew (``w``, ``x``) gets its name when it is
    closed, or when the trial ends: it is there whole or not at all.
    Outside of a trial reading raises FileNotFoundError, and what is written
    goes nowhere.  Raises ValueError for a name that leads outside, OSError as
    open() does.
    """
    opened: IO[Any] = current_tracker().attach(name, mode, **options)
    return opened


def track(name: Optional[str] = None, tid_pattern: _binding.TidPattern = None,
          rand_slug: bool = True) -> Callable[[_Fn], _Fn]:
    """Decorator: each call of the function is recorded as a trial.

    name, tid_pattern, rand_slug: parts of the tid, joined by ``/``:
        name (None: ``module.qualname``; "": none), the pattern (None:
        ``yy-mm-dd/HH:MM:SS``; a text for str.format() with the parameters; a
        function that is called with them), and 32 hexadecimal digits.
    A tid that is taken gets ``-2``, ``-3``, ... at its end.

    The function's value and its exceptions are its own.  Where nothing can be
    recorded (no program ``resutil``, no room) ResutilError is raised before
    the function is called.  Coroutine functions work; generators do not
    (TypeError), since they run while nobody looks.
    """
    if callable(name):          # @track, without parentheses
        return track()(name)

    def decorate(fn: _Fn) -> _Fn:
        made: _Fn = _decorate(fn, name, tid_pattern, rand_slug)
        return made

    return decorate


def _decorate(fn: Any, name: Optional[str], pattern: Any, slug: bool) -> Any:
    if inspect.isgeneratorfunction(fn) or inspect.isasyncgenfunction(fn):
        raise TypeError("a generator cannot be tracked: track the function "
                        "that consumes it")
    if inspect.isclass(fn) and hasattr(fn, "snapshot_each"):
        raise TypeError("a resumable_fn needs a tid: use run(tid, {}, ...)"
                        .format(fn.__name__))
    binder = _binding.Binder(fn)

    def begin(args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Tracker:
        params = binder.bind(args, kwargs)
        return _begin_new(fn, params, lambda: _binding.make_tid(
            fn, params, name, pattern, slug), slug)

    if inspect.iscoroutinefunction(fn):
        @functools.wraps(fn)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            if not _binds(binder, args, kwargs):
                return await fn(*args, **kwargs)
            with _recorded(begin(args, kwargs)) as ending:
                ending.value = await fn(*args, **kwargs)
            return ending.value
    else:
        @functools.wraps(fn)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            if not _binds(binder, args, kwargs):
                return fn(*args, **kwargs)
            with _recorded(begin(args, kwargs)) as ending:
                ending.value = _settings.runner.call(
                    ending.tracker, fn, args, kwargs)
            return ending.value

    wrapper._resutil_plain = fn         # type: ignore[attr-defined]
    return wrapper


def _binds(binder: _binding.Binder, args: Tuple[Any, ...],
           kwargs: Dict[str, Any]) -> bool:
    """Whether the function can be called so; Python says best why not."""
    if binder.signature is None:
        return True
    try:
        binder.signature.bind(*args, **kwargs)
        return True
    except TypeError:
        return False


class _recorded:
    """``with _recorded(tracker) as e: e.value = ...`` - the trial's middle.

    Enters the trial, and ends it with the value or with the exception, which
    goes on.
    """

    def __init__(self, tracker: Tracker) -> None:
        self.tracker = tracker
        self.value: Any = None

    def __enter__(self) -> "_recorded":
        tracker = self.tracker
        self.parent = _current()
        with _lock:
            _open[tracker] = self.parent
        self.token = _state.enter(tracker)
        try:
            hook.call(tracker.hooks, "on_tracker_start", tracker)
        except BaseException as error:      # Ctrl-C; the block will not be
            self.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def __exit__(self, kind: Any, error: Optional[BaseException],
                 trace: Any) -> None:
        try:
            self.tracker.end(error, self.value)
        finally:
            _state.leave(self.token)
            with _lock:
                _open.pop(self.tracker, None)


class _Beginning:
    """What a request to begin a trial says, whatever its tid will be."""

    def __init__(self, params: Dict[str, Any], function: str) -> None:
        from . import meta

        names, self.gathering = meta.asked(_settings.providers)
        self.params = params
        self.fields: Dict[str, Any] = {
            "kind": "trial", "root": root(), "function": function,
            "params": _binding.plain_params(params), "providers": names,
            "meta": self.gathering.start(),
            "treeish": "git.treeish" in names,
        }

    def begin(self, name: str, resume: bool = False) -> Any:
        return recorder().begin(tid=name, resume=resume, **self.fields)

    def begin_again(self, name: str) -> Any:
        """As begin() with `resume`.  The recorder of a program that was killed
        needs a moment to write that down, and is waited for."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self.begin(name, resume=True)
            except ResutilError as error:
                if error.code != CONFLICT or time.monotonic() > deadline \
                        or "differ" in getattr(error, "answer", {}) \
                        or not self._has_died(name):
                    raise
            time.sleep(0.01)

    def _has_died(self, name: str) -> bool:
        """Whether the program of a trial that is being recorded is gone."""
        path = os.path.join(self.fields["root"], name)
        try:
            record = _read.read_one(path)["record"]
            process = record["meta"]["process"]
            if record["state"] not in _trial.OPEN_STATES:
                return True
            if record["meta"]["recorder"]["boot_id"] == _boot_id():
                os.kill(process["pid"], 0)
        except ProcessLookupError:
            return True
        except (KeyError, TypeError, OSError, ResutilError):
            pass
        return False

    def tracker(self, begun: Any, name: str) -> Tracker:
        return Tracker(begun, name, self.params, _settings.hooks,
                       int(begun.answer.get("resumes") or 0), self.gathering)


def _boot_id() -> str:
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as f:
        return f.read().strip()


def _begin_new(fn: Callable[..., Any], params: Dict[str, Any],
               name: Callable[[], str], again: bool) -> Tracker:
    """A new trial.

    name:  makes its tid.
    again: whether another call of it makes another one.
    """
    beginning = _Beginning(params, _binding.qualified_name(fn))
    wanted = name()
    place = (beginning.fields["root"], wanted)
    first = _numbers.get(place, 0) + 1
    for number in range(first, first + TRIES):
        chosen = wanted if number == 1 else "{}-{}".format(wanted, number)
        try:
            tracker = beginning.tracker(beginning.begin(chosen), chosen)
        except ResutilError as error:
            if error.code != CONFLICT or number == first + TRIES - 1:
                raise
            if again:
                wanted = name()
            continue
        if not again:
            while len(_numbers) >= TRIES:
                _numbers.pop(next(iter(_numbers)), None)
            _numbers[place] = number
        return tracker
    raise AssertionError("not reached")


def run(*words: Any, **params: Any) -> Any:
    """``run(tid, fn, **params)``: fn(**params) as the trial `tid`.

    Returns its Trial.  When the trial is there and done, with the same
    parameters, nothing is run, and the stored one is returned.  One that
    failed or was lost begins again in the same trial (state ``resumed``).
    fn: a function, or a class derived from resumable_fn, which goes on from
        its last snapshot.
    Raises ResutilError (code 14) when the parameters differ or the trial is
    running, and what the function raises.
    """
    given = list(words)
    for key in ("tid", "fn")[len(given):]:
        if key not in params:
            raise TypeError("run() needs a tid and a function")
        given.append(params.pop(key))
    if len(given) != 2:
        raise TypeError("run() takes a tid and a function; give the "
                        "function's parameters by name")
    return _run(str(given[0]), given[1], params)


def _run(name: str, fn: Any, params: Dict[str, Any]) -> Any:
    from ._resumable import carry_out, is_resumable

    fn = getattr(fn, "_resutil_plain", fn)
    resumable = is_resumable(fn)
    _check_callable(fn)
    # of init() without its object, whatever that is called there
    bound = _binding.Binder(
        types.MethodType(fn.init, fn) if resumable else fn).bind((), params)
    beginning = _Beginning(bound, _binding.qualified_name(fn))
    begun = beginning.begin_again(name)
    if begun.done:
        return _stored(begun, name)
    with _recorded(beginning.tracker(begun, name)) as ending:
        if resumable:
            ending.value = _settings.runner.call(
                ending.tracker, carry_out, (fn, params, begun),
                {"root": root()})
        elif inspect.iscoroutinefunction(fn):
            import asyncio
            ending.value = asyncio.run(fn(**params))
        else:
            ending.value = _settings.runner.call(
                ending.tracker, fn, (), params)
    return _read_back(ending.tracker, bound, ending.value)


def _read_back(tracker: Tracker, params: Dict[str, Any], value: Any) -> Any:
    """The trial as it is recorded; where that is gone, as it is known."""
    try:
        return tracker.trial()
    except ResutilError as error:
        log.error("trial '%s' cannot be read again: %s", tracker.tid, error)
        return _trial.Trial({
            "tid": tracker.tid, "id": tracker.uid, "state": tracker.state,
            "params": params, "info": dict(tracker.info), "result": value,
        }, tracker.path)


@contextlib.contextmanager
def trial(name: str, params: Dict[str, Any], function: str = "",
          root: Optional[str] = None, resume: bool = False) -> Iterator[Any]:
    """``with trial(tid, params) as t: ... t.value = result`` - a trial whose
    function is the block.

    name:     its tid.
    function: what to call the block in the record.
    root:     where in the place of what init() said.
    resume:   go on in a trial of that tid that has ended otherwise than done;
              of one that is done ``t.done`` is set, ``t.value`` is its result,
              and the block should do nothing.
    Raises ResutilError (code 14) when there is such a trial already.
    """
    beginning = _Beginning(params, function)
    if root is not None:
        beginning.fields["root"] = os.path.abspath(root)
    begun = beginning.begin_again(name) if resume else beginning.begin(name)
    tracker = beginning.tracker(begun, name)
    tracker.done = begun.done
    if begun.done:
        tracker.value = _stored(begun, name).result
        yield tracker
        return
    with _recorded(tracker) as ending:
        yield tracker
        ending.value = tracker.value


def _stored(begun: Any, name: str) -> Any:
    from . import _typed

    record = _typed.decode(begun.answer.get("record") or {})
    return _trial.Trial(record, begun.dir, name)


def _check_callable(fn: Any) -> None:
    if not callable(fn):
        raise TypeError("run() needs something that can be called, not "
                        "{!r}".format(fn))
    if inspect.isgeneratorfunction(fn) or inspect.isasyncgenfunction(fn):
        raise TypeError("a generator cannot be tracked: run the function "
                        "that consumes it")
