"""Resumable functions and their snapshots, also killed at any point.

RESUTIL_BIN, or ``resutil`` on PATH, is the program under test.
"""

import contextlib
import datetime
import io
import os
import pickle
import random
import signal
import subprocess
import sys
import tempfile
import time
import types
import unittest
from typing import Any, Dict, List, Optional

import resutil
from resutil import _resumable, _snapshot
from resutil._snapshot import Snapshot, Snapshots

ABOUT = {"class": "m.C", "tid": "t/1",
         "id": "5f0c1fd8-52ee-4a3f-9c39-0b9c55f3c4a1"}
KEY = b"k" * 32
PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(resutil.__file__)))


class Count(resutil.resumable_fn):
    """The contract of the README: loop() returns the result."""

    def init(self, n: int, fail_at: int = 0) -> None:
        self.n, self.fail_at, self.seen = n, fail_at, []

    def loop(self) -> Optional[int]:
        self.seen.append(self.index)
        if self.index == self.fail_at:
            self.fail_at = 0
            raise RuntimeError("not yet")
        return sum(self.seen) if self.index == self.n else None

    def clean(self) -> None:
        self.cleaned = True


class Later(resutil.resumable_fn):
    """The contract of 0.1.dev2: is_done(), result(), cleanup()."""

    snapshot_each = 2
    order: List[str] = []

    def init(self, n: int) -> None:
        self.n, self.total = n, 0

    def is_done(self) -> bool:
        self.order.append("is_done")
        return self.total >= self.n

    def loop(self) -> str:
        self.order.append("loop")
        self.total += 1
        return "means nothing"

    def result(self) -> Dict[str, int]:
        self.order.append("result")
        return {"total": self.total, "index": self.index}

    def cleanup(self) -> None:
        self.order.append("cleanup")


class WithoutResult(resutil.resumable_fn):
    def is_done(self) -> bool:
        return self.index > 2

    def loop(self) -> None:
        pass


class Unpicklable(resutil.resumable_fn):
    def init(self) -> None:
        self.stream = io.TextIOWrapper(io.BytesIO())


class Temporary(unittest.TestCase):
    def setUp(self) -> None:
        above = tempfile.TemporaryDirectory()
        self.addCleanup(above.cleanup)
        self.dir = above.name

    def quiet(self) -> Any:
        """Standard error, as text."""
        said = io.StringIO()
        return contextlib.redirect_stderr(said), said


