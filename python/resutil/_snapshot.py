"""Snapshots of resumable functions, resutilformat-snapshot(5).

A snapshot is unpickled only when it is whole, of this very run, and written by
this user below this tree (an HMAC with a key that no pack holds).
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import json
import os
import pickle
import platform
import secrets
import stat
import time
from typing import IO, Any, Dict, List, NamedTuple, Optional

from ._program import is_true
from ._talk import warn

__all__ = ["NAME", "Snapshot", "Snapshots", "find_key"]

NAME = "resutil-snapshot"
MAGIC = b"resutil-snapshot 1\n"
KEY_NAME = "snapshot-key"
#: Pickles of it are read by every Python from 3.4 on.
PROTOCOL = 4
MAX_HEADER = 65536
KEY_BYTES = 32
READ_SIZE = 1 << 20
#: Seconds that somebody else may take to write a key that he has just made.
PATIENCE = 1.0
#: More digits than any length has.
LONGEST = 10 ** 19


class Snapshot(NamedTuple):
    """What was kept: the object; of a finished one also its result."""

    object: Any
    finished: bool
    result: Any


class _Unfit(Exception):
    """This file is not to be used; the text says why."""


class _Summing:
    """What is written to a file, counted and hashed on the way."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.sum = hashlib.sha256()
        self.length = 0

    def write(self, data: Any) -> int:
        with memoryview(data) as view, view.cast("B") as raw:
            self.file.write(raw)
            self.sum.update(raw)
            self.length += raw.nbytes
            return raw.nbytes


