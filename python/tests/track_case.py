"""What the tests of tracked functions share.

RESUTIL_BIN, or ``resutil`` on PATH, is the program under test.
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from typing import Any, Dict

import resutil
from resutil import _track


def record_of(path: str) -> Dict[str, Any]:
    """A record as the program itself prints it."""
    done = subprocess.run(
        [os.environ.get("RESUTIL_BIN", "resutil"), "read-exp", "--json",
         path + "/"], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


class TrackCase(unittest.TestCase):
    """Each test has a working directory and a tree of its own."""

    def setUp(self) -> None:
        above = tempfile.TemporaryDirectory()
        self.addCleanup(above.cleanup)
        before = os.getcwd()
        self.addCleanup(os.chdir, before)
        os.chdir(above.name)
        self.cwd = os.getcwd()
        self.addCleanup(setattr, _track, "_settings", _track._settings)
        _track._settings = _track._Settings()

    def only(self, path: str = ".") -> Any:
        trials = list(resutil.load_trials(path).values())
        self.assertEqual(len(trials), 1)
        return trials[0]

    def program(self, text: str, **options: Any) -> Any:
        """Runs a program in the working directory."""
        with open("program.py", "w", encoding="utf-8") as f:
            f.write(text)
        return subprocess.run([sys.executable, "program.py"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              check=False, timeout=180, **options)
