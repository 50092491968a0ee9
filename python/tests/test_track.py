"""Tracked functions and what is recorded of them, by the real program.

RESUTIL_BIN, or ``resutil`` on PATH, is the program under test.
"""

import asyncio
import concurrent.futures
import contextvars
import dataclasses
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from typing import Any, Dict, List

import resutil
from resutil import _runners, _track
from resutil._trial import TrialFailedException


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
                              check=False, timeout=60, **options)


@dataclasses.dataclass
class Score:
    f1: float


class FunctionTest(TrackCase):
    def test_the_value_is_the_functions_own(self) -> None:
        value = Score(0.5)

        @resutil.track()
        def fit(a: int, b: int = 2, *rest: int, **more: int) -> Score:
            """Fits."""
            return value

        self.assertIs(fit(1, 2, 3, c=4), value)
        self.assertEqual((fit.__name__, fit.__doc__), ("fit", "Fits."))
        trial = self.only()
        self.assertEqual(trial.params,
                         {"a": 1, "b": 2, "rest": [3], "c": 4})
        self.assertEqual(trial.result, {"f1": 0.5})
        self.assertEqual((trial.state, trial.info), ("done", {}))
        self.assertRegex(
            trial.tid, r"^[\w.]*\.<locals>\.fit/\d\d-\d\d-\d\d/"
            r"\d\d:\d\d:\d\d/[0-9a-f]{32}$")
        self.assertEqual(trial.path, os.path.join(self.cwd, trial.tid))
        for key in ("created", "started", "finished"):
            self.assertLess(
                abs((trial.at[key] - trial.at.created).total_seconds()), 60)

    def test_the_exception_is_the_functions_own(self) -> None:
        error = ValueError("bad\nthing")

        @resutil.track("fails")
        def fit() -> None:
            raise error

        with self.assertRaises(ValueError) as caught:
            fit()
        self.assertIs(caught.exception, error)
        trial = self.only()
        self.assertEqual(trial.state, "fail")
        self.assertEqual(trial.error, "ValueError('bad\\nthing')")
        with trial.attach("traceback.txt", "r") as f:
            text = f.read()
        self.assertTrue(text.startswith("Traceback (most recent call last)"))
        self.assertIn("raise error", text)
        self.assertNotIn("resutil/_track.py", text)
        with self.assertRaises(TrialFailedException):
            trial.result

    def test_what_stops_a_function(self) -> None:
        def stop(error: BaseException) -> None:
            raise error

        for error, state in ((KeyboardInterrupt(), "interrupted"),
                             (asyncio.CancelledError(), "interrupted"),
                             (SystemExit(3), "fail"),
                             (SystemExit(0), "done")):
            with self.subTest(error=error):
                path = "p-{}".format(repr(error))
                resutil.init(path)
                with self.assertRaises(type(error)):
                    resutil.track()(stop)(error)
                self.assertEqual(self.only(path).state, state)

    def test_it_is_recorded_where_init_says(self) -> None:
        resutil.init(path="my/results")

        @resutil.track()
        def fit() -> None:
            os.chdir("/")

        try:
            fit()
            fit()
        finally:
            os.chdir(self.cwd)
        self.assertEqual(os.listdir("."), ["my"])
        self.assertEqual(len(resutil.load_trials()), 2)

    def test_a_wrong_call_is_pythons_to_refuse(self) -> None:
        @resutil.track()
        def fit(a: int) -> None:
            pass

        with self.assertRaisesRegex(TypeError, "fit.. missing 1 required"):
            fit()       # type: ignore[call-arg]
        self.assertEqual(os.listdir("."), [])

    def test_methods_and_without_parentheses(self) -> None:
        class Model:
            rate = 2

            @resutil.track
            def fit(self, n: int) -> int:
                return self.rate * n

        self.assertEqual(Model().fit(3), 6)
        self.assertEqual(self.only().params, {"n": 3})

    def test_generators_are_refused(self) -> None:
        def numbers() -> Any:
            yield 1

        with self.assertRaisesRegex(TypeError, "generator"):
            resutil.track()(numbers)

    def test_no_result_is_too_large_or_odd(self) -> None:
        class Odd:
            def __repr__(self) -> str:
                raise RuntimeError

        for number, value in enumerate((
                [0] * 3000000, "x" * (20 << 20), Odd(), {Odd(): {1: "a"}},
                float("nan"), b"\xff", 2 ** 100, "a\0b", "\udcff",
                {"!": 1, "v": 2}, {1: 2, "1": 3})):
            with self.subTest(number=number):
                path = "p{}".format(number)
                resutil.init(path)
                with self.assertLogs("resutil") if number < 2 else \
                        _no_logs(self):
                    made = resutil.run("t", lambda: value)
                self.assertEqual(made.state, "done")

    def test_what_cannot_be_a_tid_stops_it_before_it_runs(self) -> None:
        ran: List[int] = []
        for pattern in ("../x", "a/../../x", "/tmp/x", "x\0y", "y" * 300):
            with self.subTest(pattern=pattern):
                with self.assertRaises(resutil.ResutilError):
                    resutil.track("", pattern, False)(ran.append)(1)
        self.assertEqual(ran, [])
        self.assertEqual(os.listdir("."), [])

    def test_a_tid_that_is_taken_gets_a_number(self) -> None:
        fit = resutil.track("fit", "n={n}", False)(lambda n: n)
        for _ in range(3):
            fit(1)
        self.assertEqual(list(resutil.load_trials()),
                         ["fit/n=1", "fit/n=1-2", "fit/n=1-3"])

    def test_many_processes_and_one_tid(self) -> None:
        text = ("import resutil\n"
                "fit = resutil.track('fit', 'x', False)(lambda: 0)\n"
                "for _ in range(20):\n"
                "    fit()\n")
        with open("program.py", "w", encoding="utf-8") as f:
            f.write(text)
        running = [subprocess.Popen([sys.executable, "program.py"])
                   for _ in range(5)]
        self.assertEqual([one.wait(60) for one in running], [0] * 5)
        trials = resutil.load_trials()
        self.assertEqual(len(trials), 100)
        self.assertEqual(len({t.uid for t in trials.values()}), 100)
        self.assertIn("fit/x-100", trials)

    def test_no_terminal_obeys_what_is_said(self) -> None:
        done = self.program(
            "import resutil\n"
            "resutil.inform()\n"
            "with resutil.using_tracker(resutil.current_tracker()):\n"
            "    pass\n"
            "try:\n"
            "    resutil.track('', '\\x1b[2J/../x', False)(lambda: 0)()\n"
            "except resutil.ResutilError as e:\n"
            "    print(e)\n"
            "def fit():\n"
            "    resutil.inform(x=1)\n"
            "    resutil.inform(x='\\x1b[2J')\n"
            "resutil.run('t', fit)\n")
        self.assertEqual(done.returncode, 0)
        self.assertIn(b"becomes", done.stderr)
        self.assertNotIn(b"\x1b", done.stdout + done.stderr)

    def test_no_program_no_trial(self) -> None:
        done = self.program(
            "import resutil\n"
            "@resutil.track()\n"
            "def fit():\n"
            "    print('ran')\n"
            "fit()\n",
            env=dict(os.environ, RESUTIL_BIN="/nowhere/resutil"))
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertIn(b"NotInstalled", done.stderr)
        self.assertIn(b"RESUTIL_BIN", done.stderr)


