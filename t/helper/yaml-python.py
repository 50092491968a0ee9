"""Compares our YAML with PyYAML's: yaml-python.py {write|read|dump|texts} VALUE-TOOL

write: random values and nasty texts, written by us, mean the same to safe_load.
read:  texts that nobody would write on purpose mean to us what safe_load says.
dump:  what PyYAML writes, in all its styles, we read as it was.
texts: prints a JSON list of texts, for a comparison with other readers.
Prints what differs; the exit status is 1 if anything did.
"""
import base64
import datetime
import json
import math
import random
import subprocess
import sys

import yaml

SEED = 20240704
NASTY = """
|y|n|Y|N|yes|Yes|YES|no|No|on|On|ON|off|OFF|true|True|TRUE|false|~|null|Null
NULL|0|00|01|0b101|0b|0x1F|0x|0o17|017|0_1|1_000|_1|1,000|+1|-1|--1|1.|.5|-.5|+.5
1.5|1e5|1E5|1.0e5|1.0e+5|1e+5|1.5E-3|.inf|-.inf|+.INF|.nan|.NaN|nan|inf|Infinity
1:30|1:30:45|190:20:30|1:30.5|12:60|2001-01-01|2001-1-1|2001-12-14t21:59:43.10-05:00
2001-12-14 21:59:43|<<|=|-|- a|--|---|--- a|...|.|..|./x|/|?|? a|?a|:|: a|:a|a:|a: b
a:b|a #b|a# b|#a|# a|!a|!!str a|&a|*a|@a|`a|%a|%YAML 1.1|'a'|"a"|'a|"a|a'b|a"b|a\\b
[a]|{a}|[a|{a|]|}|,|a,b|a, b|>|>-|| a|a |  a  |a  b|$x|^|=a|<a|(a)|;|~a|\\|\\n|e5|E5
23e4455|123e4|1_2_3|0.1.2|1-2|2024-07|20240704T191555|aapfup_20240704T191555_nice|12e03
--lr|-x|--lr=0.1|-1e-3|+a|lr=1|key: value|http://x/y|s3://a/b|C:\\x|100%|%|a%b|NaN|0x
""".strip("\n").replace("\n", "|").split("|") + [
    "", " ", "  ", "\n", "\n\n", "a\n", "a\nb", "a\nb\n", "a\nb\n\n", "\na", " a\nb",
    "a\n b", "a\n\n b\n", "a \nb", "a\nb ", "a\t\nb", "\ta\nb", "a\n\tb", "a\n  ",
    "a\r\nb", "a\rb", "a\0b", "a\x1b[31mb", "\x7f", "\x85", "a\x85b", "a\u2028b", "\u2029",
    "a\ufeffb", "\ufeff", "\ufffe", "\uffff", "\U0001f4e6", "日本 a b", "é", "\u202eabc",
    "\u2066x", "\U0010ffff", "a\n# b\n", "---\na", "a\n---\nb", "a\n...\n", "- a\n- b\n",
    "a: b\nc: d\n", "tab\tinside", "\xa0", "\xa0a", "x" * 3000, "x " * 2000, "'\"\\",
    "'\n\"", "|\n", "a:\n", "#\n", "a\n#b", "\U0001f600: x", "é: x", "\u00ad", "\u200b",
]
LETTERS = "aabbyn01259 .:-_#'\"\\/\n\t,[]{}&*!|>%@`~=<+eExobINF\u00e9\u65e5\U0001f4e6\u2028\x85\x07\r"


def random_text(rnd):
    kind = rnd.random()
    if kind < 0.3:
        return rnd.choice(NASTY)
    if kind < 0.5:
        return "".join(rnd.choice("0123456789_:.+-eExob") for _ in range(rnd.randint(0, 9)))
    return "".join(rnd.choice(LETTERS) for _ in range(rnd.randint(0, 12)))


