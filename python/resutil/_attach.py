"""Files of a run: open() with all its modes, whole or not at all.

A file opened with ``w`` or ``x`` is written beside its place under a hidden
name and takes its place when it is closed: a reader, a checkpoint, a full
disk or the death of the program meet the old file or the new one.  ``a`` and
``+`` with ``r`` write where the file is, as open() does.
"""

from __future__ import annotations

import io
import itertools
import os
from typing import IO, Any, List, Optional

__all__ = ["open_attached", "safe_path"]

#: What resutil itself writes in the directory of a run.
RESERVED = ("resutil-exp.yaml", ".resutil-live")
_RESERVED_START = ("resutil-exp.yaml.", "metrics-")

_numbers = itertools.count()


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


class _Whole(io.FileIO):
    """A new file under a hidden name; closing it gives it its own name."""

    def __init__(self, path: str, mode: str, exclusive: bool) -> None:
        self._target = path
        self._exclusive = exclusive
        self._failed = False
        self._placed = True
        head, tail = os.path.split(path)
        while True:
            hidden = os.path.join(head, ".resutil-attach.{}.{}.tmp".format(
                os.getpid(), next(_numbers)))
            try:
                super().__init__(hidden, mode)
                break
            except FileExistsError:
                continue
        self._hidden = hidden
        self._owner = os.getpid()
        self._placed = False
        self.name = path
        self._keep_mode()

    def _keep_mode(self) -> None:
        """A file that is replaced keeps its permissions."""
        try:
            os.fchmod(self.fileno(), os.stat(self._target).st_mode & 0o7777)
        except OSError:
            pass

    def write(self, data: Any) -> Optional[int]:
        try:
            return super().write(data)
        except OSError:
            self._failed = True
            raise

    def place(self) -> None:
        """Give the file its name; only once, and only if it is whole."""
        if self._placed or os.getpid() != self._owner:
            return
        self._placed = True
        try:
            if self._failed:
                raise OSError("'{}' was not written as a whole and is left "
                              "as it was".format(self._target))
            os.fsync(self.fileno())
            if self._exclusive:
                os.link(self._hidden, self._target)
            else:
                os.replace(self._hidden, self._target)
                return
        except OSError:
            _remove(self._hidden)
            if not self._failed:
                raise
            return
        _remove(self._hidden)

    def close(self) -> None:
        if self.closed:
            return
        try:
            self.place()
        finally:
            super().close()


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass


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


def open_attached(path: str, mode: str = "w", buffering: int = -1,
                  encoding: Optional[str] = None, errors: Optional[str] = None,
                  newline: Optional[str] = None) -> IO[Any]:
    """open(path, mode, ...) for a file of a run.

    mode:     any that open() takes, in any order of its letters.
    encoding: UTF-8 where None, whatever the locale says.
    Directories above a file to write are made.  Raises what open() raises.
    """
    letters = sorted(mode)
    binary = "b" in letters
    if not binary and encoding is None:
        encoding = "utf-8"
    if set(letters) - set("r+bt"):
        os.makedirs(os.path.dirname(path), exist_ok=True)
    if not set("wx") & set(letters) or len(set("rwxa") & set(letters)) > 1:
        return open(path, mode, buffering, encoding, errors, newline)
    # open() itself judges what cannot be: letters, and what goes with them
    with open(os.devnull, mode.replace("x", "w"), buffering, encoding,
              errors, newline):
        pass
    exclusive = "x" in letters
    if exclusive and os.path.lexists(path):
        raise FileExistsError(17, "File exists", path)
    raw = _Whole(path, "x+" if "+" in letters else "x", exclusive)
    return _layers(raw, binary, "+" in letters, buffering,
                   (encoding, errors, newline))


def _layers(raw: _Whole, binary: bool, update: bool, buffering: int,
            text: Any) -> IO[Any]:
    """What open() puts around a raw file."""
    if buffering == 0:
        return raw
    size = buffering if buffering > 1 else io.DEFAULT_BUFFER_SIZE
    kind = io.BufferedRandom if update else io.BufferedWriter
    buffered = kind(raw, size)
    if binary:
        return buffered
    encoding, errors, newline = text
    return io.TextIOWrapper(buffered, encoding, errors, newline,
                            line_buffering=buffering == 1)
