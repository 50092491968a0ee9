"""Records of trials, wherever they are: the C program reads them."""

from __future__ import annotations

import fnmatch
import itertools
import os
import re
import shutil
import subprocess
import tempfile
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from . import _typed
from ._log import log
from ._program import ResutilError, find_program

__all__ = ["attached_files", "read_all", "read_one"]

RECORDS = ("resutil-exp.yaml", "votakvot.yaml")
#: What is in a trial's directory and was not attached by anybody.
_OWN = re.compile(
    r"resutil-exp\.yaml|votakvot\.yaml|\.resutil-live|resutil-snapshot|"
    r"\.resutil-attach\.\d+\.\d+\.tmp$")
_STORE = re.compile(r"(dir|gs|gcs|s3|ssh|gdrive|drive):|[a-z][a-z0-9+]*://")
#: Statuses of read-trials that speak of single records.
_SOME = (3, 13)
#: Packs of a store that are read at once.
_WORKERS = 8
#: Records of trials that are read from one pack, a process for each.
_RECORDS_MAX = 1000


def attached_files(path: Optional[str]) -> List[str]:
    """Paths of all files below a trial's directory but resutil's own."""
    if path is None:
        return []
    found = []
    for above, below, names in os.walk(path):
        if above != path and any(name in names for name in RECORDS):
            below[:] = []       # another trial
            continue
        below.sort()
        for name in names:
            if above != path or not _OWN.match(name):
                found.append(os.path.relpath(os.path.join(above, name), path))
    return sorted(found)


def read_one(path: str) -> Dict[str, Any]:
    """The trial in directory `path`: path, tid, record.

    Raises ResutilError when there is none, or when it cannot be read.
    """
    for found in _run([path], safe=False):
        if os.path.samefile(found["path"], path):
            return found
    raise ResutilError("there is no record in '{}'".format(path), 10)


def read_all(path: Any, safe: bool) -> Iterator[Dict[str, Any]]:
    """The trials below a path or pattern, or in a store.

    Each is a dict: path (None in a store), tid, record.
    """
    text = os.fsdecode(os.fspath(path))
    if text.startswith("file://"):
        text = text[len("file://"):]
    elif _STORE.match(text) and not os.path.exists(text):
        return _of_store(text, safe)
    return _run([os.path.abspath(text)], safe)


def _run(paths: Sequence[str], safe: bool) -> Iterator[Dict[str, Any]]:
    """What ``resutil read-trials`` finds."""
    program = find_program()
    errors = tempfile.TemporaryFile()
    seen = False
    with errors, subprocess.Popen(
            [program, "read-trials", "--json", "--no-attached", "--", *paths],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=errors) as process:
        assert process.stdout is not None
        for line in process.stdout:
            seen = True
            yield _entry(line)
        status = process.wait()
        errors.seek(0)
        said = errors.read().decode("utf-8", "replace").strip()
    if not status:
        return
    said = re.sub(r"(?m)^resutil: ", "", said)
    if not safe or (not seen and status not in _SOME):
        raise ResutilError(said or "'resutil read-trials' failed", status)
    log.warning("some trials cannot be read:\n%s", said)


def _entry(line: bytes) -> Dict[str, Any]:
    found = _typed.loads(line)
    path = _typed.decode(found["path"])
    record = _typed.decode(found["record"])
    if found.get("state") is not None:
        record["state"] = found["state"]    # as it is now
    tid = _text(_typed.decode(found.get("tid")))
    return {
        "path": os.fsdecode(path),
        "tid": tid or record.get("name") or os.path.basename(path),
        "record": record,
    }


def _text(value: Any) -> Any:
    return os.fsdecode(value) if isinstance(value, bytes) else value


# -- stores -----------------------------------------------------------------


def _of_store(url: str, safe: bool) -> Iterator[Dict[str, Any]]:
    """The trials and experiments in a project of a store: of ``URL/PROJECT``
    all, of ``URL/PROJECT/PATTERN`` those whose names match.

    Only records are fetched, into a directory that is gone afterwards.
    """
    # takes longer to load than all else here
    from concurrent.futures import ThreadPoolExecutor

    above = tempfile.mkdtemp(prefix="resutil-report-")
    try:
        pattern, project = _clone(url, above)
        names = [name for name in _lines(project, "list-remote", "-z")
                 if fnmatch.fnmatchcase(name, pattern)]
        records = os.path.join(above, "records")
        os.mkdir(records)
        with ThreadPoolExecutor(_WORKERS) as pool:
            done = list(pool.map(_fetch, itertools.repeat(project), names,
                                 itertools.repeat(records)))
        for name, error in zip(names, done):
            if error is not None and not safe:
                raise error
            if error is not None:
                log.warning("'%s' cannot be read: %s", name, error)
        for found in _run([records], safe):
            found["path"] = None
            yield found
    finally:
        shutil.rmtree(above, ignore_errors=True)


def _clone(url: str, above: str) -> Tuple[str, str]:
    """A project of that store, without experiments; and what to look for."""
    pattern = "*"
    project = os.path.join(above, "project")
    head, _, tail = url.partition("*")
    if tail or head != url:
        head, _, begin = head.rpartition("/")
        url, pattern = head, begin + "*" + tail
    _lines(above, "clone", "--", url, project)
    return pattern, project


def _lines(cwd: str, *words: str) -> List[str]:
    return [os.fsdecode(item) for item in
            _output(cwd, *words).split(b"\0") if item]


def _output(cwd: str, *words: str) -> bytes:
    """What ``resutil WORDS`` prints; its cache is not left behind."""
    top = cwd if words[0] == "clone" else os.path.dirname(cwd)
    env = dict(os.environ, XDG_CACHE_HOME=os.path.join(top, "cache"))
    done = subprocess.run(
        [find_program(), "--no-interactive"] + list(words), cwd=cwd, env=env,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, check=False)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise ResutilError(re.sub(r"(?m)^resutil: ", "", said) or
                           "'resutil {}' failed".format(words[0]),
                           done.returncode)
    return done.stdout


def _is_record(path: str) -> bool:
    """A pack comes from a store: whatever it says, nothing is written
    elsewhere."""
    head, tail = os.path.split(path)
    return (tail in RECORDS and not path.startswith("/")
            and ".." not in head.split("/"))


def _fetch(project: str, name: str, into: str) -> Optional[ResutilError]:
    """The records in one pack, as files below `into`."""
    try:
        paths = _lines(project, "list-pack", "-z", "--format=%(path)",
                       "--remote=origin", name)
        paths = [path for path in paths if _is_record(path)]
        if len(paths) > _RECORDS_MAX:
            raise ResutilError("it holds {} records, and no more than {} are "
                               "read: pull it first".format(
                                   len(paths), _RECORDS_MAX), 13)
        for path in paths:
            head, tail = os.path.split(path)
            text = _output(project, "cat-pack", "--remote=origin", name, path)
            above = os.path.join(into, name, head)
            os.makedirs(above, exist_ok=True)
            with open(os.path.join(above, tail), "wb") as record:
                record.write(text)
    except ResutilError as error:
        return error
    return None
