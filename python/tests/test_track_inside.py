"""What runs in a trial and says more about it, by the real program.

RESUTIL_BIN, or ``resutil`` on PATH, is the program under test.
"""

import os
import shutil
import unittest
from typing import Any, List

import resutil
from track_case import TrackCase, record_of


class InsideTest(TrackCase):
    def test_inform_is_recorded_at_once(self) -> None:
        @resutil.track()
        def fit() -> None:
            resutil.inform(a=1, b={"x": [1]})
            path = resutil.current_tracker().path
            self.assertEqual(record_of(path)["info"],
                             {"a": 1, "b": {"x": [1]}})
            self.assertEqual(record_of(path)["state"], "running")
            with self.assertLogs("resutil", "WARNING"):
                resutil.inform(b={"y": None})
            self.assertEqual(record_of(path)["info"]["b"], {"y": None})

        fit()
        self.assertEqual(self.only().info, {"a": 1, "b": {"y": None}})

    def test_a_value_too_large_is_refused(self) -> None:
        @resutil.track()
        def fit() -> None:
            with self.assertRaisesRegex(ValueError, "attach"):
                resutil.inform(a="x" * (20 << 20))
            resutil.inform(b="y" * (10 << 20))

        fit()
        info = self.only().info
        self.assertEqual(list(info), ["b"])
        self.assertEqual(len(info.b), 10 << 20)

    def test_attached_files(self) -> None:
        @resutil.track()
        def fit() -> None:
            with resutil.attach("a/b.txt", mode="tw") as f:
                f.write("é")
            with resutil.attach("a/b.txt", "a") as f:
                f.write("!")
            with resutil.attach("a/b.txt", "r") as f:
                self.assertEqual(f.read(), "é!")
            with resutil.attach("c.bin", "wb", buffering=0) as f:
                f.write(b"\0")
            self.left = resutil.attach("open.txt")
            self.left.write("not closed")
            with self.assertRaises(ValueError):
                resutil.attach("../x")

        fit()
        trial = self.only()
        self.assertEqual(trial.attached, ["a/b.txt", "c.bin", "open.txt"])
        with trial.attach("open.txt", "r") as f:
            self.assertEqual(f.read(), "not closed")
        with trial.attach("c.bin") as f:
            self.assertEqual(f.read(), b"\0")
        self.left.close()

    def test_what_is_attached_later_makes_the_record_grow(self) -> None:
        trial = resutil.run("t", lambda: 0)
        before = record_of("t")["revision"]
        with trial.attach("later.txt", "w") as f:
            f.write("x")
            self.assertEqual(record_of("t")["revision"], before)
        self.assertGreater(record_of("t")["revision"], before)
        self.assertEqual(record_of("t")["state"], "done")
        before = record_of("t")["revision"]
        trial.attach("later.txt", "a").close()
        self.assertGreater(record_of("t")["revision"], before)
        trial.attach("later.txt", "r").close()
        self.assertEqual(record_of("t")["revision"], before + 1)
        self.assertEqual(os.listdir("."), ["t"])

    def test_links_stay_links(self) -> None:
        def fit() -> None:
            path = resutil.current_tracker().path
            os.symlink("target", os.path.join(path, "link"))
            with resutil.attach("link") as f:
                f.write("x")
            self.assertTrue(os.path.islink(os.path.join(path, "link")))
            with resutil.attach("target", "r") as f:
                self.assertEqual(f.read(), "x")

        resutil.run("t", fit)

    def test_outside_nothing_happens(self) -> None:
        self.assertFalse(resutil.current_tracker())
        self.assertIsNone(resutil.tid())
        resutil.inform(a=1)
        resutil.meter(b=2)
        with resutil.attach("x", "w") as f:
            f.write("gone")
        with self.assertRaises(FileNotFoundError):
            resutil.attach("x", "r")
        self.assertEqual(os.listdir("."), [])

    def test_a_trial_that_is_removed_ends_no_program(self) -> None:
        def fit(x: int) -> str:
            shutil.rmtree(resutil.current_tracker().path)
            resutil.inform(a=1)
            resutil.meter(b=2)
            with self.assertRaises(OSError):
                resutil.attach("c", "r")
            return "value"

        with self.assertLogs("resutil", "ERROR"):
            self.assertEqual(resutil.track()(fit)(1), "value")
        with self.assertLogs("resutil", "ERROR"):
            trial = resutil.run("t", fit, x=1)
        self.assertEqual((trial.tid, trial.result, trial.params),
                         ("t", "value", {"x": 1}))

    def test_a_run_that_is_removed_ends_no_program(self) -> None:
        done = self.program(
            "import resutil\n"
            "for n in range(3):\n"
            "    resutil.inform(n=n)\n"
            "    resutil.meter(n=n)\n"
            "print(resutil.tid())\n",
            env=dict(os.environ, RESUTIL_EX_DIR=self.cwd + "/gone"))
        self.assertEqual((done.returncode, done.stdout), (0, b"None\n"))
        self.assertEqual(done.stderr.count(b"gone"), 1)

    def test_nested_trials_are_two(self) -> None:
        @resutil.track("inner")
        def inner(n: int) -> None:
            resutil.inform(n=n)

        @resutil.track("outer")
        def outer() -> None:
            inner(1)
            resutil.inform(o=1)
            with self.assertRaises(TypeError):
                inner("x" / 2)      # type: ignore[operator]
            inner(2)

        outer()
        found = {trial.tid.partition("/")[0] + str(trial.params.get("n", "")):
                 trial.info for trial in resutil.load_trials().values()}
        self.assertEqual(found, {"inner1": {"n": 1}, "inner2": {"n": 2},
                                 "outer": {"o": 1}})

    def test_hooks_see_the_trial(self) -> None:
        seen: List[Any] = []

        class Seer(resutil.hook.Hook):
            def on_tracker_start(self, tracker: Any) -> None:
                seen.append(("start", tracker.state, dict(tracker.params)))

            def on_tracker_finish(self, tracker: Any) -> None:
                seen.append(("finish", tracker.state, dict(tracker.info)))
                resutil.inform(late=True)

        class Broken:
            def on_tracker_start(self, tracker: Any) -> None:
                raise RuntimeError("no")

        resutil.init(hooks=iter([Broken(), (Seer(),)]))
        with self.assertLogs("resutil", "WARNING"):
            resutil.run("t", lambda x: resutil.inform(a=x), x=1)
        self.assertEqual(seen, [("start", "running", {"x": 1}),
                                ("finish", "done", {"a": 1})])
        self.assertEqual(self.only().info, {"a": 1, "late": True})

    def test_ctrl_c_in_a_hook(self) -> None:
        class Impatient:
            def on_tracker_start(self, tracker: Any) -> None:
                raise KeyboardInterrupt

        resutil.init(hooks=Impatient())
        with self.assertRaises(KeyboardInterrupt):
            resutil.run("t", lambda: self.fail("it ran"))
        self.assertEqual(self.only().state, "interrupted")
        self.assertFalse(resutil.current_tracker())


if __name__ == "__main__":
    unittest.main()