class Snapshots:
    """The snapshots of one run.

    directory: of the run, absolute.
    about:     ``class``, ``tid``, ``id``: what a snapshot must say of itself.
    key:       of the HMAC, see find_key(); None: there is none.
    """

    def __init__(self, directory: str, about: Dict[str, str],
                 key: Optional[bytes]) -> None:
        self.path = os.path.join(directory, NAME)
        self.about = about
        self.key = key

    # -- writing ------------------------------------------------------------

    def save(self, snapshot: Snapshot, index: int) -> None:
        """Keeps it; the last one becomes the previous one.

        Raises OSError, and what pickle raises for an object that it cannot
        take; then the last snapshot stays what it was.
        """
        temporary = self.path + ".tmp"
        fd = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC |
                     os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with open(fd, "wb") as file:
            self._write(file, snapshot, index)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.replace(self.path, self.path + ".previous")
        except FileNotFoundError:
            pass
        os.replace(temporary, self.path)

    def _write(self, file: IO[bytes], snapshot: Snapshot, index: int) -> None:
        """The header has its full length from the start, and its content at
        the end, when the payload is known."""
        now = datetime.datetime.now(datetime.timezone.utc).astimezone()
        about: Dict[str, Any] = dict(
            self.about, index=index, finished=snapshot.finished,
            at=now.isoformat(timespec="microseconds"),
            python=platform.python_version(), length=LONGEST)
        room = len(_json(about))
        file.write(self._header(about, room, hashlib.sha256()))
        payload = _Summing(file)
        pickle.Pickler(payload, PROTOCOL).dump(
            {"object": snapshot.object, "result": snapshot.result})
        about["length"] = payload.length
        file.seek(0)
        file.write(self._header(about, room, payload.sum))

    def _header(self, about: Dict[str, Any], room: int, payload: Any) -> bytes:
        described = MAGIC + _json(about).ljust(room) + b"\n"
        payload.update(described)
        lines = described + f"sha256 {payload.hexdigest()}\n".encode()
        return lines + b"hmac-sha256 " + self._seal(lines) + b"\n"

    def _seal(self, lines: bytes) -> bytes:
        if self.key is None:
            return b"-".ljust(64)
        return hmac.new(self.key, lines, "sha256").hexdigest().encode()

    # -- reading ------------------------------------------------------------

    def load(self) -> Optional[Snapshot]:
        """The last one that can be used, or None.

        One that cannot be is told and set aside.
        """
        for path in (self.path, self.path + ".previous"):
            try:
                return self._read(path)
            except FileNotFoundError:
                continue
            except (_Unfit, OSError) as e:
                self._set_aside(path, str(e))
            except Exception as e:      # whatever unpickling runs into
                self._set_aside(path, "it cannot be unpickled: "
                                f"{type(e).__name__}: {e}")
        return None

    def _read(self, path: str) -> Snapshot:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK |
                     os.O_CLOEXEC)
        with open(fd, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise _Unfit("it is no regular file")
            about = self._check(file)
            # The same open file that was checked.
            found = pickle.Unpickler(file).load()
        if not isinstance(found, dict) or "object" not in found:
            raise _Unfit("it holds something else than a snapshot does")
        return Snapshot(found["object"], bool(about.get("finished")),
                        found.get("result"))

    def _check(self, file: IO[bytes]) -> Dict[str, Any]:
        """Leaves `file` at the payload."""
        if file.readline(len(MAGIC)) != MAGIC:
            raise _Unfit("it is no snapshot of version 1")
        described = file.readline(MAX_HEADER + 1)
        try:
            about: Dict[str, Any] = json.loads(described.decode("utf-8"))
            length = int(about["length"])
        except (ValueError, KeyError, TypeError):
            raise _Unfit("its header is damaged") from None
        sum_line, seal_line = file.readline(128), file.readline(128)
        begin = file.tell()
        if os.fstat(file.fileno()).st_size != begin + length:
            raise _Unfit("it is not as long as it says")
        total = hashlib.sha256()
        for piece in iter(lambda: file.read(READ_SIZE), b""):
            total.update(piece)
        total.update(MAGIC + described)
        if sum_line != f"sha256 {total.hexdigest()}\n".encode():
            raise _Unfit("its checksum is wrong, so it is damaged")
        for key, value in self.about.items():
            if about.get(key) != value:
                raise _Unfit(f"it is of another {key}: {about.get(key)!r} "
                             f"and not {value!r}")
        self._check_seal(MAGIC + described + sum_line, seal_line)
        file.seek(begin)
        return about

    def _check_seal(self, lines: bytes, seal_line: bytes) -> None:
        expected = b"hmac-sha256 " + self._seal(lines) + b"\n"
        if self.key is not None and hmac.compare_digest(expected, seal_line):
            return
        if not is_true("RESUTIL_TRUST_SNAPSHOTS"):
            raise _Unfit("it was not written here by this user, and to load "
                         "it could run anything; "
                         "RESUTIL_TRUST_SNAPSHOTS=1 takes it")

    def _set_aside(self, path: str, why: str) -> None:
        for number in range(1, 1000):
            aside = f"{self.path}.bad-{number}"
            if os.path.lexists(aside):
                continue
            try:
                os.rename(path, aside)
                break
            except OSError:
                continue
        else:
            aside = "its place"
        warn(f"the snapshot '{path}' is not used: {why}; it stays as "
             f"'{aside}'")


def _json(about: Dict[str, Any]) -> bytes:
    text = json.dumps(about)        # ASCII, without line feeds
    if len(text) > MAX_HEADER - 64:
        raise ValueError("the class or the tid of a resumable function has "
                         "too long a name")
    return text.encode()


# ---- the key --------------------------------------------------------------

def find_key(root: str) -> Optional[bytes]:
    """The key for trials below `root`, made when there is none.

    None where there can be none: nothing can be written there, or somebody
    else made it or can read it.
    """
    place = _key_place(os.path.realpath(root))
    path = f"{place}.{os.geteuid()}"
    deadline = time.monotonic() + PATIENCE
    try:
        while True:
            key = _read_key(path) if os.path.lexists(path) else \
                _make_key(path)
            if key is not None:
                return key
            if time.monotonic() > deadline:     # its maker died
                os.unlink(path)
                deadline = time.monotonic() + PATIENCE
            time.sleep(0.01)
    except (OSError, _Unfit) as e:
        warn(f"snapshots below '{root}' have no key: {e}")
        return None


def _key_place(root: str) -> str:
    """A project's own directory is in no experiment, and so in no pack."""
    for directory in _above(root):
        if os.path.isfile(os.path.join(directory, "resutil-conf.yaml")):
            private = os.path.join(directory, ".resutil")
            os.makedirs(private, exist_ok=True)
            _keep_from_git(private)
            return os.path.join(private, KEY_NAME)
    return os.path.join(root, ".resutil-" + KEY_NAME)


def _above(directory: str) -> List[str]:
    found = [directory]
    while os.path.dirname(directory) != directory:
        directory = os.path.dirname(directory)
        found.append(directory)
    return found


def _keep_from_git(private: str) -> None:
    try:
        with open(os.path.join(private, ".gitignore"), "x") as f:
            f.write("*\n")
    except FileExistsError:
        pass


def _read_key(path: str) -> Optional[bytes]:
    """None: not written to its end, or gone."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with open(fd, "rb") as f:
        st = os.fstat(f.fileno())
        if st.st_uid != os.geteuid() or stat.S_IMODE(st.st_mode) & 0o077:
            raise _Unfit(f"'{path}' is not for this user alone")
        text = f.read(2 * KEY_BYTES + 2)
    try:
        key = bytes.fromhex(text.decode())
    except ValueError:
        return None
    return key if len(key) == KEY_BYTES and text.endswith(b"\n") else None


def _make_key(path: str) -> Optional[bytes]:
    """None: somebody else was faster."""
    key = secrets.token_bytes(KEY_BYTES)
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL |
                     os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return None
    with open(fd, "wb") as f:
        f.write(key.hex().encode() + b"\n")
        f.flush()
        os.fsync(f.fileno())
    return key
