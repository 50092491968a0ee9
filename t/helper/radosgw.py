#!/usr/bin/python3
"""radosgw.py DIR PID [LINE...]: an S3 server on a free port of the loopback
interface: radosgw with one ceph-mon and one ceph-osd that keeps all in memory.

Everything lies in DIR. When requests are answered, DIR/ready holds lines
NAME=VALUE for a shell; when it cannot be started, DIR/failed says why. It
ends, and all of it with it, at SIGTERM or when process PID is gone. LINEs are
added to the settings of radosgw ("rgw dns name = s3.localhost").
"""

import ctypes
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import uuid

KEY = "RESUTILTESTKEY000001"
# with the characters that signatures go wrong with
SECRET = "secret/of+the/tests+0123456789abcdefABCDE"
PATIENCE = 60
PR_SET_PDEATHSIG = 1
SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}
LIBC = ctypes.CDLL(None)

# No authentication inside, which asks for the mode "crc" everywhere; no
# sockets of the file system, whose paths would have to be short; nothing of
# the machine is read or written; and no more threads than a test needs.
CONF = """\
[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{mon}/0]
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
ms bind msgr1 = false
ms mon client mode = crc
ms mon service mode = crc
ms mon cluster mode = crc
ms client mode = crc
ms service mode = crc
ms cluster mode = crc
ms async op threads = 2
auth cluster required = none
auth service required = none
auth client required = none
keyring = {dir}/keyring
run dir = {dir}
crash dir = {dir}
admin socket =
pid file =
log file = {dir}/$name.log
log to stderr = false
err to stderr = true
mon cluster log to file = false
debug osd = 0/0
debug rocksdb = 0/0
debug paxos = 0/0
debug mon = 0/0
debug bluestore = 0/0
debug rgw = 1/1
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 2000
mon data avail crit = 1
mon data avail warn = 1
paxos propose interval = 0.02
paxos min wait = 0.01
[mon.a]
mon data = {dir}/mon
[osd.0]
osd data = {dir}/osd
osd objectstore = memstore
memstore device bytes = 17179869184
osd op num shards = 2
osd op num threads per shard = 2
[client.rgw.a]
rgw frontends = beast endpoint=127.0.0.1:{rgw} tcp_nodelay=1
rgw data = {dir}
rgw rados pool pg num min = 1
rgw thread pool size = 32
rgw enable usage log = false
rgw enable ops log = false
rgw enable gc threads = false
rgw enable lc threads = false
rgw enable quota threads = false
rgw dynamic resharding = false
rgw run sync thread = false
{lines}
"""


class Failed(Exception):
    pass


class Collision(Failed):
    """A daemon has ended; mostly because somebody took its port."""


class Ended(Exception):
    pass


