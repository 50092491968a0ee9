"""Series of measurements: rows in files of a run, written and read.

The files are those of resutilformat-metrics(5), which programs in other
languages write, too.  A row is in the kernel's hands when meter() returns: it
survives whatever happens to the process.
"""

from __future__ import annotations

import csv
import fcntl
import io
import json
import math
import os
import re
import threading
import time
import weakref
from typing import (Any, Callable, Dict, FrozenSet, Iterable, List, Mapping,
                    NamedTuple, Optional, Tuple, Union)

from ._log import log
__all__ = ["Writer", "load_metrics", "writer_for"]


MAX_SERIES = 100            # bytes of a name
MAX_COLUMN = 1024           # bytes of a name
MAX_COLUMNS = 10000
MAX_ROW = 16 << 20          # bytes of a line
#: Files that a writer has open at once; the one used longest ago goes.
MAX_OPEN = 64
#: Orders of columns that a writer knows at once.
MAX_LANES = 1000
#: Columns whose line a function of its own makes, and how many such functions
#: are made, one after the other, for one order.
MAX_MADE = 100
MAX_MAKERS = 16
#: Microseconds after which it is seen whether a file is still there.
LOOK_EACH = 1000000

_NAME = re.compile(r"metrics-(?:([0-9a-f]{32})-)?(\d{4,18})(?:-(.+))?"
                   r"\.(csv|jsonl)", re.DOTALL)
_NO_SERIES = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f-\x9f\u2028\u2029]')
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NEEDS_JSON = re.compile(r'^"|[\x00-\x08\x0a-\x1f\x7f]')
_NEEDS_QUOTES = re.compile(r'[,"]|^[ \t]|[ \t]\Z|\A\Z')

Row = Mapping[str, Any]


# ---- values as text --------------------------------------------------------

def _quoted(text: str) -> str:
    if _NEEDS_QUOTES.search(text):
        return '"' + text.replace('"', '""') + '"'
    return text


def _plain(value: Any) -> Any:
    """What JSON has a word for; NaN and the infinities become texts."""
    if value is None or isinstance(value, (bool, str)):
        if isinstance(value, str):
            return value.encode("utf-8", "replace").decode("utf-8")
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        value = float(value)
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        import base64
        return {"base64": base64.b64encode(bytes(value)).decode("ascii")}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    for method in ("item", "tolist"):       # arrays, tensors, their scalars
        try:
            return _plain(getattr(value, method)())
        except (AttributeError, TypeError, ValueError, RuntimeError):
            continue
    for number in (int, float):
        try:
            if hasattr(value, "__index__" if number is int else "__float__"):
                return _plain(number(value))
        except (TypeError, ValueError, OverflowError):
            continue
    return _plain(str(value))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _text_field(text: str) -> str:
    if text.isascii() and text.isalnum():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        text = text.encode("utf-8", "replace").decode("utf-8")
    if _NEEDS_JSON.search(text):
        text = _json(text)
    return _quoted(text)


def _field(value: Any) -> str:
    """One field of CSV."""
    value = _plain(value)
    if value is None:
        return ""
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, str):
        return _text_field(value)
    if isinstance(value, (int, float)):
        return repr(value)
    return _quoted(_json(value))


def _csv_line(stamp: str, values: Iterable[Any]) -> str:
    return ",".join([stamp, *map(_field, values)]) + "\n"


def _json_line(stamp: str, row: Row) -> str:
    rest = _json(_plain(dict(row)))
    return '{"at":' + stamp + ("," if len(rest) > 2 else "") \
        + rest[1:] + "\n"


def _json_float(value: float) -> str:
    return repr(value) if value - value == 0 else '"' + repr(value) + '"'


#: What a ready line says for a value of exactly this type, by format.
_PIECES: Dict[str, Dict[type, str]] = {
    "csv": {float: "{%s!r}", int: "{%s!r}", type(None): "",
            bool: "{true if %s else false}", str: "{text(%s)}"},
    "jsonl": {float: "{real(%s)}", int: "{%s!r}", type(None): "null",
              bool: "{true if %s else false}", str: "{quoted(%s)}"},
}
_TYPES = {float: "float", int: "int", bool: "bool", str: "str",
          type(None): "nothing"}
