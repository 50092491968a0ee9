"""Prints a JSON file as lines "a.b.0=value", so that grep can look at it.

Bytes that are not UTF-8 ({"base64": ...}) are written as they are; newlines
as \\n.
"""
import base64
import json
import sys


def lines(value, path):
    if isinstance(value, dict) and set(value) != {"base64"}:
        for key in value:
            yield from lines(value[key], path + [key])
        return
    if isinstance(value, list):
        yield ".".join(path).encode() + b".nr=%d" % len(value)
        for number, item in enumerate(value):
            yield from lines(item, path + [str(number)])
        return
    if isinstance(value, dict):
        text = base64.b64decode(value["base64"])
    elif isinstance(value, str):
        text = value.encode("utf-8", "surrogateescape")
    else:
        text = json.dumps(value).encode()
    yield ".".join(path).encode() + b"=" + text.replace(b"\n", b"\\n")


with open(sys.argv[1], encoding="utf-8") as stream:
    for line in lines(json.load(stream), []):
        sys.stdout.buffer.write(line + b"\n")
