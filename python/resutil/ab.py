"""resutil-ab: call a Python function many times at once, and record how long
it takes. Also installed as votakvot-ab, whose options and output it has.

::

    resutil-ab -n500 -c100 my_module.HttpGet url=http://example.com

The callback is a function, or a class, which is made once with the
parameters; the object is called then, and its ``__close__()`` at the end.
Values are Python literals, or else text; nothing is evaluated. Each call is a
row of metrics (``at``, ``duration`` in seconds, ``result``, ``error``) of a
trial, whose result is what the program prints.
"""

from __future__ import annotations

import argparse
import ast
import datetime
import importlib
import json
import math
import os
import sys
import time
import traceback
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

__all__ = ["main", "parse_params", "resolve", "Collector"]

#: From here on Python's threads are more in each other's way than of use.
MANY_WORKERS = 100
#: Calls a second; of shorter ones our own work is too large a part.
TOO_FAST = 1000
#: Distinct results that are listed; there may be one for each call.
MAX_RESULTS = 1000
MAX_TEXT = 1000
TRIES = 100
FAILED = 2


# ---- the words of the command line ----------------------------------------

def _parser() -> argparse.ArgumentParser:
    name = os.path.basename(sys.argv[0])
    parser = argparse.ArgumentParser(
        prog=name if name.endswith("-ab") else "resutil-ab",
        description="Call a Python function many times, and record it.")
    add = parser.add_argument
    add("-c", "--concurrency", type=_positive, default=1, metavar="N",
        help="how many calls at once (1)")
    add("-q", "--quiet", action="store_true", help="show no progress")
    add("-w", "--warmup", type=_count, default=0, metavar="N",
        help="make N calls more, and ignore the first N results")
    add("-p", "--path", default=".", help="where to record (.)")
    add("-t", "--tid", help="name of the trial (CALLBACK/DATE/TIME)")
    add("-g", "--gevent", action="store_true",
        help="use greenlets of gevent in the place of threads")
    add("-s", "--strict", action="store_true", help="fail on the first error")
    add("--max-errors", type=_count, default=100, metavar="N",
        help="how many different errors are kept (100)")
    group = parser.add_mutually_exclusive_group()
    group.add_argument("-n", "--number", type=_positive, metavar="N",
                       help="how many calls (1)")
    group.add_argument("-d", "--duration", type=_seconds, metavar="SECONDS",
                       help="call for so long")
    add("callback", help="dotted name of a function or a class")
    add("param", metavar="KEY=VALUE", nargs="*",
        help="a parameter: a Python literal, or else text")
    return parser


def _count(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"'{text}' is no number of them")
    return int(text)


def _positive(text: str) -> int:
    number = _count(text)
    if not number:
        raise argparse.ArgumentTypeError("it must be 1 or more")
    return number


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"'{text}' is no time in seconds")
    return seconds


def parse_params(words: Sequence[str]) -> Dict[str, Any]:
    """KEY=VALUE words. Raises ValueError with a sentence for one that is
    none, or whose key comes again."""
    params: Dict[str, Any] = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not equals or not key:
            raise ValueError(f"'{word}' is not KEY=VALUE")
        if key in params:
            raise ValueError(f"the parameter '{key}' is given twice")
        params[key] = _literal(text)
    return params


