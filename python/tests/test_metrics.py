"""Metrics: what is written, who owns it, and how it is read back."""

import collections
import csv
import datetime
import decimal
import enum
import fcntl
import json
import logging
import math
import os
import shutil
import signal
import sys
import tempfile
import threading
import unittest

from resutil import metrics

try:
    import pandas
except ImportError:
    pandas = None


class Number(enum.IntEnum):
    ONE = 1


class Scalar:
    """Like a number of an array library."""

    def item(self):
        return 2.5


class Array:
    def item(self):
        raise ValueError("more than one")

    def tolist(self):
        return [1, float("nan")]


class Case(unittest.TestCase):

    def setUp(self):
        self.dir = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.dir, True)
        os.environ["RESUTIL_TEST_NOW"] = "1720091755.012"
        self.addCleanup(os.environ.pop, "RESUTIL_TEST_NOW", None)
        self.writer = self.new_writer()

    def new_writer(self):
        writer = metrics.writer_for(self.dir)
        self.addCleanup(writer.close)
        return writer

    def read(self, name):
        with open(os.path.join(self.dir, name), encoding="utf-8",
                  newline="") as file:
            return file.read()

    def write(self, name, text):
        with open(os.path.join(self.dir, name), "wb") as file:
            file.write(text if isinstance(text, bytes)
                       else text.encode("utf-8"))

    def files(self):
        return sorted(os.listdir(self.dir))

    def rows(self, series=None):
        """Rows as dicts of Python's values, with and without pandas."""
        found = metrics.load_metrics(self.dir, series)
        if pandas is None:
            return found
        return [{key: None if value is None or value != value else value
                 for key, value in row.items()}
                for row in found.to_dict("records")]


