"""Builds the distribution ``votakvot``: as that of resutil, with other words.

``common`` is the backend of resutil itself.
"""

from __future__ import annotations

import common

common.NAME = "votakvot"
common.SUMMARY = "runs programs written for votakvot with resutil"
common.SCRIPTS = {}
common.EXTRAS = (f"Requires-Dist: resutil (=={common.version()})",)
common.EXTRA = (*common.EXTRA, "build_backend/common.py")

get_requires_for_build_wheel = common.get_requires_for_build_wheel
get_requires_for_build_sdist = common.get_requires_for_build_sdist
get_requires_for_build_editable = common.get_requires_for_build_editable
prepare_metadata_for_build_wheel = common.prepare_metadata_for_build_wheel
prepare_metadata_for_build_editable = (
    common.prepare_metadata_for_build_editable)
build_wheel = common.build_wheel
build_editable = common.build_editable
build_sdist = common.build_sdist
