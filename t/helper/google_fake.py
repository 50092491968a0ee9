"""What the fake services of Google (fake-gcs.py, fake-drive.py, fake-token.py)
have in common: an HTTP/1.1 server with a thread for each connection, who asks
(access tokens), errors as Google words them, `fields`, a log, and control by
tests.

A service is a class of functions that answer, found by method and path:

    class Drive(Service):
        def routes(self):
            return [Route("GET", "/drive/v3/files/([^/]+)", self.get,
                          "alt fields supportsAllDrives"), ...]

    serve([Tokens, Drive], sys.argv[1:])

The path is matched as it was sent; its groups go, decoded, to the function
behind the Request. All that is answered is what the function returns (a dict:
JSON, of which `fields` selects; or an Answer) or raises (Refused). The state
is locked meanwhile; but a Route with stream=True locks self.world.lock where
it needs it, since it reads the body. Query parameters that a Route does not
name are refused: the real services pass over them, and with them over a
condition that somebody misspelt.

Control: POST /_test/NAME with JSON calls control_NAME(arguments) of a service,
or one of these (class Control below): time, modes, errors.

Options of all of them: see OPTIONS. It is also what http_proxy may name:
whatever server is asked for there, by http, it is this one.
"""

import getopt
import gzip
import json
import os
import re
import signal
import socketserver
import ssl
import sys
import threading
import time
import traceback
from email.utils import formatdate
from urllib.parse import unquote_to_bytes

OPTIONS = """OPTION... PORTFILE
    --cert=PEM     speaks TLS with this certificate and key
    --watch=PID    ends when this process is gone
    --log=FILE     a line of JSON for each request
The port it listens at is written into PORTFILE."""

AUTH = "https://www.googleapis.com/auth/"
PIECE = 256 << 10
HEAD_MAX = 64 << 10
DRAIN_MAX = 1 << 20
# What each request may carry besides what its Route names.
COMMON = {"alt", "prettyPrint", "fields", "key", "quotaUser", "userIp",
          "access_token", "uploadType", "upload_protocol"}
# What lets in whoever has it stands in no log.
SECRET = re.compile(r"((?:^|&)(?:upload_id|access_token|key|code|state|"
                    r"X-Goog-Signature|X-Goog-Credential)=)[^&]*", re.I)
TIMES = "%Y-%m-%dT%H:%M:%S"


class Gone(Exception):
    """The client has closed or reset its connection."""


class Refused(Exception):
    """An error as the APIs with JSON say it. reason: "notFound"; None: the
    body is `body`, a text or a dict."""

    def __init__(self, status, reason, message="", domain="global", where=None,
                 fields=None, body=None, word=None, close=False):
        super().__init__("%d %s %s" % (status, reason, message))
        self.status = status
        self.fields = fields or {}
        self.close = close
        if reason is None:
            self.body = body
            return
        error = {"message": message, "domain": domain, "reason": reason}
        if where:
            error["locationType"], error["location"] = where
        self.body = {"error": {"code": status, "message": message,
                               "errors": [error]}}
        if word:
            self.body["error"]["status"] = word


def oauth_error(status, error, description=None):
    """As OAuth's endpoints say it (RFC 6749)."""
    body = {"error": error}
    if description:
        body["error_description"] = description
    return Refused(status, None, body=body)


class Answer:
    """body: bytes, a text, a dict (JSON), or an iterable of bytes whose size
    is told, or is unknown (None: in chunks)."""

    def __init__(self, status=200, body=b"", fields=None, kind=None, size=None,
                 close=False):
        self.status = status
        self.fields = dict(fields or {})
        self.close = close
        if isinstance(body, dict):
            body = (json.dumps(body, indent=2, ensure_ascii=False)
                    + "\n").encode("utf-8", "surrogatepass")
            kind = kind or "application/json; charset=UTF-8"
        elif isinstance(body, str):
            body = body.encode()
            kind = kind or "text/html; charset=UTF-8"
        if isinstance(body, (bytes, bytearray)):
            size = len(body)
            body = [body] if body else []
        self.body = body
        self.size = size
        self.is_text = kind is not None
        if kind:
            self.fields.setdefault("Content-Type", kind)

    def pack(self):
        """As who can read gzip gets what is no object."""
        self.body = [gzip.compress(b"".join(self.body), 1)]
        self.size = None
        self.fields["Content-Encoding"] = "gzip"
        self.fields["Vary"] = "Origin, X-Origin, Referer"