def random_value(rnd, depth=0):
    kind = rnd.random()
    if depth < 5 and kind < 0.2:
        return [random_value(rnd, depth + 1) for _ in range(rnd.randint(0, 4))]
    if depth < 5 and kind < 0.45:
        return {random_text(rnd).replace("\0", ""): random_value(rnd, depth + 1)
                for _ in range(rnd.randint(0, 4))}
    return rnd.choice([
        lambda: random_text(rnd), lambda: random_text(rnd), lambda: random_text(rnd),
        lambda: rnd.choice([None, True, False]),
        lambda: rnd.randint(-2 ** 63, 2 ** 63 - 1), lambda: rnd.randint(-99, 99),
        lambda: rnd.choice([math.inf, -math.inf, math.nan, 0.0, -0.0, 1e-5, 1e16, 1e22,
                            5e-324, 1.7976931348623157e308, 0.1, 100000.0]),
        lambda: rnd.uniform(-1, 1) * 10 ** rnd.randint(-300, 300),
        lambda: bytes([255, rnd.randrange(256), rnd.randrange(256)][:rnd.randint(1, 3)]),
    ])()


def to_json(value):
    """As our JSON says it: bytes as {"base64": ...}."""
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, list):
        return [to_json(v) for v in value]
    if isinstance(value, dict):
        return {k: to_json(v) for k, v in value.items()}
    return value


def same(a, b):
    if isinstance(a, float) and isinstance(b, float):
        return a == b and math.copysign(1, a) == math.copysign(1, b) or a != a and b != b
    if type(a) is not type(b):
        return False
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return a == b