_HELPERS = {"text": _text_field, "real": _json_float, "true": "true",
            "false": "false", "nothing": type(None),
            "quoted": getattr(json.encoder, "encode_basestring")}


def _line_maker(format: str, row: Row,
                order: Iterable[str]) -> Optional[Callable[..., Any]]:
    """A function of a row's time (microseconds) and the row that makes its
    line, or None for a row with values of other types than this one has.

    A row is written a hundred thousand times a second with the same columns
    and types, so these are looked at once; as in namedtuple(), the function
    is made from text, of which no word comes from the row.  None: it would be
    too long, or there is a value that takes more work.
    """
    names: Dict[str, Any] = dict(_HELPERS)
    takes, same, line = "", [], "{n[:-6]}.{n[-6:]}"
    for number, name in enumerate(order):
        kind, value = type(row[name]), "v%d" % number
        if number == MAX_MADE or kind not in _TYPES:
            return None
        names["c%d" % number] = name
        takes += "    v%d = row[c%d]\n" % (number, number)
        same.append("type(%s) is %s" % (value, _TYPES[kind]))
        piece = _PIECES[format][kind]
        line += "," if format == "csv" else "{k%d}" % number
        line += piece % value if "%s" in piece else piece
        names["k%d" % number] = "," + _json(name) + ":"
    if format == "jsonl":
        line = '{{"at":' + line + "}}"
    source = "def make(us, row):\n" + takes
    if same:
        source += "    if not (" + " and ".join(same) + "):\n" \
            "        return None\n"
    source += "    n = str(us)\n    return f'" + line + "\\n'\n"
    exec(source, names)
    made: Callable[..., Any] = names["make"]
    return made


# ---- names -----------------------------------------------------------------

def _check_series(series: str) -> None:
    if not isinstance(series, str):
        raise TypeError("the name of a series is text, not {!r}".format(
            series))
    if len(series.encode("utf-8", "surrogatepass")) > MAX_SERIES:
        raise ValueError("the name of a series is at most {} bytes "
                         "long".format(MAX_SERIES))
    if series.startswith(".") or _NO_SERIES.search(series) \
            or any("\ud800" <= c <= "\udfff" for c in series):
        raise ValueError("{!r} cannot be the name of a series: it becomes "
                         "part of the name of a file".format(series))


def _check_columns(columns: Iterable[str]) -> None:
    nr = 0
    for name in columns:
        nr += 1
        if not isinstance(name, str):
            raise TypeError("the name of a column is text, not {!r}".format(
                name))
        if name in ("at", "tid"):
            raise ValueError("{!r} cannot be the name of a column".format(
                name))
        if not name or _CONTROL.search(name) \
                or len(name.encode("utf-8", "surrogatepass")) > MAX_COLUMN \
                or any("\ud800" <= c <= "\udfff" for c in name):
            raise ValueError(
                "{!r} cannot be the name of a column: it has 1 to {} bytes "
                "and no control characters".format(name[:MAX_COLUMN],
                                                   MAX_COLUMN))
    if nr > MAX_COLUMNS:
        raise ValueError("a row has at most {} columns, not {}".format(
            MAX_COLUMNS, nr))


# ---- writing ---------------------------------------------------------------

class _File:
    """A file that this process owns, by flock(2), while it is open."""

    __slots__ = ("fd", "path", "format", "columns", "used", "check")

    def __init__(self, fd: int, path: str, format: str,
                 columns: Tuple[str, ...] = ()) -> None:
        self.fd = fd
        self.path = path
        self.format = format
        self.columns = columns      # CSV: in the order of the header
        self.used = 0               # when, in microseconds
        self.check = 0              # when to see whether it is still there

    def close(self) -> None:
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)


