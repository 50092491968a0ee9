#!/usr/bin/python3
"""s3-ask.py [-H NAME:VALUE]... [-b FILE] METHOD PATH[?QUERY]: one signed
request to $S3_ENDPOINT, made with Python's own modules: what comes back is
shown as it is, the status and fields on stderr, the body on stdout. PATH and
QUERY are not escaped yet. Status 1: the server's is not 2xx."""

# Asked hundreds of times: nothing is imported that takes longer than the request,
# as http.client, urllib and what else needs regular expressions would.
import hashlib
import hmac
import os
import socket
import sys
import time

PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                  b"0123456789-._~")


def quote(text, safe=b""):
    return "".join(chr(c) if c in PLAIN or c in safe else "%%%02X" % c
                   for c in os.fsencode(text))


def keyed(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def sign(method, host, path, query, headers, body):
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    day = stamp[:8]
    headers["host"] = host
    headers["x-amz-date"] = stamp
    headers["x-amz-content-sha256"] = hashlib.sha256(body).hexdigest()
    if "AWS_SESSION_TOKEN" in os.environ:
        headers["x-amz-security-token"] = os.environ["AWS_SESSION_TOKEN"]
    names = ";".join(sorted(headers))
    scope = "%s/%s/s3/aws4_request" % (
        day, os.environ.get("S3_REGION", "us-east-1"))
    canonical = "\n".join(
        [method, path, query]
        + ["%s:%s" % (n, " ".join(headers[n].split()))
           for n in sorted(headers)]
        + ["", names, headers["x-amz-content-sha256"]])
    key = ("AWS4" + os.environ["S3_SECRET"]).encode()
    for part in scope.split("/"):
        key = keyed(key, part)
    signature = hmac.new(key, "\n".join([
        "AWS4-HMAC-SHA256", stamp, scope,
        hashlib.sha256(canonical.encode()).hexdigest()]).encode(),
        hashlib.sha256).hexdigest()
    headers["authorization"] = (
        "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s"
        % (os.environ["S3_KEY"], scope, names, signature))


class IncompleteRead(EOFError):
    pass


def whole(data):
    """A body that was sent in chunks."""
    body = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        size = int(size.split(b";")[0], 16)
        if not size:
            return body
        body += data[:size]
        data = data[size + 2:]
    raise IncompleteRead("the last chunk is missing")


def ask(at, method, target, headers, body):
    """Status line, fields and body of the answer."""
    host, _, port = at.rpartition(":")
    lines = ["%s %s HTTP/1.1" % (method, target), "connection: close",
             "accept-encoding: identity"]
    if body or method in ("PUT", "POST"):
        lines.append("content-length: %d" % len(body))
    lines += ["%s: %s" % pair for pair in headers.items()]
    with socket.create_connection((host, int(port)), timeout=60) as s:
        s.sendall(os.fsencode("\r\n".join(lines) + "\r\n\r\n") + body)
        parts = []
        while True:
            parts.append(s.recv(1 << 20))
            if not parts[-1]:
                break
    head, _, data = b"".join(parts).partition(b"\r\n\r\n")
    status, *fields = head.decode("latin-1").split("\r\n")
    fields = [(n.lower(), v.strip()) for n, _, v in
              (f.partition(":") for f in fields)]
    if ("transfer-encoding", "chunked") in fields:
        data = whole(data)
    elif method != "HEAD":
        size = dict(fields).get("content-length", len(data))
        if len(data) != int(size):
            raise IncompleteRead("%d bytes of %s" % (len(data), size))
    return status.split(" ", 1)[1], fields, data


def main():
    words, headers, body = sys.argv[1:], {}, b""
    while words[0] in ("-H", "-b"):
        option, value = words[:2]
        del words[:2]
        if option == "-H":
            name, _, text = value.partition(":")
            headers[name.lower()] = text.strip()
        else:
            with open(value, "rb") as f:
                body = f.read()
    method, target = words
    path, _, query = target.partition("?")
    pairs = sorted((quote(n), quote(v))
                   for n, _, v in (q.partition("=")
                                   for q in query.split("&") if q))
    query = "&".join("%s=%s" % pair for pair in pairs)
    path = quote(path, b"/")
    at = os.environ["S3_ENDPOINT"].split("://")[1].rstrip("/")
    sign(method, at, path, query, headers, body)
    status, fields, data = ask(at, method,
                               path + ("?" + query if query else ""),
                               headers, body)
    print(status, file=sys.stderr)
    for name, value in fields:
        print("%s: %s" % (name, value), file=sys.stderr)
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    return 0 if status.startswith("2") else 1


if __name__ == "__main__":
    sys.exit(main())
