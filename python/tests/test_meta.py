"""What is asked about machine and code, by the real program.

RESUTIL_BIN, or ``resutil`` on PATH, is the program under test.
"""

import os
import subprocess
import sys
import threading
import time
import unittest
from typing import Any

import resutil
from track_case import TrackCase


class MetaTest(TrackCase):
    def meta(self, providers: Any = None) -> Any:
        resutil.init(meta_providers=providers)
        self.number = getattr(self, "number", 0) + 1
        return resutil.run("t{}".format(self.number), lambda: 0).meta

    def make_repository(self) -> None:
        for words in ("init -q", "commit -q --allow-empty -m one"):
            subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@x"]
                           + words.split(), check=True)

    def test_as_votakvot(self) -> None:
        self.make_repository()
        meta = self.meta()
        commit = subprocess.run(["git", "rev-parse", "HEAD"], check=True,
                                stdout=subprocess.PIPE).stdout.decode()
        self.assertEqual(meta.git.commit, commit.strip())
        self.assertEqual(meta.git.repo, self.cwd)
        for name in ("platform", "user", "node", "cwd"):
            self.assertIn(name, meta.system)
        self.assertEqual(meta.process.pid, os.getpid())
        self.assertEqual(meta.python.version, sys.version.split()[0])

    def test_the_tree_is_made_when_something_has_changed(self) -> None:
        os.mkdir("repository")
        os.chdir("repository")
        self.make_repository()
        text = ("import os, resutil\n"
                "resutil.init('../trials')\n"
                "def tree(number):\n"
                "    os.utime('.git/index')\n"
                "    return resutil.run('t%d' % number, lambda: 0)"
                ".meta.git.treeish\n"
                "one = tree(1)\n"
                "assert len(one) == 40 and tree(2) == one and tree(3) == one\n"
                "with open('file', 'w') as f: f.write('two\\n')\n"
                "two = tree(4)\n"
                "assert two != one\n"
                "with open('file', 'w') as f: f.write('six\\n')\n"
                "assert tree(5) not in (one, two)\n")
        for name, content in (("program.py", text), ("file", "one\n")):
            with open(name, "w", encoding="utf-8") as f:
                f.write(content)
        subprocess.run(["git", "add", "file"], check=True)
        # a file that changed just now may change again and look the same
        deadline = time.monotonic() + 10
        while time.time() - os.stat("file").st_ctime < 4:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        trace = os.path.join(self.cwd, "trace")
        subprocess.run([sys.executable, "program.py"], check=True,
                       env=dict(os.environ, RESUTIL_TRACE=trace))
        with open(trace, encoding="utf-8") as f:
            made = [line for line in f if "write-tree" in line]
        self.assertEqual(len(made), 3, "".join(made))

    def test_ones_own(self) -> None:
        mine = dict(resutil.meta.providers)
        mine["k8s.version"] = lambda: "v1"
        mine["k8s.none"] = lambda: None
        mine["broken"] = lambda: 1 / 0
        mine["odd"] = lambda: object
        with self.assertLogs("resutil", "WARNING"):
            meta = self.meta(mine)
        self.assertEqual(meta.k8s, {"version": "v1"})
        self.assertEqual(meta.odd, "<class 'object'>")
        self.assertIn("ZeroDivisionError", meta.broken.error)
        self.assertIn("system", meta)

    def test_slow_ones_run_beside_the_function(self) -> None:
        begun = threading.Event()

        def slow() -> str:
            begun.wait(120)
            return "late"

        resutil.init(meta_providers={"slow": slow})
        meta = resutil.run("t", begun.set).meta
        meta.pop("recorder")
        self.assertEqual(meta, {"slow": "late"})

    def test_one_that_hangs_is_left_out(self) -> None:
        self.addCleanup(setattr, resutil.meta, "PATIENCE",
                        resutil.meta.PATIENCE)
        resutil.meta.PATIENCE = 0.1
        never = threading.Event()
        self.addCleanup(never.set)
        with self.assertLogs("resutil", "WARNING"):
            meta = self.meta({"fine": lambda: 1,
                              "hangs": lambda: never.wait(60)})
        meta.pop("recorder")
        self.assertEqual(meta, {"fine": 1})

    def test_what_is_removed_starts_no_process(self) -> None:
        self.make_repository()
        os.mkdir("bin")
        for name in ("git", "nvidia-smi"):
            with open("bin/" + name, "w", encoding="utf-8") as f:
                f.write("#!/bin/sh\necho {0} >>{1}/started\n".format(
                    name, self.cwd))
            os.chmod("bin/" + name, 0o755)
        done = self.program(
            "import resutil\n"
            "mine = {k: v for k, v in resutil.metadata_providers.items()\n"
            "        if not k.startswith('git.') and k != 'gpu'}\n"
            "resutil.init(meta_providers=mine)\n"
            "resutil.run('t', lambda: 0)\n",
            env=dict(os.environ, PATH=os.path.abspath("bin") + ":" +
                     os.environ["PATH"]))
        self.assertEqual(done.stderr, b"")
        self.assertFalse(os.path.exists("started"))
        self.assertNotIn("git", self.only().meta)
        self.assertIn("system", self.only().meta)


if __name__ == "__main__":
    unittest.main()
