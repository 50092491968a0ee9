#!/usr/bin/python3
"""ssh-server.py [--watch=PID] [--set=LINE]... DIR NAME=SHELL...: an OpenSSH
server on free ports of the loopback interface, one for each login shell.

DIR holds host_key, authorized_keys and login (which starts the shell of a
port). When all ports are open, lines "NAME PORT" stand in DIR/ports. --set: a
line of sshd_config(5), which counts before ours. Ends at SIGTERM or when PID
is gone, and with it every process that a session has started."""

import argparse
import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
import time

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}
LIBC = ctypes.CDLL(None)


def free_ports(nr):
    """None of those that the kernel gives to whoever asks for any."""
    held = []
    try:
        while len(held) < nr:
            s = socket.socket()
            try:
                s.bind(("127.0.0.1", random.randint(10000, 32000)))
                held.append(s)
            except OSError:
                s.close()
        return [s.getsockname()[1] for s in held]
    finally:
        for s in held:
            s.close()


def write_config(where, ports, lines):
    with open(where + "/sshd_config", "w", encoding="utf-8") as f:
        for line in lines:
            print(line, file=f)
        # of this one the last line counts
        if not any(line.startswith("MaxStartups ") for line in lines):
            print("MaxStartups 200", file=f)
        for port in ports:
            print(f"ListenAddress 127.0.0.1:{port}", file=f)
        print(f"""\
HostKey "{where}/host_key"
AuthorizedKeysFile "{where}/authorized_keys"
PidFile "{where}/sshd.pid"
ForceCommand exec /bin/sh '{where}/login'
StrictModes no
UsePAM no
UseDNS no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitUserRC no
SetEnv SHLVL=2
PrintMotd no
PrintLastLog no
LogLevel VERBOSE
KexAlgorithms curve25519-sha256
Subsystem sftp /usr/lib/openssh/sftp-server""", file=f)


# (SHLVL: or the bash that starts `login` reads the ~/.bashrc of who tests.)
def of_child():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def is_open(port):
    with open("/proc/net/tcp", encoding="ascii") as f:
        wanted = f"0100007F:{port:04X}"
        return any(line.split()[1] == wanted and line.split()[3] == "0A"
                   for line in f)


def start(args):
    """The server with all its ports, or None when somebody was faster."""
    ports = free_ports(len(args.shells))
    with open(args.dir + "/by-port", "w", encoding="utf-8") as f:
        for port, shell in zip(ports, args.shells):
            print(port, shell.partition("=")[2], file=f)
    write_config(args.dir, ports, args.set)
    child = subprocess.Popen(
        ["/usr/sbin/sshd", "-D", "-f", args.dir + "/sshd_config",
         "-E", args.dir + "/log"], preexec_fn=of_child,
        start_new_session=True)
    for _ in range(400):
        if all(is_open(port) for port in ports):
            with open(args.dir + "/ports.new", "w", encoding="utf-8") as f:
                for port, shell in zip(ports, args.shells):
                    print(shell.partition("=")[0], port, file=f)
            os.rename(args.dir + "/ports.new", args.dir + "/ports")
            return child
        if child.poll() is not None:
            break
        time.sleep(0.02)
    child.kill()
    child.wait()
    return None


def descendants(root):
    """All processes below root."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as f:
                    rest = f.read().rpartition(b")")[2].split()
            except OSError:
                continue
            if rest[0] != b"Z":
                parents[int(name)] = int(rest[1])
    found, below = [], {root}
    while below:
        below = {p for p, parent in parents.items() if parent in below}
        found += below
    return found


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def is_there(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def end():
    for _ in range(500):
        left = descendants(os.getpid())
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        reap()
        if not left:
            return
        time.sleep(0.01)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--watch", type=int, default=os.getppid())
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("dir")
    parser.add_argument("shells", nargs="+")
    args = parser.parse_args()
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    # What a session leaves behind becomes a child of ours.
    LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1)
    for _ in range(5):
        child = start(args)
        if child:
            break
    else:
        with open(args.dir + "/log", encoding="utf-8") as f:
            sys.stderr.write(f.read())
        return 1
    while is_there(child.pid):
        said = signal.sigtimedwait(SIGNALS, 1)
        reap()
        if not is_there(args.watch) or (
                said and said.si_signo != signal.SIGCHLD):
            break
    end()
    return 0


sys.exit(main())
