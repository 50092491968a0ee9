"""Where a tracked function runs: here, or in a process of its own."""

from __future__ import annotations

import importlib
import os
import pickle
import signal
import threading
import traceback
from typing import Any, Callable, Dict, Optional, Set, Tuple

__all__ = ["InplaceRunner", "ProcessRunner", "make"]

#: Seconds that a process has to end when its caller was interrupted.
PATIENCE = 5.0


class InplaceRunner:
    """Calls the function in the thread that called it."""

    def call(self, tracker: Any, fn: Callable[..., Any], args: Tuple[Any, ...],
             kwargs: Dict[str, Any]) -> Any:
        """fn(*args, **kwargs); its value, or what it raises."""
        return fn(*args, **kwargs)

    def close(self) -> None:
        """Nothing is left to be ended."""


class RemoteTraceback(Exception):
    """The traceback of an exception that was raised in another process."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return "\n" + self.text


class WorkerDied(RuntimeError):
    """The process of a tracked function ended without a word."""


class ProcessRunner:
    """Calls each function in a new process, and waits for it.

    processes: how many may run at once; more calls (from threads) wait.
               None: as many as there are processors.
    mp_method: how processes are made: ``fork``, ``spawn`` or ``forkserver``
               of multiprocessing.  With ``fork`` the function and its
               parameters may be anything; otherwise they are pickled on
               their way, and the function must be found by its name.
    What the function returns or raises is pickled on its way back.
    """

    def __init__(self, processes: Optional[int] = None,
                 mp_method: str = "fork") -> None:
        import multiprocessing      # of no use to most programs

        self._context: Any = multiprocessing.get_context(mp_method)
        self._method = mp_method
        self._slots = threading.BoundedSemaphore(
            processes or os.cpu_count() or 1)

    def call(self, tracker: Any, fn: Callable[..., Any], args: Tuple[Any, ...],
             kwargs: Dict[str, Any]) -> Any:
        """fn(*args, **kwargs) in a process; its value, or what it raises.

        Raises WorkerDied where the process was killed.
        """
        with self._slots:
            return self._call(tracker, fn, args, kwargs)

    def _call(self, tracker: Any, fn: Callable[..., Any],
              args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Any:
        what = fn if self._method == "fork" else _ByName(fn)
        receive, send = self._context.Pipe(duplex=False)
        # An interrupt between fork and the note of whom it made would leave
        # a process that nobody ends.
        held = {signal.SIGINT, signal.SIGTERM}
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, held)
        process = self._context.Process(
            target=_child, args=(mask, send, tracker, what, args, kwargs))
        try:
            try:
                process.start()
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            send.close()
            answer = _answer(receive, process.sentinel)
            process.join()
        except BaseException:
            _end(process)
            raise
        finally:
            receive.close()
        if answer is None:
            raise WorkerDied(_how_it_died(process.exitcode))
        value, error, text, usage = answer
        tracker.usage.update(usage)
        if error is not None:
            tracker.traceback = text
            raise error from RemoteTraceback(text)
        return value

    def close(self) -> None:
        """Nothing is left: each call waits for its process."""


class _ByName:
    """A function as another process finds it: its module and name."""

    def __init__(self, fn: Callable[..., Any]) -> None:
        self._fn = fn

    def __reduce__(self) -> Any:
        module = getattr(self._fn, "__module__", None)
        name = getattr(self._fn, "__qualname__", "")
        if module is None or "<" in name:
            # pickle says best why it cannot
            return _given, (self._fn,)
        return _found, (module, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._fn(*args, **kwargs)


def _given(fn: Callable[..., Any]) -> Callable[..., Any]:
    return fn


def _found(module: str, name: str) -> Any:
    here: Any = importlib.import_module(module)
    for part in name.split("."):
        here = getattr(here, part)
    # the module has the tracked function; what runs is the one in it
    return getattr(here, "_resutil_plain", here)


def _answer(receive: Any, sentinel: Any
            ) -> Optional[Tuple[Any, Any, str, Dict[str, Any]]]:
    """What the process says; None when it is gone without a word.

    A daemon that it left behind may hold its end of the pipe for ever, so
    the process itself is watched, too.
    """
    from multiprocessing.connection import wait

    wait([receive, sentinel])
    if not receive.poll():
        return None
    try:
        found: Tuple[Any, Any, str, Dict[str, Any]] = receive.recv()
        return found
    except EOFError:
        return None


def _end(process: Any) -> None:
    """Let the process end, with more and more force.

    At a terminal Ctrl-C was for it as well; who sends a signal to the caller
    alone means it, too.
    """
    if process.pid is None:
        return
    process.join(PATIENCE / 10)
    if process.is_alive():
        os.kill(process.pid, signal.SIGINT)
        process.join(PATIENCE)
    if process.is_alive():
        process.terminate()
        process.join(PATIENCE)
    if process.is_alive():
        process.kill()
        process.join()


def _how_it_died(code: Optional[int]) -> str:
    if code is not None and code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = "signal {}".format(-code)
        return "the process of the function was ended by {}".format(name)
    return ("the process of the function ended with status {}, without a "
            "result".format(code))


def _child(mask: Set[Any], send: Any, tracker: Any, fn: Callable[..., Any],
           args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> None:
    from . import _traceback, _track

    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    value, error, text = None, None, ""
    try:
        with _track.using_tracker(tracker):
            value = fn(*args, **kwargs)
    except BaseException as caught:
        error, text = caught, _traceback.traceback_text(caught)
    _send(send, value, error, text)
    send.close()


def _send(send: Any, value: Any, error: Any, text: str) -> None:
    usage = _usage()
    try:
        if error is not None:
            # some exceptions can be taken apart, and not put together
            pickle.loads(pickle.dumps(error))
        send.send((value, error, text, usage))
        return
    except (BrokenPipeError, ConnectionError):
        return
    except Exception as refused:
        reason = "{}: {}".format(type(refused).__name__, refused)
    if error is not None:
        lost: Exception = RuntimeError("".join(
            traceback.format_exception_only(type(error), error)).strip())
    else:
        lost = TypeError("the function's value cannot be brought back from "
                         "its process ({})".format(reason))
    send.send((None, lost, text or str(lost), usage))


def _usage() -> Dict[str, Any]:
    try:
        import resource
    except ImportError:
        return {}
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {"user": round(used.ru_utime, 6), "sys": round(used.ru_stime, 6),
            "max_rss": used.ru_maxrss * 1024}


def make(runner: Any, options: Dict[str, Any]) -> Any:
    """The runner that init() was told: a name, a class, or one itself.

    A runner has ``call(tracker, fn, args, kwargs)``.
    Raises ValueError for an unknown name, TypeError for options that the
    runner does not have.
    """
    known = {"inplace": InplaceRunner, "process": ProcessRunner}
    if isinstance(runner, str):
        if runner not in known:
            raise ValueError("there is no runner '{}': say 'inplace' or "
                             "'process'".format(runner))
        return known[runner](**options)
    if isinstance(runner, type):
        return runner(**options)
    if options:
        raise TypeError("a runner that is made already takes no options")
    return runner