def free_port():
    """Not one of those that the kernel gives to whoever asks for any: such
    a port could be taken by an outgoing connection until it is used."""
    while True:
        port = random.randint(10000, 32000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


def of_child():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


class Server:
    def __init__(self, directory, parent, lines):
        self.dir = directory
        self.parent = parent
        self.lines = lines
        self.daemons = []
        self.env = {n: v for n, v in os.environ.items()
                    if not n.startswith("CEPH_")}
        self.env["CEPH_CONF"] = self.path("ceph.conf")

    def path(self, name):
        return os.path.join(self.dir, name)

    def output(self, name):
        return open(self.path(name + ".out"), "ab")

    def wanted(self):
        """Raises Ended when somebody wants this to end."""
        while True:
            said = signal.sigtimedwait(SIGNALS, 0)
            if said is None:
                break
            if said.si_signo != signal.SIGCHLD:
                raise Ended
        try:
            os.kill(self.parent, 0)
        except ProcessLookupError:
            raise Ended from None

    def run(self, *args):
        """A program that comes to its end."""
        with self.output(args[0]) as out:
            child = subprocess.Popen(
                args, env=self.env, stdin=subprocess.DEVNULL, stdout=out,
                stderr=out, preexec_fn=of_child, start_new_session=True)
            try:
                status = child.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
                raise Failed(args[0] + " hangs") from None
        self.wanted()
        if status:
            raise Failed("%s: status %d" % (" ".join(args), status))

    def start(self, *args):
        """A program that stays."""
        with self.output(args[0]) as out:
            child = subprocess.Popen(
                args, env=self.env, stdin=subprocess.DEVNULL, stdout=out,
                stderr=out, preexec_fn=of_child, start_new_session=True)
        child.program = args[0]
        self.daemons.append(child)
        return child

    def wait_for(self, question, what):
        end = time.monotonic() + PATIENCE
        while True:
            self.wanted()
            for child in self.daemons:
                if child.poll() is not None:
                    raise Collision("%s ended with status %d" % (
                        child.program, child.returncode))
            if question():
                return
            if time.monotonic() > end:
                raise Failed("waited too long for " + what)
            time.sleep(0.02)

    def stop(self):
        """radosgw takes its time to end; nothing of it is kept, so it gets
        little."""
        for child in reversed(self.daemons):
            if child.poll() is None:
                child.terminate()
        end = time.monotonic() + 0.3
        for child in reversed(self.daemons):
            try:
                child.wait(max(0.01, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.daemons = []

    def bring_up(self):
        fsid, osd = str(uuid.uuid4()), str(uuid.uuid4())
        mon, self.port = free_port(), free_port()
        for name in ("mon", "osd"):
            os.mkdir(self.path(name))
        for name, text in (
                ("ceph.conf", CONF.format(
                    fsid=fsid, mon=mon, rgw=self.port, dir=self.dir,
                    lines="\n".join(self.lines))),
                ("keyring", "")):
            with open(self.path(name), "w") as f:
                f.write(text)
        self.run("monmaptool", "--create", "--fsid", fsid, "--addv", "a",
                 "[v2:127.0.0.1:%d]" % mon, self.path("monmap"))
        self.run("ceph-mon", "--mkfs", "-i", "a", "--monmap",
                 self.path("monmap"))
        self.start("ceph-mon", "-i", "a", "-f")
        self.run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd)
        with Monitor(self) as ask:
            ask("osd new", uuid=osd)
            self.start("ceph-osd", "-i", "0", "-f")
            self.wait_for(lambda: ask("osd stat")["num_up_osds"] == 1,
                          "the osd")
        self.start("radosgw", "-n", "client.rgw.a", "-f")
        self.run("radosgw-admin", "-n", "client.rgw.a", "user", "create",
                 "--uid=test", "--display-name=test",
                 "--access-key=" + KEY, "--secret=" + SECRET)
        self.wait_for(self.answers, "radosgw")

    def answers(self):
        try:
            connection = http.client.HTTPConnection(
                "127.0.0.1", self.port, timeout=10)
            connection.request("GET", "/")
            connection.getresponse().read()
            connection.close()
            return True
        except OSError:
            return False


class Monitor:
    """Questions to the monitor, without the seconds that `ceph` takes."""

    def __init__(self, server):
        self.server = server

    def __enter__(self):
        import rados
        self.cluster = rados.Rados(conffile=self.server.path("ceph.conf"))
        self.cluster.connect(timeout=PATIENCE)
        return self.ask

    def __exit__(self, *_):
        self.cluster.shutdown()

    def ask(self, prefix, **words):
        words.update(prefix=prefix, format="json")
        status, out, why = self.cluster.mon_command(json.dumps(words), b"")
        if status:
            raise Failed("%s: %d %s" % (prefix, status, why))
        return json.loads(out) if out.strip() else None


def say(directory, name, text):
    path = os.path.join(directory, name)
    with open(path + ".new", "w") as f:
        f.write(text)
    os.rename(path + ".new", path)


def serve(top, parent, lines):
    why = "nothing was tried"
    # Somebody may take a port between the choice and the use.
    for attempt in range(5):
        directory = os.path.join(top, "try%d" % attempt)
        os.mkdir(directory)
        server = Server(directory, parent, lines)
        try:
            server.bring_up()
            say(top, "ready", "".join("%s=%s\n" % pair for pair in (
                ("S3_ENDPOINT", "http://127.0.0.1:%d" % server.port),
                ("S3_PORT", server.port), ("S3_KEY", KEY),
                ("S3_SECRET", SECRET), ("S3_REGION", "us-east-1"))))
            while True:
                said = signal.sigtimedwait(SIGNALS, 1)
                if said and said.si_signo != signal.SIGCHLD:
                    return
                server.wanted()
        except Collision as e:
            why = str(e)
        finally:
            server.stop()
    say(top, "failed", why + "\n")


def main():
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    top = os.path.abspath(sys.argv[1])
    os.makedirs(top, exist_ok=True)
    try:
        serve(top, int(sys.argv[2]), sys.argv[3:])
    except Ended:
        pass
    except Exception as e:
        say(top, "failed", "%s: %s\n" % (type(e).__name__, e))
        raise


main()
