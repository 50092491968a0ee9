"""Files of a run: open() with all its modes, whole or not at all.

A file opened with ``w`` or ``x`` is written in a hidden directory beside the
run's, ``.NAME.PID.N.tmp``, and renamed to its place when it is closed: a
reader, a checkpoint, a full disk or the death of the program meet the old file
or the new one.  The hidden directory is locked by flock(2) for as long as it
is needed, so that ``resutil gc`` knows what is left over.  ``a`` and ``r+``
write where the file is, as open() does; so do ``w`` and ``x`` where no hidden
directory can be made.
"""

from __future__ import annotations

import fcntl
import io
import os
from typing import IO, Any, Callable, List, Optional

__all__ = ["open_attached", "safe_path"]

#: What resutil itself writes in the directory of a run.
RESERVED = ("resutil-exp.yaml", ".resutil-live")
_RESERVED_START = ("resutil-exp.yaml.", "resutil-snapshot", "metrics-")

#: N of a hidden directory is less, and its NAME at most so many bytes long.
_TRIES = 1000
_NAME_BYTES = 230


def safe_path(directory: str, name: Any, writing: bool) -> str:
    """The path of file `name` in `directory`.

    Raises ValueError for a name that leads outside, also through a link, and
    for one that is resutil's own where `writing` is set.
    """
    name = os.fspath(name)
    if isinstance(name, bytes):
        name = os.fsdecode(name)
    parts = name.split("/")
    if not name or "\0" in name or os.path.isabs(name) or ".." in parts:
        raise ValueError("the name of an attached file is a path below the "
                         "run's directory, not '{}'".format(name))
    parts = [part for part in parts if part not in ("", ".")]
    if not parts or name.endswith("/"):
        raise ValueError("'{}' does not name a file".format(name))
    if writing and len(parts) == 1 and (
            parts[0] in RESERVED or parts[0].startswith(_RESERVED_START)):
        raise ValueError("'{}' belongs to resutil: attach the file under "
                         "another name".format(name))
    path = os.path.join(directory, *parts)
    top = os.path.realpath(directory)
    if os.path.commonpath([top, os.path.realpath(path)]) != top:
        raise ValueError("'{}' leads out of the run's directory through a "
                         "link".format(name))
    return path


class _Hidden:
    """A directory beside the one of the run, that is gone when it is done."""

    def __init__(self, directory: str) -> None:
        self.path = ""
        self.pid = os.getpid()
        above, name = os.path.split(os.path.realpath(directory))
        short = os.fsdecode(os.fsencode(name)[:_NAME_BYTES])
        for number in range(1, _TRIES):
            path = os.path.join(above, ".{}.{}.{}.tmp".format(
                short, self.pid, number))
            try:
                os.mkdir(path, 0o700)
                break
            except FileExistsError:
                continue
        else:
            raise FileExistsError(17, "too many hidden directories", above)
        self.path = path
        try:
            self._fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY
                               | os.O_CLOEXEC)
        except OSError:
            os.rmdir(path)
            raise
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pass        # no locks here: gc waits a long time then

    def remove(self) -> None:
        if self._fd < 0:
            return
        if os.getpid() == self.pid:
            for name in os.listdir(self._fd):
                os.unlink(name, dir_fd=self._fd)
            _quietly(os.rmdir, self.path)
        os.close(self._fd)
        self._fd = -1


class _Whole(io.FileIO):
    """A new file in a hidden directory; closing it gives it its own name.

    placed: called when it has it.
    """

    def __init__(self, path: str, mode: str, hidden: _Hidden, exclusive: bool,
                 placed: Optional[Callable[[], None]]) -> None:
        self._target = path
        self._exclusive = exclusive
        self._placed_fn = placed
        self._failed = False
        self._placed = True
        self._directory = hidden
        self._hidden = os.path.join(hidden.path, "file")
        super().__init__(self._hidden, mode)
        self._placed = False
        self.name = path
        self._keep_mode()

    def _keep_mode(self) -> None:
        """A file that is replaced keeps its permissions."""
        try:
            os.fchmod(self.fileno(), os.stat(self._target).st_mode & 0o7777)
        except OSError:
            pass

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError:
            self._failed = True
            raise

    def place(self) -> None:
        """Give the file its name; only once, and only if it is whole."""
        if self._placed or os.getpid() != self._directory.pid:
            return
        self._placed = True
        try:
            if self._failed:
                return
            os.fsync(self.fileno())
            _make_directories(os.path.dirname(self._target))
            if self._exclusive:
                os.link(self._hidden, self._target)
            else:
                os.replace(self._hidden, self._target)
            _sync_directory(os.path.dirname(self._target))
        finally:
            self._directory.remove()
        if self._placed_fn is not None:
            self._placed_fn()

    def close(self) -> None:
        if self.closed:
            return
        try:
            self.place()
        finally:
            super().close()