class Route:
    def __init__(self, method, path, function, query="", stream=False):
        self.method = method
        self.path = re.compile(path)
        self.function = function
        # None: all are taken
        self.query = None if query is None else COMMON | set(query.split())
        self.stream = stream


class Service:
    def __init__(self, world):
        self.world = world

    def routes(self):
        return []


class World:
    """The state of all services of this process."""

    def __init__(self):
        self.lock = threading.RLock()
        self.port = 0
        self.scheme = "http"
        self.skew = 0
        self.modes = {}         # what control_modes set, by name
        self.errors = []        # what control_errors set
        self.tokens = {}        # text -> Token
        self.of_jwt = None      # of google_tokens: text -> Token
        self.last = 0

    def now(self):
        return time.time() + self.skew

    def stamp(self, at=None):
        """A time as the APIs say it."""
        at = self.now() if at is None else at
        return time.strftime(TIMES, time.gmtime(at)) + ".%03dZ" % (
            at * 1000 % 1000)

    def serial(self):
        """Numbers that grow: microseconds since 1970, each once."""
        with self.lock:
            self.last = max(self.last + 1, int(self.now() * 1000000))
            return self.last

    def error_for(self, request):
        """The injected error that this request gets, or None."""
        with self.lock:
            for error in self.errors:
                if not re.fullmatch(error.get("method", ".*"), request.method):
                    continue
                if not re.search(error.get("path", ""), request.target):
                    continue
                error["seen"] = error.get("seen", 0) + 1
                if error["seen"] <= error.get("after", 0):
                    continue
                if error["seen"] > error.get("after", 0) + \
                        error.get("times", 1):
                    continue
                return error
        return None


class Token:
    """An access token: whose it is, what it is for; of a login, the id of the
    application that has it."""

    def __init__(self, email, scopes, expires, client=None):
        self.email = email
        self.scopes = set(scopes)
        self.expires = expires
        self.client = client


class Control(Service):
    """What tests may do with every fake."""

    def control_time(self, args):
        """{"skew": SECONDS}: the server's clock, from ours."""
        self.world.skew = args["skew"]

    def control_modes(self, args):
        """{NAME: VALUE}: what a service is to do differently; null: no more.
        Returns all of them. "scheme": "https" is for who stands behind
        something that speaks TLS."""
        for name, value in args.items():
            self.world.modes[name] = value
            if value is None:
                del self.world.modes[name]
        return self.world.modes

    def control_errors(self, args):
        """{"errors": [{"method": REGEXP, "path": REGEXP, "after": N,
        "times": N, "status": N, "reason": TEXT, "message": TEXT,
        "domain": TEXT, "fields": {}, "body": TEXT}]}: such requests are
        answered so, and nothing is done; each `times` times (1), once `after`
        (0) of them were let through. Replaces those set before."""
        self.world.errors = args["errors"]


