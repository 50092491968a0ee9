#!/usr/bin/python3
"""fault-proxy.py [OPTION...] PORTFILE UPSTREAM RULES: passes HTTP/1.1 on to
UPSTREAM (http://127.0.0.1:PORT), as it is, Host and order of fields included,
but for requests that RULES (JSON) spoils. Bodies are streamed, connections
kept. It is also what HTTP_PROXY and HTTPS_PROXY may name: whatever server is
asked for there, it is UPSTREAM.

    --log=FILE      a line of JSON for each request, when it is over
    --cert=PEM      speaks TLS with this certificate and key
    --watch=PID     ends when this process is gone

The port it listens at is written into PORTFILE. RULES is a list, read again
at each request; where it changed, all is counted anew. A missing file is an
empty list. A rule is about requests that have all of

    method   the method is matched by this regular expression, whole
    path     this one is found in the target as it was sent
    head     this one is found in the lines of the request's head, any case

and of those it harms the ones whose number (from 1)

    nth      is this, or in this list
    every    divided by this leaves `rest` (0 unless told)
    from     is not below this
    times    is not above from + times

The first rule that applies does all of what it says:

    run          this command of a shell, before the request is passed on
    delay        waits so many seconds before it is passed on
    status       answers this, with `fields` ({NAME: VALUE}) and `body`; the
                 request is not passed on; `early`: nor is its body read, and
                 the connection is closed
    reset_up     resets the connection after so many bytes of its body
    corrupt_up   changes the byte of its body at this offset
    stall_up     reads nothing after so many bytes of its body
    lose         passes it on, and resets the connection when the answer came
    replace      {REGEXP: TEXT}: done to the body of the answer
    answer       {NAME: VALUE or null}: fields of the answer set, or taken out
    code         another status for the answer
    run_after    this command, when the answer came
    reset_down   resets the connection after so many bytes of the answer's body
    short        closes it after so many
    stall_down   sends nothing more after so many
    corrupt_down changes the byte of the answer's body at this offset
    close        closes the connection behind the answer, which does not say so
"""

import getopt
import json
import os
import re
import select
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from urllib.parse import urlsplit

PIECE = 256 << 10
HEAD_MAX = 256 << 10
STALL_MAX = 120


class Gone(Exception):
    """A side has closed or reset its connection."""


class Spoilt(Exception):
    """A rule ended the connection; status is what was sent."""

    def __init__(self, status=0):
        super().__init__()
        self.status = status


class Side:
    """A connection with what was read of it and not used yet."""

    def __init__(self, sock):
        self.sock = sock
        self.rest = b""
        if sock.family == socket.AF_INET:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def more(self, size=PIECE):
        try:
            data = self.sock.recv(size)
        except OSError as e:
            raise Gone from e
        return data

    def read_head(self):
        """The lines of a head; None when the other side has closed."""
        while b"\r\n\r\n" not in self.rest:
            data = self.more()
            if not data or len(self.rest) > HEAD_MAX:
                if self.rest:
                    raise Gone
                return None
            self.rest += data
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        return head.decode("latin-1").split("\r\n")

    def read_line(self):
        while b"\r\n" not in self.rest:
            data = self.more()
            if not data:
                raise Gone
            self.rest += data
        line, _, self.rest = self.rest.partition(b"\r\n")
        return line

    def exactly(self, size):
        """Pieces of `size` bytes together."""
        while size:
            if not self.rest:
                data = self.more(min(PIECE, size))
                if not data:
                    raise Gone
            else:
                data, self.rest = self.rest[:size], self.rest[size:]
            size -= len(data)
            yield data

    def body(self, framing):
        """Pieces of a body, without the frames of chunks."""
        if framing == "chunked":
            while True:
                size = int(self.read_line().split(b";")[0], 16)
                yield from self.exactly(size)
                if not size:
                    while self.read_line():
                        pass
                    return
                self.read_line()
        elif framing == "close":
            while True:
                data, self.rest = self.rest or self.more(), b""
                if not data:
                    return
                yield data
        else:
            yield from self.exactly(framing)

    def send(self, data):
        try:
            self.sock.sendall(data)
        except OSError as e:
            raise Gone from e

    def send_piece(self, framing, data):
        if framing == "chunked":
            data = b"%x\r\n%b\r\n" % (len(data), data)
        self.send(data)

    def is_silent(self):
        """Open, and nothing to be read."""
        return not self.rest and \
            not select.select([self.sock], [], [], 0)[0]

    def reset(self):
        try:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                 struct.pack("ii", 1, 0))
        except OSError:
            pass
        self.close()

    def close(self):
        try:
            # not unwrap(): a reset is no orderly end of TLS either
            self.sock.close()
        except OSError:
            pass

    def wait_for_end(self):
        """Until the other side gives up; what it sends meanwhile stays in
        the kernel."""
        poll = select.poll()
        poll.register(self.sock, select.POLLRDHUP)
        poll.poll(STALL_MAX * 1000)


