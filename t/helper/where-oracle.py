#!/usr/bin/env python3
"""where-oracle.py SEED NR: random runs and expressions, and what must come out.

Makes `results/` with runs whose parameters have values of all kinds, and
`expressions`, a line each: the expression, a tab, the names for which it
holds, joined by blanks. Which those are is computed here, as resutil-where(7) says
it, from the values themselves.
"""
import math
import os
import random
import sys

RUNS = 30
FIELDS = ["a", "b", "c", "d", "e"]
WORDS = ["adam", "sgd", "x", "adamw", "10", "0.5", "-3", "nan?"]
NUMBERS = [0, 1, -3, 10, 0.5, 1e-05, 120, 2 ** 53 + 1, math.inf, math.nan]
ABSENT = object()


def random_value(rng, lists=True):
    kind = rng.randrange(9 if lists else 8)
    if kind < 2:
        return ABSENT if lists else None
    if kind == 2:
        return None
    if kind == 3:
        return rng.random() < .5
    if kind < 6:
        return rng.choice(NUMBERS)
    if kind < 8:
        return rng.choice(WORDS)
    return [random_value(rng, False) for _ in range(rng.randrange(3))]


def yaml(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(map(yaml, value)) + "]"
    if isinstance(value, str):
        return '"' + value + '"'
    if value != value:
        return ".nan"
    if value == math.inf:
        return ".inf"
    return "1.0e-05" if value == 1e-05 else repr(value)


class Bare:
    """A word as it is written: `number` if it is one, else None."""

    def __init__(self, text, number=None, truth=None, null=False):
        self.text, self.number = text, number
        self.truth, self.null = truth, null


BARE = [Bare("adam"), Bare("sgd"), Bare("x"), Bare("0", 0), Bare("1", 1),
        Bare("-3", -3), Bare("10", 10), Bare("10.0", 10.0), Bare("1e1", 10.0),
        Bare("50%", .5), Bare("2m", 120), Bare("1 min 60 s", 120),
        Bare("1e-5", 1e-05), Bare("inf", math.inf), Bare("nan", math.nan),
        Bare("9007199254740993", 2 ** 53 + 1),
        Bare("9007199254740992", 2 ** 53),
        Bare("true", truth=True), Bare("False", truth=False),
        Bare("null", null=True)]


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def plain_number(text):
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return None


def order(x, y):
    """-1, 0, 1, or None: neither less, nor the same, nor more."""
    if x != x or y != y:
        return 0 if x != x and y != y else None
    return (x > y) - (x < y)


def order_scalar(cell, right):
    """right: a Bare, a quoted text (str), or ("field", value)."""
    if isinstance(right, tuple):
        other = right[1]
        if is_number(cell) and is_number(other) or \
                isinstance(cell, str) and isinstance(other, str):
            return order(cell, other)
        return 0 if type(cell) is type(other) and cell == other else None
    if isinstance(right, str):
        return order(cell, right) if isinstance(cell, str) else None
    if cell is None:
        return 0 if right.null else None
    if isinstance(cell, bool):
        return 0 if right.truth is cell else None
    if is_number(cell):
        return None if right.number is None else order(cell, right.number)
    if cell == right.text:
        return 0
    if right.number is not None:
        number = plain_number(cell)
        return None if number is None else order(number, right.number)
    return order(cell, right.text)


TESTS = {"=": lambda o: o == 0, "==": lambda o: o == 0,
         "!=": lambda o: o != 0, "<": lambda o: o == -1,
         "<=": lambda o: o in (-1, 0), ">": lambda o: o == 1,
         ">=": lambda o: o in (0, 1)}


def compare(cell, op, right):
    if not isinstance(cell, list):
        return TESTS[op](order_scalar(cell, right))
    if op == "!=":
        return not compare(cell, "=", right)
    if isinstance(right, tuple) and isinstance(right[1], list):
        return op in ("=", "==") and same_list(cell, right[1])
    return any(TESTS[op](order_scalar(member, right)) for member in cell)


def same_list(x, y):
    return len(x) == len(y) and all(
        order(a, b) == 0 if is_number(a) and is_number(b)
        else type(a) is type(b) and a == b for a, b in zip(x, y))


class Maker:
    def __init__(self, rng):
        self.rng = rng

    def right(self):
        """(text, function of a run: what it is there, or ABSENT)"""
        kind = self.rng.randrange(6)
        if kind == 0:
            field = self.rng.choice(FIELDS)
            return "." + self.spell(field), lambda run: (
                ABSENT if run[field] is ABSENT else ("field", run[field]))
        if kind == 1:
            text = self.rng.choice(WORDS)
            quote = self.rng.choice("'\"")
            return quote + text + quote, lambda run: text
        bare = self.rng.choice(BARE)
        return bare.text, lambda run: bare

    def spell(self, field):
        return self.rng.choice(["params.", "", "params."]) + field

    def test(self):
        rng = self.rng
        field = rng.choice(FIELDS)
        kind = rng.randrange(8)
        name = self.spell(field)
        if kind == 0:
            return "has " + name, lambda run: \
                run[field] is not ABSENT and run[field] is not None
        if kind == 1:
            return name, lambda run: run[field] is not ABSENT and \
                bool(run[field]) and run[field] == run[field]
        if kind == 2:
            rights = [self.right() for _ in range(rng.randrange(1, 4))]
            negated = rng.random() < .3
            return "{} {}in ({})".format(
                name, "not " * negated, ", ".join(r[0] for r in rights)), \
                lambda run: run[field] is not ABSENT and negated != any(
                    r[1](run) is not ABSENT and
                    compare(run[field], "=", r[1](run)) for r in rights)
        if kind == 3:
            text, right = self.right()
            negated = rng.random() < .3
            return "{} {}has {}".format(name, "not " * negated, text), \
                lambda run: self.has(run[field], right(run), negated)
        op = rng.choice(list(TESTS))
        text, right = self.right()
        return "{}{}{}".format(name, rng.choice([" {} ", "{}"]).format(op),
                               text), \
            lambda run: run[field] is not ABSENT and \
            right(run) is not ABSENT and compare(run[field], op, right(run))

    @staticmethod
    def has(cell, right, negated):
        if cell is ABSENT or right is ABSENT:
            return False
        if isinstance(cell, list):
            found = any(order_scalar(m, right) == 0 for m in cell
                        if not isinstance(m, list))
            if isinstance(right, tuple) and isinstance(right[1], list):
                found = False
        elif isinstance(cell, str):
            text = right[1] if isinstance(right, tuple) else \
                right if isinstance(right, str) else right.text
            found = isinstance(text, str) and text in cell
        else:
            found = False
        return found != negated

    def expression(self, depth):
        rng = self.rng
        kind = rng.randrange(5) if depth else 0
        if kind < 2:
            return self.test()
        if kind == 2:
            text, holds = self.expression(depth - 1)
            return rng.choice(["not ({})", "NOT({})"]).format(text), \
                lambda run: not holds(run)
        parts = [self.expression(depth - 1) for _ in range(2)]
        word = rng.choice(["and", "or"])
        text = "({}) {} ({})".format(parts[0][0], rng.choice(
            [word, word.upper()]), parts[1][0])
        join = all if word == "and" else any
        return text, lambda run: join(p[1](run) for p in parts)


def main():
    rng = random.Random(int(sys.argv[1]))
    runs = {}
    for i in range(RUNS):
        name = "aapfup_20240704T1915%02d" % i
        run = runs[name] = {f: random_value(rng) for f in FIELDS}
        os.makedirs("results/" + name)
        with open("results/" + name + "/resutil-exp.yaml", "w",
                  encoding="utf-8") as f:
            f.write("resutil: 1\nstate: done\nparams:\n  all: 1\n")
            for field, value in run.items():
                if value is not ABSENT:
                    f.write("  {}: {}\n".format(field, yaml(value)))
    maker = Maker(rng)
    with open("expressions", "w", encoding="utf-8") as f:
        for _ in range(int(sys.argv[2])):
            text, holds = maker.expression(3)
            f.write("{}\t{}\n".format(text, " ".join(
                name for name, run in runs.items() if holds(run))))


main()
