#!/usr/bin/python3
"""watched.py PID COMMAND...: runs COMMAND until it ends, or SIGTERM comes, or
process PID is gone: a server of a test does not outlive it, whatever happens
to the test. Its status is that of the command."""

import ctypes
import os
import signal
import subprocess
import sys

PR_SET_PDEATHSIG = 1
SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}
LIBC = ctypes.CDLL(None)


def of_child():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def is_there(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def main():
    parent = int(sys.argv[1])
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    child = subprocess.Popen(sys.argv[2:], preexec_fn=of_child,
                             start_new_session=True)
    while child.poll() is None:
        said = signal.sigtimedwait(SIGNALS, 1)
        if not is_there(parent) or (
                said and said.si_signo != signal.SIGCHLD):
            break
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(2)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    return child.returncode if child.returncode >= 0 \
        else 128 - child.returncode


sys.exit(main())