class Head:
    def __init__(self, lines):
        self.first = lines[0]
        self.fields = [line.partition(":")[::2] for line in lines[1:]]

    def get(self, name):
        for n, value in self.fields:
            if n.lower() == name:
                return value.strip()
        return None

    def set(self, name, value):
        self.fields = [f for f in self.fields if f[0].lower() != name.lower()]
        if value is not None:
            self.fields.append((name, " " + str(value)))

    def framing(self, none):
        if (self.get("transfer-encoding") or "").lower() == "chunked":
            return "chunked"
        size = self.get("content-length")
        return none if size is None else int(size)

    def bytes(self):
        lines = [self.first] + ["%s:%s" % f for f in self.fields]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Rules:
    def __init__(self, path):
        self.path = path
        self.lock = threading.Lock()
        self.text = None
        self.rules = []
        self.counts = []
        self.number = None

    def read(self):
        try:
            with open(self.path) as f:
                text = f.read()
        except FileNotFoundError:
            text = "[]"
        if text == self.text:
            return
        try:
            rules = json.loads(text, strict=False)
        except ValueError as e:
            # A test must not pass because nothing was spoilt.
            print("%s: %s" % (self.path, e), file=sys.stderr, flush=True)
            rules = [{"status": 599, "body": "these are no rules"}]
        self.text, self.rules, self.counts = text, rules, [0] * len(rules)
        self.number = rules[-1].get("nr") if rules else None

    @staticmethod
    def is_about(rule, method, target, head):
        return (re.fullmatch(rule.get("method", ".*"), method)
                and re.search(rule.get("path", ""), target)
                and re.search(rule.get("head", ""), head,
                              re.IGNORECASE | re.MULTILINE))

    @staticmethod
    def is_due(rule, count):
        if "nth" in rule:
            nth = rule["nth"]
            if count not in (nth if isinstance(nth, list) else [nth]):
                return False
        if "every" in rule and \
                count % rule["every"] != rule.get("rest", 0):
            return False
        first = rule.get("from", 1)
        return first <= count < first + rule.get("times", 1 << 62)

    def choose(self, method, target, head):
        """(number of the rule, the rule), or (None, {}); and what the rules
        call themselves: the last one's `nr`"""
        chosen = None, {}
        with self.lock:
            self.read()
            for i, rule in enumerate(self.rules):
                if not self.is_about(rule, method, target, head):
                    continue
                self.counts[i] += 1
                if chosen[0] is None and self.is_due(rule, self.counts[i]):
                    chosen = i, rule
            return chosen + (self.number,)


class Log:
    def __init__(self, path):
        self.file = open(path, "a") if path else None
        self.lock = threading.Lock()
        self.count = 0

    def number(self):
        with self.lock:
            self.count += 1
            return self.count

    def write(self, **entry):
        if self.file:
            line = json.dumps(entry) + "\n"
            with self.lock:
                self.file.write(line)
                self.file.flush()


def shell(command):
    if command:
        subprocess.run(command, shell=True, stdin=subprocess.DEVNULL,
                       check=False)


def spoil(data, at, offset):
    """`data`, which begins at `at`, with the byte at `offset` changed."""
    if offset is None or not at <= offset < at + len(data):
        return data
    changed = bytearray(data)
    changed[offset - at] ^= 0x20
    return bytes(changed)


