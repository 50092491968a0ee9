#!/usr/bin/python3
"""s3-ask.py [-H NAME:VALUE]... [-b FILE] METHOD PATH[?QUERY]: one signed
request to $S3_ENDPOINT, made with Python's own modules: what comes back is
shown as it is, the status and fields on stderr, the body on stdout. PATH and
QUERY are not escaped yet. Status 1: the server's is not 2xx."""

import datetime
import getopt
import hashlib
import hmac
import http.client
import os
import sys
from urllib.parse import quote, urlsplit


def keyed(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def sign(method, host, path, query, headers, body):
    now = datetime.datetime.utcnow()
    stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
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


def main():
    options, words = getopt.getopt(sys.argv[1:], "H:b:")
    headers, body = {}, b""
    for option, value in options:
        if option == "-H":
            name, _, text = value.partition(":")
            headers[name.lower()] = text.strip()
        else:
            with open(value, "rb") as f:
                body = f.read()
    method, target = words
    path, _, query = target.partition("?")
    pairs = sorted((quote(n, safe="-._~"), quote(v, safe="-._~"))
                   for n, _, v in (q.partition("=")
                                   for q in query.split("&") if q))
    query = "&".join("%s=%s" % pair for pair in pairs)
    path = quote(path, safe="/-._~")
    at = urlsplit(os.environ["S3_ENDPOINT"])
    sign(method, at.netloc, path, query, headers, body)
    connection = http.client.HTTPConnection(at.netloc, timeout=60)
    connection.request(method, path + ("?" + query if query else ""),
                       body or None, headers)
    answer = connection.getresponse()
    print(answer.status, answer.reason, file=sys.stderr)
    for name, value in answer.getheaders():
        print("%s: %s" % (name.lower(), value), file=sys.stderr)
    sys.stdout.flush()
    sys.stdout.buffer.write(answer.read())
    return 0 if 200 <= answer.status < 300 else 1


if __name__ == "__main__":
    sys.exit(main())