class _no_logs:
    """``with _no_logs(test):`` nothing is logged as a warning in the block."""

    def __init__(self, test: unittest.TestCase) -> None:
        self.test = test

    def __enter__(self) -> None:
        self.handler = logging.Handler(logging.WARNING)
        self.seen: List[str] = []
        self.handler.emit = lambda r: self.seen.append(r.getMessage())
        logging.getLogger("resutil").addHandler(self.handler)

    def __exit__(self, *exc: Any) -> None:
        logging.getLogger("resutil").removeHandler(self.handler)
        if exc[0] is None:
            self.test.assertEqual(self.seen, [])


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


class RunTest(TrackCase):
    def test_it_returns_the_trial(self) -> None:
        trial = resutil.run("a/b", lambda x, y=2: {"sum": x + y}, x=1)
        self.assertIsInstance(trial, resutil.Trial)
        self.assertEqual((trial.tid, trial.params, trial.result),
                         ("a/b", {"x": 1, "y": 2}, {"sum": 3}))
        self.assertEqual(trial.uid, record_of("a/b")["id"])
        self.assertEqual(resutil.run(tid="c", fn=lambda: 1).result, 1)
        with self.assertRaises(TypeError):
            resutil.run("c")

    def test_what_is_done_is_not_run_again(self) -> None:
        ran: List[int] = []
        for _ in range(2):
            trial = resutil.run("t", lambda x: ran.append(x) or {"r": x}, x=1)
            self.assertEqual(trial.result.r, 1)
        self.assertEqual(ran, [1])

    def test_other_parameters_are_refused(self) -> None:
        def fail(x: int) -> None:
            raise KeyError

        with self.assertRaises(KeyError):
            resutil.run("t", fail, x=1)
        with self.assertRaisesRegex(resutil.ResutilError, "x") as caught:
            resutil.run("t", fail, x=2)
        self.assertEqual(caught.exception.code, 14)

    def test_what_failed_goes_on(self) -> None:
        def flaky(x: int) -> str:
            tracker = resutil.current_tracker()
            resutil.inform(**{"turn{}".format(tracker.resumes): tracker.state})
            if not tracker.resumed:
                raise KeyError("first")
            return "second"

        with self.assertRaises(KeyError):
            resutil.run("t", flaky, x=1)
        uid = self.only().uid
        self.assertEqual(resutil.run("t", flaky, x=1).result, "second")
        trial = self.only()
        self.assertEqual((trial.uid, trial.state), (uid, "done"))
        self.assertEqual(trial.info, {"turn0": "running", "turn1": "resumed"})
        self.assertIsNone(trial.error)
        self.assertIn("resumed", trial.at)

    def test_a_resumable_function_goes_on(self) -> None:
        turns: List[str] = []

        class Count(resutil.resumable_fn):
            snapshot_each = 1

            def init(this, upto: int, _broken_at: int = 2) -> None:
                this.n, this.upto = 0, upto
                turns.append("init")

            def loop(this) -> Any:
                this.n += 1
                turns.append(str(this.n))
                resutil.inform(**{"n{}".format(this.n): len(turns)})
                if len(turns) == 3:
                    raise KeyError("power")
                return "end" if this.n == this.upto else None

        globals()["Count"] = Count      # pickle finds it by its name
        Count.__qualname__ = "Count"
        with self.assertRaises(KeyError):
            resutil.run("t", Count, upto=3)
        with self.assertRaises(resutil.ResutilError):
            resutil.run("t", Count, upto=4)
        trial = resutil.run("t", Count, upto=3)
        self.assertEqual(turns, ["init", "1", "2", "2", "3"])
        self.assertEqual((trial.result, trial.params), ("end", {"upto": 3}))
        self.assertEqual(trial.attached, [])
        self.assertEqual(resutil.run("t", Count, upto=3).result, "end")
        self.assertEqual(len(turns), 5)
        with self.assertRaisesRegex(TypeError, "run"):
            resutil.track()(Count)

    def test_one_at_a_time(self) -> None:
        def outer() -> None:
            with self.assertRaises(resutil.ResutilError) as caught:
                resutil.run("t", outer)
            self.assertEqual(caught.exception.code, 14)

        resutil.run("t", outer)

    def test_a_block_can_be_a_trial(self) -> None:
        with _track.trial("t", {"n": 1}, "the.block") as tracker:
            resutil.inform(a=resutil.tid())
            tracker.value = [1]
        trial = self.only()
        self.assertEqual((trial.result, trial.info), ([1], {"a": "t"}))
        with self.assertRaises(resutil.ResutilError):
            with _track.trial("t", {"n": 1}):
                self.fail("it is there already")
        with _track.trial("t", {"n": 1}, resume=True) as tracker:
            self.assertTrue(tracker.done)
            self.assertEqual(tracker.value, [1])


