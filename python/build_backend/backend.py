"""Builds the distribution of the package: PEP 517, PEP 660, nothing else.

It needs the standard library alone, so that `pip install ./python` works
without a network, and on machines where nothing may be downloaded. The same
sources give the same bytes.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import os
import re
import tarfile
import zipfile
from typing import Any, Dict, Iterator, List, Optional, Tuple

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NAME = "resutil"
SUMMARY = "git for experiment results: records runs from inside a program"
SCRIPTS = {"resutil-ab": "resutil.ab:main", "votakvot-ab": "resutil.ab:main"}
EXTRAS = (
    "Provides-Extra: pandas",
    "Requires-Dist: pandas; extra == 'pandas'",
    "Provides-Extra: gevent",
    "Requires-Dist: gevent; extra == 'gevent'",
)
# What an sdist has besides the package.
EXTRA = ("pyproject.toml", "README.md", "LICENSE", "build_backend/backend.py")
EPOCH = (1980, 1, 1, 0, 0, 0)       # the first that zip can say

Settings = Optional[Dict[str, Any]]
Members = List[Tuple[str, bytes]]


def _read(path: str) -> bytes:
    with open(os.path.join(HERE, path), "rb") as f:
        return f.read()


def version() -> str:
    """``__version__`` of the package, without importing it."""
    found = re.search(r'^__version__ = "([^"]+)"$',
                      _read(f"{NAME}/__init__.py").decode(), re.M)
    if not found:
        raise ValueError(f"{NAME}/__init__.py has no __version__")
    return found.group(1)


def _package_files() -> Iterator[str]:
    """Paths of the package's files, in a fixed order."""
    for top, dirs, files in os.walk(os.path.join(HERE, NAME)):
        dirs[:] = sorted(d for d in dirs if d != "__pycache__")
        for name in sorted(files):
            if name.endswith((".py", ".typed")):
                yield os.path.relpath(os.path.join(top, name), HERE)


def _metadata() -> bytes:
    lines = [
        "Metadata-Version: 2.1",
        f"Name: {NAME}",
        f"Version: {version()}",
        f"Summary: {SUMMARY}",
        "License: MIT",
        "License-File: LICENSE",
        "Requires-Python: >=3.8",
        *EXTRAS,
        "Classifier: License :: OSI Approved :: MIT License",
        "Classifier: Operating System :: POSIX",
        "Classifier: Programming Language :: Python :: 3",
        "Classifier: Typing :: Typed",
        "Description-Content-Type: text/markdown",
        "",
    ]
    return "\n".join(lines).encode() + b"\n" + _read("README.md")


def _dist_info() -> str:
    return f"{NAME}-{version()}.dist-info"


def _info_members() -> Members:
    info = _dist_info()
    scripts = "".join(f"{name} = {place}\n"
                      for name, place in sorted(SCRIPTS.items()))
    return [
        (f"{info}/LICENSE", _read("LICENSE")),
        (f"{info}/METADATA", _metadata()),
        (f"{info}/WHEEL", b"Wheel-Version: 1.0\nGenerator: resutil\n"
         b"Root-Is-Purelib: true\nTag: py3-none-any\n"),
        (f"{info}/entry_points.txt",
         ("[console_scripts]\n" + scripts).encode()),
        (f"{info}/top_level.txt", NAME.encode() + b"\n"),
    ]


def _record(members: Members) -> bytes:
    lines = []
    for path, data in members:
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest())
        lines.append(f"{path},sha256={digest.rstrip(b'=').decode()},"
                     f"{len(data)}\n")
    lines.append(f"{_dist_info()}/RECORD,,\n")
    return "".join(lines).encode()


def _write_wheel(directory: str, members: Members) -> str:
    """Writes the wheel with these files; returns its name."""
    name = f"{NAME}-{version()}-py3-none-any.whl"
    members = members + [(f"{_dist_info()}/RECORD", _record(members))]
    with zipfile.ZipFile(os.path.join(directory, name), "w",
                         zipfile.ZIP_DEFLATED) as wheel:
        for path, data in members:
            entry = zipfile.ZipInfo(path, EPOCH)
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            wheel.writestr(entry, data)
    return name


# -- the hooks --------------------------------------------------------------

def get_requires_for_build_wheel(config_settings: Settings = None
                                 ) -> List[str]:
    return []


get_requires_for_build_sdist = get_requires_for_build_wheel
get_requires_for_build_editable = get_requires_for_build_wheel


def prepare_metadata_for_build_wheel(metadata_directory: str,
                                     config_settings: Settings = None) -> str:
    os.makedirs(os.path.join(metadata_directory, _dist_info()))
    for path, data in _info_members():
        with open(os.path.join(metadata_directory, path), "wb") as f:
            f.write(data)
    return _dist_info()


prepare_metadata_for_build_editable = prepare_metadata_for_build_wheel


def build_wheel(wheel_directory: str, config_settings: Settings = None,
                metadata_directory: Optional[str] = None) -> str:
    members = [(path, _read(path)) for path in _package_files()]
    return _write_wheel(wheel_directory, members + _info_members())


def build_editable(wheel_directory: str, config_settings: Settings = None,
                   metadata_directory: Optional[str] = None) -> str:
    members = [(f"__editable__.{NAME}.pth", os.fsencode(HERE) + b"\n")]
    return _write_wheel(wheel_directory, members + _info_members())


def build_sdist(sdist_directory: str,
                config_settings: Settings = None) -> str:
    base = f"{NAME}-{version()}"
    name = f"{base}.tar.gz"
    members = [("PKG-INFO", _metadata())]
    members += [(path, _read(path)) for path in (*EXTRA, *_package_files())]
    with open(os.path.join(sdist_directory, name), "wb") as out, \
            gzip.GzipFile("", "wb", fileobj=out, mtime=0) as packed, \
            tarfile.open(fileobj=packed, mode="w",
                         format=tarfile.PAX_FORMAT) as archive:
        for path, data in members:
            entry = tarfile.TarInfo(f"{base}/{path}")
            entry.size = len(data)
            entry.mode = 0o644
            archive.addfile(entry, io.BytesIO(data))
    return name
