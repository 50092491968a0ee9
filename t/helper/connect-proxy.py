#!/usr/bin/python3
"""connect-proxy.py [OPTION...] PORTFILE PORT: a proxy for HTTPS that joins
every tunnel (CONNECT NAME:443) to PORT of the loopback interface, whatever
NAME is: clients that know nothing but the names of Google reach a fake that
way, which has a certificate for these names. What is no CONNECT is refused,
and so is a NAME that is no name of Google's, unless --any is said.

    --watch=PID    ends when this process is gone
    --log=FILE     a line for each tunnel: NAME:PORT
    --any          all names

The port it listens at is written into PORTFILE.
"""

import getopt
import os
import re
import signal
import socket
import socketserver
import sys
import threading
import time

PIECE = 1 << 16
HEAD_MAX = 16 << 10
NAMES = re.compile(r"(?:[a-z0-9-]+\.)*(?:googleapis|google)\.com")


def pass_on(source, target):
    """Until one side ends; the end of it is passed on, too."""
    try:
        while True:
            data = source.recv(PIECE)
            if not data:
                break
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for side in (source, target):
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Tunnel(socketserver.BaseRequestHandler):
    def handle(self):
        head = b""
        while b"\r\n\r\n" not in head:
            data = self.request.recv(PIECE)
            if not data or len(head) > HEAD_MAX:
                return
            head += data
        head, _, rest = head.partition(b"\r\n\r\n")
        words = head.split(b"\r\n")[0].decode("latin-1").split()
        name = words[1] if len(words) == 3 else ""
        if not words or words[0] != "CONNECT":
            return self.refuse(405, "Method Not Allowed")
        host, _, port = name.rpartition(":")
        known = self.server.any or NAMES.fullmatch(host.lower())
        if not known or port != "443":
            return self.refuse(403, "Forbidden")
        self.note(name)
        self.join(rest)

    def refuse(self, status, reason):
        self.request.sendall(
            ("HTTP/1.1 %d %s\r\nContent-Length: 0\r\nConnection: close\r\n"
             "\r\n" % (status, reason)).encode())

    def note(self, name):
        if self.server.log:
            with self.server.lock:
                self.server.log.write(name + "\n")
                self.server.log.flush()

    def join(self, rest):
        with socket.create_connection(("127.0.0.1", self.server.to)) as other:
            for side in (self.request, other):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.request.sendall(
                b"HTTP/1.1 200 Connection established\r\n\r\n")
            other.sendall(rest)
            up = threading.Thread(target=pass_on, args=(self.request, other),
                                  daemon=True)
            up.start()
            pass_on(other, self.request)
            up.join()


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def end_with(pid):
    while True:
        try:
            os.kill(pid, 0)
        except OSError:
            os._exit(0)
        time.sleep(1)


def main():
    pairs, words = getopt.getopt(sys.argv[1:], "", ["watch=", "log=", "any"])
    options = dict(pairs)
    portfile, to = words
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    if "--watch" in options:
        threading.Thread(target=end_with, args=(int(options["--watch"]),),
                         daemon=True).start()
    server = Server(("127.0.0.1", 0), Tunnel)
    server.to = int(to)
    server.any = "--any" in options
    server.lock = threading.Lock()
    server.log = open(options["--log"], "a") if "--log" in options else None
    with open(portfile + ".new", "w") as f:
        f.write("%d\n" % server.server_address[1])
    os.rename(portfile + ".new", portfile)
    server.serve_forever()


main()
