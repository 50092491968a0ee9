"""The recorder: one ``resutil record-runs`` for each process.

Everything that is written as a record is written by the C program; this is
its client. Requests are lines of JSON on its standard input, answers on its
standard output come in the same order, see resutil-record-runs(1).

Any thread may ask. A forked child has a recorder of its own, which it starts
when it first asks; runs that its parent began are only added to there. When
the recorder dies, its runs are opened again by another one, and a warning
says so. When this process dies, the end of the pipe tells the recorder.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import platform
import signal
import subprocess
import sys
import threading
import time
from typing import Any, Dict, List, Mapping, Optional, Tuple

from . import _typed
from ._program import ResutilError, find_program, is_open
from ._signals import held
from ._talk import warn

__all__ = ["Recorder", "RecorderDied", "Refused", "ResutilError", "Run",
           "recorder"]

PROTOCOL = 1
MAX_LINE = 64 << 20
READ_SIZE = 1 << 16
EXIT_SECONDS = 10
# Programs close or redirect the low ones as they like.
FIRST_DESCRIPTOR = 20


class RecorderDied(ResutilError):
    """The recorder is gone; what it acknowledged is recorded."""


class Refused(ResutilError):
    """The recorder's answer is no; ``answer`` has all of it, such as
    ``differ`` and ``retry`` of resutil-record-runs(1)."""

    def __init__(self, answer: Dict[str, Any]) -> None:
        super().__init__(str(answer.get("error", "no reason was given")),
                         int(answer.get("code", 128)))
        self.answer = answer


class _Channel:
    """A descriptor of ours that is used only while it is still ours.

    A program may close all descriptors and open its own files, which then
    get the same numbers.
    """

    def __init__(self, stream: Any) -> None:
        low: int = stream.fileno()
        try:
            self.fd = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC,
                                  FIRST_DESCRIPTOR)
        except OSError:         # so few are allowed
            self.fd = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, 3)
        finally:
            stream.close()
        os.set_blocking(self.fd, True)      # gevent's are not
        self.identity = self._look()

    def _look(self) -> Optional[Tuple[int, int]]:
        try:
            st = os.fstat(self.fd)
        except OSError:
            return None
        return st.st_dev, st.st_ino

    def is_ours(self) -> bool:
        return self.fd >= 0 and self._look() == self.identity

    def close(self) -> None:
        if self.is_ours():
            os.close(self.fd)
        self.fd = -1


class Recorder:
    """A running ``resutil record-runs`` and the pipes to it."""

    def __init__(self, program: Optional[str] = None) -> None:
        self.program = program or find_program()
        self.pid = os.getpid()
        self.hello: Dict[str, Any] = {}
        self._lock = threading.Lock()
        self._owner: Optional[int] = None
        self._seq = 0
        self._has_seq = False
        self._broken = False    # a request was broken off
        self._rest = b""
        self._process = self._start()
        assert self._process.stdin and self._process.stdout
        self._to = _Channel(self._process.stdin)
        self._from = _Channel(self._process.stdout)
        try:
            self.hello = self.ask("hello", **self.introduction())
            # What we started has ended, unless it could not leave us.
            if self.process_id != self._process.pid:
                self._process.wait()
        except RecorderDied as e:
            self.close()
            raise ResutilError(
                f"'{self.program}' is not the program 'resutil' that this "
                f"package needs ({e}); set RESUTIL_BIN to that, or put it "
                f"first on PATH") from None
        except BaseException:
            self.close()
            raise

    def introduction(self) -> Dict[str, Any]:
        """The members of ``hello``, as of where the process is now."""
        return {
            "protocol": PROTOCOL, "pid": self.pid,
            "interpreter": _typed.encode(sys.executable or None),
            "cwd": _typed.encode(_cwd()), "language": "python",
            "version": platform.python_version()}

    def _start(self) -> "subprocess.Popen[bytes]":
        # It leaves us at once, and goes on in a session of its own: Ctrl-C is
        # for the program, and one that waits for all of its children must
        # not wait for this. What it says is for a person.
        errors = None if is_open(2) else subprocess.DEVNULL
        try:
            return subprocess.Popen(
                [self.program, "record-runs", "--detach"], bufsize=0,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=errors)
        except OSError as e:
            raise ResutilError(
                f"cannot run '{self.program}': {e.strerror}") from e

    # -- requests -----------------------------------------------------------

    def ask(self, op: str, **fields: Any) -> Dict[str, Any]:
        """One request and its answer, without ``ok``.

        Fields are what _typed.encode() gives, or plain JSON. Raises
        ResutilError with the program's own sentence and code, RecorderDied
        when there is no answer any more. Signals whose handlers are Python
        wait until the answer is there (Ctrl-C: not twice).
        """
        if self._owner == threading.get_ident():
            raise ResutilError("the recorder is busy with a request of this "
                               "thread, which a signal or a finalizer broke "
                               "into")
        with held():
            with self._lock:
                self._owner = threading.get_ident()
                try:
                    answer = self._exchange(op, fields)
                finally:
                    self._owner = None
        for text in answer.pop("warnings", None) or ():
            warn(str(text))
        if not answer.pop("ok", False):
            raise Refused(answer)
        return answer

    def _exchange(self, op: str, fields: Mapping[str, Any]) -> Dict[str, Any]:
        self._seq += 1
        request = {"op": op, "seq": self._seq}
        request.update(fields)
        line = _typed.dumps(request)
        if len(line) > MAX_LINE:
            raise Refused({"code": 13, "retry": True, "error": f"{len(line)} "
                           "bytes are too much for a record; attach a file "
                           "to the run instead"})
        if self._broken and not self._has_seq:
            # Whose answer comes next cannot be told.
            raise self._died("a request was broken off")
        # The newline first ends a request that was broken off.
        first = b"\n" if self._broken else b""
        self._broken = True
        self._write(first + line + b"\n")
        while True:
            answer = self._read_answer()
            self._has_seq = self._has_seq or "seq" in answer
            # One that nobody waited for any more is passed over.
            if answer.pop("seq", None) == self._seq or not self._has_seq:
                self._broken = False
                return answer

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            if not self._to.is_ours():
                raise self._died("its pipe was closed by the program")
            try:
                view = view[_write_quietly(self._to.fd, view):]
            except BrokenPipeError:
                raise self._died() from None
            except OSError as e:
                raise self._died(str(e.strerror)) from e

    def _read_answer(self) -> Dict[str, Any]:
        pieces: List[bytes] = [self._rest]
        self._rest = b""
        while b"\n" not in pieces[-1]:
            if not self._from.is_ours():
                raise self._died("its pipe was closed by the program")
            try:
                piece = os.read(self._from.fd, READ_SIZE)
            except OSError as e:
                raise self._died(str(e.strerror)) from e
            if not piece:
                raise self._died()
            pieces.append(piece)
        line, _, self._rest = b"".join(pieces).partition(b"\n")
        try:
            answer = _typed.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise self._died(f"it said {line[:80]!r}")
        return answer

    def _died(self, why: Optional[str] = None) -> RecorderDied:
        self._to.close()
        self._from.close()
        if why is None:
            try:
                status = self._process.wait(1)
            except subprocess.TimeoutExpired:
                status = 0
            why = (f"exit status {status}" if status > 0 else
                   f"signal {-status}" if status else "it was killed, or "
                   "could not go on")
        return RecorderDied(f"the recorder 'resutil record-runs' has ended: "
                            f"{why}")

    # -- runs ---------------------------------------------------------------

    def begin(self, **fields: Any) -> "Run":
        """Begins an experiment or a trial.

        The fields are those of ``begin`` in resutil-record-runs(1), as plain
        Python values (``params``, ``meta`` and the like are encoded here).
        When the trial is there and done, nothing begins: the Run has ``done``
        set, and the record in ``answer["record"]``.
        """
        for key, value in fields.items():
            fields[key] = _typed.encode(value)
        fields.setdefault("cwd", _typed.encode(_cwd()))
        return Run(self, self.ask("begin", **fields))

    def join(self, directory: str) -> "Run":
        """A run that somebody else records, only to add to it."""
        answer = self.ask("join", dir=_typed.encode(directory), cwd="/")
        answer.setdefault("dir", directory)
        return Run(self, answer, joined=True)

    # -- the end ------------------------------------------------------------

    @property
    def process_id(self) -> int:
        """Of the recorder, which is no child of this process."""
        return int(self.hello.get("recorder", 0))

    @property
    def alive(self) -> bool:
        """Whether it can be asked, as far as is known."""
        return self._to.fd >= 0 and self.pid == os.getpid()

    def close(self) -> None:
        """Ends it: runs that are still open are recorded as lost."""
        self._to.close()
        self._from.close()
        try:
            self._process.wait(EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            pass

    def wait_gone(self) -> None:
        """Until its runs can be taken over: that we closed its pipe does not
        say that it has seen that, and a child of ours may hold it open."""
        end = time.monotonic() + EXIT_SECONDS
        while self.process_id and _lives(self.process_id):
            if time.monotonic() > end:
                os.kill(self.process_id, signal.SIGKILL)
                break
            time.sleep(0.01)

    def _forget(self) -> None:
        """In a forked child: the pipes are the parent's, and must not be held
        open by us; the recorder is no child of ours."""
        self._to.close()
        self._from.close()
        self._process.returncode = 0
        self._lock = threading.Lock()
        self._owner = None


class Run:
    """A run that is being recorded. Any thread may use it.

    Attributes: ``id`` (UUID), ``name`` (of an experiment; of a trial its
    tid), ``dir`` (absolute path), ``answer`` (all that ``begin`` or ``join``
    answered), ``joined`` (somebody else records it, this only adds to it),
    ``done`` (it was done before: nothing began).
    """

    def __init__(self, owner: Recorder, answer: Dict[str, Any],
                 joined: bool = False) -> None:
        self.answer = answer
        self.joined = joined
        self.done = bool(answer.get("done"))
        self.id = str(answer.get("id", ""))
        self.dir = os.fsdecode(_typed.decode(answer.get("dir", "")))
        self.name = str(answer.get("name") or answer.get("tid") or
                        os.path.basename(self.dir))
        self.pid = os.getpid()      # of the process that it belongs to
        self.finished = self.done
        self._recorder = owner
        self._number = answer.get("run")

    def __repr__(self) -> str:
        return f"<resutil run {self.name}>"

    @property
    def is_mine(self) -> bool:
        """Whether this process began it: a forked child did not."""
        return self.pid == os.getpid()

    def update(self, changes: Optional[Mapping[str, Any]] = None, *,
               info: Optional[Mapping[str, Any]] = None,
               sync: Optional[str] = None) -> Dict[str, Any]:
        """Adds to the record; both are maps of plain Python values.

        `changes` is laid over it: a map over a map, None takes away. Each
        member of `info` takes the place of what ``info`` had under its name,
        whole, and None is a value. What is returned (``revision``) says that
        it is recorded: no death of any process loses it; `sync` "full" says
        the same of a power failure. Raises ResutilError.
        """
        fields: Dict[str, Any] = {}
        if changes:
            fields["changes"] = _typed.encode(dict(changes))
        if info:
            fields["info"] = _typed.encode(dict(info))
        if sync:
            fields["sync"] = sync
        return self._ask("update", **fields)

    def drop(self) -> None:
        """Takes back a run that was just begun: its directory is removed."""
        self.finished = True
        self._ask("drop")

    def finish(self, state: Optional[str] = None,
               **fields: Any) -> Dict[str, Any]:
        """Ends it: ``done``, ``fail`` or ``interrupted``.

        Further fields, as plain values: result, error, traceback, info,
        changes, usage, exit_code. Later calls do nothing, nor do those of a
        forked child. Of a joined run the end stays the recorder's to write.
        Raises Refused; when its answer has ``retry``, the run goes on, and a
        smaller finish() may do.
        """
        if self.finished or not self.is_mine:
            return {}
        self.finished = True
        if state is not None:
            fields["state"] = state
        encoded = {key: _typed.encode(value) for key, value in fields.items()}
        try:
            return self._ask("finish", **encoded)
        except Refused as e:
            self.finished = not e.answer.get("retry")
            raise

    def _ask(self, op: str, **fields: Any) -> Dict[str, Any]:
        owner, number = self._open()
        try:
            return owner.ask(op, run=number, **fields)
        except RecorderDied as e:
            # The run is there, and what it acknowledged; another one can go
            # on. Once: what kills it may be this request.
            warn(f"{e}; another one goes on with '{self.name}'")
            owner, number = self._open()
            return owner.ask(op, run=number, **fields)

    def _open(self) -> Tuple[Recorder, Any]:
        """A recorder that has the run open, and the number it has there."""
        with _the_lock:
            if not self._recorder.alive:
                if self.is_mine:
                    self._recorder.wait_gone()
                self._recorder = recorder()
                self._number = self._take_over()
            return self._recorder, self._number

    def _take_over(self) -> Any:
        where = _typed.encode(self.dir)
        if self.is_mine and not self.joined:
            try:
                return self._recorder.ask("adopt", dir=where,
                                          cwd="/").get("run")
            except Refused:     # it counts as ended: it can be added to
                pass
        return self._recorder.ask("join", dir=where, cwd="/").get("run")


def _write_quietly(fd: int, data: memoryview) -> int:
    """os.write(), also where the program wants to die of a broken pipe: it
    means its own."""
    if signal.getsignal(signal.SIGPIPE) != signal.SIG_DFL:
        return os.write(fd, data)
    pipe = {signal.SIGPIPE}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, pipe)
    try:
        return os.write(fd, data)
    except BrokenPipeError:
        signal.sigtimedwait(pipe, 0)
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _lives(pid: int) -> bool:
    """Whether the process does, as far as can be told; a zombie does not."""
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat", "rb") as f:
            return f.read().rpartition(b")")[2].split()[0] != b"Z"
    except ProcessLookupError:
        return False
    except (OSError, IndexError):
        return not os.path.isdir("/proc/self")


def _cwd() -> str:
    try:
        return os.getcwd()
    except OSError:         # it was removed
        return "/"


_the_lock = threading.RLock()
_the_recorder: Optional[Recorder] = None


def recorder() -> Recorder:
    """The recorder of this process, started when there is none.

    Raises ResutilError: NotInstalled says how to install the program.
    """
    global _the_recorder
    with held(), _the_lock:
        if _the_recorder is None or not _the_recorder.alive:
            if _the_recorder is not None and _the_recorder.pid != os.getpid():
                _the_recorder._forget()     # forked behind Python's back
            _the_recorder = Recorder()
        return _the_recorder


def _after_fork() -> None:
    global _the_lock, _the_recorder
    _the_lock = threading.RLock()
    if _the_recorder is not None:
        _the_recorder._forget()
        _the_recorder = None


def _at_exit() -> None:
    global _the_recorder
    with _the_lock:
        if _the_recorder is not None and _the_recorder.alive:
            _the_recorder.close()
        _the_recorder = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)