class TestSnapshots(Temporary):
    def snapshots(self, key: Optional[bytes] = KEY,
                  **about: str) -> Snapshots:
        return Snapshots(self.dir, dict(ABOUT, **about), key)

    def load(self, *args: Any, **about: str) -> Any:
        """(object or None, what was said)"""
        redirected, said = self.quiet()
        with redirected:
            found = self.snapshots(*args, **about).load()
        return (found.object if found else None), said.getvalue()

    def path(self, end: str = "") -> str:
        return os.path.join(self.dir, _snapshot.NAME + end)

    def save(self, obj: Any, **about: str) -> None:
        self.snapshots(**about).save(Snapshot(obj, False, None), 1)

    def test_what_is_saved_is_loaded(self) -> None:
        self.assertEqual(self.load(), (None, ""))
        self.save([1])
        self.assertEqual(self.load(), ([1], ""))
        self.snapshots().save(Snapshot([2], True, {"r": 1}), 7)
        self.assertEqual(self.snapshots().load(),
                         Snapshot([2], True, {"r": 1}))
        with open(self.path(), "rb") as f:
            first, header = f.readline(), f.readline()
        self.assertEqual(first, b"resutil-snapshot 1\n")
        self.assertIn(b'"index": 7', header)
        self.assertEqual(os.stat(self.path()).st_mode & 0o777, 0o600)

    def test_any_damaged_byte_is_found(self) -> None:
        self.save(["one"])
        self.save(["two"])
        with open(self.path(), "rb") as f:
            whole = f.read()
        places = set(range(len(whole))) if len(whole) < 900 else \
            set(random.Random(1).sample(range(len(whole)), 900))
        with open(self.path(".previous"), "rb") as f:
            previous = f.read()
        for at in sorted(places):
            damaged = bytearray(whole)
            damaged[at] ^= 1 << at % 8
            with open(self.path(), "wb") as f:
                f.write(damaged)
            with open(self.path(".previous"), "wb") as f:
                f.write(previous)
            found, said = self.load()
            self.assertEqual(found, ["one"], (at, said))
            self.assertIn("is not used", said)
            os.unlink(self.path(".bad-1"))

    def test_any_cut_is_found(self) -> None:
        self.save(["one"])
        self.save(["two"])
        with open(self.path(), "rb") as f:
            whole = f.read()
        for length in list(range(0, len(whole), 7)) + [len(whole) - 1]:
            with open(self.path(), "wb") as f:
                f.write(whole[:length])
            self.assertEqual(self.load()[0], ["one"], length)
            os.unlink(self.path(".bad-1"))
        with open(self.path(), "wb") as f:
            f.write(whole + b"x")
        self.assertEqual(self.load()[0], ["one"])

    def test_both_damaged_means_from_the_beginning(self) -> None:
        self.save(["one"])
        self.save(["two"])
        for end in ("", ".previous"):
            with open(self.path(end), "r+b") as f:
                f.write(b"R")
        found, said = self.load()
        self.assertIsNone(found)
        self.assertEqual(said.count("is not used"), 2)
        self.assertTrue(os.path.exists(self.path(".bad-1")))
        self.assertTrue(os.path.exists(self.path(".bad-2")))

    def test_a_foreign_one_is_never_unpickled(self) -> None:
        witness = os.path.join(self.dir, "ran")
        for about, key, why in (
                ({"id": "other"}, KEY, "another id"),
                ({"tid": "other"}, KEY, "another tid"),
                ({"class": "m.D"}, KEY, "another class"),
                ({}, b"x" * 32, "not written here"),
                ({}, None, "not written here")):
            Snapshots(self.dir, dict(ABOUT, **about), key).save(
                Snapshot(_Runs(witness), False, None), 1)
            found, said = self.load()
            self.assertIsNone(found)
            self.assertIn(why, said)
            self.assertFalse(os.path.exists(witness), why)

    def test_trust_takes_what_another_user_wrote(self) -> None:
        Snapshots(self.dir, ABOUT, b"x" * 32).save(
            Snapshot([3], False, None), 1)
        os.environ["RESUTIL_TRUST_SNAPSHOTS"] = "1"
        self.addCleanup(os.environ.pop, "RESUTIL_TRUST_SNAPSHOTS")
        self.assertEqual(self.load(), ([3], ""))
        self.assertEqual(self.load(None)[0], [3])
        # but no damage, and no other run's
        self.assertIsNone(self.load(KEY, id="other")[0])

    def test_links_and_devices_are_not_followed(self) -> None:
        self.save([1])
        os.rename(self.path(), self.path(".elsewhere"))
        os.symlink(self.path(".elsewhere"), self.path())
        self.assertIsNone(self.load()[0])
        os.mkfifo(self.path())
        self.assertIsNone(self.load()[0])
        os.symlink("/dev/zero", self.path(".tmp"))
        with self.assertRaises(OSError):
            self.save([1])

    def test_what_cannot_be_pickled_leaves_the_last_one(self) -> None:
        self.save([1])
        with self.assertRaises(Exception):
            self.save(lambda: None)
        self.assertEqual(self.load(), ([1], ""))

    def test_killed_at_each_call(self) -> None:
        """After kill -9 at any call of save() the old or the new one is
        there."""
        states = []
        for nr in range(40):
            with tempfile.TemporaryDirectory() as there:
                self.dir = there
                self.save(["old"])
                self.save(["old"])
                if not self._killed_at(nr):
                    self.assertEqual(self.load(), (["new"], ""))
                    break
                states.append(self.load()[0])
                self.save(["next"])
                self.assertEqual(self.load(), (["next"], ""))
        else:
            self.fail("save() never came to its end")
        self.assertIn(["old"], states)
        self.assertIn(["new"], states)
        self.assertLessEqual({str(s) for s in states},
                             {"['old']", "['new']"})

    def _killed_at(self, nr: int) -> bool:
        """In a child: save, killed before call `nr` and after odd ones."""
        child = os.fork()
        if not child:
            left = [nr]

            def mortal(fn: Any) -> Any:
                def call(*args: Any, **kwargs: Any) -> Any:
                    if left[0] == 0:
                        os.kill(os.getpid(), signal.SIGKILL)
                    left[0] -= 1
                    value = fn(*args, **kwargs)
                    if left[0] == 0:
                        os.kill(os.getpid(), signal.SIGKILL)
                    left[0] -= 1
                    return value
                return call

            try:
                for name in ("open", "fsync", "replace"):
                    setattr(os, name, mortal(getattr(os, name)))
                _Summing = _snapshot._Summing
                _Summing.write = mortal(_Summing.write)  # type: ignore
                self.save(["new"])
            except BaseException:
                os._exit(3)
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        if os.WIFSIGNALED(status):
            return True
        self.assertEqual(os.WEXITSTATUS(status), 0)
        return False


