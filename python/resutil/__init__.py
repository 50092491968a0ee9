"""resutil: git for experiment results, from inside a Python program.

::

    import resutil

    @resutil.main()
    def main_func(params):
        with open(params.ex_dir + "/score.txt", "w") as f:
            f.write("0.93")

    if __name__ == "__main__":
        main_func()

Each call is recorded as an experiment by the program ``resutil``, which must
be on PATH or named by RESUTIL_BIN. See resutil-python(7).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, List

from . import _flags
from ._program import NotInstalled, ResutilError

__version__ = "0.1.0"

# Modules are loaded when a name of theirs is used: an import of this package
# shall cost next to nothing.
_PLACES = {
    "main": "_main", "start": "_main", "Params": "_main",
    "init": "_track", "track": "_track", "run": "_track", "tid": "_track",
    "inform": "_track", "attach": "_track", "meter": "_track",
    "current_tracker": "_track", "using_tracker": "_track",
    "Trial": "_trial", "load_trials": "_trial", "load_report": "_trial",
    "TrialFailedException": "_trial", "metadata_providers": "meta",
    "load_metrics": "metrics", "resumable_fn": "_resumable",
}
_MODULES = ("hook", "meta", "metrics", "ab")

# Written out, for those who read types: all of _PLACES and _MODULES.
__all__ = [
    "NotInstalled", "Params", "ResutilError", "Trial", "TrialFailedException",
    "ab", "attach", "current_tracker", "hook", "inform", "init",
    "load_metrics", "load_report", "load_trials", "main", "meta",
    "metadata_providers", "meter", "metrics", "resumable_fn", "run", "start",
    "tid", "track", "using_tracker",
]


_flags.take()


if TYPE_CHECKING:
    from . import ab, hook, meta, metrics
    from ._main import Params, main, start
    from ._resumable import resumable_fn
    from ._track import (attach, current_tracker, inform, init, meter, run,
                         tid, track, using_tracker)
    from ._trial import (Trial, TrialFailedException, load_report,
                         load_trials)
    from .meta import metadata_providers
    from .metrics import load_metrics


def __getattr__(name: str) -> Any:
    place = _PLACES.get(name)
    if place is not None:
        value = getattr(importlib.import_module("." + place, __name__), name)
    elif name in _MODULES:
        value = importlib.import_module("." + name, __name__)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> List[str]:
    return sorted(set(globals()) | set(_PLACES) | set(_MODULES))
