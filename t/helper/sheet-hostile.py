"""sheet-hostile.py FORMAT [SEED] [TABLES]: tables of hostile texts, as
sheet-tool prints them in FORMAT, read back by somebody else's reader.

A table for a terminal is asked whether it fits, whatever the width is.

csv, json and html are read by Python's modules, markdown by cmark-gfm; tsv and
latex by a few lines below that know their rules. What comes back is compared
with what went in: exactly where programs read, else by how it is shown.
"""
import csv
import html.parser
import io
import json
import random
import re
import subprocess
import sys
import unicodedata

PIECES = ["a", "B", "0", " ", "_", "-", "--", "---", "'", "''", '"', '""', ",",
          ";", "|", "||", "\\", "\\\\", "\n", "\r", "\t", "\r\n", "<", ">",
          "&", "&amp;", "<b>", "</td>", "</script>", "<script>", "-->",
          "<!--", "*", "**", "`", "``", "$", "%", "#", "{", "}", "^", "~", "~~", "[", "]",
          "(x)", "![", "=1+1", "@", "+", "://", "\x1b[2J", "\x07", "\x00",
          "\x7f", "\x9b", "\u202e", "\u2028", "\u00e9", "\u65e5\u672c",
          "\U0001f600", "\\begin{x}", "\\\\[2em]", "\\N", "\ufeff", "?`", "!`",
          ",,", "<<", ">>", "%%", "NULL", "nan"]
ROLES = [None, None, "name", "state"]
STATES = ["done", "fail, exit status 3", "lost", "running on x", "odd<"]


def text(rand):
    if rand.random() < 0.1:
        return rand.choice(["", " ", "-1", "007", "1e5", "[", "*", "null"])
    return "".join(rand.choice(PIECES) for _ in range(rand.randint(1, 6)))


def value(rand, role):
    if role == "state":
        return rand.choice(STATES)
    return rand.choice([
        lambda: text(rand), lambda: text(rand), lambda: text(rand),
        lambda: None, lambda: rand.random() < 0.5,
        lambda: rand.randint(-10**18, 10**18),
        lambda: rand.choice([0.5, -1.5, 1e-05, 123456.789, -2.5e300, 0.1]),
        lambda: [text(rand), 1, None, [True, text(rand)]],
    ])()


def table(rand):
    columns, titles = [], set()
    for _ in range(rand.randint(1, 5)):
        title = (text(rand).replace("\0", "") or "x")
        while title in titles:
            title += "'"
        titles.add(title)
        column = {"title": title}
        role = rand.choice(ROLES)
        if role:
            column["role"] = role
        columns.append(column)
    rows = [[value(rand, c.get("role")) for c in columns]
            for _ in range(rand.randint(0, 6))]
    return columns, rows


def printed(form, columns, rows, *options):
    lines = "".join(json.dumps(x) + "\n" for x in [columns] + rows)
    return subprocess.run(["sheet-tool", form, *options], check=True,
                          input=lines.encode(), capture_output=True).stdout


def is_control(c):
    return c < 0x20 or 0x7f <= c < 0xa0 or c in (0x61c, 0x200e, 0x200f) or \
        0x2028 <= c <= 0x202e or 0x2066 <= c <= 0x2069


def safe(string, keep=""):
    """As a person gets it: what moves a terminal is written as its number."""
    return "".join(
        c if c in keep or not is_control(ord(c)) else
        ("\\x%02x" if ord(c) < 0x80 else "\\u{%x}") % ord(c) for c in string)


def close(shown, number):
    return abs(float(shown) - number) <= 1e-5 * abs(number)


def check_shown(got, want, keep=""):
    """What people read: numbers rounded, the rest as it is."""
    if want is None:
        assert got == "", (got, want)
    elif isinstance(want, bool):
        assert got == str(want).lower(), (got, want)
    elif isinstance(want, int):
        assert got == str(want), (got, want)
    elif isinstance(want, float):
        assert close(got, want), (got, want)
    elif isinstance(want, str):
        assert got == safe(want, keep), (got, safe(want, keep))
    else:
        assert got.startswith("[") and got.endswith("]"), (got, want)