class _Runs:
    """Makes a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (self.path,)


class TestKeys(Temporary):
    def test_one_key_for_a_tree(self) -> None:
        key = _snapshot.find_key(self.dir)
        self.assertEqual(len(key or b""), 32)
        self.assertEqual(_snapshot.find_key(self.dir), key)
        name = os.path.join(self.dir,
                            f".resutil-snapshot-key.{os.geteuid()}")
        self.assertEqual(os.stat(name).st_mode & 0o777, 0o600)
        os.chmod(name, 0o644)
        redirected, said = self.quiet()
        with redirected:
            self.assertIsNone(_snapshot.find_key(self.dir))
        self.assertIn("not for this user alone", said.getvalue())

    def test_a_projects_key_is_in_no_experiment(self) -> None:
        with open(os.path.join(self.dir, "resutil-conf.yaml"), "w"):
            pass
        below = os.path.join(self.dir, "results", "aaaaaa_x")
        os.makedirs(below)
        key = _snapshot.find_key(below)
        self.assertIsNotNone(key)
        self.assertEqual(os.listdir(below), [])
        self.assertEqual(sorted(os.listdir(os.path.join(
            self.dir, ".resutil"))), [".gitignore",
                                      f"snapshot-key.{os.geteuid()}"])

    def test_a_key_that_was_not_written_to_its_end(self) -> None:
        with open(os.path.join(
                self.dir, f".resutil-snapshot-key.{os.geteuid()}"),
                "w", opener=lambda p, f: os.open(p, f, 0o600)) as f:
            f.write("abc")
        before = _snapshot.PATIENCE
        self.addCleanup(setattr, _snapshot, "PATIENCE", before)
        _snapshot.PATIENCE = 0.05
        self.assertEqual(len(_snapshot.find_key(self.dir) or b""), 32)


class TestSteps(Temporary):
    """carry_out() without a recorder."""

    def setUp(self) -> None:
        super().setUp()
        Later.order = []

    def run_of(self, id: str = "1") -> Any:
        return types.SimpleNamespace(dir=self.dir, id=id, name="t")

    def indexes(self) -> List[int]:
        """Of the snapshots that are taken from now on."""
        saved: List[int] = []
        before = Snapshots.save

        def save(self: Any, snapshot: Any, index: int) -> None:
            saved.append(index)
            before(self, snapshot, index)

        Snapshots.save = save                        # type: ignore
        self.addCleanup(setattr, Snapshots, "save", before)
        return saved

    def go(self, fn: Any, **params: Any) -> Any:
        return _resumable.carry_out(fn, params, self.run_of())

    def test_call_is_a_plain_function(self) -> None:
        self.assertEqual(Count.call(n=4), 10)
        self.assertEqual(Count.call(4, fail_at=0), 10)
        self.assertEqual(Later.call(n=2), {"total": 2, "index": 3})
        self.assertIsNone(WithoutResult.call())
        self.assertEqual(os.listdir(self.dir), [])

    def test_first_contract(self) -> None:
        self.assertEqual(self.go(Count, n=4), 10)
        self.assertEqual(self.go(Count, n=4), 10)

    def test_second_contract_and_its_order(self) -> None:
        self.assertEqual(self.go(Later, n=2), {"total": 2, "index": 3})
        self.assertEqual(Later.order, [
            "is_done", "loop", "is_done", "loop", "is_done", "result",
            "cleanup"])

    def test_a_falsy_result_ends_it(self) -> None:
        for value in (0, "", [], False):
            class Falsy(resutil.resumable_fn):
                def loop(self) -> Any:
                    return value
            self.assertEqual(Falsy.call(), value)

    def test_it_goes_on_where_it_was(self) -> None:
        Count.snapshot_each = 1
        self.addCleanup(setattr, Count, "snapshot_each", None)
        with self.assertRaises(RuntimeError):
            self.go(Count, n=6, fail_at=4)
        # the object as it was after step 3: fails once more in step 4
        with self.assertRaises(RuntimeError):
            self.go(Count, n=6, fail_at=4)
        found = Snapshots(self.dir, {}, None)
        with open(found.path, "rb") as f:
            header = f.read(400)
        self.assertIn(b'"index": 3', header)

    def test_without_each_or_period_only_the_two(self) -> None:
        saved = self.indexes()
        self.go(Count, n=5)
        self.assertEqual(saved, [0, 5])
        for period in (0, datetime.timedelta(0)):
            saved.clear()
            with tempfile.TemporaryDirectory() as there:
                Count.snapshot_period = period
                self.addCleanup(setattr, Count, "snapshot_period", None)
                _resumable.carry_out(Count, {"n": 3}, types.SimpleNamespace(
                    dir=there, id="1", name="t"))
            self.assertEqual(saved, [0, 1, 2, 3])

    def test_a_snapshot_on_demand(self) -> None:
        class Asking(Count):
            def loop(self) -> Optional[int]:
                if self.index == 2:
                    self.snapshot()
                return super().loop()

        globals()["Asking"] = Asking
        Asking.__qualname__ = "Asking"
        self.addCleanup(globals().pop, "Asking")
        saved = self.indexes()
        self.go(Asking, n=4)
        self.assertEqual(saved, [0, 2, 4])

    def test_what_cannot_be_pickled_is_told_before_the_work(self) -> None:
        with self.assertRaises((TypeError, pickle.PicklingError)):
            self.go(Unpicklable)

    def test_a_snapshot_that_cannot_be_written_is_told_once(self) -> None:
        redirected, said = self.quiet()
        Count.snapshot_each = 1
        self.addCleanup(setattr, Count, "snapshot_each", None)
        before = Snapshots.save

        def save(self: Any, snapshot: Any, index: int) -> None:
            if index:
                raise OSError(28, "No space left on device")
            before(self, snapshot, index)

        Snapshots.save = save                        # type: ignore
        self.addCleanup(setattr, Snapshots, "save", before)
        with redirected:
            self.assertEqual(self.go(Count, n=5), 15)
        self.assertEqual(said.getvalue().count("no snapshot"), 1)

    def test_a_class_without_loop(self) -> None:
        with self.assertRaises(NotImplementedError):
            resutil.resumable_fn.call()


PROGRAM = """
import os, sys, time
import resutil

