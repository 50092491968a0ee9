"""The client of the recorder, against one that behaves as it is told."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from resutil import _recorder, _signals
from resutil._program import NotInstalled, ResutilError

HERE = os.path.dirname(os.path.abspath(__file__))
FAKE = os.path.join(HERE, "fake_program.py")


def remove(directory):
    """The recorder is nobody's child and may still write its last line."""
    for _ in range(500):
        try:
            shutil.rmtree(directory)
            return
        except OSError:
            time.sleep(0.01)
    shutil.rmtree(directory)


class WithFake(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp()
        self.addCleanup(remove, self.dir)
        self.log = os.path.join(self.dir, "log")
        self.gate = os.path.join(self.dir, "gate")
        program = os.path.join(self.dir, "resutil")
        with open(program, "w") as f:
            f.write(f"#!/bin/sh\nexec '{sys.executable}' -B '{FAKE}' "
                    f'"$@"\n')
        os.chmod(program, stat.S_IRWXU)
        before = dict(os.environ)
        self.addCleanup(lambda: (os.environ.clear(),
                                 os.environ.update(before)))
        os.environ.update(RESUTIL_BIN=program, FAKE="", FAKE_LOG=self.log,
                          FAKE_GATE=self.gate)
        self.addCleanup(_recorder._at_exit)

    def requests(self):
        with open(self.log) as f:
            return [json.loads(line) for line in f if line.strip()]

    def ops(self):
        return [request["op"] for request in self.requests()]

    def begin(self, **fields):
        return _recorder.recorder().begin(kind="experiment", **fields)


class Requests(WithFake):
    def test_hello_comes_first_and_once(self):
        run = self.begin(argv=["a"], params={"x": {1, 2}})
        run.update({"state": "x"}, info={"score": float("nan")})
        run.finish("done", result=(1, 2))
        self.assertEqual(self.ops(), ["hello", "begin", "update", "finish"])
        hello, begin, update, finish = self.requests()
        self.assertEqual(hello["protocol"], 1)
        self.assertEqual(hello["pid"], os.getpid())
        self.assertEqual(begin["params"],
                         {"x": {"!": "set", "v": [1, 2]}})
        self.assertEqual(begin["cwd"], os.getcwd())
        self.assertEqual(update["changes"], {"state": "x"})
        self.assertEqual(update["info"],
                         {"score": {"!": "float", "v": "nan"}})
        self.assertEqual((finish["state"], finish["result"]),
                         ("done", [1, 2]))
        self.assertEqual(update["run"], begin and run.answer["run"])

    def test_the_end_is_said_once(self):
        run = self.begin()
        run.finish("done")
        run.finish("fail")
        self.assertEqual(self.ops().count("finish"), 1)

    def test_a_refusal(self):
        with self.assertRaises(_recorder.Refused) as e:
            _recorder.recorder().ask("refuse")
        self.assertEqual(e.exception.code, 14)
        self.assertEqual(str(e.exception), "no")
        self.assertTrue(e.exception.answer["retry"])

    def test_one_that_stays_a_child(self):
        os.environ["FAKE"] = "child"
        run = self.begin()
        self.assertEqual(run.update({"a": 1})["changes"], {"a": 1})
        process = _recorder.recorder()._process
        self.assertEqual(run.update({})["pid"], process.pid)
        _recorder._at_exit()
        self.assertEqual(process.returncode, 0)

    def test_too_long_a_line(self):
        run = self.begin()
        with self.assertRaises(ResutilError):
            run.update(info={"x": "a" * (65 << 20)})
        run.update(info={"x": "b"})
        self.assertEqual(self.ops(), ["hello", "begin", "update"])

    def test_threads(self):
        run = self.begin()
        wrong = []

        def work(number):
            for turn in range(50):
                said = {"n": [number, turn]}
                if run.update(said)["changes"] != said:
                    wrong.append(said)

        threads = [threading.Thread(target=work, args=(n,))
                   for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        self.assertEqual(self.ops().count("update"), 400)


class Missing(WithFake):
    def test_no_program(self):
        del os.environ["RESUTIL_BIN"]
        os.environ["PATH"] = self.dir + "/nothing"
        with self.assertRaises(NotInstalled) as e:
            _recorder.recorder()
        self.assertIn("make install", str(e.exception))
        self.assertIn("RESUTIL_BIN", str(e.exception))

    def test_a_wrong_path(self):
        os.environ["RESUTIL_BIN"] = self.dir + "/nothing"
        with self.assertRaises(NotInstalled) as e:
            _recorder.recorder()
        self.assertIn(self.dir, str(e.exception))

    def test_another_program_of_that_name(self):
        for mode in ("garbage", "die-at-1"):
            os.environ["FAKE"] = mode
            with self.assertRaises(ResutilError) as e:
                _recorder.recorder()
            self.assertIn("is not the program", str(e.exception))


class Death(WithFake):
    def test_another_one_goes_on(self):
        os.environ["FAKE"] = "die-at-3"
        run = self.begin()
        self.assertEqual(run.update({"a": 1})["changes"], {"a": 1})
        run.finish("done")
        self.assertEqual(self.ops(), ["hello", "begin", "update", "hello",
                                      "adopt", "update", "finish"])

    def test_a_program_that_dies_of_broken_pipes(self):
        old = signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        self.addCleanup(signal.signal, signal.SIGPIPE, old)
        run = self.begin()
        os.kill(run.update({})["pid"], signal.SIGKILL)
        while _recorder._lives(run.answer["pid"]):
            time.sleep(0.01)
        self.assertEqual(run.update({"a": 1})["changes"], {"a": 1})

    def test_our_pipes_were_closed_and_used_again(self):
        run = self.begin()
        to = run._recorder._to.fd
        path = os.path.join(self.dir, "own")
        own = os.open(path, os.O_RDWR | os.O_CREAT)
        os.dup2(own, to)        # as after os.closerange() and open()
        run.update({"a": 1})
        self.assertEqual(os.path.getsize(path), 0)
        self.assertEqual(self.ops()[-3:], ["hello", "adopt", "update"])
        os.close(to)
        os.close(own)

    def test_the_end_of_the_recorder_is_waited_for(self):
        self.begin()
        process = _recorder.recorder()._process
        _recorder._at_exit()
        self.assertIsNotNone(process.returncode)


class Interrupted(WithFake):
    """A handler that raises in the middle of a request."""

    def interrupt_in_update(self, run, number, times=1):
        def kill():
            while not os.path.exists(self.gate + ".asked"):
                time.sleep(0.01)
            for _ in range(times):
                os.kill(os.getpid(), number)
                time.sleep(0.05)
            open(self.gate, "w").close()

        thread = threading.Thread(target=kill)
        thread.start()
        try:
            return run.update({"a": 1})
        finally:
            thread.join()

    def test_ctrl_c_comes_after_the_answer(self):
        os.environ["FAKE"] = "slow"
        run = self.begin()
        with self.assertRaises(KeyboardInterrupt):
            self.interrupt_in_update(run, signal.SIGINT)
        self.assertEqual(run.update({"b": 2})["changes"], {"b": 2})
        self.assertEqual(self.ops().count("update"), 2)

    def test_the_second_one_acts_at_once(self):
        os.environ["FAKE"] = "slow"
        run = self.begin()
        with self.assertRaises(KeyboardInterrupt):
            self.interrupt_in_update(run, signal.SIGINT, times=2)
        # The answer that nobody waited for is not taken for another's.
        self.assertEqual(run.update({"b": 2})["changes"], {"b": 2})

    def test_the_second_one_where_answers_have_no_numbers(self):
        os.environ["FAKE"] = "slow noseq"
        run = self.begin()
        with self.assertRaises(KeyboardInterrupt):
            self.interrupt_in_update(run, signal.SIGINT, times=2)
        self.assertEqual(run.update({"b": 2})["changes"], {"b": 2})
        self.assertEqual(self.ops()[-3:], ["hello", "adopt", "update"])

    def test_handlers_are_as_they_were(self):
        run = self.begin()
        before = [signal.getsignal(n) for n in _signals._NUMBERS]
        run.update({})
        self.assertEqual(before,
                         [signal.getsignal(n) for n in _signals._NUMBERS])

    def test_a_handler_that_asks_itself(self):
        os.environ["FAKE"] = "slow"
        run = self.begin()
        said = []

        def handler(number, frame):
            said.append(run.update({"from": "handler"})["changes"])

        old = signal.signal(signal.SIGUSR1, handler)
        self.addCleanup(signal.signal, signal.SIGUSR1, old)
        self.interrupt_in_update(run, signal.SIGUSR1)
        self.assertEqual(said, [{"from": "handler"}])


class Fork(WithFake):
    def in_child(self, work):
        """The exit status of a forked child that does `work`."""
        sys.stdout.flush()
        pid = os.fork()
        if not pid:
            status = 1
            try:
                work()
                status = 0
            finally:
                os._exit(status)
        return os.waitpid(pid, 0)[1]

    def test_a_child_has_its_own(self):
        run = self.begin()
        pid = run.update({})["pid"]

        def work():
            assert run.update({"child": 1})["pid"] != pid
            assert not run.is_mine
            run.finish("fail")

        self.assertEqual(self.in_child(work), 0)
        self.assertEqual(run.update({})["pid"], pid)
        run.finish("done")
        self.assertEqual(self.ops().count("finish"), 1)
        self.assertEqual(self.ops().count("join"), 1)

    def test_while_another_thread_asks(self):
        os.environ["FAKE"] = "slow"
        run = self.begin()
        thread = threading.Thread(target=run.update, args=({"a": 1},))
        thread.start()
        while not os.path.exists(self.gate + ".asked"):
            time.sleep(0.01)

        def work():
            os.environ["FAKE"] = ""
            run.update({"child": 1})

        self.assertEqual(self.in_child(work), 0)
        open(self.gate, "w").close()
        thread.join()
        self.assertEqual(run.update({"b": 1})["changes"], {"b": 1})

    def test_a_thread_that_forks_while_signals_wait(self):
        os.environ["FAKE"] = "slow"
        run = self.begin()
        status = []

        def work():
            while not os.path.exists(self.gate + ".asked"):
                time.sleep(0.01)
            handler = signal.getsignal(signal.SIGINT)
            status.append(handler)
            status.append(self.in_child(lambda: self.assertIs(
                signal.getsignal(signal.SIGINT), before)))
            open(self.gate, "w").close()

        before = signal.getsignal(signal.SIGINT)
        thread = threading.Thread(target=work)
        thread.start()
        run.update({"a": 1})
        thread.join()
        self.assertIs(status[0], _signals._note)
        self.assertEqual(status[1], 0)

    def test_a_child_does_not_keep_the_pipe_open(self):
        # The recorder must see the end of this process, whatever lives on.
        code = ("import os, sys, time\n"
                "from resutil import _recorder\n"
                "_recorder.recorder()\n"
                "pid = os.fork()\n"
                "while not pid and os.path.exists(sys.argv[1]):\n"
                "    time.sleep(0.01)\n"
                "os._exit(0)\n")
        package = os.path.dirname(os.path.dirname(_recorder.__file__))
        open(self.gate, "w").close()
        subprocess.run([sys.executable, "-B", "-c", code, self.gate],
                       check=True, stdout=subprocess.DEVNULL,
                       env=dict(os.environ, PYTHONPATH=package))
        end = time.monotonic() + 20
        while (not os.path.exists(self.log + ".end") and
               time.monotonic() < end):
            time.sleep(0.01)
        self.assertTrue(os.path.exists(self.log + ".end"))


if __name__ == "__main__":
    unittest.main()
