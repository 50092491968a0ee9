"""What votakvot kept in ``votakvot.data``."""

from __future__ import annotations

from resutil import Trial, load_report, load_trials
from resutil._trial import Data as FancyDict

__all__ = ["FancyDict", "Trial", "load_report", "load_trials"]
