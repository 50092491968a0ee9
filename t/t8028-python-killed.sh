#!/bin/sh

test_description='the Python package: killed at any moment

What a call acknowledged is in the record, whoever is killed: the program, the
recorder, or both; and nobody finds half of an experiment.'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-python.sh

# The number of the last inform() that returned is in the file acknowledged.
cat >prog.py <<\EOP
import os
import resutil

out = os.open("acknowledged", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)


@resutil.main()
def main_func(params):
    for n in range(1, 1000000):
        params.inform(n=n, text="x" * (n * 37 % 5000))
        os.pwrite(out, b"%d\n" % n, 0)


main_func()
EOP

cat >kill.py <<\EOP
"""kill.py WHOM COUNT: starts prog.py COUNT times, kills it at some moment."""
import os
import random
import signal
import subprocess
import sys
import time

from resutil._recorder import _lives

def recorders():
    """Those that work here."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                words = f.read().split(b"\0")
            if b"record-runs" in words and \
                    os.readlink(f"/proc/{pid}/cwd") == os.getcwd():
                found.append(int(pid))
        except OSError:
            pass
    return found


def acknowledged():
    """The last number that was; 0 before there is one."""
    try:
        with open("acknowledged") as f:
            return int(f.read() or 0)
    except FileNotFoundError:
        return 0


whom, count = sys.argv[1], int(sys.argv[2])
random.seed(whom)
for turn in range(count):
    if os.path.exists("acknowledged"):
        os.unlink("acknowledged")
    before = set(os.listdir("results"))
    program = subprocess.Popen([sys.executable, "prog.py"])
    end = time.monotonic() + 30
    # Some in the middle of the birth, most while it informs.
    while turn % 4 and not acknowledged():
        assert time.monotonic() < end
        time.sleep(0.001)
    time.sleep(random.uniform(0, 0.15))
    if whom != "program":
        for pid in recorders():
            os.kill(pid, signal.SIGKILL)
    if whom == "recorder":
        time.sleep(random.uniform(0, 0.1))
    program.kill()
    program.wait()
    # Whichever is left sees that its program died.
    while any(_lives(pid) for pid in recorders()):
        assert time.monotonic() < end
        time.sleep(0.01)
    said = acknowledged()
    new = [name for name in set(os.listdir("results")) - before
           if not name.startswith(".")]
    assert len(new) <= 1, new
    assert new or not said, said
    if not new:
        continue
    text = subprocess.run(["resutil", "read-exp", "--key", "info.n", new[0]],
                          stdout=subprocess.PIPE).stdout
    assert int(text or 0) in (said, said + 1), (new, text, said)
    print(whom, turn, said)
EOP

for whom in program recorder both
do
	test_expect_success PYTHON "$whom killed: what was acknowledged is there" '
		make_project "of-$whom" >/dev/null &&
		cp prog.py kill.py "of-$whom" &&
		cd "of-$whom" &&
		timeout 120 "$PYTHON" kill.py "$whom" 8 >out 2>err || {
			cat err >&2
			false
		} &&
		test -s out &&
		resutil fsck >fsck &&
		resutil list-exps | while read -r name
		do
			resutil read-exp --key state "$name"
		done >states &&
		test_grep ! -v "^lost$\|^running$" states
	'
done

test_done
