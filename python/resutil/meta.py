"""What a record says about the machine, the code and the program.

``providers`` maps dotted names to functions without parameters: what a
function returns is the value in ``meta``.  Those that are there already stand
for what the program ``resutil`` finds out itself (beside the function, where
it takes long); give init() a copy with others added or some left out::

    mine = dict(resutil.meta.providers)
    mine["k8s.version"] = lambda: subprocess.getoutput("kubectl version")
    mine = {k: v for k, v in mine.items() if not k.startswith("git.")}
    resutil.init(meta_providers=mine)

What is left out is not asked: without ``git.`` no git is started.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import threading
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

from . import _values
from ._log import log
from ._program import run_program

__all__ = ["Builtin", "Gathering", "asked", "metadata_providers",
           "providers"]

#: Seconds that functions have before the tracked function begins; what takes
#: longer runs beside it.
AT_ONCE = 0.05
#: Seconds that the end of a trial waits for them.
PATIENCE = 10.0


class Builtin:
    """A provider of the program ``resutil``; calling it asks for the value."""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def group(self) -> str:
        """The key of ``meta`` that it belongs to."""
        return self.name.partition(".")[0]

    def __call__(self) -> Any:
        """The value, or None where there is none.  Starts a process."""
        found = run_program(["collect-meta", "--json", self.group],
                            capture=True)
        if found.returncode:
            return None
        value = json.loads(found.stdout or b"{}")
        for key in self.name.split("."):
            if not isinstance(value, dict):
                return None
            value = value.get(key)
        return value

    def __repr__(self) -> str:
        return "<provider {} of resutil>".format(self.name)


def _venv() -> Optional[str]:
    """The virtual environment that runs: what was activated, or what is."""
    given = os.environ.get("VIRTUAL_ENV")
    if given:
        return given
    return sys.prefix if sys.prefix != sys.base_prefix else None


def _conda() -> Optional[str]:
    """Name of the environment, or its directory."""
    return (os.environ.get("CONDA_DEFAULT_ENV")
            or os.environ.get("CONDA_PREFIX"))


#: Known here best, at once, and without a process.
_HERE: Dict[str, Callable[[], Any]] = {
    "python.version": platform.python_version,
    "python.implementation": platform.python_implementation,
    "python.path": lambda: sys.executable or None,
    "python.venv": _venv,
    "python.conda": _conda,
}

#: votakvot's own, in its order, and what resutil adds.
providers: Dict[str, Callable[[], Any]] = {
    name: Builtin(name) for name in (
        "system.platform", "system.user", "system.node", "system.cwd",
        "process.pid", "process.gid", "git.repo", "git.describe",
        "git.branch", "git.commit", "git.treeish")}
providers.update(_HERE)
providers.update(
    (name, Builtin(name)) for name in (
        "system.os", "system.sysname", "system.release", "system.version",
        "system.machine", "user", "host", "cpu", "gpu", "packages",
        "container", "slurm", "kubernetes", "env"))

#: The same dict, by the name that votakvot's documentation has once.
metadata_providers = providers


class Gathering:
    """What providers written in Python say; they may still be at it."""

    def __init__(self, asked: Mapping[str, Callable[[], Any]]) -> None:
        self._asked = dict(asked)
        self._found: Dict[str, Any] = {}
        self._lock = threading.Lock()
        self._thread: Optional[threading.Thread] = None

    def start(self) -> Dict[str, Any]:
        """What is known after AT_ONCE; the others go on in a thread."""
        quick = {name: fn for name, fn in self._asked.items()
                 if _HERE.get(name) is fn}
        self._ask(quick)
        slow = {name: fn for name, fn in self._asked.items()
                if name not in quick}
        if slow:
            self._thread = threading.Thread(
                target=self._ask, args=(slow,), daemon=True,
                name="resutil-meta")
            self._thread.start()
            self._thread.join(AT_ONCE)
        return self._take()

    def rest(self) -> Dict[str, Any]:
        """What has come since; waits PATIENCE for what has not."""
        if self._thread is None:
            return {}
        self._thread.join(PATIENCE)
        if self._thread.is_alive():
            log.warning("a provider of metadata still works after the trial; "
                        "what it says is left out")
        return self._take()

    def _ask(self, asked: Mapping[str, Callable[[], Any]]) -> None:
        for name, fn in asked.items():
            try:
                value = fn()
            except Exception as error:
                log.warning("the provider '%s' of metadata failed: %s: %s",
                            name, type(error).__name__, error)
                value = {"error": _values.bounded_repr(error)}
            if value is None:
                continue
            with self._lock:
                self._found[name] = _values.plain_or_repr(
                    value, _values.PARAM_LIMIT)

    def _take(self) -> Dict[str, Any]:
        with self._lock:
            found, self._found = self._found, {}
        made: Dict[str, Any] = {}
        for name, value in found.items():
            _put(made, name.split("."), value)
        return made


def _put(into: Dict[str, Any], keys: List[str], value: Any) -> None:
    for key in keys[:-1]:
        inner = into.get(key)
        if not isinstance(inner, dict):
            inner = into[key] = {}
        into = inner
    into[keys[-1]] = value


def asked(chosen: Optional[Mapping[str, Callable[[], Any]]]
          ) -> Tuple[List[str], Gathering]:
    """The names that the program ``resutil`` is asked for, and the others.

    chosen: what init() was given; None: ``providers`` as it is now.
    """
    names = []
    others = {}
    for name, fn in (providers if chosen is None else chosen).items():
        if isinstance(fn, Builtin) and fn.name == name:
            names.append(name)
        else:
            others[name] = fn
    return names, Gathering(others)