def as_we_read(value):
    """What our tree cannot tell apart from another: dates are text, sets are
    maps of nulls, keys are text; NaN and infinities are texts in JSON."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"nan": "nan", "inf": "inf", "-inf": "-inf"}[repr(value)]
    if isinstance(value, int) and not isinstance(value, bool) and not -2 ** 63 <= value < 2 ** 63:
        return "big"
    if isinstance(value, (datetime.date, datetime.datetime)):
        return "date"
    if isinstance(value, bytes):
        return to_json(value)
    if isinstance(value, list):
        return [as_we_read(v) for v in value]
    if isinstance(value, dict):
        return {k: as_we_read(v) for k, v in value.items()}
    return value


def agrees(got, want):
    if want in ("big", "date"):
        return isinstance(got, str)
    if isinstance(want, list) and isinstance(got, list):
        return len(got) == len(want) and all(map(agrees, got, want))
    if isinstance(want, dict) and isinstance(got, dict):
        return got.keys() == want.keys() and all(agrees(got[k], want[k]) for k in want)
    return same(got, want)


def convert(tool, source, target, texts):
    data = b"".join(t.encode("utf-8", "surrogateescape") + b"\0" for t in texts)
    out = subprocess.run([tool, source, target, "-z"], input=data, check=True,
                         stdout=subprocess.PIPE).stdout
    docs = out.decode("utf-8").split("\0")[:-1]
    assert len(docs) == len(texts), (len(docs), len(texts))
    return docs


def report(differ, nr):
    for what in differ[:20]:
        print(*what, sep="\n  ")
    print(nr, "compared,", len(differ), "differ")
    return 1 if differ or nr < 1000 else 0


def check_write(tool):
    rnd = random.Random(SEED)
    values = list(NASTY) + [{n.replace("\0", ""): n, "l": [n, [n]]} for n in NASTY]
    values += [random_value(rnd) for _ in range(6000)]
    values += [math.ldexp(rnd.getrandbits(53), rnd.randint(-1070, 960)) for _ in range(2000)]
    values = [v for v in map(drop_infinite, values)]
    texts = [json.dumps(to_json(v), ensure_ascii=rnd.random() < 0.5) for v in values]
    differ = []
    for value, doc in zip(values, convert(tool, "json", "yaml", texts)):
        try:
            got = yaml.safe_load(doc)
        except yaml.YAMLError as problem:
            got = problem
        if not same(got, value):
            differ.append((repr(value)[:300], repr(got)[:300], doc[:300]))
    return report(differ, len(values))


def drop_infinite(value):
    """JSON cannot say them; what writes .inf is tested in C."""
    if isinstance(value, float) and not math.isfinite(value):
        return 0.5
    if isinstance(value, list):
        return [drop_infinite(v) for v in value]
    if isinstance(value, dict):
        return {k: drop_infinite(v) for k, v in value.items()}
    return value


def libyaml_refuses(text):
    """Some odd syntax ([a:, b]) only the Python half of PyYAML takes."""
    try:
        yaml.load(text, yaml.CSafeLoader)
    except yaml.YAMLError:
        return True
    return False


def compare_reading(tool, texts):
    differ, nr = [], 0
    for text, doc in zip(texts, convert(tool, "yaml", "json", texts)):
        try:
            want = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError, OverflowError):
            continue
        if want is None and doc == "{}" or has_other_keys(want):
            continue
        nr += 1
        if doc.startswith("!error"):
            if "there twice" not in doc and not libyaml_refuses(text):
                differ.append((repr(text)[:300], repr(want)[:300], doc[:300]))
        elif not agrees(json.loads(doc), as_we_read(want)):
            differ.append((repr(text)[:300], repr(want)[:300], doc[:300]))
    return report(differ, nr)


def has_other_keys(value):
    if isinstance(value, list):
        return any(map(has_other_keys, value))
    if isinstance(value, dict):
        return any(not isinstance(k, str) or has_other_keys(v) for k, v in value.items())
    return isinstance(value, (set, tuple))


def check_read(tool):
    rnd = random.Random(SEED + 1)
    numbers = ["".join(rnd.choice("0123456789") + rnd.choice(["", "", "_", ":", ".", "e+", "x", "-"])
                       for _ in range(rnd.randint(1, 6))) for _ in range(3000)]
    words = [n for n in NASTY if "\n" not in n and "\0" not in n] + numbers
    words += [rnd.choice("+-") + n for n in numbers[:500]] + ["." + n for n in numbers[:500]]
    texts = words + ["k: " + w for w in words] + ["- [" + w + ", x]" for w in words]
    texts += ["a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}", "a: &x {p: 1}\nb: &y {p: 2, r: 3}\n"
              "c: {<<: [*x, *y], s: 4}\nd: [*x, *y]", "!!str 1", "!!int '7'", "!!float 1",
              "!!bool yes", "!!null x", "a: !!binary |\n  aGVs\n  bG8=\n", "? a\n: b", "? [a]\n: b",
              "a: >\n  x\n  y\n\n  z\nb: |+\n  x\n\n", "'it''s'", '"\\x41\\u00e9\\U0001F4E6\\\n  x"',
              "&a a: *a", "%YAML 1.1\n---\na: 1\n...\n"]
    return compare_reading(tool, texts)


def check_dump(tool):
    rnd = random.Random(SEED + 2)
    texts = []
    for _ in range(3000):
        value = {"v": random_value(rnd), "w": random_text(rnd)}
        texts.append(yaml.safe_dump(
            value, allow_unicode=rnd.random() < 0.5, width=rnd.choice([20, 80, 10000]),
            default_flow_style=rnd.choice([None, True, False]), indent=rnd.choice([2, 4]),
            default_style=rnd.choice([None, None, "'", '"', "|", ">"]),
            explicit_start=rnd.random() < 0.3))
    return compare_reading(tool, texts)


def print_texts(tool):
    rnd = random.Random(SEED + 3)
    texts = [t for t in NASTY if "\0" not in t]
    texts += [random_text(rnd).replace("\0", "") for _ in range(4000)]
    print(json.dumps(texts))
    return 0


if __name__ == "__main__":
    sys.exit({"write": check_write, "read": check_read, "dump": check_dump,
              "texts": print_texts}[sys.argv[1]](sys.argv[2]))