def check_exact(got, want):
    """What programs read as text: the value, to the last digit."""
    if isinstance(want, list):
        assert json.loads(got) == want, (got, want)
    elif isinstance(want, float):
        assert float(got) == want, (got, want)
    elif isinstance(want, str):
        assert got == want, (got, want)
    else:
        check_shown(got, want)


def check_table(got, columns, rows, check):
    assert len(got) == len(rows) + 1, (len(got), len(rows))
    for cells, want in zip(got, [[c["title"] for c in columns]] + rows):
        assert len(cells) == len(want), (cells, want)
        for one, other in zip(cells, want):
            check(one, other)


def read_csv(data):
    # Python's reader refuses nothing of what RFC 4180 allows, NUL included.
    return list(csv.reader(io.StringIO(data.decode(), newline=""),
                           strict=True))


ESCAPES = {"a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13,
           '"': 34, "\\": 92}


def unquote(field):
    if not field.startswith(b'"'):
        return field.decode()
    out, rest = bytearray(), field[1:-1]
    assert field.endswith(b'"') and len(field) > 1, field
    while rest:
        if rest[:1] != b"\\":
            assert rest[:1] != b'"', field
            out += rest[:1]
            rest = rest[1:]
        elif rest[1:2].isdigit():
            out.append(int(rest[1:4], 8))
            rest = rest[4:]
        else:
            out.append(ESCAPES[rest[1:2].decode()])
            rest = rest[2:]
    return out.decode()


def read_tsv(data):
    assert data.endswith(b"\n")
    return [[unquote(field) for field in line.split(b"\t")]
            for line in data[:-1].split(b"\n")]


class Cells(html.parser.HTMLParser):
    """Rows of the one table of a page; a tag that is not ours is an error."""
    TAGS = {"html", "head", "meta", "title", "style", "body", "table",
            "caption", "thead", "tbody", "tr", "th", "td", "button", "script"}
    ATTRIBUTES = {"lang", "charset", "http-equiv", "content", "name", "scope",
                  "class", "data-v", "align"}

    def __init__(self):
        super().__init__()
        self.rows, self.cell, self.scripts = [], None, 0

    def handle_starttag(self, tag, attrs):
        assert tag in self.TAGS, tag
        self.scripts += tag == "script"
        for name, given in attrs:
            assert name in self.ATTRIBUTES, (tag, name)
            if name == "class":
                assert re.fullmatch("[a-z]+", given), given
            if name == "data-v":
                float(given)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.cell = ""

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.rows[-1].append(self.cell)
            self.cell = None

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data

    def handle_comment(self, data):
        raise AssertionError(data)


def read_html(data, scripts=1):
    cells = Cells()
    cells.feed(data.decode())
    cells.close()
    assert cells.scripts == scripts
    return cells.rows


def read_markdown(data):
    page = subprocess.run(["cmark-gfm", "-e", "table", "-e", "strikethrough",
                           "--unsafe"], input=data, check=True,
                          capture_output=True).stdout
    # One table, and nothing that its text made beside it.
    assert page.startswith(b"<table>") and page.endswith(b"</table>\n")
    assert page.count(b"<table>") == 1
    return read_html(page, 0)


COMMANDS = {"textbackslash": "\\", "textasciicircum": "^",
            "textasciitilde": "~", "textless": "<", "textgreater": ">",
            "textbar": "|", "textasciigrave": "`", "char34": '"',
            "times": "e"}
TOKEN = re.compile(r"\\([a-z]+(?:34)?|.)|([{}$&%#^_~])|(.)", re.S)


def read_cell(tex):
    """The text that TeX sets for a cell without `&` and `\\\\`."""
    out, depth, math, last = "", 0, False, None
    for match in TOKEN.finditer(tex):
        command, special, plain = match.groups()
        if command is not None:
            if command in COMMANDS:
                out += COMMANDS[command]
            else:
                assert command in "{}$&#%_", tex
                out += command
        elif special == "{":
            depth += 1
        elif special == "}":
            depth -= 1
            assert depth >= 0, tex
        elif special == "$":
            math = not math
        elif special == "^":
            assert math, tex
            out = out[:-2]      # "10" of \times10
        else:
            assert special is None, tex
            assert not (plain == last and plain in "-',`"), tex  # a ligature
            assert plain not in '<>|"`' and plain != "\n", tex
            out += plain
        last = plain
    assert not depth and not math, tex
    return out


