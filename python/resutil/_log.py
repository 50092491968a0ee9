"""The logger ``resutil``: what went wrong and did not end the program.

What is said comes in part from outside (names of files, records); it passes
to a terminal without anything that a terminal would obey.
"""

from __future__ import annotations

import logging

from ._talk import printable

__all__ = ["log"]


def _clean(record: logging.LogRecord) -> bool:
    record.msg = printable(record.getMessage())
    record.args = ()
    return True


log = logging.getLogger("resutil")
if not log.filters:
    log.addFilter(_clean)
