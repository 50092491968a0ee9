"""Any value of Python as one that a record can hold."""

import argparse
import collections
import dataclasses
import datetime
import decimal
import enum
import pathlib
import types
import unittest
from typing import Any

from resutil import _typed
from resutil._values import (PARAM_LIMIT, TooLarge, bounded_repr, plain,
                             plain_or_repr)

Pair = collections.namedtuple("Pair", "left right")


@dataclasses.dataclass
class Point:
    x: int
    y: Any


class Colour(enum.Enum):
    RED = 1


class Odd:
    """What a class may do to whoever looks at its objects."""

    def __repr__(self) -> str:
        raise RuntimeError("no")

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("nor this")


class PlainTest(unittest.TestCase):
    def same(self, value: Any) -> None:
        made = plain(value)
        self.assertEqual(made, value)
        self.assertIs(type(made), type(value))

    def test_plain_values_stay_as_they_are(self) -> None:
        for value in (None, True, 0, -2 ** 70, 1.5, float("inf"), "text\n",
                      "日本", b"\0\xff", [1, [2]], {"a": {1: None}},
                      datetime.date(2020, 1, 2),
                      datetime.datetime(2020, 1, 2, 3, 4, 5, 6)):
            with self.subTest(value=value):
                self.same(value)

    def test_fields_become_maps(self) -> None:
        self.assertEqual(plain(Pair(1, Pair(2, 3))),
                         {"left": 1, "right": {"left": 2, "right": 3}})
        self.assertEqual(plain(Point(1, [Point(2, None)])),
                         {"x": 1, "y": [{"x": 2, "y": None}]})
        self.assertTrue(plain(Point).startswith("<class "))

    def test_other_types_become_text(self) -> None:
        self.assertEqual(plain(1 + 2j), "(1+2j)")
        self.assertEqual(complex(plain(1 + 2j)), 1 + 2j)
        self.assertEqual(plain(pathlib.PurePosixPath("a/b")), "a/b")
        self.assertEqual(plain(Colour.RED), "Colour.RED")
        self.assertEqual(plain(decimal.Decimal("1.50")), "1.50")
        self.assertEqual(plain(len), "<built-in function len>")
        self.assertEqual(plain((1, 2)), [1, 2])

    def test_what_is_like_a_list_or_a_map(self) -> None:
        self.assertEqual(plain(argparse.Namespace(a=1, b=(2,))),
                         {"a": 1, "b": [2]})
        self.assertEqual(plain(types.SimpleNamespace(a=1)), {"a": 1})
        self.assertEqual(plain(collections.deque([1, 2])), [1, 2])
        self.assertEqual(plain(range(3)), [0, 1, 2])
        self.assertEqual(plain({"a": 1}.keys()), ["a"])
        self.assertEqual(plain({"a": 1}.values()), [1])
        self.assertEqual(plain(types.MappingProxyType({"a": 1})), {"a": 1})

    def test_subclasses_lose_their_class(self) -> None:
        class Text(str):
            def __str__(self) -> str:
                return "another"

        class Number(int):
            pass

        made = plain([Text("x"), Number(3), collections.OrderedDict(a=1)])
        self.assertEqual(made, ["x", 3, {"a": 1}])
        self.assertIs(type(made[0]), str)
        self.assertIs(type(made[1]), int)
        self.assertIs(type(made[2]), dict)

    def test_sets_of_scalars_are_sets_of_others_lists(self) -> None:
        self.assertEqual(plain({3, 1}), {1, 3})
        self.assertEqual(list(plain({3, 1, 2})), [1, 2, 3])
        self.assertEqual(plain({(1, 2)}), [[1, 2]])
        self.assertEqual(plain(frozenset([b"a"])), [b"a"])

    def test_keys_are_scalars_and_differ(self) -> None:
        self.assertEqual(plain({(1, 2): "a", None: "b", 1.5: "c"}),
                         {"(1, 2)": "a", None: "b", 1.5: "c"})
        made = plain({1: "number", "1": "text"})
        self.assertEqual(sorted(made.values()), ["number", "text"])
        self.assertEqual(len({str(key) for key in made}), 2)

    def test_text_that_is_no_unicode_is_bytes(self) -> None:
        self.assertEqual(plain("a\udcff"), b"a\xff")
        self.assertEqual(plain("a\ud800"), b"a\xed\xa0\x80")
        self.assertEqual(bounded_repr(["\ud800"]), "['\\ud800']")
        self.assertEqual(plain({"\ud800": 1}), {"'\\ud800'": 1})

    def test_what_holds_itself_ends(self) -> None:
        ring: list = [1]
        ring.append(ring)
        self.assertEqual(plain(ring), [1, "..."])
        twice = [0]
        self.assertEqual(plain([twice, twice]), [[0], [0]])
        deep: Any = 0
        for _ in range(100000):
            deep = [deep]
        self.assertIn("...", str(plain(deep)))

    def test_no_object_ends_the_program(self) -> None:
        self.assertEqual(plain(Odd()),
                         "<Odd object, whose repr() raised RuntimeError>")
        self.assertIn("Odd", str(plain({"a": [Odd()]})))
        self.assertIn("Odd", bounded_repr([Odd()]))

    def test_the_limit_holds_whatever_the_value_is(self) -> None:
        for value in ("x" * 100000, [0] * 100000, {i: i for i in range(9999)},
                      b"x" * 100000, [["y" * 1000]] * 100, 1 << 10 ** 6):
            with self.subTest(kind=type(value)):
                with self.assertRaises(TooLarge):
                    plain(value, PARAM_LIMIT)
                made = plain_or_repr(value, PARAM_LIMIT)
                self.assertIsInstance(made, str)
                self.assertLess(len(made), 20000)
        self.assertLess(len(bounded_repr("x" * 10 ** 7)), 20000)

    def test_every_plain_value_survives_the_way_to_the_recorder(self) -> None:
        value = {"a": [1, 2 ** 70, 1.5, None, True, b"\xff", "\n"], 1: {3},
                 "t": datetime.datetime(2020, 1, 2, 3, 4, 5, 6),
                 "d": datetime.date(2020, 1, 2), "i": float("-inf"),
                 "!": 1}
        sent = _typed.dumps(_typed.encode(plain(value)))
        self.assertEqual(_typed.decode(_typed.loads(sent)), value)

    def test_tensors_and_no_times(self) -> None:
        class Tensor:
            dtype = "float32"

            def __init__(self, count: int) -> None:
                self.count = count

            def size(self) -> Any:
                return (self.count,)

            def numel(self) -> int:
                return self.count

            def tolist(self) -> Any:
                return [0.5] * self.count

        self.assertEqual(plain(Tensor(2)), [0.5, 0.5])
        with self.assertRaises(TooLarge):
            plain(Tensor(10 ** 9))
        try:
            import pandas
        except ImportError:
            return
        self.assertIsNone(plain(pandas.NaT))
        self.assertEqual(plain(pandas.Timestamp("2020-01-02 03:04")),
                         datetime.datetime(2020, 1, 2, 3, 4))

    def test_numpy(self) -> None:
        try:
            import numpy
        except ImportError:
            self.skipTest("there is no numpy")
        made = plain([numpy.int64(3), numpy.float32(0.5), numpy.bool_(True),
                      numpy.arange(3), numpy.complex64(1j)])
        self.assertEqual(made, [3, 0.5, True, [0, 1, 2], "1j"])
        self.assertIs(type(made[0]), int)
        self.assertIs(type(made[2]), bool)
        with self.assertRaises(TooLarge):
            plain(numpy.zeros(10 ** 8, dtype="b"))


if __name__ == "__main__":
    unittest.main()
