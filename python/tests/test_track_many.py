"""Trials of threads, tasks and processes, by the real program.

RESUTIL_BIN, or ``resutil`` on PATH, is the program under test.
"""

import asyncio
import concurrent.futures
import contextvars
import os
import signal
import subprocess
import sys
import threading
import time
import unittest
from typing import Any, List

import resutil
from resutil import _runners, _track
from track_case import TrackCase


def ends(pid: int) -> bool:
    """Whether a process that is nobody's child any more goes away: whoever
    takes it in may need a moment to see that it died."""
    for _ in range(1200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


class ManyTest(TrackCase):
    """Threads, tasks and processes."""

    def test_each_thread_has_its_own_trial(self) -> None:
        @resutil.track("t")
        def fit(n: int) -> int:
            barrier.wait(120)
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
            both.wait(120)
            leave.wait(120)

        threads = [threading.Thread(target=contextvars.Context().run,
                                    args=(fit,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        both.wait(120)
        seen.append(resutil.tid())
        trackers = list(_track._open)
        with resutil.using_tracker(trackers[0]):
            resutil.inform(mine=1)
        leave.wait(120)
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
        deadline = time.monotonic() + 120
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
            self.assertEqual(caller.wait(120), -signal.SIGINT)
        self.assertTrue(ends(worker))
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


if __name__ == "__main__":
    unittest.main()
