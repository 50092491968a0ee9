"""C source as the checks beside this file see it."""
import os
import re
import subprocess

ROOMS = ("builtin", "plumbing", "transport", "executor", "lib")

TOKEN = re.compile(
    r'/\*.*?\*/|//[^\n]*|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'', re.S)


def tracked_files():
    """What belongs to the project: all that git does not ignore, or, without
    a repository, all but what is built."""
    try:
        out = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others",
             "--exclude-standard"], check=True, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL).stdout
        names = [os.fsdecode(n) for n in out.split(b"\0") if n]
    except (OSError, subprocess.CalledProcessError):
        names = []
        for top, dirs, files in os.walk("."):
            dirs[:] = [d for d in dirs
                       if d not in (".git", "build", "__pycache__")
                       and not d.startswith("trash directory")]
            names += [os.path.join(top, f)[2:] for f in files]
    return sorted(n for n in set(names)
                  if os.path.isfile(n) and not os.path.islink(n))


def read(name):
    with open(name, encoding="utf-8", errors="surrogateescape",
              newline="") as f:
        return f.read()


def blank(text, strings):
    """The text with comments (and strings, if asked) as blanks; lines stay."""
    def repl(m):
        t = m.group(0)
        if t[0] in "\"'":
            return t[0] + " " * (len(t) - 2) + t[0] if strings else t
        return re.sub(r"[^\n]", " ", t)
    return TOKEN.sub(repl, text)


def line_of(text, pos):
    return text.count("\n", 0, pos) + 1


def functions(code):
    """(name, first line, last line) of the functions of blanked code, whose
    bodies stand in braces at the first column."""
    lines = code.split("\n")
    start = None
    for i, line in enumerate(lines):
        if line.startswith("{"):
            start = i
        elif line.startswith("}") and start is not None:
            head = start - 1
            while head > 0 and (lines[head][:1] in (" ", "\t")
                                or "(" not in lines[head]):
                head -= 1
            m = re.search(r"(\w+)\s*\(", lines[head])
            yield (m.group(1) if m else "?", start + 1, i + 1)
            start = None


class Report:
    """Counts and prints what is wrong, as a compiler does."""

    def __init__(self, name):
        self.name, self.count = name, 0

    def add(self, path, line, text):
        self.count += 1
        print(f"{path}:{line}: {text}" if line else f"{path}: {text}")

    def end(self):
        print(f"{self.name}: {self.count or 'no'} finding"
              f"{'' if self.count == 1 else 's'}")
        raise SystemExit(1 if self.count else 0)