class Body:
    """What a request carries, read when it is wanted."""

    def __init__(self, handler, headers):
        self.handler = handler
        self.read_so_far = 0
        self.expects = headers.get("expect", "").lower() == "100-continue"
        self.chunked = "chunked" in headers.get("transfer-encoding", "")
        self.size = None if self.chunked else \
            int(headers.get("content-length") or 0)
        self.left = 0 if self.chunked else self.size
        self.done = not self.chunked and not self.size

    def start(self):
        if self.expects:
            self.expects = False
            self.handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.handler.wfile.flush()

    def some(self, size):
        data = self.handler.rfile.read1(size)
        if not data:
            raise Gone
        self.left -= len(data)
        self.read_so_far += len(data)
        return data

    def pieces(self):
        """Raises Gone where the connection ends before the body does."""
        self.start()
        while not self.done:
            if not self.left and self.chunked:
                line = self.handler.rfile.readline(1024)
                if not line.endswith(b"\n"):
                    raise Gone
                self.left = int(line.split(b";")[0], 16)
                if not self.left:
                    while self.handler.rfile.readline(1024).strip():
                        pass
                    self.done = True
                    return
            yield self.some(min(PIECE, self.left))
            if not self.left:
                if not self.chunked:
                    self.done = True
                elif not self.handler.rfile.readline(1024):
                    raise Gone

    def whole(self):
        return b"".join(self.pieces())

    def drain(self):
        """Passes over what nobody wanted. False: too much of it."""
        if self.expects or self.left > DRAIN_MAX:
            return self.done
        for _ in self.pieces():
            if self.read_so_far > DRAIN_MAX and not self.done and \
                    self.left > DRAIN_MAX:
                return False
        return True


def text_of(raw):
    """Percent-decoded text; Refused when it is no UTF-8."""
    try:
        return unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError as e:
        raise Refused(400, "invalid", "Invalid value: not UTF-8.") from e


class Request:
    def __init__(self, handler, method, target, headers):
        self.handler = handler
        self.world = handler.server.world
        self.method = method
        self.target = target
        self.path, _, self.query_text = target.partition("?")
        self.headers = headers          # names in small letters
        self.body = Body(handler, headers)
        self.data = None                # the body, where it was read
        self.email = None               # whose token it has, once looked at
        self.pairs = []
        for pair in self.query_text.split("&"):
            if pair:
                name, _, value = pair.partition("=")
                self.pairs.append((text_of(name.replace("+", " ")),
                                   text_of(value.replace("+", " "))))
        self.query = dict(self.pairs)

    @property
    def decoded_path(self):
        return text_of(self.path)

    @property
    def root(self):
        """Our own address, as the client knows it."""
        scheme = self.world.modes.get("scheme", self.world.scheme)
        return "%s://%s" % (scheme, self.headers.get(
            "host", "127.0.0.1:%d" % self.world.port))

    def flag(self, name):
        return self.query.get(name, "").lower() in ("true", "1")

    def number(self, name, least=0, most=(1 << 63) - 1):
        """A parameter as a number; None: it is not there."""
        text = self.query.get(name)
        if text is None:
            return None
        if not re.fullmatch(r"-?\d{1,19}", text) or \
                not least <= int(text) <= most:
            raise Refused(400, "invalidParameter",
                          "Invalid value '%s' for parameter %s." % (text, name),
                          where=("parameter", name))
        return int(text)

    def json(self, default=None):
        """The body as an object of JSON."""
        if self.data is None:
            self.data = self.body.whole()
        if not self.data and default is not None:
            return default
        return parse_json(self.data)

    def form(self):
        """The body as a form (application/x-www-form-urlencoded)."""
        if self.data is None:
            self.data = self.body.whole()
        pairs = [p.partition("=")[::2]
                 for p in self.data.decode("latin-1").split("&") if p]
        return {text_of(n.replace("+", " ")): text_of(v.replace("+", " "))
                for n, v in pairs}

    def bearer(self):
        """The token that came, or None. A malformed field is refused."""
        auth = self.headers.get("authorization")
        if auth is None:
            return self.query.get("access_token")
        found = re.fullmatch(r"(?:Bearer|OAuth) +([!-~]+)", auth, re.I)
        if not found:
            raise no_credentials()
        return found.group(1)

    def identity(self):
        """The Token, or None for somebody who shows none."""
        text = self.bearer()
        if text is None:
            return None
        with self.world.lock:
            token = self.world.tokens.get(text)
            if not token and self.world.of_jwt and text.count(".") == 2:
                token = self.world.of_jwt(text)
            if not token or token.expires <= self.world.now():
                raise no_credentials()
        self.email = token.email
        return token


