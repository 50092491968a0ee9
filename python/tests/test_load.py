"""Trees of trials, votakvot's among them, and stores, read by the program.

RESUTIL_BIN, or ``resutil`` on PATH, is the program under test.
"""

import datetime
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from typing import Any, Dict, List

import resutil
from resutil import _read, _report, _track

# As votakvot 0.1.dev2 writes it.
VOTAKVOT = """\
votakvot: 0.1.dev2

tid: my_module.function_name/21-05-20/15:04:10/b23c

uid: b2429d9ae53611f1833f02fc00000001

meta:
    system:
        platform: Linux-5.10
        user: ann
        node: lab3
        cwd: /home/ann
    process:
        pid: 23937
        gid: 0
    git:
        branch: master
        commit: e052faa0c5a4a4ae2fc51a2a7c8c9b8a3f2b1d00

at:
    created: 2021-05-20 15:04:10.690226
    started: 2021-05-20 15:04:10.700000
    finished: 2021-05-20 15:04:12.000000

params:
    one: 1
    shape: !!python/tuple
    - 2
    - 3

state: done

info:
    any_custom_field: "\\u65E5\\u672C"

result: !!python/object:my_module.Score
    f1: 0.5
    seen: !!set {3: null}
"""


class LoadCase(unittest.TestCase):
    def setUp(self) -> None:
        above = tempfile.TemporaryDirectory()
        self.addCleanup(above.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(above.name)
        self.cwd = os.getcwd()
        self.addCleanup(setattr, _track, "_settings", _track._settings)
        _track._settings = _track._Settings()

    def write(self, path: str, text: str) -> None:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)

    def trial(self, tid: str, root: str = "root", **keys: str) -> None:
        lines = ["resutil: 1", "tid: " + tid, "state: done"]
        lines += ["{}: {}".format(key, text) for key, text in keys.items()]
        self.write(os.path.join(root, tid, "resutil-exp.yaml"),
                   "\n".join(lines) + "\n")

    def tids(self, path: Any) -> List[str]:
        found = resutil.load_trials(path)
        rows = self.rows(path)
        self.assertEqual([row["tid"] for row in rows], list(found))
        return list(found)

    def rows(self, path: Any, full: bool = False) -> List[Dict[str, Any]]:
        """A report as dicts, with pandas or without."""
        made = resutil.load_report(path, full=full)
        if isinstance(made, list):
            return made
        self.assertEqual(list(made.index), list(range(len(made))))
        return made.to_dict("records")


class TreeTest(LoadCase):
    def test_an_old_tree(self) -> None:
        tid = "my_module.function_name/21-05-20/15:04:10/b23c"
        self.write("old/" + tid + "/votakvot.yaml", VOTAKVOT)
        self.write("old/" + tid + "/note.txt", "n")
        trials = resutil.load_trials("old")
        self.assertEqual(list(trials), [tid])
        trial = trials[tid]
        self.assertEqual(trial.uid, "b2429d9ae53611f1833f02fc00000001")
        self.assertEqual(trial.params, {"one": 1, "shape": [2, 3]})
        self.assertEqual(trial.result, {"f1": 0.5, "seen": {3}})
        self.assertEqual(trial.info.any_custom_field, "日本")
        self.assertEqual(trial.meta.git.branch, "master")
        self.assertEqual(trial.at.created, datetime.datetime(
            2021, 5, 20, 15, 4, 10, 690226))
        self.assertEqual(trial.attached, ["note.txt"])
        row = self.rows("old")[0]
        self.assertEqual((row["one"], row["f1"], row["state"]),
                         (1, 0.5, "done"))
        full = self.rows("old", full=True)[0]
        self.assertEqual(full["meta.system.node"], "lab3")
        self.assertEqual(full["params.one"], 1)
        self.assertEqual(full["result.f1"], 0.5)
        with open("old/" + tid + "/votakvot.yaml", encoding="utf-8") as f:
            self.assertEqual(f.read(), VOTAKVOT)

    def test_patterns_as_in_votakvots_readme(self) -> None:
        one, two, three = ("my_module.function_name/21-05-20/15:00:01/a",
                           "my_module.function_name/21-05-21/15:00:02/b",
                           "other.fn/21-05-20/16:00:00/c")
        for tid in (one, two, three):
            self.trial(tid)
        root = os.path.join(self.cwd, "root")
        self.assertEqual(self.tids(root), [one, two, three])
        self.assertEqual(self.tids("root/"), [one, two, three])
        self.assertEqual(self.tids("file://" + root), [one, two, three])
        self.assertEqual(self.tids(root + "/my_module/function_name"),
                         [one, two])
        self.assertEqual(self.tids(root + "/my_module.function_name"),
                         [one, two])
        self.assertEqual(self.tids(root + "/**/21-05-20"), [one, three])
        self.assertEqual(self.tids(root + "/**/21-05-20/**"), [one, three])
        self.assertEqual(self.tids(root + "/**/21-05-20/15:*"), [one])
        self.assertEqual(self.tids(root + "/*/21-05-20"), [one, three])
        self.assertEqual(self.tids(root + "/*/15:*"), [])
        self.assertEqual(self.tids(root + "/" + two), [two])

    def test_two_levels_are_found_as_one(self) -> None:
        self.trial("my_module/fn/21-05-20/x")
        self.assertEqual(self.tids("root/my_module.fn"),
                         ["my_module/fn/21-05-20/x"])
        self.assertEqual(self.tids("root/my_module.fn/*/x"),
                         ["my_module/fn/21-05-20/x"])

    def test_a_neighbour_with_a_dot_is_not_meant(self) -> None:
        self.trial("a", root="runs/v1")
        self.trial("b", root="runs.v1")
        self.assertEqual(self.tids("runs/v1"), ["a"])

    def test_nothing_is_an_empty_report(self) -> None:
        os.mkdir("empty")
        for path in ("empty", "not/there", "*/nothing", None):
            with self.subTest(path=path):
                self.assertEqual(resutil.load_trials(path), {})
                self.assertEqual(len(resutil.load_report(path)), 0)
                self.assertEqual(len(resutil.load_report(path, full=True)), 0)

    def test_init_says_where(self) -> None:
        self.trial("t")
        resutil.init(path="root")
        self.assertEqual(list(resutil.load_trials()), ["t"])

    def test_what_cannot_be_read_is_told(self) -> None:
        self.trial("good")
        self.write("root/bad/resutil-exp.yaml", "a: [\n")
        with self.assertLogs("resutil", "WARNING") as logs:
            self.assertEqual(list(resutil.load_trials("root")), ["good"])
        self.assertIn("bad", logs.output[0])
        with self.assertRaisesRegex(resutil.ResutilError, "bad"):
            resutil.load_trials("root", safe=False)
        with self.assertRaises(resutil.ResutilError):
            resutil.load_report("root", safe=False)

    def test_one_tid_in_two_trees_are_two_rows(self) -> None:
        self.trial("t", root="r/1", params="{a: 1}")
        self.trial("t", root="r/2", params="{a: 2}")
        self.assertEqual([row["a"] for row in self.rows("r")], [1, 2])
        self.assertEqual(list(resutil.load_trials("r")), ["t"])

    def test_failed_ones_stay(self) -> None:
        self.trial("t1", params="{a: 1}", result="{b: 2}")
        self.write("root/t2/resutil-exp.yaml",
                   "tid: t2\nstate: fail\nparams: {a: 3}\n"
                   "error: ValueError('x')\n")
        rows = self.rows("root")
        self.assertEqual([row["state"] for row in rows], ["done", "fail"])
        self.assertEqual(rows[1]["error"], "ValueError('x')")
        self.assertEqual([row["a"] for row in rows], [1, 3])

    def test_without_pandas_a_list(self) -> None:
        self.trial("t", params="{a: 1}")
        self.addCleanup(setattr, _report, "_pandas", _report._pandas)
        _report._pandas = lambda: None
        self.assertEqual(resutil.load_report("root"),
                         [{"tid": "t", "a": 1, "state": "done"}])
        self.assertEqual(resutil.load_report("nothing"), [])

    def test_many(self) -> None:
        for n in range(500):
            self.trial("t/{:03}".format(n), params="{{n: {}}}".format(n))
        rows = self.rows("root")
        self.assertEqual([row["n"] for row in rows], list(range(500)))