def _literal(text: str) -> Any:
    """A literal is read, never run: no name means anything in it."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text


def resolve(name: str) -> Any:
    """What a dotted name means: a module's member, or a member of that.

    The working directory is searched last. Raises ImportError and
    AttributeError; an import that fails within a module is not hidden.
    """
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    parts = name.split(".")
    for nr in range(len(parts), 0, -1):
        module = ".".join(parts[:nr])
        try:
            found = importlib.import_module(module)
        except ModuleNotFoundError as e:
            missing = e.name or ""
            if nr > 1 and (module + ".").startswith(missing + "."):
                continue        # it is no module, but perhaps a member
            raise
        for part in parts[nr:]:
            found = getattr(found, part)
        return found
    raise ImportError(f"no module named '{name}'")


# ---- what is counted ------------------------------------------------------

class _Counted:
    """How often each of many values came; those that are different but equal
    (1, True, 1.0), and those that cannot be hashed, by their repr()."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.values: Dict[Any, Any] = {}
        self.counts: Dict[Any, int] = {}
        self.others = 0

    def add(self, value: Any) -> None:
        key = self._key(value)
        if key not in self.counts:
            if len(self.counts) >= self.limit:
                self.others += 1
                return
            self.counts[key] = 0
            self.values[key] = value
        self.counts[key] += 1

    @staticmethod
    def _key(value: Any) -> Any:
        if isinstance(value, (str, bytes, int, type(None))):
            return type(value), value
        return type(value), _short(value)

    def most_common(self) -> List[Tuple[Any, int]]:
        order = sorted(self.counts, key=lambda key: -self.counts[key])
        return [(self.values[key], self.counts[key]) for key in order]


def _short(value: Any) -> str:
    from . import _values

    return _values.bounded_repr(value)[:MAX_TEXT]


class Collector:
    """What came of the calls.

    meter:      called with ``duration``, ``result`` and ``error`` of each.
    warmup:     so many first ones are not counted.
    max_errors: different ones that are kept.
    Not for two threads at once.
    """

    def __init__(self, meter: Callable[..., None], warmup: int = 0,
                 max_errors: int = 100) -> None:
        self.meter = meter
        self.warmup = warmup
        self.results = _Counted(MAX_RESULTS)
        self.errors = _Counted(max_errors)
        self.times: List[float] = []
        self.count = self.errors_count = 0
        self.first_error: Optional[BaseException] = None
        self.started = self.ended = time.perf_counter()

    def add(self, result: Any, duration: Optional[float],
            error: Optional[BaseException] = None) -> None:
        """One call: its result and the seconds it took, or its error."""
        if self.warmup > 0:
            self.warmup -= 1
            self.started = time.perf_counter()
            return
        text = None if error is None else _short(error)
        self.count += 1
        self.results.add(result)
        if duration is not None:
            self.times.append(duration)
        if error is not None:
            self.errors_count += 1
            self.errors.add(text)
            self.first_error = self.first_error or error
        self.ended = time.perf_counter()
        self.meter(duration=duration, result=_cell(result), error=text)

    def statistics(self) -> Dict[str, Any]:
        """The result of the trial, in seconds."""
        took = max(self.ended - self.started, 1e-9)
        found: Dict[str, Any] = {
            "total_count": self.count,
            "total_time": math.fsum(self.times),
            "real_rps": self.count / took,
            "duration": self._durations(),
            "results": [{"result": _cell(value), "count": count}
                        for value, count in self.results.most_common()],
            "errors_count": self.errors_count,
            "errors": [{"error": text, "count": count}
                       for text, count in self.errors.most_common()],
        }
        for key, counted in (("other_results", self.results),
                             ("other_errors", self.errors)):
            if counted.others:
                found[key] = counted.others
        return found

    def _durations(self) -> Optional[Dict[str, Any]]:
        if not self.times:
            return None
        found = _summarize(self.times)
        return {
            "average": found["average"],
            "maximum": found["maximum"],
            "minimum": found["minimum"],
            "std_dev": found["std_dev"],
            "percentiles": _by_number(found["percentiles"]),
        }


def _summarize(times: Sequence[float]) -> Dict[str, Any]:
    """What the program says of them, which is what it says everywhere else."""
    from ._program import ResutilError, run_program

    data = "".join(f"{t!r}\n" for t in times).encode()
    done = run_program(["summarize", "--json", "--input=numbers"],
                       capture=True, data=data)
    if done.returncode:
        raise ResutilError("'resutil summarize' could not say what the times "
                           "of calls have in common", done.returncode)
    found: Dict[str, Any] = json.loads(done.stdout)
    return found


def _by_number(values: Dict[str, float]) -> Dict[float, float]:
    return {float(p) if "." in p else int(p): x for p, x in values.items()}


def percentiles(times: Sequence[float]) -> Dict[float, float]:
    """Those that so many values say something about."""
    return _by_number(_summarize(times)["percentiles"])