def no_credentials():
    return Refused(401, "authError", "Invalid Credentials",
                   where=("header", "Authorization"),
                   fields={"WWW-Authenticate":
                           'Bearer realm="https://accounts.google.com/", '
                           "error=invalid_token"})


def parse_json(data):
    try:
        value = json.loads(data)
    except ValueError as e:
        raise Refused(400, "parseError", "Parse Error") from e
    if value is None:
        value = {}      # as Go says that it has nothing to say
    if not isinstance(value, dict):
        raise Refused(400, "parseError", "Parse Error")
    return value


def split_fields(text):
    """A list of selectors as a tree: "a,b(c,d/e)" is {"a": {}, "b": {"c": {},
    "d": {"e": {}}}}; {}: all of it."""
    at = 0

    def wrong():
        return Refused(400, "invalidParameter",
                       "Invalid field selection %s" % text,
                       where=("parameter", "fields"))

    def names():
        nonlocal at
        tree = {}
        while True:
            found = re.compile(r"[A-Za-z0-9_.$%-]+|\*").match(text, at)
            if not found:
                raise wrong()
            at = found.end()
            below = {}
            if text[at:at + 1] == "/":
                at += 1
                below = one()
            elif text[at:at + 1] == "(":
                at += 1
                below = names()
                if text[at:at + 1] != ")":
                    raise wrong()
                at += 1
            join(tree, found.group(), below)
            if text[at:at + 1] != ",":
                return tree
            at += 1

    def one():
        """What is behind a slash: a single path."""
        nonlocal at
        found = re.compile(r"[A-Za-z0-9_.$%-]+|\*").match(text, at)
        if not found:
            raise wrong()
        at = found.end()
        if text[at:at + 1] == "/":
            at += 1
            return {found.group(): one()}
        if text[at:at + 1] == "(":
            at += 1
            below = names()
            if text[at:at + 1] != ")":
                raise wrong()
            at += 1
            return {found.group(): below}
        return {found.group(): {}}

    tree = names()
    if at != len(text):
        raise wrong()
    return tree


def join(tree, name, below):
    if name not in tree:
        tree[name] = below
    elif not tree[name] or not below:
        tree[name] = {}
    else:
        for key, value in below.items():
            join(tree[name], key, value)


def select_fields(value, tree, schema=None):
    """What the tree of split_fields() leaves of value. schema, of the same
    form, says which names there are; where it is {}, any."""
    if not tree:
        return value
    for name in tree:
        if schema and name != "*" and name not in schema:
            raise Refused(400, "invalidParameter",
                          "Invalid field selection %s" % name,
                          where=("parameter", "fields"))
    if isinstance(value, list):
        return [select_fields(v, tree, schema) for v in value]
    out = {}
    for name, below in tree.items():
        names = list(schema or value or ()) if name == "*" else [name]
        for n in names:
            inner = (schema or {}).get(n, {})
            if isinstance(value, dict) and n in value:
                out[n] = select_fields(value[n], below, inner)
            elif below:
                select_fields(None, below, inner)
    return out if isinstance(value, dict) else value


