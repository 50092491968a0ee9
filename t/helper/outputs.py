#!/usr/bin/env python3
"""outputs.py FILE ROOT: makes a transcript of commands anew.

FILE holds commands, each on a line `$ COMMAND`, and what they wrote: their
standard output, then `? STATUS`. The commands are run by sh, in the working
directory, and what they write now is printed in the same form. In it

	^@		stands for NUL
	\\ no newline	says that the last line had no end
	/T		stands for ROOT

Lines before the first command are comments. A command may use

	mask EXPR COMMAND...	hides what differs from one time to the next,
				by a script of sed -E
"""
import os
import subprocess
import sys

PRELUDE = """mask () {
	mask_expr=$1 && shift && "$@" >"$HOME/masked"
	mask_status=$?
	sed -E -e "$mask_expr" "$HOME/masked"
	return $mask_status
}
"""


def read_commands(path):
    with open(path, "rb") as f:
        lines = f.read().split(b"\n")
    begins, commands, at_begin = [], [], True
    for line in lines:
        if at_begin and line.startswith(b"$ "):
            commands.append(line[2:])
            at_begin = False
        elif line.startswith(b"? "):
            at_begin = True
        elif not commands:
            begins.append(line)
    return begins, commands


def run(command, root):
    done = subprocess.run(["sh", "-c", PRELUDE.encode() + command],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          timeout=60, check=False)
    text = done.stdout
    if b"^@" in text:
        sys.exit(f"outputs.py: '{command.decode()}' prints ^@")
    text = text.replace(b"\0", b"^@").replace(root, b"/T")
    if text and not text.endswith(b"\n"):
        text += b"\n\\ no newline\n"
    return b"$ " + command + b"\n" + text + b"? %d\n" % done.returncode


def main():
    path, root = sys.argv[1:]
    begins, commands = read_commands(path)
    if not commands:
        sys.exit(f"outputs.py: there is no command in '{path}'")
    out = sys.stdout.buffer
    for line in begins:
        out.write(line + b"\n")
    for command in commands:
        out.write(run(command, os.fsencode(root)))


main()
