"""make-tree.py DIR DESCRIPTION...: makes the tree that a JSON file describes.

{"about": TEXT, "hash": HEX, "record": HEX or null, "entries": [ENTRY...]}
ENTRY: {"path": P, "type": "file" (when missing), "dir", "link" or "fifo",
"mode": "0644", "content": C, "times": N, "target": T}. Each character of P, C
and T is one byte (so at most U+00FF); the content is C, N times. Directories
above an entry are made. The tree of NAME.json is DIR/NAME; a line is printed for
each: its hash, TAB, DIR/NAME, TAB, the hash of its record or "-".
"""
import json
import os
import sys


def raw(text):
    return text.encode("latin-1")


def make(top, entry):
    path = os.path.join(os.fsencode(top), raw(entry["path"]))
    kind = entry.get("type", "file")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if kind == "dir":
        os.makedirs(path, exist_ok=True)
    elif kind == "link":
        os.symlink(raw(entry["target"]), path)
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        with open(path, "wb") as stream:
            stream.write(raw(entry.get("content", "")) * entry.get("times", 1))
    if "mode" in entry:
        os.chmod(path, int(entry["mode"], 8))


def main():
    for description in sys.argv[2:]:
        with open(description, encoding="ascii") as stream:
            tree = json.load(stream)
        name, _ = os.path.splitext(os.path.basename(description))
        top = os.path.join(sys.argv[1], name)
        os.makedirs(top)
        for entry in tree["entries"]:
            make(top, entry)
        print(tree["hash"], top, tree["record"] or "-", sep="\t")


main()