class ManyTest(TrackCase):
    """Threads, tasks and processes."""

    def test_each_thread_has_its_own_trial(self) -> None:
        @resutil.track("t")
        def fit(n: int) -> int:
            barrier.wait(30)
            for i in range(3):
                resutil.inform(**{"i{}".format(i): n})
            return n

        barrier = threading.Barrier(8)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            self.assertEqual(list(pool.map(fit, range(16))), list(range(16)))
        trials = resutil.load_trials().values()
        self.assertEqual(sorted(t.result for t in trials), list(range(16)))
        for trial in trials:
            self.assertEqual(trial.info,
                             {"i{}".format(i): trial.result for i in range(3)})

    def test_a_thread_is_part_of_the_trial_that_started_it(self) -> None:
        def helper() -> None:
            resutil.inform(helper=resutil.tid())

        @resutil.track("a")
        def fit() -> None:
            thread = threading.Thread(target=helper)
            thread.start()
            thread.join()

        fit()
        trial = self.only()
        self.assertEqual(trial.info, {"helper": trial.tid})

    def test_a_thread_between_two_trials_is_in_none(self) -> None:
        seen: List[Any] = []
        both = threading.Barrier(3)
        leave = threading.Barrier(3)

        @resutil.track()
        def fit() -> None:
            both.wait(30)
            leave.wait(30)

        threads = [threading.Thread(target=contextvars.Context().run,
                                    args=(fit,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        both.wait(30)
        seen.append(resutil.tid())
        trackers = list(_track._open)
        with resutil.using_tracker(trackers[0]):
            resutil.inform(mine=1)
        leave.wait(30)
        for thread in threads:
            thread.join()
        self.assertEqual(seen, [None])
        self.assertEqual(sorted(len(t.info) for t in
                                resutil.load_trials().values()), [0, 1])

    def test_coroutines(self) -> None:
        @resutil.track("co")
        async def fit(n: int) -> int:
            for i in range(3):
                await asyncio.sleep(0.001)
                resutil.inform(**{"i{}".format(i): n})
            if n == 3:
                raise KeyError(n)
            return n

        async def main() -> Any:
            return await asyncio.gather(*(fit(n) for n in range(4)),
                                        return_exceptions=True)

        self.assertEqual(asyncio.run(main())[:3], [0, 1, 2])
        trials = resutil.load_trials().values()
        self.assertEqual(len(trials), 4)
        for trial in trials:
            self.assertEqual(set(trial.info.values()), {trial.params.n})
            self.assertEqual(trial.state,
                             "fail" if trial.params.n == 3 else "done")

    def test_two_processes_and_one_tid(self) -> None:
        text = ("import resutil, sys, time\n"
                "def fit(x):\n"
                "    print(resutil.current_tracker().state, flush=True)\n"
                "    if sys.argv[1] == 'waits':\n"
                "        resutil.inform(noted=1)\n"
                "        print('noted', flush=True)\n"
                "        time.sleep(60)\n"
                "    return x\n"
                "resutil.run('t', fit, x=1)\n")
        with open("program.py", "w", encoding="utf-8") as f:
            f.write(text)
        words = [sys.executable, "program.py"]
        with subprocess.Popen(words + ["waits"],
                              stdout=subprocess.PIPE) as first:
            assert first.stdout is not None
            self.assertEqual(first.stdout.readline(), b"running\n")
            self.assertEqual(first.stdout.readline(), b"noted\n")
            second = subprocess.run(words + ["runs"], check=False,
                                    stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE)
            self.assertEqual((second.returncode, second.stdout), (1, b""))
            self.assertIn(b"recorded already", second.stderr)
            first.kill()
        third = subprocess.run(words + ["runs"], check=True,
                               stdout=subprocess.PIPE)
        self.assertEqual(third.stdout, b"resumed\n")
        trial = self.only()
        self.assertEqual((trial.state, trial.result, trial.info),
                         ("done", 1, {"noted": 1}))

    @unittest.skipUnless(hasattr(os, "fork"), "no fork")
    def test_a_child_that_comes_back_ends_nothing(self) -> None:
        seen: List[int] = []

        class Seer(resutil.hook.Hook):
            def on_tracker_finish(self, tracker: Any) -> None:
                seen.append(os.getpid())

        resutil.init(hooks=Seer())
        here = os.getpid()

        @resutil.track()
        def fit() -> int:
            pid = os.fork()
            if pid:
                self.assertEqual(os.waitpid(pid, 0)[1], 0)
            return pid

        pid = fit()
        if os.getpid() != here:
            os._exit(len(seen))
        self.assertEqual((seen, self.only().result), ([here], pid))

    def test_a_child_writes_nothing_of_its_parents(self) -> None:
        resutil.init(runner="process")

        @resutil.track()
        def outer() -> None:
            f = resutil.attach("log")
            f.write("once\n")
            inner()
            f.close()

        @resutil.track()
        def inner() -> None:
            resutil.inform(a=1)

        outer()
        with [t for t in resutil.load_trials().values()
              if t.attached][0].attach("log") as log:
            self.assertEqual(log.read(), b"once\n")

    @unittest.skipUnless(hasattr(os, "fork"), "no fork")
    def test_forked_children_inform_the_trial(self) -> None:
        def child(n: int) -> None:
            status = 1
            try:
                resutil.inform(**{"child{}".format(n): n})
                status = 0
            finally:
                os._exit(status)

        @resutil.track()
        def fit() -> str:
            resutil.inform(parent=1)
            pids = []
            for n in range(3):
                pid = os.fork()
                if not pid:
                    child(n)
                pids.append(pid)
            for pid in pids:
                self.assertEqual(os.waitpid(pid, 0)[1], 0)
            resutil.inform(after=1)
            return "done"

        fit()
        trial = self.only()
        self.assertEqual(trial.info, {"parent": 1, "child0": 0, "child1": 1,
                                      "child2": 2, "after": 1})
        self.assertEqual(trial.result, "done")

    def test_a_pool_of_spawned_processes(self) -> None:
        done = self.program(
            "import multiprocessing, resutil\n"
            "def work(args):\n"
            "    tracker, n = args\n"
            "    with resutil.using_tracker(tracker):\n"
            "        resutil.inform(**{'n%d' % n: resutil.tid()})\n"
            "        resutil.meter(n=n)\n"
            "        resutil.attach('file%d' % n).write('x')\n"
            "    return n * n\n"
            "class Hook:\n"
            "    def on_tracker_infused(self, tracker):\n"
            "        resutil.inform(infused=tracker.params)\n"
            "resutil.init(hooks=[Hook(), lambda: 0])\n"
            "@resutil.track()\n"
            "def fit(lock=lambda: 0):\n"
            "    t = resutil.current_tracker()\n"
            "    with multiprocessing.get_context('spawn').Pool(2) as pool:\n"
            "        return pool.map(work, [(t, n) for n in range(3)])\n"
            "if __name__ == '__main__':\n"
            "    print(fit())\n")
        self.assertEqual((done.stdout, done.stderr), (b"[0, 1, 4]\n", b""))
        trial = self.only()
        self.assertIn("lambda", trial.info.pop("infused")["lock"])
        self.assertEqual(trial.info,
                         {"n{}".format(n): trial.tid for n in range(3)})
        self.assertEqual([name for name in trial.attached
                          if not name.startswith("metrics-")],
                         ["file0", "file1", "file2"])
        self.assertEqual(len(trial.load_metrics()), 3)

    def test_kill_leaves_what_was_acknowledged(self) -> None:
        done = self.program(
            "import os, resutil\n"
            "@resutil.track('k')\n"
            "def fit():\n"
            "    for i in range(20):\n"
            "        resutil.inform(i=i)\n"
            "    os.kill(os.getpid(), 9)\n"
            "fit()\n")
        self.assertEqual(done.returncode, -signal.SIGKILL)
        deadline = time.monotonic() + 30
        while self.only().state == "running":
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        trial = self.only()
        self.assertEqual((trial.state, trial.info), ("lost", {"i": 19}))

    def test_the_process_runner(self) -> None:
        resutil.init(runner="process", processes=2)
        here = os.getpid()
        limit: List[int] = []

        @resutil.track("p")
        def fit(n: int) -> Any:
            resutil.inform(other=os.getpid() != here)
            limit.append(n)
            if n == 1:
                raise KeyError("one")
            if n == 2:
                os.kill(os.getpid(), signal.SIGKILL)
            if n == 3:
                return lambda: 0
            return n * n

        self.assertEqual(fit(4), 16)
        with self.assertRaises(KeyError) as caught:
            fit(1)
        self.assertIn("raise KeyError", str(caught.exception.__cause__))
        with self.assertRaisesRegex(_runners.WorkerDied, "SIGKILL"):
            fit(2)
        with self.assertRaisesRegex(TypeError, "brought back"):
            fit(3)
        self.assertEqual(limit, [])
        trials = {t.params.n: t for t in resutil.load_trials().values()}
        self.assertEqual({n: t.state for n, t in trials.items()},
                         {1: "fail", 2: "fail", 3: "fail", 4: "done"})
        self.assertTrue(all(t.info.other for t in trials.values()))
        self.assertIn("raise KeyError", trials[1].data.traceback)
        self.assertIn("user", trials[4].data.usage)

    def test_a_signal_for_the_caller_of_a_process(self) -> None:
        with open("program.py", "w", encoding="utf-8") as f:
            f.write("import os, resutil, time\n"
                    "resutil.init(runner='process')\n"
                    "@resutil.track('s')\n"
                    "def fit():\n"
                    "    print(os.getpid(), flush=True)\n"
                    "    try:\n"
                    "        time.sleep(60)\n"
                    "    finally:\n"
                    "        resutil.inform(cleaned=1)\n"
                    "fit()\n")
        with subprocess.Popen([sys.executable, "program.py"],
                              stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as caller:
            assert caller.stdout is not None
            worker = int(caller.stdout.readline())
            caller.send_signal(signal.SIGINT)
            self.assertEqual(caller.wait(30), -signal.SIGINT)
        with self.assertRaises(ProcessLookupError):
            os.kill(worker, 0)
        trial = self.only()
        self.assertEqual((trial.state, trial.info),
                         ("interrupted", {"cleaned": 1}))

    def test_the_process_runner_spawns(self) -> None:
        done = self.program(
            "import os, resutil\n"
            "resutil.init(runner='process', mp_method='spawn')\n"
            "@resutil.track('s')\n"
            "def fit(n):\n"
            "    resutil.inform(pid=os.getpid())\n"
            "    return n + 1\n"
            "if __name__ == '__main__':\n"
            "    print(fit(1))\n")
        self.assertEqual((done.stdout, done.stderr), (b"2\n", b""))
        self.assertEqual(self.only().result, 2)

    def test_runners(self) -> None:
        class Twice:
            def call(self, tracker: Any, fn: Any, args: Any,
                     kwargs: Any) -> Any:
                return fn(*args, **kwargs) + fn(*args, **kwargs)

        resutil.init(runner=Twice)
        self.assertEqual(resutil.track()(lambda: 2)(), 4)
        with self.assertRaisesRegex(ValueError, "runner 'thread'"):
            resutil.init(runner="thread")
        with self.assertRaises(TypeError):
            resutil.init(runner="process", unknown=1)
        with self.assertRaisesRegex(ValueError, "gs://"):
            resutil.init("gs://bucket/trials")


class NamesTest(unittest.TestCase):
    def test_all_names_are_there(self) -> None:
        self.assertEqual(set(resutil.__all__), {
            *resutil._PLACES, *resutil._MODULES, "NotInstalled",
            "ResutilError"})
        for name in resutil.__all__:
            with self.subTest(name=name):
                self.assertIsNotNone(getattr(resutil, name))


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
            begun.wait(30)
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