class Handler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def handle(self):
        try:
            while self.one():
                pass
        except (Gone, OSError, ValueError):
            pass

    def finish(self):
        try:
            super().finish()
        except OSError:
            pass

    def read_head(self):
        """(method, target, headers); None at the end. We are also a proxy,
        which takes all servers for us."""
        line = self.rfile.readline(HEAD_MAX)
        if not line:
            return None
        method, target, version = line.decode("latin-1").split()
        if not version.startswith("HTTP/1."):
            raise Gone
        headers = {}
        size = 0
        while True:
            line = self.rfile.readline(HEAD_MAX)
            size += len(line)
            if size > HEAD_MAX or not line.endswith(b"\n"):
                raise Gone
            line = line.rstrip(b"\r\n")
            if not line:
                break
            name, _, value = line.decode("latin-1").partition(":")
            name, value = name.lower(), value.strip()
            headers[name] = headers[name] + ", " + value \
                if name in headers else value
        if target.startswith("http://"):
            target = "/" + target[7:].partition("/")[2]
        self.keep = version != "HTTP/1.0" and \
            headers.get("connection", "").lower() != "close"
        return method, target, headers

    def one(self):
        head = self.read_head()
        if not head:
            return False
        if head[0] == "CONNECT":
            self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            self.wfile.flush()
            return True
        self.request_began = time.time()
        self.told = self.down = 0
        request = None
        try:
            try:
                request = Request(self, *head)
                answer = self.answer_to(request)
            except Refused as e:
                answer = Answer(e.status, e.body, e.fields, close=e.close)
            drained = request is not None and request.body.drain()
            self.keep = self.keep and drained and not answer.close
            if answer.is_text and answer.size and \
                    "gzip" in head[2].get("accept-encoding", ""):
                answer.pack()
            last = self.send(answer, head[0])
        finally:
            self.log(head, request)
        # Whoever has the whole answer finds its line in the log.
        self.wfile.write(last)
        self.wfile.flush()
        if not drained:
            # A reset may overtake the answer where something is unread.
            self.linger()
        return self.keep

    def linger(self):
        self.connection.settimeout(2)
        left = 64 << 20
        while left > 0:
            data = self.rfile.read1(PIECE)
            if not data:
                break
            left -= len(data)

    def answer_to(self, request):
        if request.path.startswith("/_test/"):
            return self.control(request)
        if request.method in ("POST", "PUT", "PATCH") and not \
                request.body.chunked and "content-length" not in \
                request.headers:
            raise Refused(411, None, close=True, body="<p>%s requests require "
                          "a Content-length header." % request.method)
        error = request.world.error_for(request)
        if error:
            request.body.drain()
            if "body" in error or "reason" not in error:
                raise Refused(error["status"], None,
                              body=error.get("body", ""),
                              fields=error.get("fields"))
            raise Refused(error["status"], error["reason"],
                          error.get("message", error["reason"]),
                          domain=error.get("domain", "global"),
                          fields=error.get("fields"))
        methods = set()
        for route in self.server.routes:
            found = route.path.fullmatch(request.path)
            if not found:
                continue
            methods.add(route.method)
            if re.fullmatch(route.method, request.method):
                return self.call(route, found, request)
        if methods:
            raise Refused(405, "httpMethodNotAllowed",
                          "This API does not support parsing this method.")
        raise Refused(404, None, body="Not Found")

    def call(self, route, found, request):
        if route.query is not None:
            for name in request.query:
                if name not in route.query:
                    raise Refused(400, "invalidParameter",
                                  "the fake knows no parameter '%s' of %s %s"
                                  % (name, route.method, route.path.pattern))
        groups = [g if g is None else text_of(g) for g in found.groups()]
        try:
            if route.stream:
                result = route.function(request, *groups)
            else:
                request.data = request.body.whole()
                with request.world.lock:
                    result = route.function(request, *groups)
            if isinstance(result, dict):
                if "fields" in request.query:
                    result = select_fields(
                        result, split_fields(request.query["fields"]))
                result = Answer(200, result)
            return result
        except (Refused, Gone, ConnectionError):
            raise
        except Exception:
            # A test must see it, and not take it for a fault on purpose.
            traceback.print_exc()
            sys.stderr.flush()
            raise Refused(501, None, close=True,
                          body="a bug in the fake: see what it said") from None

    def control(self, request):
        name = "control_" + request.path[len("/_test/"):].replace("-", "_")
        args = request.json({})
        for service in self.server.services:
            function = getattr(service, name, None)
            if function:
                with request.world.lock:
                    result = function(args)
                return Answer(200, {} if result is None else result)
        raise Refused(404, "notFound", "no such control: " + name)

    def send(self, answer, method):
        """Sends it, but for its last piece, which it gives back."""
        world = self.server.world
        status = answer.status
        self.told = status
        lines = ["HTTP/1.1 %d %s" % (status, REASONS.get(status, "Answer")),
                 "Date: " + formatdate(world.now(), usegmt=True)]
        lines += ["%s: %s" % f for f in answer.fields.items()]
        bare = status in (204, 304) or method == "HEAD"
        chunked = answer.size is None
        if chunked:
            lines.append("Transfer-Encoding: chunked")
        elif status not in (204, 304):
            lines.append("Content-Length: %d" % answer.size)
        if not self.keep:
            lines.append("Connection: close")
        last = ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "replace")
        if not bare:
            for data in answer.body:
                if not data:
                    continue
                self.wfile.write(last)
                self.down += len(data)
                last = b"%x\r\n%b\r\n" % (len(data), data) if chunked \
                    else data
            if chunked:
                last += b"0\r\n\r\n"
        return last

    def log(self, head, request):
        log = self.server.log
        if not log or head[1].startswith("/_test/"):
            return
        path, _, query = head[1].partition("?")
        line = json.dumps({
            "method": head[0], "path": path,
            "query": SECRET.sub(r"\1...", query),
            "status": self.told,
            "up": request.body.read_so_far if request else 0,
            "down": self.down, "account": request and request.email,
            "range": head[2].get("range") or head[2].get("content-range"),
            "time": round(self.request_began, 6),
            "seconds": round(time.time() - self.request_began, 6)}) + "\n"
        with self.server.log_lock:
            log.write(line)
            log.flush()