class Writing(Case):

    def test_values(self):
        self.writer.meter(
            i=3, f=0.5, tiny=1e-05, nan=float("nan"), inf=-math.inf, t=True,
            none=None, text="x y", empty="", one=Number.ONE, big=10 ** 30,
            scalar=Scalar(), decimal=decimal.Decimal("1.5"))
        self.assertEqual(
            self.read("metrics-0000.csv"),
            "at,i,f,tiny,nan,inf,t,none,text,empty,one,big,scalar,decimal\n"
            "1720091755.012000,3,0.5,1e-05,nan,-inf,true,,x y,\"\",1,"
            + "1" + 30 * "0" + ",2.5,1.5\n")

    def test_a_row_is_one_line(self):
        row = {"a": "1,2", "b": " x", "c": "l1\nl2\r", "d": '"q"', "e": 'x"',
               "f": [1, float("nan"), {"k": (2,)}], "g": b"\xff",
               "h": Array(), "i": "\0", "j": "\ud800", "k": "\ttab\t",
               "l": {"x": None}, "m": datetime.date(2024, 7, 4)}
        self.writer.meter(**row)
        lines = self.read("metrics-0000.csv").split("\n")
        self.assertEqual(len(lines), 3)
        fields = next(csv.reader(lines[1:]))[1:]
        self.assertEqual(fields, [
            "1,2", " x", '"l1\\nl2\\r"', '"\\"q\\""', 'x"',
            '[1,"nan",{"k":[2]}]', '{"base64":"/w=="}', '[1,"nan"]',
            '"\\u0000"', "?", "\ttab\t", '{"x":null}', "2024-07-04"])

    def test_columns(self):
        self.writer.meter(a=1, b=2)
        self.writer.meter(b=3, a=4)
        self.writer.meter(a=5)
        self.writer.meter(a="x", b=None)
        self.assertEqual(self.read("metrics-0000.csv").split("\n"), [
            "at,a,b", "1720091755.012000,1,2", "1720091755.012000,4,3",
            "1720091755.012000,x,", ""])
        self.assertEqual(self.files(),
                         ["metrics-0000.csv", "metrics-0001.csv"])
        self.writer.write({"x,y": 1, 'q"': 2, " b ": 3, "é": 4})
        self.assertEqual(self.read("metrics-0002.csv").split("\n")[0],
                         'at,"x,y","q"""," b ",é')

    def test_series_and_value(self):
        self.writer.meter("eval", 0.5)
        self.writer.meter("", a=1)
        self.writer.meter(None, a=2)
        self.writer.meter(series="eval", value=1, step=2)
        self.writer.meter("é x", value=False)
        self.assertEqual(self.files(), [
            "metrics-0000-eval.csv", "metrics-0001.csv",
            "metrics-0002-eval.csv", "metrics-0003-é x.csv"])
        self.assertEqual(self.read("metrics-0001.csv").count("\n"), 3)

    def test_json_lines(self):
        self.writer.meter(format="jsonl", a=1, b="l\nm", c=float("inf"))
        self.writer.meter(format="jsonl", d=[1])
        self.writer.write({}, format="jsonl")
        self.assertEqual(
            self.read("metrics-0000.jsonl"),
            '{"at":1720091755.012000,"a":1,"b":"l\\nm","c":"inf"}\n'
            '{"at":1720091755.012000,"d":[1]}\n'
            '{"at":1720091755.012000}\n')

    def test_names_that_cannot_be(self):
        for name in ("at", "tid", "", "a\nb", "x" * 1025, "\ud800"):
            with self.assertRaises(ValueError, msg=repr(name)):
                self.writer.write({name: 1})
        with self.assertRaises(TypeError):
            self.writer.write({1: 1})
        for series in ("a/b", ".x", "a:b", "a\nb", "x" * 101, "é" * 51,
                       "\ud800"):
            with self.assertRaises(ValueError, msg=repr(series)):
                self.writer.meter(series, a=1)
        with self.assertRaises(TypeError):
            self.writer.meter(3, a=1)
        with self.assertRaises(ValueError):
            self.writer.meter(format="xml", a=1)
        with self.assertRaises(ValueError):
            self.writer.write({str(i): 1 for i in range(10001)})
        self.assertEqual(self.files(), [])
        with self.assertRaises(ValueError):
            self.writer.meter(a="x" * (17 << 20))
        self.assertEqual(self.read("metrics-0000.csv"), "at,a\n")

    def test_ten_megabytes(self):
        self.writer.meter(a="x\n" * (5 << 20))
        self.assertEqual(self.rows()[0]["a"], "x\n" * (5 << 20))

    def test_many_sets_of_columns(self):
        for turn in range(2):
            for i in range(100):
                self.writer.write({"c%d" % i: turn})
        self.assertEqual(len(self.files()), 100)
        self.assertEqual(len(self.rows()), 200)

    def test_threads(self):
        def work(number):
            for i in range(500):
                self.writer.meter(n=number, i=i)
        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(self.files()), 1)
        self.assertEqual({(row["n"], row["i"]) for row in self.rows()},
                         {(n, i) for n in range(8) for i in range(500)})