class Exchange:
    """One request and its answer."""

    def __init__(self, connection, lines):
        self.of = connection
        self.client = connection.client
        self.request = Head(lines)
        self.method, self.target, _ = self.request.first.split(" ", 2)
        if "://" in self.target.split("?")[0]:
            at = urlsplit(self.target)
            self.target = (at.path or "/") + (
                "?" + at.query if at.query else "")
            self.request.first = "%s %s HTTP/1.1" % (
                self.method, self.target)
            self.request.set("Proxy-Connection", None)
        self.index, self.rule, self.under = connection.proxy.rules.choose(
            self.method, self.target, "\n".join(lines))
        self.began = time.time()
        self.number = connection.proxy.log.number()
        self.logged = False
        self.up = self.down = 0
        self.status = self.theirs = 0
        self.keep = (self.request.get("connection") or "").lower() != "close"

    def limit(self, reset, short, stall, at, data):
        """What may still be passed of `data`, and what happens then."""
        for name, end in ((reset, "reset"), (short, "close"),
                          (stall, "stall")):
            bound = self.rule.get(name)
            if bound is not None and at + len(data) >= bound:
                return data[:bound - at], end
        return data, None

    def end_by(self, end):
        if end == "stall":
            # The end may never come through: what fills the buffers of both
            # kernels is before it.
            self.log()
            self.client.wait_for_end()
        if end == "reset":
            self.client.reset()
        raise Spoilt(self.status)

    def request_body(self):
        """Pieces of the body as upstream gets them."""
        framing = self.request.framing(0)
        if (self.request.get("expect") or "").lower() == "100-continue":
            self.client.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        # nothing of the body is waited for where the limit is 0
        _, end = self.limit("reset_up", None, "stall_up", 0, b"")
        if end and framing:
            self.end_by(end)
        for data in self.client.body(framing):
            data, end = self.limit("reset_up", None, "stall_up", self.up,
                                   data)
            data = spoil(data, self.up, self.rule.get("corrupt_up"))
            self.up += len(data)
            if data:
                yield data
            if end:
                self.end_by(end)

    def answer_here(self):
        rule = self.rule
        if not rule.get("early"):
            for _ in self.request_body():
                pass
        body = rule.get("body", "").encode()
        head = Head(["HTTP/1.1 %d Spoilt" % rule["status"]])
        for name, value in rule.get("fields", {}).items():
            head.set(name, value)
        if head.get("content-length") is None:
            head.set("Content-Length", len(body))
        self.status = rule["status"]
        self.client.send(
            head.bytes() + (b"" if self.method == "HEAD" else body))
        self.down = len(body)
        if rule.get("early"):
            # What is still to be read would make the kernel send a reset,
            # which may overtake the answer.
            self.client.sock.shutdown(socket.SHUT_WR)
            end = time.monotonic() + 5
            while time.monotonic() < end and self.client.more():
                pass
            raise Spoilt(self.status)

    def pass_on(self):
        upstream = self.of.upstream()
        framing = self.request.framing(0)
        body = self.request_body()
        try:
            upstream.send(self.request.bytes())
        except Gone:
            self.of.drop_upstream()
            upstream = self.of.upstream()
            upstream.send(self.request.bytes())
        for data in body:
            try:
                upstream.send_piece(framing, data)
            except Gone:
                # refused before it was read; the answer says why
                self.keep = False
                break
        else:
            if framing == "chunked":
                upstream.send(b"0\r\n\r\n")
        while True:
            lines = upstream.read_head()
            if lines is None:
                raise Gone
            answer = Head(lines)
            self.status = self.theirs = int(answer.first.split()[1])
            if self.status >= 200:
                return upstream, answer

    def give(self, upstream, answer):
        rule = self.rule
        framing = answer.framing("close")
        if self.method == "HEAD" or self.status in (204, 304):
            framing = 0
        if framing == "close" or \
                (answer.get("connection") or "").lower() == "close":
            self.keep = False
        pieces = upstream.body(framing)
        if "lose" in rule or "replace" in rule or "run_after" in rule:
            whole = b"".join(pieces)
            shell(rule.get("run_after"))
            if "lose" in rule:
                self.status = 0
                self.client.reset()
                raise Spoilt(0)
            for pattern, text in rule.get("replace", {}).items():
                whole = re.sub(pattern.encode(), text.encode(), whole,
                               flags=re.DOTALL)
            if self.method != "HEAD":
                framing = len(whole)
                answer.set("Transfer-Encoding", None)
                answer.set("Content-Length", framing)
            pieces = [whole] if whole else []
        for name, value in rule.get("answer", {}).items():
            answer.set(name, value)
        if "code" in rule:
            self.status = rule["code"]
            answer.first = "HTTP/1.1 %d Spoilt" % self.status
        self.client.send(answer.bytes())
        self.give_body(framing, pieces)

    def give_body(self, framing, pieces):
        limits = "reset_down", "short", "stall_down"
        _, end = self.limit(*limits, 0, b"")
        if end:
            self.end_by(end)
        for data in pieces:
            data, end = self.limit(*limits, self.down, data)
            data = spoil(data, self.down, self.rule.get("corrupt_down"))
            self.down += len(data)
            if data:
                self.client.send_piece(framing, data)
            if end:
                self.end_by(end)
        if framing == "chunked":
            self.client.send(b"0\r\n\r\n")

    def tunnel(self):
        """CONNECT: bytes both ways, to upstream whatever was asked for."""
        self.status = 200
        self.client.send(b"HTTP/1.1 200 Connected\r\n\r\n")
        other = self.of.upstream()
        sides = {self.client.sock: other, other.sock: self.client}
        while sides:
            for ready in select.select(list(sides), [], [])[0]:
                data = ready.recv(PIECE)
                if not data:
                    raise Gone
                sides[ready].send(data)
                if ready is self.client.sock:
                    self.up += len(data)
                else:
                    self.down += len(data)

    def log(self):
        if self.logged:
            return
        self.logged = True
        path, _, query = self.target.partition("?")
        self.of.proxy.log.write(
            nr=self.number, conn=self.of.number, method=self.method,
            path=path, query=query, status=self.status, theirs=self.theirs,
            up=self.up, down=self.down, rule=self.index, rules=self.under,
            time=round(self.began, 6),
            seconds=round(time.time() - self.began, 6),
            range=self.request.get("range"),
            condition=self.request.get("if-match")
            or self.request.get("if-none-match"))

    def run(self):
        try:
            shell(self.rule.get("run"))
            time.sleep(self.rule.get("delay", 0))
            if "status" in self.rule:
                self.answer_here()
            elif self.method == "CONNECT":
                self.tunnel()
            else:
                self.give(*self.pass_on())
            if not self.keep or self.rule.get("close"):
                raise Spoilt(self.status)
        finally:
            self.log()


