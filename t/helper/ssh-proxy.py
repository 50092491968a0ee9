#!/usr/bin/python3
"""ssh-proxy.py [--watch=PID] READY UPSTREAM RULES LOG: a TCP proxy on the
loopback interface that spoils connections to port UPSTREAM. Its own port
stands in the file READY when it listens.

RULES is a file of words, read at each new connection:

    up=N down=N     cut after N bytes of the client, of the server
    rst             such a cut is a reset, not an end
    freeze-up=N freeze-down=N   nothing more passes after N bytes; it stays
    delay=SECONDS   before anything passes
    rate=N          bytes a second, each way
    refuse          closed at once
    times=N         only the first N connections since RULES was written

SIGUSR1 cuts all connections. LOG: a line for each connection that ended,
"BYTES_UP BYTES_DOWN"."""

import argparse
import os
import select
import signal
import socket
import struct
import sys
import threading
import time


def read_rules(path):
    rules = {"text": ""}
    try:
        with open(path, encoding="ascii") as f:
            rules["text"] = f.read()
        rules["written"] = os.stat(path).st_mtime_ns
    except FileNotFoundError:
        pass
    for word in rules["text"].split():
        name, _, value = word.partition("=")
        rules[name] = float(value) if value else True
    return rules


class Proxy:
    def __init__(self, args):
        self.args = args
        self.lock = threading.Lock()
        self.open = set()
        self.seen, self.count = None, 0

    def rules(self):
        rules = read_rules(self.args.rules)
        with self.lock:
            if self.seen != rules.get("written"):
                self.seen, self.count = rules.get("written"), 0
            self.count += 1
            if self.count > rules.get("times", 1 << 60):
                return {}
        return rules

    def cut_all(self):
        with self.lock:
            for s in self.open:
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def serve(self, client):
        moved = [0, 0]
        rules = self.rules()
        try:
            if "refuse" not in rules:
                self.relay(client, rules, moved)
        except OSError:
            pass
        finally:
            if "rst" in rules:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                  struct.pack("ii", 1, 0))
            with self.lock:
                self.open.discard(client)
                client.close()
                with open(self.args.log, "a", encoding="ascii") as f:
                    f.write(f"{moved[0]} {moved[1]}\n")

    def relay(self, client, rules, moved):
        if "delay" in rules:
            time.sleep(rules["delay"])
        with socket.create_connection(("127.0.0.1",
                                       self.args.upstream)) as server:
            with self.lock:
                self.open.add(server)
            try:
                self.pump((client, server), rules, moved)
            finally:
                with self.lock:
                    self.open.discard(server)

    def pump(self, ends, rules, moved):
        cut = (rules.get("up"), rules.get("down"))
        freeze = (rules.get("freeze-up"), rules.get("freeze-down"))
        frozen = set()
        poll = select.poll()
        ways = {}
        for way, end in enumerate(ends):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            poll.register(end, select.POLLIN)
            ways[end.fileno()] = way
        while True:
            for fd, _ in poll.poll():
                way, size = ways[fd], 65536
                for limit in (cut[way], freeze[way]):
                    if limit is not None:
                        size = min(size, int(limit) - moved[way])
                if size <= 0 and freeze[way] is not None and way in frozen:
                    return      # POLLRDHUP: who sent it is gone
                if size <= 0 and freeze[way] is not None:
                    frozen.add(way)
                    poll.modify(fd, select.POLLRDHUP)
                    continue
                data = ends[way].recv(size) if size > 0 else b""
                if not data:
                    return
                ends[1 - way].sendall(data)
                moved[way] += len(data)
                if "rate" in rules:
                    time.sleep(len(data) / rules["rate"])
                if cut[way] is not None and moved[way] >= cut[way]:
                    return


def watch(pid):
    while True:
        time.sleep(1)
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            os._exit(1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--watch", type=int, default=os.getppid())
    parser.add_argument("ready")
    parser.add_argument("upstream", type=int)
    parser.add_argument("rules")
    parser.add_argument("log")
    args = parser.parse_args()
    proxy = Proxy(args)
    signal.signal(signal.SIGUSR1, lambda *_: proxy.cut_all())
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    threading.Thread(target=watch, args=(args.watch,), daemon=True).start()
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    listener.listen(256)
    with open(args.ready + ".new", "w", encoding="ascii") as f:
        print(listener.getsockname()[1], file=f)
    os.rename(args.ready + ".new", args.ready)
    while True:
        client = listener.accept()[0]
        with proxy.lock:
            proxy.open.add(client)
        threading.Thread(target=proxy.serve, args=(client,),
                         daemon=True).start()


sys.exit(main())