class Sum(resutil.resumable_fn):
    snapshot_each = 3

    def init(self, n, step=1):
        self.n, self.step, self.total = n, step, 0

    def loop(self):
        self.total += self.index * self.step
        with open("trail", "a") as f:
            f.write("%d\\n" % self.index)
        time.sleep(0.002)
        return self.total if self.index == self.n else None

if __name__ == "__main__":
    resutil.init("tree")
    trial = resutil.run("sum/1", Sum, n=int(sys.argv[1]))
    print(trial.result, trial.state)
"""


class TestKilled(Temporary):
    """The whole of it: run(), kill -9 at random times, run() again."""

    N = 150

    def start(self, n: int = N) -> Any:
        return subprocess.Popen(
            [sys.executable, "program.py", str(n)], cwd=self.dir,
            env=dict(os.environ, PYTHONPATH=PACKAGE),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def test_killed_and_started_again_until_it_is_done(self) -> None:
        with open(os.path.join(self.dir, "program.py"), "w") as f:
            f.write(PROGRAM)
        rng, kills, out = random.Random(6), 0, b""
        for _ in range(100):
            child = self.start()
            self._kill_somewhere(child, rng)
            out, err = child.communicate(timeout=180)
            if child.returncode == 0:
                break
            if child.returncode == -signal.SIGKILL:
                kills += 1
                continue
            # The recorder of the one before may not have ended yet.
            self.assertRegex(err.decode(), r"ResutilError|Refused")
            self.assertRegex(err.decode(), r"running|recorded already")
        total = self.N * (self.N + 1) // 2
        self.assertEqual(out, b"%d done\n" % total)
        self.assertGreater(kills, 3)
        self._check_trail()
        trial = resutil.load_trials(os.path.join(self.dir, "tree"))["sum/1"]
        self.assertEqual(trial.result, total)
        # Done: the stored result, and no step more.
        before = os.stat(os.path.join(self.dir, "trail")).st_size
        out, _ = self.start().communicate(timeout=120)
        self.assertEqual(out, b"%d done\n" % total)
        self.assertEqual(os.stat(os.path.join(self.dir, "trail")).st_size,
                         before)
        # Other parameters are refused.
        child = self.start(self.N + 1)
        _, err = child.communicate(timeout=120)
        self.assertNotEqual(child.returncode, 0)
        self.assertIn(b"%d" % (self.N + 1), err)

    def _kill_somewhere(self, child: Any, rng: random.Random) -> None:
        """While it starts, or after some steps."""
        trail, deadline = os.path.join(self.dir, "trail"), time.time() + 120
        if rng.random() < 0.3:
            time.sleep(rng.uniform(0, 0.3))
            child.kill()
            return
        size = self._size(trail) + rng.randrange(1, 80)
        while child.poll() is None and time.time() < deadline:
            if self._size(trail) >= size:
                child.kill()
                return
            time.sleep(0.001)

    def _size(self, path: str) -> int:
        return os.stat(path).st_size if os.path.exists(path) else 0

    def _check_trail(self) -> None:
        """Each start goes on at most snapshot_each + 1 steps back (one more
        snapshot when it died between the two renames)."""
        with open(os.path.join(self.dir, "trail")) as f:
            steps = [int(line) for line in f]
        self.assertEqual(set(steps), set(range(1, self.N + 1)))
        for one, two in zip(steps, steps[1:]):
            self.assertLessEqual(two, one + 1)
            self.assertGreaterEqual(two, one - 6)


if __name__ == "__main__":
    unittest.main()
