"""The module ``votakvot`` of programs that were written for it.

All of it is resutil; see resutil-votakvot(7) for what differs.
"""

from __future__ import annotations

import sys

import resutil
from resutil import (_runners, _track, _trial, hook, meta, metrics)
from resutil import (attach, current_tracker, inform, init, load_report,
                     load_trials, meter, resumable_fn, run, tid, track,
                     using_tracker)
from resutil.meta import providers as metadata_providers
from votakvot import core, data

__version__ = "0.1.0"

__all__ = [
    "attach", "core", "current_tracker", "data", "hook", "inform", "init",
    "load_report", "load_trials", "meta", "metadata_providers", "meter",
    "metrics", "resumable_fn", "run", "runner", "tid", "track",
    "using_tracker", "Trial", "TrialFailedException",
]

Trial = _trial.Trial
TrialFailedException = _trial.TrialFailedException
runner = _runners

# "import votakvot.meta" gives the same modules, not copies of them.
for _name, _module in (("hook", hook), ("meta", meta), ("metrics", metrics),
                       ("runner", runner)):
    sys.modules[__name__ + "." + _name] = _module


def __getattr__(name: str) -> object:
    if name == "ab":
        import resutil.ab
        sys.modules[__name__ + ".ab"] = resutil.ab
        return resutil.ab
    raise AttributeError("module 'votakvot' has no attribute "
                         "'{}'".format(name))