def _cell(value: Any) -> Any:
    """As a record or a row has it."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT else value[:MAX_TEXT] + "..."
    from . import _values

    return _values.plain_or_repr(value, MAX_TEXT)


# ---- the calls ------------------------------------------------------------

class _Load:
    """Workers that call until the number or the time is reached.

    With gevent the threads below are greenlets: all was patched before.
    """

    def __init__(self, call: Callable[[], Any], collector: Collector,
                 opts: argparse.Namespace) -> None:
        import threading

        self.call = call
        self.collector = collector
        self.strict = opts.strict
        self.workers = opts.concurrency
        self.left: Optional[int] = (
            None if opts.number is None else opts.number + opts.warmup)
        self.until: Optional[float] = (
            None if opts.duration is None else
            time.monotonic() + opts.duration)
        self.lock = threading.Lock()
        self.broken: Optional[BaseException] = None

    def run(self, show: Callable[[int], None]) -> None:
        """Raises the first error of a strict one, and what a worker could
        not catch."""
        import threading

        workers = [threading.Thread(target=self._work, daemon=True)
                   for _ in range(self.workers)]
        try:
            for worker in workers:
                worker.start()
            for worker in workers:
                while worker.is_alive():
                    worker.join(0.2)
                    show(self.collector.count)
        finally:
            with self.lock:
                self.left = 0
        if self.broken is not None:
            raise self.broken

    def _take(self) -> bool:
        with self.lock:
            if self.left is None:
                assert self.until is not None
                return time.monotonic() < self.until
            if self.left <= 0:
                return False
            self.left -= 1
            return True

    def _work(self) -> None:
        try:
            while self._take():
                self._one_call()
        except BaseException as e:      # SystemExit, or our own failure
            with self.lock:
                self.left = 0
                self.broken = self.broken or e

    def _one_call(self) -> None:
        result = duration = error = None
        begin = time.perf_counter()
        try:
            result = self.call()
            duration = time.perf_counter() - begin
        except Exception as e:
            error = e
        with self.lock:
            self.collector.add(result, duration, error)
            if error is not None and self.strict:
                self.left = 0
                self.broken = self.broken or error


def _make_call(callback: Any, params: Dict[str, Any]) -> Callable[[], Any]:
    """A class is made once."""
    if isinstance(callback, type):
        return callback(**params)       # type: ignore[no-any-return]
    return lambda: callback(**params)


def _progress(opts: argparse.Namespace) -> Callable[[int], None]:
    from ._talk import telling

    if opts.quiet or not telling():
        return lambda count: None
    of = "" if opts.number is None else f"/{opts.number}"

    def show(count: int) -> None:
        sys.stderr.write(f"\r{count}{of} ")
        sys.stderr.flush()

    return show


def _carry_out(opts: argparse.Namespace, callback: Any,
               params: Dict[str, Any], tracker: Any) -> Dict[str, Any]:
    call = _make_call(callback, params)
    collector = Collector(_Meter(tracker), opts.warmup, opts.max_errors)
    show = _progress(opts)
    try:
        _Load(call, collector, opts).run(show)
    finally:
        close = getattr(call, "__close__", None)
        if isinstance(callback, type) and callable(close):
            close()
    return collector.statistics()


class _Meter:
    """Rows go into the trial; that they do not is told once."""

    def __init__(self, tracker: Any) -> None:
        self.tracker = tracker
        self.told = False

    def __call__(self, **row: Any) -> None:
        try:
            self.tracker.meter(**row)
        except (OSError, ValueError) as e:
            if not self.told:
                from ._talk import warn
                warn(f"rows of metrics are lost: {e}")
            self.told = True


# ---- what is said ---------------------------------------------------------

def _say(text: str) -> None:
    from ._talk import printable

    print(printable(text), flush=True)


def _tell_plan(opts: argparse.Namespace, params: Dict[str, Any]) -> None:
    words = ", ".join(f"{key}={value!r}" for key, value in params.items())
    _say("votakvot")
    _say(f"run '{opts.callback}({words})'")
    _say(f"use {opts.concurrency} parallel workers")
    if opts.duration is None:
        _say(f"make {opts.number} runs")
    else:
        _say(f"keep running for {round(opts.duration)} seconds")
    if opts.warmup:
        _say(f"skip {opts.warmup} first runs")
    _say("running...")


def _tell_result(found: Dict[str, Any], where: str) -> None:
    if found["real_rps"] > TOO_FAST:
        _say("warning: too high rps\nresults might be very unaccurate\n")
    _say(f"was made  \t {found['total_count']} runs")
    if found["duration"]:
        _tell_durations(found["duration"])
    _tell_counts("result", found["results"], found.get("other_results", 0))
    _tell_counts("error", found["errors"], found.get("other_errors", 0))
    _say(f"more info at\n  {where}")
    _say("absolutely!")


def _tell_durations(duration: Dict[str, Any]) -> None:
    for name in ("average", "std_dev", "minimum", "maximum"):
        _say(f"{name} \t {1000 * duration[name]:.2f} ms")
    _say("percentiles:")
    for percent, value in duration["percentiles"].items():
        _say(f"  pct {percent:02}   \t {1000 * value:.2f} ms")


def _tell_counts(name: str, found: List[Dict[str, Any]], others: int) -> None:
    if not found and not others:
        _say(f"no {name}s")
        return
    _say(f"{name}s:")
    for entry in found:
        value = entry[name]
        shown = value if name == "error" else repr(value)
        _say(f"  {entry['count']} times \t {shown}")
    if others:
        _say(f"  {others} times \t others")


# ---- the program ----------------------------------------------------------

def _tids(opts: argparse.Namespace) -> List[str]:
    """The one that was asked for, or some that may be free."""
    if opts.tid is not None:
        return [opts.tid]
    now = datetime.datetime.now().strftime("%y-%m-%d/%H:%M:%S")
    tid = f"{opts.callback}/{now}"
    return [tid] + [f"{tid}-{nr}" for nr in range(2, TRIES)]


def _record(opts: argparse.Namespace, callback: Any,
            params: Dict[str, Any]) -> Tuple[Dict[str, Any], str]:
    """The statistics, and where they are recorded."""
    from . import _track
    from ._program import ResutilError

    tids = _tids(opts)
    for tid in tids:
        began = False
        try:
            with _track.trial(tid, params, opts.callback,
                              root=opts.path) as tracker:
                began = True
                with _track.using_tracker(tracker, globally=True):
                    tracker.value = _carry_out(opts, callback, params,
                                               tracker)
            return tracker.value, f"{opts.path}/{tid}"
        except ResutilError as e:
            if began or e.code != _track.CONFLICT or tid == tids[-1]:
                raise
    raise AssertionError("not reached")


def _patch() -> Optional[str]:
    """Makes threads and sockets those of gevent; returns why it cannot."""
    try:
        from gevent import monkey       # type: ignore[import]
    except ImportError:
        return ("--gevent needs the package 'gevent', which is not installed")
    monkey.patch_all()
    return None


def main(argv: Optional[Sequence[str]] = None) -> int:
    """The program; returns the exit status: 0, or 2 when it failed."""
    parser = _parser()
    opts = parser.parse_args(argv)
    why = _patch() if opts.gevent else None     # before anything is imported
    try:
        params = parse_params(opts.param)
        if why is None:
            callback = resolve(opts.callback)
            if not callable(callback):
                why = f"'{opts.callback}' cannot be called"
    except ValueError as e:
        parser.error(str(e))
    except (ImportError, AttributeError) as e:
        why = f"cannot find '{opts.callback}': {e}"
    if why is not None:
        parser.error(why)
    if opts.number is None and opts.duration is None:
        opts.number = 1
    if opts.concurrency > MANY_WORKERS:
        _say("warning: too big `concurrency`, consider enabling Gevent with "
             "`--gevent`")
    _tell_plan(opts, params)
    try:
        found, where = _record(opts, callback, params)
    except Exception:
        _say("absolutely fail!")
        _say(traceback.format_exc().strip())
        return FAILED
    _say("done\n")
    _tell_result(found, where)
    return 0


if __name__ == "__main__":
    sys.exit(main())
