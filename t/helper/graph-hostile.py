"""graph-hostile.py DIR: makes a project's records with names that DOT, Mermaid,
JSON or a terminal would take for something else, and reads what `resutil graph`
prints of them by the rules of each.
"""
import json
import os
import re
import subprocess
import sys

HOSTILE = ['a"b', 'a\\', '\\"', '\\N', 'a"]; n9 [label="x', "a\\n", "<b>x</b>",
           "end", "a]", '"]-->x', "`md`", "#quot;", "%%{init}%%", "a;b", "{x}",
           "click n0 href", "\u65e5\u672c", "x\x1b[2Jy", "a\nb", "\u202ex",
           "&lt;", "|x|", "(x)"]
DATE = "aapfup_20240704T191555"


def is_control(c):
    return c < 0x20 or 0x7f <= c < 0xa0 or 0x2028 <= c <= 0x202e


def safe(text):
    return "".join(
        c if not is_control(ord(c)) else
        ("\\x%02x" if ord(c) < 0x80 else "\\u{%x}") % ord(c) for c in text)


def make():
    os.makedirs("results/%s_all" % DATE)
    with open("results/%s_all/resutil-exp.yaml" % DATE, "w") as out:
        json.dump({"state": "done", "sweep": {"name": HOSTILE[0]},
                   "rerun_of": HOSTILE[1], "renamed_from": HOSTILE[2:]}, out)


def graph(form):
    return subprocess.run(["resutil", "graph", "--format", form], check=True,
                          stdout=subprocess.PIPE).stdout.decode()


DOT = re.compile(r'\s*("(?:[^"\\]|\\.)*"|->|[\w#]+|[{}\[\];=,])')


def read_dot(text):
    """Labels of the nodes, by their names, and how many edges there are."""
    tokens, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = DOT.match(text, at)
        assert match, text[at:at + 40]
        tokens.append(match.group(1))
        at = match.end()
    assert tokens[:3] == ["digraph", "runs", "{"] and tokens[-1] == "}"
    nodes, edges, statement = {}, 0, []
    for token in tokens[3:-1]:
        if token != ";":
            statement.append(token)
            continue
        if "->" in statement:
            edges += 1
            assert statement[0] in nodes and statement[2] in nodes
        elif re.fullmatch("n[0-9]+", statement[0]):
            assert statement[1:4] == ["[", "label", "="], statement
            nodes[statement[0]] = escaped(statement[4][1:-1])
        statement = []
    assert not statement
    return nodes, edges


def escaped(label):
    """escString of Graphviz; what it would replace is an error."""
    def one(match):
        assert match.group(1) in '\\"n', label
        return "\n" if match.group(1) == "n" else match.group(1)
    return re.sub(r"\\(.)", one, label)


def read_mermaid(text):
    lines = text.split("\n")
    assert lines[0] == "flowchart LR"
    nodes, edges = {}, 0
    for line in lines[1:-1]:
        node = re.fullmatch(r'\t(n\d+)\["([^"`\[\]{}|\\]*)"\]:::[a-z]+', line)
        if node:
            label = node.group(2).replace("<br>", "\n")
            assert not re.search("[<>&;](?!)|[<>]", label), line
            nodes[node.group(1)] = re.sub(
                r"#(\d+);", lambda m: chr(int(m.group(1))), label)
        elif not line.startswith("\tclassDef "):
            assert re.fullmatch(r"\t(n\d+) (-->|-\.->\|[a-z]+\|) (n\d+)",
                                line), line
            edges += 1
    return nodes, edges


def main():
    os.chdir(sys.argv[1])
    make()
    want = {"sweep " + HOSTILE[0]: 1, HOSTILE[1] + "\nmissing": 1,
            DATE + "_all\ndone": 1}
    want.update(dict.fromkeys(HOSTILE[2:], 1))
    want = sorted(safe(name.replace("\nmissing", "\0").replace("\ndone", "\1"))
                  for name in want)
    want = sorted(w.replace("\\x00", "\nmissing").replace("\\x01", "\ndone")
                  for w in want)
    for form, read in ("dot", read_dot), ("mermaid", read_mermaid):
        text = graph(form)
        assert not any(is_control(ord(c)) for c in text if c not in "\n\t")
        nodes, edges = read(text)
        assert sorted(nodes.values()) == want, (sorted(nodes.values()), want)
        assert edges == len(HOSTILE), edges
    rows = [json.loads(x) for x in graph("json").split("\n")[:-1]]
    names = sorted(r["name"] for r in rows if "node" in r)
    assert names == sorted(HOSTILE + [DATE + "_all"]), names
    tree = graph("tree")
    assert not any(is_control(ord(c)) for c in tree if c != "\n")
    for name in HOSTILE:
        assert safe(name) in tree, name


main()
