"""Reads command-list.h, for the scripts beside this one."""
import re
from collections import namedtuple

Command = namedtuple("Command", "name fn room setup summary program")

LINE = re.compile(
    r'COMMAND(?:_IN)?\(\s*(?:(?P<program>\w+),\s*)?"(?P<name>[\w-]+)",\s*'
    r"(?P<fn>\w+),\s*(?P<room>BUILTIN|PLUMBING),\s*"
    r'(?P<setup>\w+),\s*"(?P<summary>(?:[^"\\]|\\.)*)"\)')


def read_commands(path="command-list.h"):
    with open(path, encoding="utf-8") as f:
        text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
    commands = []
    for m in LINE.finditer(text):
        commands.append(Command(m["name"], m["fn"], m["room"], m["setup"],
                                m["summary"],
                                "resutil-" + m["program"] if m["program"]
                                else "resutil"))
    # Nothing on the list may be skipped because it is written another way.
    if len(commands) != len(re.findall(r"\bCOMMAND(?:_IN)?\(", text)):
        raise SystemExit(f"{path}: a line is not of the form of the others")
    return commands