class _Lane:
    """Rows of one series whose columns come in one order."""

    __slots__ = ("file", "order", "make", "left")

    def __init__(self, file: _File, names: Tuple[str, ...]) -> None:
        self.file = file
        self.order = file.columns if file.format == "csv" else names
        self.make: Optional[Callable[..., Any]] = None
        self.left = MAX_MAKERS

    def line(self, us: int, row: Row) -> str:
        """The line of a row that the last function was not made for."""
        if self.left:
            self.left -= 1
            self.make = _line_maker(self.file.format, row, self.order)
            if self.make is not None:
                made: Optional[str] = self.make(us, row)
                if made is not None:
                    return made
        stamp = "%d.%06d" % divmod(us, 1000000)
        if self.file.format == "jsonl":
            return _json_line(stamp, row)
        return _csv_line(stamp, [row[name] for name in self.order])


def _own(fd: int) -> bool:
    """Owns the file of `fd`, unless somebody else does."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass        # no locks here: whole lines and O_APPEND have to do
    return True


def _first_line(fd: int) -> Optional[bytes]:
    """The first line without its end; None: there is none."""
    text = b""
    while len(text) <= MAX_ROW:
        part = os.pread(fd, max(4096, 3 * len(text)), len(text))
        if not part:
            return None
        text += part
        end = text.find(b"\n", len(text) - len(part))
        if end >= 0:
            return text[:end]
    return None


def _header_columns(line: bytes) -> Optional[Tuple[str, ...]]:
    try:
        names = next(csv.reader([line.decode("utf-8")], strict=True))
    except (csv.Error, UnicodeDecodeError, StopIteration):
        return None
    if not names or names[0] != "at" or len(set(names)) != len(names):
        return None
    return tuple(names[1:])


def _ends_with_line(fd: int) -> bool:
    size = os.fstat(fd).st_size
    return size > 0 and os.pread(fd, 1, size - 1) == b"\n"


class Writer:
    """Writes rows for one run, from any thread of one process.

    directory: of the run.
    What cannot be written (a full disk, a directory that has gone) is logged
    once, counted in `lost`, and tried again with the next row: a program goes
    on.  A process made by fork writes into files of its own.
    """

    def __init__(self, directory: Union[str, "os.PathLike[str]"]) -> None:
        self.directory = os.fspath(directory)
        self.lost = 0
        self._told = False
        fixed = os.environ.get("RESUTIL_TEST_NOW")
        self._fixed = round(float(fixed) * 1000000) if fixed else None
        self._forget()
        _writers.add(self)

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._files: Dict[Tuple[str, str, FrozenSet[str]], _File] = {}
        # by series, format, and columns in an order
        self._lanes: Dict[Tuple[Any, ...], _Lane] = {}

    def meter(self, series: Optional[str] = None, value: Any = None, *,
              format: str = "csv", **columns: Any) -> None:
        """Appends a row to a series; see resutil.meter()."""
        if value is not None:
            columns["value"] = value
        self.write(columns, series, format)

    def write(self, row: Row, series: Optional[str] = None,
              format: str = "csv", at: Optional[float] = None) -> None:
        """Appends a row.

        row:    values by names of columns; numbers, texts, booleans, None;
                what else there is becomes JSON, or its str().
        series: None or "": the one without a name.
        format: ``csv`` or ``jsonl``.
        at:     Unix time in seconds; None: now.
        Raises ValueError, TypeError for names that cannot be, or a row that
        is too long.
        """
        if at is not None:
            us = round(at * 1000000)
        elif self._fixed is None:
            us = time.time_ns() // 1000
        else:
            us = self._fixed
        with self._lock:
            try:
                lane = self._lanes.get((series, format, *row))
                if lane is None:
                    lane = self._lane(series or "", format, row)
                make = lane.make
                line = make(us, row) if make is not None else None
                if line is None:
                    line = lane.line(us, row)
                self._append(lane.file, us, line)
            except OSError as error:
                self._lose(error)

    def _append(self, file: _File, us: int, line: str) -> None:
        try:
            data = line.encode("utf-8")
        except UnicodeEncodeError:
            data = line.encode("utf-8", "replace")
        if len(data) > MAX_ROW:
            raise ValueError("a row is at most {} MiB long: attach the data "
                             "as a file".format(MAX_ROW >> 20))
        if us >= file.check:
            self._look_after(file, us)
        file.used = us
        written = os.write(file.fd, data)
        if written != len(data):
            self._take_back(file, written)

    def _look_after(self, file: _File, us: int) -> None:
        """Now and then: what was removed takes rows all the same."""
        if os.fstat(file.fd).st_nlink == 0:
            self._close_file(file)
            raise FileNotFoundError(2, "it was removed", file.path)
        file.check = us + LOOK_EACH

    def _take_back(self, file: _File, written: int) -> None:
        """The beginning of a row that did not find room."""
        os.ftruncate(file.fd, os.fstat(file.fd).st_size - written)
        raise OSError(28, os.strerror(28), file.path)

    def _lose(self, error: OSError) -> None:
        self.lost += 1
        if not self._told:
            self._told = True
            log.error("a row of metrics is lost, and maybe more: %s", error)

    # -- which file

    def _lane(self, series: str, format: str, row: Row) -> _Lane:
        if format not in ("csv", "jsonl"):
            raise ValueError("a format is 'csv' or 'jsonl', not {!r}".format(
                format))
        _check_series(series)
        names = tuple(row)
        _check_columns(names)
        key = (series, format,
               frozenset(names if format == "csv" else ()))
        file = self._files.get(key)
        if file is None:
            while len(self._files) >= MAX_OPEN:
                self._close_file(min(self._files.values(),
                                     key=lambda one: one.used))
            file = self._open(series, format, names)
            self._files[key] = file
        if len(self._lanes) >= MAX_LANES:
            self._lanes.clear()
        lane = _Lane(file, names)
        self._lanes[(series, format, *names)] = lane
        if not series:
            self._lanes[(None, format, *names)] = lane
        return lane

    def _close_file(self, file: _File) -> None:
        file.close()
        self._files = {key: one for key, one in self._files.items()
                       if one is not file}
        self._lanes = {key: lane for key, lane in self._lanes.items()
                       if lane.file is not file}

    def _open(self, series: str, format: str, names: Tuple[str, ...]) -> Any:
        """The first file that takes such rows and that nobody owns, or a new
        one."""
        found, number = [], 0
        for name in os.listdir(self.directory):
            match = _NAME.fullmatch(name)
            if match is None or match.group(1):
                continue
            number = max(number, int(match.group(2)) + 1)
            if (match.group(3) or "", match.group(4)) == (series, format):
                found.append((int(match.group(2)), name))
        for _, name in sorted(found):
            file = self._claim(os.path.join(self.directory, name), format,
                               names)
            if file is not None:
                return file
        return self._make(number, series, format, names)

    def _claim(self, path: str, format: str,
               names: Tuple[str, ...]) -> Optional[_File]:
        columns: Any = None
        try:
            fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW
                         | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            if format == "csv":
                columns = _header_columns(_first_line(fd) or b"")
            if (format == "jsonl" or columns is not None
                    and set(columns) == set(names)) \
                    and _own(fd) and _ends_with_line(fd):
                file = _File(fd, path, format, columns or ())
                fd = -1
                return file
        except OSError:
            pass
        finally:
            if fd >= 0:
                os.close(fd)
        return None

    def _make(self, number: int, series: str, format: str,
              names: Tuple[str, ...]) -> _File:
        while True:
            path = os.path.join(self.directory, "metrics-{:04d}{}.{}".format(
                number, "-" + series if series else "", format))
            try:
                fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT
                             | os.O_EXCL | os.O_CLOEXEC, 0o666)
                break
            except FileExistsError:
                number += 1
        _own(fd)
        if format == "jsonl":
            return _File(fd, path, format)
        header = ",".join(["at"] + [_quoted(name) for name in names]) + "\n"
        data = header.encode("utf-8")
        written = -1
        try:
            written = os.write(fd, data)
        finally:
            if written != len(data):
                os.close(fd)
                os.unlink(path)
        if written != len(data):
            raise OSError(28, os.strerror(28), path)
        return _File(fd, path, format, names)

    def flush(self) -> None:
        """Nothing waits: each row was written when meter() returned."""

    def close(self) -> None:
        """Lets go of the files; a later row opens them again."""
        with self._lock:
            for file in self._files.values():
                file.close()
            self._files = {}
            self._lanes = {}
            if self.lost > 1:
                log.error("%d rows of metrics are lost", self.lost)
            self.lost = 0
            self._told = False


_writers: "weakref.WeakSet[Writer]" = weakref.WeakSet()


def _after_fork() -> None:
    """A child leaves its parent's files alone."""
    for writer in list(_writers):
        files = list(writer._files.values())
        writer._forget()
        for file in files:
            file.close()