class Owning(Case):

    def test_a_file_has_one_owner(self):
        self.writer.meter(a=1)
        other = self.new_writer()
        other.meter(a=2)
        self.writer.meter(a=3)
        self.assertEqual(self.files(),
                         ["metrics-0000.csv", "metrics-0001.csv"])
        other.close()
        third = self.new_writer()
        third.meter(a=4)
        self.assertEqual(len(self.files()), 2)
        self.assertEqual(self.read("metrics-0001.csv").count("\n"), 3)

    def test_what_others_began(self):
        self.write("metrics-0003.csv", "at,b,a\n1.000000,1,2\n")
        self.writer.meter(a=3, b=4)
        self.assertEqual(self.read("metrics-0003.csv"),
                         "at,b,a\n1.000000,1,2\n1720091755.012000,4,3\n")

    def test_what_is_left_alone(self):
        self.write("metrics-0001.csv", "at,a\n1.000000")
        self.write("metrics-0002.csv", "")
        self.write("metrics-0003.csv", "at,a")
        self.write("metrics-0004.csv", b"at,\xff\n")
        self.write("metrics-0005.csv", "at,a,a\n")
        self.write("outside", "at,a\n")
        os.symlink("outside", os.path.join(self.dir, "metrics-0006.csv"))
        os.mkfifo(os.path.join(self.dir, "metrics-0007.csv"))
        os.mkdir(os.path.join(self.dir, "metrics-0008.csv"))
        self.writer.meter(a=1)
        self.assertEqual(self.read("metrics-0009.csv"),
                         "at,a\n1720091755.012000,1\n")
        self.assertEqual(self.read("outside"), "at,a\n")

    def test_fork(self):
        self.writer.meter(a=1)
        child = os.fork()
        if child == 0:
            try:
                self.writer.meter(a=2)
                self.writer.meter(a=3)
            finally:
                os._exit(0)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.writer.meter(a=4)
        self.assertEqual(self.read("metrics-0000.csv").count("\n"), 3)
        self.assertEqual(self.read("metrics-0001.csv").count("\n"), 3)

    def test_killed(self):
        ready, told = os.pipe()
        child = os.fork()
        if child == 0:
            number = 0
            while True:
                number += 1
                self.writer.meter(n=number)
                os.write(told, b"%d\n" % number)
        os.close(told)
        seen = b""
        while seen.count(b"\n") < 1000:
            seen += os.read(ready, 4096)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        while True:
            more = os.read(ready, 4096)
            if not more:
                break
            seen += more
        os.close(ready)
        acknowledged = int(seen.split(b"\n")[-2])
        rows = [row["n"] for row in self.rows()]
        self.assertGreaterEqual(len(rows), acknowledged)
        self.assertEqual(rows, list(range(1, len(rows) + 1)))


class Losing(Case):

    def test_the_directory_has_gone(self):
        self.writer.meter(a=1)
        shutil.rmtree(self.dir)
        for file in self.writer._files.values():
            file.check = 0
        with self.assertLogs("resutil", logging.ERROR) as said:
            self.writer.meter(a=2)
            self.writer.meter(a=3)
            self.writer.close()
        self.assertEqual(len(said.output), 2)
        self.assertIn("2 rows", said.output[1])

    def test_no_room(self):
        import resource
        self.writer.meter(a=1)
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        action = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (64, before[1]))
        try:
            with self.assertLogs("resutil", logging.ERROR) as said:
                for i in range(10):
                    self.writer.meter(a=i)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, action)
        self.assertEqual(len(said.output), 1)
        self.assertEqual(self.writer.lost, 9)
        self.writer.meter(a=99)
        self.assertEqual([row["a"] for row in self.rows()], [1, 0, 99])
        with self.assertLogs("resutil", logging.ERROR) as said:
            self.writer.close()
        self.assertIn("9 rows", said.output[0])