def _make_directories(path: str) -> None:
    """`path` and what is missing above it, each synced into the one above."""
    if os.path.isdir(path):
        return
    above = os.path.dirname(path)
    _make_directories(above)
    try:
        os.mkdir(path)
    except FileExistsError:
        return
    _sync_directory(above)


def _check_directories(path: str) -> None:
    """Raises NotADirectoryError where `path` can be none."""
    while not os.path.lexists(path):
        path = os.path.dirname(path)
    if not os.path.isdir(path):
        raise NotADirectoryError(20, "Not a directory", path)


def _quietly(do: Callable[[str], None], path: str) -> None:
    try:
        do(path)
    except OSError:
        pass


def _sync_directory(path: str) -> None:
    """A file system that cannot does without."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        os.fsync(fd)
    except OSError:
        pass
    finally:
        os.close(fd)


def place_all(files: List[Any]) -> List[OSError]:
    """Flush open files and give them their names; the end of a run.

    They stay open.  Returns what went wrong.
    """
    errors = []
    for opened in files:
        try:
            if not opened.closed:
                opened.flush()
                _raw(opened).place()
        except (OSError, ValueError) as error:
            errors.append(error if isinstance(error, OSError)
                          else OSError(str(error)))
    return errors


def _raw(opened: Any) -> Any:
    while not isinstance(opened, _Whole):
        opened = opened.buffer if hasattr(opened, "buffer") else opened.raw
    return opened


def open_attached(directory: str, path: str, mode: str = "w",
                  buffering: int = -1, encoding: Optional[str] = None,
                  errors: Optional[str] = None, newline: Optional[str] = None,
                  placed: Optional[Callable[[], None]] = None) -> IO[Any]:
    """open(path, mode, ...) for a file of the run in `directory`.

    mode:     any that open() takes, in any order of its letters.
    encoding: UTF-8 where None, whatever the locale says.
    placed:   called when a file that is written anew has its name, and at
              once for one that is written in its place.
    Directories above a file to write are made.  Raises what open() raises.
    """
    letters = set(mode)
    if "b" not in letters and encoding is None:
        encoding = "utf-8"
    text = (encoding, errors, newline)
    if letters & set("wx") and len(letters & set("rwxa")) == 1:
        # open() itself judges what cannot be: letters, and what goes with them
        with open(os.devnull, mode.replace("x", "w"), buffering, *text):
            pass
        if "x" in letters and os.path.lexists(path):
            raise FileExistsError(17, "File exists", path)
        _check_directories(os.path.dirname(path))
        raw = _raw_whole(directory, path, letters, placed)
        if raw is not None:
            return _layers(raw, letters, buffering, text)
    if letters & set("wxa"):
        os.makedirs(os.path.dirname(path), exist_ok=True)
    opened = open(path, mode, buffering, *text)
    if placed is not None and letters & set("wxa+"):
        placed()
    return opened


def _raw_whole(directory: str, path: str, letters: Any,
               placed: Optional[Callable[[], None]]) -> Optional[_Whole]:
    path = os.path.realpath(path)       # a link stays, as with open()
    if os.path.isdir(path):
        raise IsADirectoryError(21, "Is a directory", path)
    if os.path.lexists(path) and not os.path.isfile(path):
        return None             # a pipe or a device is written to
    try:
        hidden = _Hidden(directory)
    except OSError:
        return None
    try:
        return _Whole(path, "x+" if "+" in letters else "x", hidden,
                      "x" in letters, placed)
    except BaseException:
        hidden.remove()
        raise


def _layers(raw: _Whole, letters: Any, buffering: int, text: Any) -> IO[Any]:
    """What open() puts around a raw file."""
    if buffering == 0:
        return raw
    size = buffering if buffering > 1 else io.DEFAULT_BUFFER_SIZE
    kind = io.BufferedRandom if "+" in letters else io.BufferedWriter
    buffered = kind(raw, size)
    if "b" in letters:
        return buffered
    encoding, errors, newline = text
    return io.TextIOWrapper(buffered, encoding, errors, newline,
                            line_buffering=buffering == 1)