REASONS = {200: "OK", 204: "No Content", 206: "Partial Content",
           302: "Found", 304: "Not Modified", 308: "Resume Incomplete",
           400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
           404: "Not Found", 405: "Method Not Allowed", 409: "Conflict",
           410: "Gone", 411: "Length Required", 412: "Precondition Failed",
           416: "Requested Range Not Satisfiable", 429: "Too Many Requests",
           499: "Client Closed Request", 500: "Internal Server Error",
           503: "Service Unavailable"}


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256
    tls = None

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (OSError, Gone)):
            traceback.print_exc()
            sys.stderr.flush()

    def finish_request(self, request, client_address):
        # in the thread of the connection, so that nobody waits for it
        if self.tls:
            request = self.tls.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def shutdown_request(self, request):
        try:
            super().shutdown_request(request)
        except OSError:
            pass


def watch(pid):
    while True:
        try:
            os.kill(pid, 0)
        except OSError:
            os._exit(0)
        time.sleep(1)


def serve(kinds, argv):
    """Runs services of these classes until it is ended."""
    try:
        pairs, rest = getopt.getopt(argv, "", ["cert=", "watch=", "log="])
        (port_file,) = rest
    except (getopt.GetoptError, ValueError):
        sys.exit("usage: %s %s" % (sys.argv[0], OPTIONS))
    options = dict(pairs)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    world = World()
    server = Server(("127.0.0.1", 0), Handler)
    world.port = server.server_address[1]
    if "--cert" in options:
        world.scheme = "https"
        server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.tls.load_cert_chain(options["--cert"])
    server.world = world
    server.services = [kind(world) for kind in [Control] + list(kinds)]
    server.routes = [r for s in server.services for r in s.routes()]
    server.log = open(options["--log"], "a") if "--log" in options else None
    server.log_lock = threading.Lock()
    if "--watch" in options:
        threading.Thread(target=watch, args=(int(options["--watch"]),),
                         daemon=True).start()
    with open(port_file + ".new", "w") as f:
        f.write("%d\n" % world.port)
    os.rename(port_file + ".new", port_file)
    server.serve_forever()