def split_tex(line):
    """At `&`, but not at `\\&`."""
    cells, cell, at = [], "", 0
    while at < len(line):
        if line[at] == "\\":
            cell += line[at:at + 2]
            at += 2
        elif line.startswith(" & ", at):
            cells.append(cell)
            cell = ""
            at += 3
        else:
            cell += line[at]
            at += 1
    return cells + [cell]


def read_latex(data):
    lines = data.decode().split("\n")
    assert lines[0] == r"% \usepackage{booktabs}"
    assert re.fullmatch(r"\\begin{tabular}{[lr]+}", lines[1])
    assert lines[2] == r"\toprule" and lines[4] == r"\midrule"
    assert lines[-3:] == [r"\bottomrule", r"\end{tabular}", ""]
    rows = []
    for line in [lines[3]] + lines[5:-3]:
        assert line.endswith(" \\\\"), line
        assert line[0] not in "[*", line
        rows.append([read_cell(c) for c in split_tex(line[:-3])])
    assert all(len(r) == len(lines[1]) - len(r"\begin{tabular}{}")
               for r in rows)
    return rows


def columns_of(line):
    """On a terminal."""
    return sum(0 if unicodedata.category(c) in ("Mn", "Me", "Cf") else
               2 if unicodedata.east_asian_width(c) in "WF" else 1
               for c in line)


def check_width(columns, rows, width):
    page = printed("table", columns, rows, "--width=%d" % width).decode()
    lines = page.split("\n")[:-1]
    hidden = any(x[:1] in ("+", "\u2026") for x in lines[-1:])
    assert len(lines) in (len(rows) + 1, len(rows) + 2), page
    assert hidden or len(lines) == len(rows) + 1, page
    for line in lines:
        assert columns_of(line) <= width, (width, line)
        assert not line.endswith(" "), line
        assert not any(is_control(ord(c)) for c in line), line


def check(form, columns, rows):
    if form == "table":
        for width in (1, 2, 3, 8, 20, 33, 60, 80, 200):
            check_width(columns, rows, width)
        return
    data = printed(form, columns, rows)
    if form == "json":
        lines = data.decode().split("\n")[:-1]
        got = [json.loads(line) for line in lines]
        want = [dict(zip((c["title"] for c in columns), r)) for r in rows]
        assert got == want, (got, want)
        assert [list(g) for g in got] == [list(w) for w in want]
        assert not any(is_control(ord(c)) for line in lines for c in line)
    elif form == "csv":
        check_table(read_csv(data), columns, rows, check_exact)
        assert data.endswith(b"\n") and not data.endswith(b"\r\n")
    elif form == "tsv":
        check_table(read_tsv(data), columns, rows, check_exact)
    elif form == "html":
        got = read_html(data)
        check_table(got[:1], columns, [], check_shown)
        check_table(got, [{"title": t} for t in got[0]], rows,
                    lambda got, want: check_shown(got, want, "\n\t"))
    elif form == "markdown":
        check_table([[c.strip(" ") for c in r] for r in read_markdown(data)],
                    [{"title": c["title"].strip(" ")} for c in columns],
                    [[v.strip(" ") if isinstance(v, str) else v for v in r]
                     for r in rows], check_shown)
    elif form == "latex":
        check_table(read_latex(data), columns, rows, check_shown)


def main():
    form = sys.argv[1]
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    for nr in range(int(sys.argv[3]) if len(sys.argv) > 3 else 60):
        rand = random.Random(seed * 1000 + nr)
        columns, rows = table(rand)
        try:
            check(form, columns, rows)
        except Exception:
            print("seed %d, table %d:\n%s\n%s" % (seed, nr, columns, rows))
            raise


main()
