"""What votakvot kept in ``votakvot.core``."""

from __future__ import annotations

from resutil import (attach, current_tracker, inform, init, meter,
                     resumable_fn, run, tid, track, using_tracker)
from resutil._tracker import Tracker
from resutil._trial import TrialFailedException

__all__ = [
    "Tracker", "TrialFailedException", "attach", "current_tracker", "inform",
    "init", "meter", "resumable_fn", "run", "tid", "track", "using_tracker",
]
