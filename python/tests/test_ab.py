"""resutil-ab: its words, its numbers, and what it says."""

import contextlib
import io
import os
import re
import sys
import tempfile
import time
import unittest
from typing import Any, Dict, List, Tuple

import resutil
from resutil import ab

MODULE = '''
import threading
import time

class Counter:
    made = 0
    closed = 0
    lock = threading.Lock()

    def __init__(self, start, step=1):
        Counter.made += 1
        self.value, self.step = start, step

    def __call__(self):
        with self.lock:
            self.value += self.step
            return self.value % 4

    def __close__(self):
        Counter.closed += 1


def fails(every=2, seen=[]):
    seen.append(1)
    if len(seen) % every == 0:
        raise ValueError("bad\\nthing")
    return {"a": [len(seen) % 2]}


def slow():
    time.sleep(0.01)


def informs():
    import resutil
    resutil.inform(tid=resutil.tid())


def broken_words(x=1):
    return "\\x1b[31mred"
'''


class AbCase(unittest.TestCase):
    def setUp(self) -> None:
        above = tempfile.TemporaryDirectory()
        self.addCleanup(above.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(above.name)
        self.addCleanup(sys.modules.pop, "load_me", None)
        path = list(sys.path)
        self.addCleanup(lambda: sys.path.__setitem__(slice(None), path))
        with open("load_me.py", "w") as f:
            f.write(MODULE)

    def run_ab(self, *words: str) -> Tuple[int, str, str]:
        """(status, standard output, standard error)"""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = ab.main(list(words))
            except SystemExit as e:
                status = int(e.code or 0)
        return status, out.getvalue(), err.getvalue()

    def only(self) -> Any:
        trials = list(resutil.load_trials(".").values())
        self.assertEqual(len(trials), 1)
        return trials[0]


class TestWords(AbCase):
    def test_values_are_literals_or_text(self) -> None:
        self.assertEqual(ab.parse_params(
            ["a=1", "b=1.5", "c=[1, {'x': None}]", "d=text", "e=", "f=True",
             "g=x=y", "h='q'", "i=(1, 2)", "j=b'x'"]),
            {"a": 1, "b": 1.5, "c": [1, {"x": None}], "d": "text", "e": "",
             "f": True, "g": "x=y", "h": "q", "i": (1, 2), "j": b"x"})

    def test_nothing_is_evaluated(self) -> None:
        for text in ("__import__('os').mkdir('made')", "open('made', 'w')",
                     "[].__class__", "1 if 1 else 2", "f'{1}'", "lambda: 0",
                     "(" * 5000, "9" * 5000 + "x", "{[]: 1}", "\0"):
            self.assertEqual(ab.parse_params(["a=" + text])["a"], text)
        self.assertEqual(os.listdir("."), ["load_me.py"])

    def test_what_is_no_parameter(self) -> None:
        for words in (["a=1", "a=2"], ["a"], ["=1"]):
            with self.assertRaises(ValueError):
                ab.parse_params(words)
            status, out, err = self.run_ab("load_me.slow", *words)
            self.assertEqual((status, out), (2, ""))
            self.assertIn("error: ", err)

    def test_glued_options(self) -> None:
        opts = ab._parser().parse_args(
            ["-n500", "-c100", "-gw3", "m.f", "url=x"])
        self.assertEqual(
            (opts.number, opts.concurrency, opts.gevent, opts.warmup,
             opts.callback, opts.param),
            (500, 100, True, 3, "m.f", ["url=x"]))
        opts = ab._parser().parse_args(["-gn5", "-qs", "-p/x", "m.f"])
        self.assertEqual((opts.number, opts.quiet, opts.strict, opts.path,
                          opts.max_errors, opts.duration),
                         (5, True, True, "/x", 100, None))

    def test_wrong_options(self) -> None:
        for words in (["-n0"], ["-n", "x"], ["-c0"], ["-d", "nan"],
                      ["-d0"], ["-n1", "-d1"], ["-w-1"], ["--nope"]):
            status, out, err = self.run_ab(*words, "load_me.slow")
            self.assertEqual((status, out), (2, ""), words)

    def test_callbacks_are_found(self) -> None:
        self.assertIs(ab.resolve("os.path.join"), os.path.join)
        self.assertEqual(ab.resolve("load_me.Counter.made"), 0)
        for name in ("load_me.nope", "no_such_module_here.f", "load_me",
                     "load_me.Counter.made"):
            status, out, err = self.run_ab(name)
            self.assertEqual((status, out), (2, ""), name)
            self.assertIn(name.split(".")[0], err)

    def test_an_import_that_fails_within_is_not_hidden(self) -> None:
        with open("load_me.py", "w") as f:
            f.write("import not_there_at_all\n")
        status, _, err = self.run_ab("load_me.f")
        self.assertEqual(status, 2)
        self.assertIn("not_there_at_all", err)


class TestNumbers(unittest.TestCase):
    def collect(self, times: List[float]) -> Dict[str, Any]:
        collector = ab.Collector(lambda **row: None)
        for t in times:
            collector.add("r", t)
        return collector.statistics()

    def test_statistics(self) -> None:
        found = self.collect([0.004, 0.001, 0.003])["duration"]
        self.assertAlmostEqual(found["average"], 0.008 / 3)
        self.assertAlmostEqual(found["std_dev"], 0.00124721913)
        self.assertEqual((found["minimum"], found["maximum"]),
                         (0.001, 0.004))
        self.assertIsNone(self.collect([])["duration"])

    def test_percentiles_and_when_they_mean_something(self) -> None:
        def keys(nr: int) -> List[float]:
            return list(ab.percentiles(list(range(nr))))
        self.assertEqual(keys(10), [])
        self.assertEqual(keys(11), [50])
        self.assertEqual(keys(20), [50])
        self.assertEqual(keys(21), [25, 50, 75])
        self.assertEqual(keys(50), [25, 50, 75])
        self.assertEqual(keys(51), [10, 25, 50, 75, 90])
        self.assertEqual(keys(101), [5, 10, 25, 50, 75, 90, 95])
        self.assertEqual(keys(500)[-1], 98)
        self.assertEqual(keys(501)[-1], 99)
        self.assertEqual(keys(1001)[-1], 99.5)
        self.assertEqual(keys(5000)[-1], 99.5)
        self.assertEqual(keys(5001)[-1], 99.9)
        values = [float(n) for n in range(1, 101 + 1)]
        self.assertEqual(ab.percentiles(values), {
            5: 6.0, 10: 11.0, 25: 26.0, 50: 51.0, 75: 76.0, 90: 91.0,
            95: 96.0})

    def test_warmup_errors_and_results(self) -> None:
        rows: List[Any] = []
        collector = ab.Collector(lambda **row: rows.append(row), warmup=2)
        for value in (7, 8, 1, True, 1.0, 1, [2], [2], float("nan"),
                      float("nan")):
            collector.add(value, 0.5)
        collector.add(None, None, ValueError("x"))
        found = collector.statistics()
        self.assertEqual(found["total_count"], 9)
        self.assertEqual(len(rows), 9)
        self.assertEqual(found["total_time"], 4.0)
        counts = [(repr(e["result"]), e["count"]) for e in found["results"]]
        self.assertEqual(counts, [
            ("1", 2), ("[2]", 2), ("nan", 2), ("True", 1), ("1.0", 1),
            ("None", 1)])
        self.assertEqual(found["errors"],
                         [{"error": "ValueError('x')", "count": 1}])
        self.assertEqual(found["errors_count"], 1)
        self.assertEqual(rows[-1], {"duration": None, "result": None,
                                    "error": "ValueError('x')"})

    def test_many_different_results_are_bounded(self) -> None:
        collector = ab.Collector(lambda **row: None, max_errors=3)
        for n in range(ab.MAX_RESULTS + 10):
            collector.add(n, 0.1, ValueError(n))
        found = collector.statistics()
        self.assertEqual(len(found["results"]), ab.MAX_RESULTS)
        self.assertEqual(found["other_results"], 10)
        self.assertEqual(len(found["errors"]), 3)
        self.assertEqual(found["errors_count"], ab.MAX_RESULTS + 10)


class TestRuns(AbCase):
    def test_the_whole_output(self) -> None:
        before = ab.TOO_FAST
        self.addCleanup(setattr, ab, "TOO_FAST", before)
        ab.TOO_FAST = 0
        status, out, err = self.run_ab(
            "-n12", "-c3", "-w2", "-t", "t/1", "load_me.Counter", "start=0",
            "step=1")
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(re.sub(r"\d+\.\d\d ms", "X ms", out), (
            "votakvot\n"
            "run 'load_me.Counter(start=0, step=1)'\n"
            "use 3 parallel workers\n"
            "make 12 runs\n"
            "skip 2 first runs\n"
            "running...\n"
            "done\n"
            "\n"
            "warning: too high rps\n"
            "results might be very unaccurate\n"
            "\n"
            "was made  \t 12 runs\n"
            "average \t X ms\n"
            "std_dev \t X ms\n"
            "minimum \t X ms\n"
            "maximum \t X ms\n"
            "percentiles:\n"
            "  pct 50   \t X ms\n"
            "results:\n") + "".join(
                line + "\n" for line in out.split("\n")[19:23]) + (
            "no errors\n"
            "more info at\n"
            "  ./t/1\n"
            "absolutely!\n"))
        # 12 of 14 calls, which of them is the threads' affair
        lines = out.split("\n")[19:23]
        self.assertEqual(sum(int(line.split()[0]) for line in lines), 12)
        for line in lines:
            self.assertRegex(line, r"^  \d+ times \t [0-3]$")
        counter = sys.modules["load_me"].Counter
        self.assertEqual((counter.made, counter.closed), (1, 1))
        ab.TOO_FAST = before

    def test_what_is_recorded(self) -> None:
        status, out, _ = self.run_ab("-n4", "load_me.fails", "every=2")
        self.assertEqual(status, 0)
        self.assertIn("  2 times \t {'a': [1]}\n  2 times \t None\n", out)
        self.assertIn("errors:\n  2 times \t ValueError('bad\\nthing')\n",
                      out)
        trial = self.only()
        self.assertRegex(
            trial.tid, r"^load_me\.fails/\d\d-\d\d-\d\d/\d\d:\d\d:\d\d$")
        self.assertEqual((trial.state, dict(trial.params)),
                         ("done", {"every": 2}))
        result = trial.result
        self.assertEqual(sorted(result), [
            "duration", "errors", "errors_count", "real_rps", "results",
            "total_count", "total_time"])
        self.assertEqual(sorted(result["duration"]), [
            "average", "maximum", "minimum", "percentiles", "std_dev"])
        self.assertEqual((result["total_count"], result["errors_count"]),
                         (4, 2))
        rows = os.path.join(trial.path, "metrics-0000.csv")
        with open(rows) as f:
            lines = f.read().split("\n")
        self.assertEqual(lines[0], "at,duration,result,error")
        self.assertEqual(len(lines), 6)

    def test_strict_fails_on_the_first_error(self) -> None:
        status, out, _ = self.run_ab("-n100", "-s", "load_me.fails")
        self.assertEqual(status, 2)
        self.assertIn("running...\nabsolutely fail!\nTraceback", out)
        self.assertTrue(out.endswith("ValueError: bad\nthing\n"))
        trial = self.only()
        self.assertEqual(trial.state, "fail")
        self.assertIn("ValueError", trial.data["error"])

    def test_a_class_that_cannot_be_made(self) -> None:
        status, out, _ = self.run_ab("load_me.Counter", "wrong=1")
        self.assertEqual(status, 2)
        self.assertIn("absolutely fail!\n", out)
        self.assertEqual(self.only().state, "fail")

    def test_for_a_time(self) -> None:
        began = time.monotonic()
        status, out, _ = self.run_ab("-d0.3", "-c2", "load_me.slow")
        self.assertEqual(status, 0)
        self.assertIn("keep running for 0 seconds\n", out)
        self.assertGreater(time.monotonic() - began, 0.3)
        count = self.only().result["total_count"]
        self.assertTrue(2 < count < 100, count)

    def test_many_workers_are_warned_of(self) -> None:
        _, out, _ = self.run_ab("-c101", "load_me.slow")
        self.assertTrue(out.startswith("warning: too big `concurrency`, "
                                       "consider enabling Gevent"))

    def test_the_callback_is_in_the_trial(self) -> None:
        status, _, _ = self.run_ab("-n3", "-c3", "-ta/b", "load_me.informs")
        self.assertEqual(status, 0)
        self.assertEqual(dict(self.only().info), {"tid": "a/b"})

    def test_a_tid_that_is_taken(self) -> None:
        self.assertEqual(self.run_ab("-tsame", "load_me.slow")[0], 0)
        status, out, _ = self.run_ab("-tsame", "load_me.slow")
        self.assertEqual(status, 2)
        self.assertIn("absolutely fail!", out)
        self.assertEqual(self.run_ab("load_me.slow")[0], 0)
        self.assertEqual(self.run_ab("load_me.slow")[0], 0)
        self.assertEqual(len(resutil.load_trials(".")), 3)

    def test_a_terminal_gets_no_raw_text(self) -> None:
        _, out, _ = self.run_ab("load_me.broken_words")
        self.assertNotIn("\x1b", out)
        _, out, _ = self.run_ab("load_me.broken_words", "x='\x1b[2J'")
        self.assertNotIn("\x1b", out)

    def test_gevent_patches_before_it_imports(self) -> None:
        os.mkdir("gevent")
        with open("gevent/__init__.py", "w") as f:
            f.write("")
        with open("gevent/monkey.py", "w") as f:
            f.write("import sys\nseen = []\n"
                    "def patch_all():\n"
                    "    seen.append('load_me' in sys.modules)\n")
        sys.path.insert(0, os.getcwd())
        for name in ("gevent", "gevent.monkey"):
            self.addCleanup(sys.modules.pop, name, None)
        self.assertEqual(self.run_ab("-gn5", "load_me.slow")[0], 0)
        self.assertEqual(sys.modules["gevent.monkey"].seen, [False])

    def test_without_gevent(self) -> None:
        sys.modules["gevent"] = None            # type: ignore
        self.addCleanup(sys.modules.pop, "gevent")
        status, out, err = self.run_ab("-gn5", "load_me.slow")
        self.assertEqual((status, out), (2, ""))
        self.assertIn("not installed", err)


if __name__ == "__main__":
    unittest.main()
