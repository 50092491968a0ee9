"""What a record says of where an exception came from."""

from __future__ import annotations

import os
import traceback

__all__ = ["traceback_text"]

_HERE = os.path.dirname(os.path.abspath(__file__))


def traceback_text(error: BaseException) -> str:
    """The traceback as Python prints it, without resutil's own frames at its
    beginning."""
    frames = error.__traceback__
    while frames is not None and os.path.dirname(os.path.abspath(
            frames.tb_frame.f_code.co_filename)) == _HERE:
        frames = frames.tb_next
    try:
        return "".join(traceback.format_exception(
            type(error), error, frames))
    except Exception as broken:
        return "{} (its traceback cannot be shown: {})\n".format(
            type(error).__qualname__, type(broken).__name__)
