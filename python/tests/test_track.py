"""Tracked functions and what is recorded of them, by the real program.

RESUTIL_BIN, or ``resutil`` on PATH, is the program under test.
"""

import asyncio
import dataclasses
import logging
import os
import subprocess
import sys
import unittest
from typing import Any, List

import resutil
from resutil import _track
from resutil._trial import TrialFailedException
from track_case import TrackCase, record_of


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
        self.assertEqual([one.wait(180) for one in running], [0] * 5)
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


class NamesTest(unittest.TestCase):
    def test_all_names_are_there(self) -> None:
        self.assertEqual(set(resutil.__all__), {
            *resutil._PLACES, *resutil._MODULES, "NotInstalled",
            "ResutilError"})
        for name in resutil.__all__:
            with self.subTest(name=name):
                self.assertIsNotNone(getattr(resutil, name))


if __name__ == "__main__":
    unittest.main()
