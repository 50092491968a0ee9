"""Parameters of calls, and tids made from them."""

import datetime
import re
import unittest
from typing import Any

from resutil._binding import (Binder, make_tid, plain_params, qualified_name)


def bound(fn: Any, *args: Any, **kwargs: Any) -> Any:
    return Binder(fn).bind(args, kwargs)


class Model:
    def fit(self, rate: float = 0.1) -> None:
        pass

    def __call__(self, n: int) -> None:
        pass


def outer() -> Any:
    def inner(self: int) -> None:
        pass
    return inner


class BinderTest(unittest.TestCase):
    def test_defaults_are_parameters(self) -> None:
        self.assertEqual(bound(lambda a, b=2, *, c=3: 0, 1),
                         {"a": 1, "b": 2, "c": 3})

    def test_all_kinds_of_parameters(self) -> None:
        def fn(a: int, /, b: int, *rest: int, c: int = 0,
               **more: int) -> None:
            pass
        self.assertEqual(bound(fn, 1, 2, 3, 4, c=5, d=6),
                         {"a": 1, "b": 2, "rest": [3, 4], "c": 5, "d": 6})
        self.assertEqual(bound(fn, 1, 2), {"a": 1, "b": 2, "c": 0})

    def test_a_keyword_may_have_a_positional_name(self) -> None:
        def fn(a: int, /, **more: int) -> None:
            pass
        self.assertEqual(bound(fn, 1, a=2), {"a": 1, "more": {"a": 2}})

    def test_names_with_an_underscore_are_private(self) -> None:
        self.assertEqual(bound(lambda a, _b=2, **c: 0, 1, _d=4), {"a": 1})

    def test_the_object_of_a_method_is_no_parameter(self) -> None:
        self.assertEqual(bound(Model.fit, Model()), {"rate": 0.1})
        self.assertEqual(bound(Model().fit, rate=1), {"rate": 1})
        self.assertEqual(bound(Model(), 3), {"n": 3})
        self.assertEqual(bound(outer(), 3), {"self": 3})

    def test_an_argument_before_the_others_is_no_parameter(self) -> None:
        def fn(params: Any, a: int, _b: int = 2, *rest: int,
               **more: int) -> None:
            pass
        ours = Binder(fn, ours=True)
        self.assertEqual(ours.bind((1,), {"c": 3}),
                         {"a": 1, "_b": 2, "c": 3})
        self.assertEqual(ours.bind((1, 2, 3), {}),
                         {"a": 1, "_b": 2, "rest": [3]})
        ours = Binder(lambda *words: 0, ours=True)
        self.assertEqual(ours.bind((), {}), {})
        self.assertEqual(ours.bind((1, 2), {}), {"words": [1, 2]})
        self.assertEqual(Binder(max, ours=True).bind((1,), {})["args"], [1])
        with self.assertRaises(TypeError):
            Binder(lambda: 0, ours=True).bind((), {})

    def test_a_wrong_call_is_a_type_error(self) -> None:
        with self.assertRaises(TypeError):
            bound(lambda a: 0)
        with self.assertRaises(TypeError):
            bound(lambda a: 0, 1, b=2)

    def test_functions_without_a_signature(self) -> None:
        self.assertEqual(bound(max, 1, 2)["args"], [1, 2])

    def test_each_parameter_is_bounded_by_itself(self) -> None:
        made = plain_params({"big": [0] * 10 ** 6, "small": 1})
        self.assertEqual(made["small"], 1)
        self.assertLess(len(made["big"]), 1000)
        self.assertEqual(plain_params({(1, 2): 3, 1: 4, "1": 5}),
                         {"(1, 2)": 3, 1: 4, "1 (str)": 5})


class TidTest(unittest.TestCase):
    NOW = datetime.datetime(2026, 11, 20, 23, 3, 52, 5)

    def tid(self, *args: Any, **kwargs: Any) -> str:
        return make_tid(Model.fit, {"n": 3, "s": "x"}, *args, now=self.NOW,
                        **kwargs)

    def test_as_votakvot_made_it(self) -> None:
        self.assertRegex(
            self.tid(), "^" + re.escape(__name__) +
            r"\.Model\.fit/26-11-20/23:03:52/[0-9a-f]{32}$")

    def test_the_parts_can_be_chosen(self) -> None:
        self.assertEqual(self.tid("", "n={n}/s={s}", False), "n=3/s=x")
        self.assertEqual(self.tid("pi", lambda n, s: n * s, False),
                         "pi/xxx")
        self.assertEqual(self.tid("pi", None, False), "pi/26-11-20/23:03:52")
        self.assertNotEqual(self.tid("", ""), self.tid("", ""))

    def test_there_has_to_be_something(self) -> None:
        with self.assertRaises(ValueError):
            self.tid("", "", False)
        with self.assertRaises(KeyError):
            self.tid("", "{unknown}")

    def test_names_of_functions(self) -> None:
        self.assertEqual(qualified_name(outer()),
                         __name__ + ".outer.<locals>.inner")
        self.assertEqual(qualified_name(Model()), __name__ + ".Model")


if __name__ == "__main__":
    unittest.main()