class StoreTest(LoadCase):
    def resutil(self, *words: str) -> None:
        subprocess.run([os.environ.get("RESUTIL_BIN", "resutil"), *words],
                       check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def setUp(self) -> None:
        super().setUp()
        os.environ.pop("RESUTIL_NO_REMOTE", None)
        os.mkdir("p")
        os.mkdir("store")
        os.chdir("p")
        self.resutil("init", "--project-name=P", "--storage-type=dir",
                     "-o", "path=../store")
        for number, comment in enumerate(("one", "two")):
            self.resutil("run", "-m", comment, "--push", "--", "true",
                         "--n", str(number))
        os.chdir("..")
        shutil.rmtree("p")

    def test_records_in_a_store(self) -> None:
        url = "dir:{}/store/P".format(self.cwd)
        rows = self.rows(url)
        self.assertEqual([row["n"] for row in rows], [0, 1])
        trials = resutil.load_trials(url + "/*_two")
        self.assertEqual([t.params.n for t in trials.values()], [1])
        trial = list(trials.values())[0]
        self.assertIsNone(trial.path)
        self.assertTrue(trial.tid.endswith("_two"))
        with self.assertRaises(FileNotFoundError):
            trial.attach("stdout.log")
        self.assertEqual(os.listdir("."), ["store"])

    def test_trials_in_experiments_of_a_store(self) -> None:
        os.mkdir("p")
        os.chdir("p")
        self.resutil("init", "--project-name=Q", "--storage-type=dir",
                     "-o", "path=../store")
        self.resutil("run", "-m", "many", "--push", "--", sys.executable,
                     "-c", "import os, resutil\n"
                     "resutil.init(os.environ['RESUTIL_EX_DIR'])\n"
                     "for n in range(3):\n"
                     "    resutil.run('t/%d' % n, lambda n: n, n=n)\n")
        os.chdir("..")
        rows = self.rows("dir:{}/store/Q".format(self.cwd))
        self.assertEqual([row["tid"] for row in rows[1:]],
                         ["t/0", "t/1", "t/2"])
        self.assertEqual([row["result"] for row in rows[1:]], [0, 1, 2])
        self.assertEqual([name for name in (
            "/x/votakvot.yaml", "../votakvot.yaml", "a/../votakvot.yaml",
            "a/votakvot.yaml", "resutil-exp.yaml", "a/b") if
            _read._is_record(name)], ["a/votakvot.yaml", "resutil-exp.yaml"])

    def test_a_store_that_is_not_there(self) -> None:
        with self.assertRaises(resutil.ResutilError):
            resutil.load_report("dir:{}/gone/P".format(self.cwd))
        with self.assertRaises(resutil.ResutilError):
            resutil.load_report("ftp://host/path")


if __name__ == "__main__":
    unittest.main()