os.register_at_fork(after_in_child=_after_fork)


def writer_for(path: Union[str, "os.PathLike[str]"]) -> Writer:
    """A writer for the run in directory `path`."""
    return Writer(path)


# ---- reading ---------------------------------------------------------------

class _Series(NamedTuple):
    name: str
    path: str
    format: str


_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)\.?[0-9]*|\.[0-9]+)"
                    r"(?:[eE][-+]?[0-9]+)?")
_WORDS = {"": None, "true": True, "false": False, "True": True,
          "False": False, "nan": math.nan, "inf": math.inf,
          "-inf": -math.inf}
_NOT_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def _typed(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return _text_of(text)


def _text_of(text: Any) -> Any:
    """A text that was written as JSON, since one line could not show it."""
    if isinstance(text, str) and text.startswith('"'):
        try:
            value = json.loads(text)
        except ValueError:
            return text
        return value if isinstance(value, str) else text
    return text


def _files_of(directory: str) -> List[_Series]:
    found = []
    for name in sorted(os.listdir(directory)):
        match = _NAME.fullmatch(name)
        if match:
            found.append(((match.group(1) or "", int(match.group(2)), name),
                          _Series(match.group(3) or "",
                                  os.path.join(directory, name),
                                  match.group(4))))
    return [series for _, series in sorted(found)]


def _whole_lines(path: str) -> bytes:
    """The file without a last line that its writer did not finish."""
    with open(path, "rb") as file:
        text = file.read()
    return text[:text.rfind(b"\n") + 1]


_csv_limit = threading.Lock()


def _csv_rows(series: _Series) -> List[Dict[str, Any]]:
    text = _whole_lines(series.path).decode("utf-8", "replace")
    lines = csv.reader(io.StringIO(text, newline=""))
    with _csv_limit:
        before = csv.field_size_limit(len(text) + 1)
        try:
            return _typed_rows(series.path, lines)
        finally:
            csv.field_size_limit(before)


def _typed_rows(path: str, lines: Any) -> List[Dict[str, Any]]:
    header = next(lines, None)
    rows: List[Dict[str, Any]] = []
    while header:
        try:
            fields = next(lines, None)
        except csv.Error as error:      # a NUL, before Python 3.11
            log.warning("%s, line %d: %s; it is left out", path,
                        lines.line_num, error)
            continue
        if fields is None:
            break
        if len(fields) > len(header):
            log.warning("%s, line %d: more fields than the header has; it is "
                        "left out", path, lines.line_num)
        elif fields:
            row: Dict[str, Any] = dict.fromkeys(header)
            row.update(zip(header, map(_typed, fields)))
            rows.append(row)
    return rows


def _json_rows(series: _Series) -> List[Dict[str, Any]]:
    rows: List[Dict[str, Any]] = []
    lines = _whole_lines(series.path).decode("utf-8", "replace").split("\n")
    for number, line in enumerate(lines[:-1], 1):
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if isinstance(row, dict):
            rows.append({key: _NOT_FINITE.get(value, value)
                         if isinstance(value, str) else value
                         for key, value in row.items()})
        else:
            log.warning("%s, line %d is no row; it is left out", series.path,
                        number)
    return rows


def _rows(series: _Series) -> List[Dict[str, Any]]:
    read = _csv_rows if series.format == "csv" else _json_rows
    return read(series)


def _frame(pandas: Any, series: _Series) -> Any:
    """One file as a DataFrame."""
    if series.format == "jsonl":
        return pandas.DataFrame(_rows(series))
    text = _whole_lines(series.path)
    if not text:
        return pandas.DataFrame()
    try:
        frame = pandas.read_csv(
            io.BytesIO(text), keep_default_na=False, na_values=["", "nan"],
            index_col=False, encoding_errors="replace",
            float_precision="round_trip", low_memory=False)
    except (ValueError, pandas.errors.ParserError):
        return pandas.DataFrame(_rows(series))      # says what is damaged
    if b'"""' in text:
        for name in frame.columns[frame.dtypes == object]:
            frame[name] = frame[name].map(_text_of)
    return frame


def _directory(trial: Any) -> Optional[str]:
    """Where the files of a run are; None: there is no such run."""
    for name in ("path", "dir", "ex_dir"):
        if not isinstance(trial, (str, os.PathLike)) and hasattr(trial, name):
            found = getattr(trial, name)
            if found is None:
                raise FileNotFoundError(
                    2, "the trial is in a store: pull it first",
                    str(getattr(trial, "tid", trial)))
            return os.fsdecode(os.fspath(found))
    name = os.fsdecode(os.fspath(trial))
    if os.path.isdir(name):
        return name
    from . import _track
    path = os.path.join(_track.root(), name)
    return path if os.path.isdir(path) else _of_experiment(name)


def _of_experiment(word: str) -> Optional[str]:
    """The directory of an experiment of the project around the working
    directory, by its name, its comment, ``@``."""
    from ._program import NotInstalled, run_program

    root = os.getcwd()
    while not os.path.isfile(os.path.join(root, "resutil-conf.yaml")):
        if os.path.dirname(root) == root:
            return None
        root = os.path.dirname(root)
    try:
        name = run_program(["rev-exp", "--", word], capture=True).stdout
        place = run_program(["read-exp", "--key", "result_dir", "--",
                             os.fsdecode(name).rstrip("\n")],
                            capture=True).stdout if name else b""
    except NotInstalled:
        return None
    path = os.path.join(root, os.path.dirname(os.fsdecode(place)),
                        os.fsdecode(name).rstrip("\n"))
    return path if name and os.path.isdir(path) else None


def load_metrics(trial: Any, series: Optional[str] = None) -> Any:
    """All rows that a run metered, ordered by time.

    trial:  a tid below the path of init(), a directory, a Trial, a run, or an
            experiment of the project here (its name, its comment, ``@``).
    series: only that one ("": the one without a name); None: all.
    Returns a pandas.DataFrame where pandas is installed, else a list of
    dicts; empty if there are no rows.  The column ``at`` is the Unix time of a
    row in seconds; missing values are NaN, in dicts None.  Where rows come
    from more than one series, the column ``series`` says which, unless a
    column of that name was metered.
    A row that its writer did not finish is left out.
    """
    directory = _directory(trial)
    if directory is None:
        log.warning("there is no trial '%s'", trial)
    found = [one for one in (_files_of(directory) if directory else [])
             if series is None or one.name == series]
    names = {one.name for one in found}
    try:
        import pandas
    except ImportError:
        return _load_rows(found, len(names) > 1)
    frames = []
    for one in found:
        frame = _frame(pandas, one)
        if len(names) > 1 and "series" not in frame.columns:
            frame.insert(len(frame.columns), "series", one.name)
        if len(frame):
            frames.append(frame)
    if not frames:
        return pandas.DataFrame({"at": pandas.Series(dtype="float64")})
    frame = pandas.concat(frames, ignore_index=True, sort=False)
    return frame.sort_values("at", kind="stable", ignore_index=True)


def _load_rows(found: List[_Series], named: bool) -> List[Dict[str, Any]]:
    rows = []
    for one in found:
        for row in _rows(one):
            if named:
                row.setdefault("series", one.name)
            rows.append(row)
    return sorted(rows, key=_time_of)


def _time_of(row: Dict[str, Any]) -> float:
    at = row.get("at")
    return at if isinstance(at, (int, float)) and at == at else -math.inf
