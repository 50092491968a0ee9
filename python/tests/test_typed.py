"""Values on their way into a record, and back."""

import argparse
import collections
import dataclasses
import datetime
import decimal
import enum
import json
import math
import pathlib
import types
import unittest
import uuid

from resutil import _typed, _values

try:
    import numpy
except ImportError:
    numpy = None

Point = collections.namedtuple("Point", "x y")


@dataclasses.dataclass
class Fit:
    slope: float
    points: list


class Color(enum.Enum):
    RED = 1


class Level(enum.IntEnum):
    LOW = 1


class Broken:
    def __repr__(self):
        raise RuntimeError("no")


class Name(str):
    def __str__(self):
        return "something else"


def there_and_back(value):
    plain = _values.plain(value)
    return _typed.decode(_typed.loads(_typed.dumps(_typed.encode(plain))))


class RoundTrip(unittest.TestCase):
    def test_same(self):
        zone = datetime.timezone(datetime.timedelta(hours=9))
        for value in (
                None, True, False, 0, -1, 2**63 - 1, -2**63, 2**63, -2**200,
                0.1, 1e-300, -0.0, float("inf"), float("-inf"), "", "a\n\0b",
                "日本\U0001f600", b"", b"\xff\0", [], [1, [2, []]], {},
                {"a": {"b": None}}, {"!": 1}, {"!": "set", "v": [1]},
                {1: "a", "b": 2}, {None: 1, True: 2, 0.5: 3}, set(),
                {1, "a", 2.5, None, True}, datetime.date(2026, 11, 20),
                datetime.datetime(2026, 11, 20, 23, 4, 10, 690226),
                datetime.datetime(2026, 11, 20, 23, 4, 10, tzinfo=zone),
                {"m": {"!": {"v": [{"!": {1, 2}}]}}}):
            with self.subTest(value=value):
                back = there_and_back(value)
                self.assertEqual(back, value)
                self.assertIs(type(back), type(value))

    def test_nan(self):
        self.assertTrue(math.isnan(there_and_back(float("nan"))))

    def test_becomes_something_plain(self):
        for value, plain in (
                ((1, 2), [1, 2]), (range(3), [0, 1, 2]),
                (frozenset("a"), {"a"}), (Point(1, (2,)), {"x": 1, "y": [2]}),
                (Fit(0.5, [Point(1, 2)]),
                 {"slope": 0.5, "points": [{"x": 1, "y": 2}]}),
                (1 + 2j, "(1+2j)"), (decimal.Decimal("0.10"), "0.10"),
                (Color.RED, "Color.RED"), (Level.LOW, str(Level.LOW)),
                (pathlib.PurePosixPath("/a/b"), "/a/b"),
                (uuid.UUID(int=5), "00000000-0000-0000-0000-000000000005"),
                (collections.OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
                (collections.ChainMap({"a": 1}), {"a": 1}),
                (bytearray(b"x"), b"x"), (memoryview(b"x"), b"x"),
                ({"a": 1}.keys(), ["a"]), (Name("n"), "n"),
                (datetime.timedelta(seconds=90), "0:01:30"),
                (argparse.Namespace(lr=0.1, x=[1]), {"lr": 0.1, "x": [1]}),
                (types.SimpleNamespace(a=1), {"a": 1}),
                (types.MappingProxyType({"a": 1}), {"a": 1}),
                (collections.deque([1, 2]), [1, 2]),
                (print, repr(print)), (Fit, repr(Fit)),
                ({(1, 2): 3}, {"(1, 2)": 3}), ({(1, 2)}, [[1, 2]])):
            with self.subTest(value=value):
                self.assertEqual(there_and_back(value), plain)

    def test_keys_that_would_be_one_key(self):
        self.assertEqual(there_and_back({1: "a", "1": "b"}),
                         {1: "a", "1 (str)": "b"})
        self.assertEqual(there_and_back({True: "a", "true": "b"}),
                         {True: "a", "true (str)": "b"})

    def test_text_that_is_no_unicode(self):
        self.assertEqual(there_and_back("a\udcff"), b"a\xff")
        self.assertEqual(there_and_back("\ud800"), b"\xed\xa0\x80")
        self.assertEqual(list(there_and_back({"\udcff": 1}).values()), [1])

    def test_what_holds_itself(self):
        me = []
        me.extend([me, me, {"me": me}])
        json.dumps(_typed.encode(_values.plain(me)))
        deep = []
        for _ in range(10000):
            deep = [deep]
        text = _typed.dumps(_typed.encode(_values.plain(deep)))
        self.assertLessEqual(text.count(b"["), 300)

    def test_what_is_broken(self):
        self.assertIn("Broken", there_and_back(Broken()))
        self.assertIn("Broken", there_and_back([Broken()])[0])
        self.assertIsInstance(there_and_back(10**20000), str)

    def test_what_nobody_made_plain(self):
        self.assertEqual(_typed.encode(((1, b"x"), Fit)),
                         [[1, {"!": "binary", "v": "eA=="}], repr(Fit)])
        self.assertIn("Broken", _typed.encode(Broken()))

    def test_equal_sets_give_equal_text(self):
        words = [str(n) for n in range(50)]
        for more in ([], [1, None, 2.5]):
            made = [_typed.dumps(_typed.encode(_values.plain(set(order))))
                    for order in (words + more, more + words[::-1])]
            self.assertEqual(made[0], made[1])

    @unittest.skipUnless(numpy, "numpy is not here")
    def test_numpy(self):
        for value, plain in (
                (numpy.float64(0.5), 0.5), (numpy.float32(0.5), 0.5),
                (numpy.int8(3), 3), (numpy.bool_(True), True),
                (numpy.arange(4).reshape(2, 2), [[0, 1], [2, 3]]),
                (numpy.zeros(200000), [0.0] * 200000),
                (numpy.str_("a"), "a"), (numpy.complex64(1j), "1j"),
                (numpy.datetime64("2026-11-20"),
                 datetime.date(2026, 11, 20))):
            with self.subTest(value=value):
                back = there_and_back(value)
                self.assertEqual(back, plain)
                self.assertIs(type(back), type(plain))


class Decode(unittest.TestCase):
    def test_what_is_not_understood_stays(self):
        for value in ({"!": "new", "v": 1}, {"!": ["set"], "v": []},
                      {"!": "timestamp", "v": "yesterday"},
                      {"!": "binary", "v": "*"}, {"!": "map", "v": [1]},
                      {"!": "set"}, {"!": "set", "v": [], "w": 0}):
            with self.subTest(value=value):
                self.assertEqual(_typed.decode(value), value)

    def test_timestamps(self):
        utc = datetime.timezone.utc
        for text, expect in (
                ("2026-11-20", datetime.date(2026, 11, 20)),
                ("2026-11-20 01:02:03",
                 datetime.datetime(2026, 11, 20, 1, 2, 3)),
                ("2026-11-20T01:02:03Z",
                 datetime.datetime(2026, 11, 20, 1, 2, 3, tzinfo=utc)),
                ("2026-11-20 01:02:03.5+00:00",
                 datetime.datetime(2026, 11, 20, 1, 2, 3, 500000, utc)),
                ("2026-11-20t1:02:03 -5",
                 datetime.datetime(2026, 11, 20, 6, 2, 3, tzinfo=utc))):
            with self.subTest(text=text):
                self.assertEqual(
                    _typed.decode({"!": "timestamp", "v": text}), expect)


if __name__ == "__main__":
    unittest.main()