class Connection:
    def __init__(self, proxy, sock, number):
        self.proxy = proxy
        self.client = Side(sock)
        self.number = number
        self.other = None

    def upstream(self):
        if self.other and not self.other.is_silent():
            self.drop_upstream()
        if not self.other:
            try:
                self.other = Side(socket.create_connection(
                    self.proxy.upstream))
            except OSError as e:
                raise Gone from e
        return self.other

    def drop_upstream(self):
        if self.other:
            self.other.close()
        self.other = None

    def serve(self):
        try:
            if self.proxy.tls:
                self.client.sock = self.proxy.tls.wrap_socket(
                    self.client.sock, server_side=True)
            while True:
                lines = self.client.read_head()
                if lines is None:
                    break
                Exchange(self, lines).run()
        except (Gone, Spoilt, OSError, ValueError):
            pass
        finally:
            self.drop_upstream()
            self.client.close()


class Proxy:
    def __init__(self, upstream, rules, log, cert):
        at = urlsplit(upstream)
        self.upstream = (at.hostname, at.port)
        self.rules = Rules(rules)
        self.log = Log(log)
        self.tls = None
        if cert:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(cert)

    def serve(self, listener):
        number = 0
        while True:
            sock, _ = listener.accept()
            number += 1
            threading.Thread(
                target=Connection(self, sock, number).serve,
                daemon=True).start()


def end_with(pid):
    while True:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            os._exit(0)
        time.sleep(1)


def main():
    options, words = getopt.getopt(
        sys.argv[1:], "", ["log=", "cert=", "watch="])
    options = dict(options)
    portfile, upstream, rules = words
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    if "--watch" in options:
        threading.Thread(target=end_with, args=(int(options["--watch"]),),
                         daemon=True).start()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(256)
    proxy = Proxy(upstream, rules, options.get("--log"),
                  options.get("--cert"))
    with open(portfile + ".new", "w") as f:
        f.write("%d\n" % listener.getsockname()[1])
    os.rename(portfile + ".new", portfile)
    proxy.serve(listener)


main()