class Reading(Case):

    def test_nothing(self):
        found = metrics.load_metrics(self.dir)
        self.assertEqual(len(found), 0)
        self.assertIsNotNone(found)
        with self.assertLogs("resutil", logging.WARNING):
            found = metrics.load_metrics(os.path.join(self.dir, "none"))
        self.assertEqual(len(found), 0)
        if pandas is not None:
            self.assertEqual(list(found.columns), ["at"])

    def test_types(self):
        self.write("metrics-0000.csv", 'at,i,f,t,n,s,j,x\n'
                   '1.5,1,1e-05,true,,a b,"""l\\nm""",\n'
                   '0.5,-2,nan,false,,"c,d","x""",inf\n')
        first, second = self.rows()
        self.assertEqual(first, {"at": 0.5, "i": -2, "f": self.nan(),
                                 "t": False, "n": None, "s": "c,d",
                                 "j": 'x"', "x": math.inf})
        self.assertEqual(second, {"at": 1.5, "i": 1, "f": 1e-05, "t": True,
                                  "n": None, "s": "a b", "j": "l\nm",
                                  "x": None})

    def nan(self):
        """rows() makes None of NaN where a frame has no other."""
        class NotANumber:
            def __eq__(self, other):
                return other is None or other != other
        return NotANumber()

    def test_a_torn_line_and_damage(self):
        self.write("metrics-0000.csv", "at,a\n1.0,1\n2.0,2")
        self.write("metrics-0001.csv", "at,a\n3.0,3\n4.0,4,5\n5.0\n")
        self.write("metrics-0002.csv", "at,a")
        self.write("metrics-0003.csv", "")
        self.write("metrics-0004.jsonl", '{"at": 6.0, "a": 6}\n[1]\n{"at"\n'
                   '{"at": 7.0, "a": NaN}\n{"at": 8.0')
        with self.assertLogs("resutil", logging.WARNING) as said:
            rows = self.rows()
        self.assertEqual([(row["at"], row["a"]) for row in rows[:4]],
                         [(1.0, 1), (3.0, 3), (5.0, None), (6.0, 6)])
        self.assertEqual(rows[4]["at"], 7.0)
        self.assertEqual(len(rows), 5)
        self.assertEqual(len(said.output), 3)

    def test_series(self):
        self.write("metrics-0000.csv", "at,a\n2.0,1\n")
        self.write("metrics-0001-x.csv", "at,b\n1.0,2\n")
        self.write("metrics-" + "0af" * 10 + "00-0001-y.csv",
                   "at,c\n3.0,3\n")
        self.write("metrics-other", "")
        self.assertEqual([row["series"] for row in self.rows()],
                         ["x", "", "y"])
        (row,) = self.rows("x")
        self.assertEqual(row, {"at": 1.0, "b": 2})
        (row,) = self.rows("")
        self.assertEqual(row, {"at": 2.0, "a": 1})
        self.assertEqual(len(self.rows("none")), 0)

    def test_json_lines_keep_types(self):
        self.writer.meter(format="jsonl", a="1", b="nan", c=[1], d={"e": 1})
        (row,) = self.rows()
        self.assertEqual(row["a"], "1")
        self.assertEqual(row["c"], [1])
        self.assertEqual(row["d"], {"e": 1})
        self.assertTrue(row["b"] is None or row["b"] != row["b"])

    def test_of_what(self):
        self.writer.meter(a=1)
        where = collections.namedtuple("Where", "path")
        self.assertEqual(len(metrics.load_metrics(where(self.dir))), 1)
        place = collections.namedtuple("Place", "ex_dir")
        self.assertEqual(len(metrics.load_metrics(place(self.dir))), 1)
        with self.assertRaises(FileNotFoundError):
            metrics.load_metrics(where(None))
        from resutil import _track
        _track.init(os.path.dirname(self.dir))
        self.assertEqual(
            len(metrics.load_metrics(os.path.basename(self.dir))), 1)

    @unittest.skipIf(pandas is None, "pandas is not installed")
    def test_a_frame(self):
        self.writer.meter(a=1, t="x")
        self.writer.meter(a=2, t="y")
        self.writer.meter("eval", acc=0.5)
        frame = metrics.load_metrics(self.dir)
        self.assertEqual(list(frame.index), [0, 1, 2])
        self.assertEqual(set(frame.columns),
                         {"at", "a", "t", "acc", "series"})
        frame = metrics.load_metrics(self.dir, "")
        self.assertEqual(str(frame.a.dtype), "int64")
        self.assertEqual(list(frame.t), ["x", "y"])

    def test_without_fcntl_locks(self):
        def refuse(*_):
            raise OSError(37, "no locks")
        real, fcntl.flock = fcntl.flock, refuse
        try:
            self.writer.meter(a=1)
            self.new_writer().meter(a=2)
        finally:
            fcntl.flock = real
        self.assertEqual(len(self.rows()), 2)

    def test_what_json_reads(self):
        self.writer.meter(v=[1.5, {"a": None}])
        (row,) = self.rows()
        self.assertEqual(json.loads(row["v"]), [1.5, {"a": None}])


if __name__ == "__main__":
    assert sys.version_info >= (3, 8)
    unittest.main()
