#!/usr/bin/python3
"""odd-s3.py [OPTION...] PORTFILE MODES: an S3 server in memory that does what
no real one does on order. All buckets are there, but for "missing". Each
request must be signed (SigV4, key RESUTILTESTKEY000001) for path or virtual
host (BUCKET.s3.localhost).

    --cert=PEM     speaks TLS with this certificate and key
    --watch=PID    ends when this process is gone
    --log=FILE     a line of JSON for each request

MODES is a file with a JSON object, read at each request; a missing file is an
empty one:

    conditions  "501": If-Match and If-None-Match of a PUT (also of a copy and
                of the end of an upload) are NotImplemented; "ignore": no
                notice is taken of them
    region      that of the buckets; requests signed for another one get
                `wrong`: "400" (AuthorizationHeaderMalformed, the default),
                "301" (PermanentRedirect), "307" (TemporaryRedirect to
                `location`), "bare" (301 without a body)
    skew        the server's clock, in seconds from ours
    etag        "none": there are none; "kms": 32 hex digits that are no MD5,
                said to be encrypted by KMS; "odd": other characters
    checksums   true: x-amz-checksum-crc32c and -sha256 are checked, kept, and
                told to who asks
    sums        "wrong": what is told is not what it is
    md5         true: DeleteObjects wants Content-MD5
    slow        so many requests get 503 SlowDown first, from now on
    complete    "error": the end of an upload says 200, and then an Error in
                the body; "twice": it is done, and said to be NoSuchUpload
    many        the bucket lists so many objects run-NNNNNNN.zip, or as `name`
                says ("run-%07d.zip"); prefixes are put before it
    keys        ... these keys; of bytes, as %XX
    page        keys a page, at most (1000)
    token       "same": the listing begins again at each page
    encoding    false: encoding-type is not known
    undeletable keys that DeleteObjects refuses (InternalError)
    versions    true: x-amz-version-id
    expired     requests with this key are ExpiredToken
    public      true: no signature is wanted for GET and HEAD
"""

import base64
import getopt
import hashlib
import hmac
import json
import os
import re
import signal
import ssl
import sys
import threading
import time
import uuid
from calendar import timegm
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote_to_bytes
from xml.sax.saxutils import escape

from crc32c import crc32c

KEY = "RESUTILTESTKEY000001"
SECRET = "secret/of+the/tests+0123456789abcdefABCDE"
TIME = "%Y-%m-%dT%H:%M:%S.000Z"
SUMS = {"x-amz-checksum-crc32c": crc32c,
        "x-amz-checksum-sha256": lambda data: hashlib.sha256(data).digest()}


def text_of(raw):
    """Bytes of a key as text that says each of them."""
    return raw.decode("utf-8", "surrogateescape")


def raw_of(text):
    return text.encode("utf-8", "surrogateescape")


class Refused(Exception):
    def __init__(self, status, code, message="", fields=None, more="",
                 body=None):
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields or {}
        self.more = more
        self.body = body


class Thing:
    """An object, or a part of one."""

    def __init__(self, data, fields=None):
        self.data = data
        self.fields = fields or {}
        self.md5 = hashlib.md5(data).hexdigest()
        self.etag = self.md5
        self.time = time.time()
        self.version = uuid.uuid4().hex


class World:
    def __init__(self, modes):
        self.path = modes
        self.lock = threading.RLock()
        self.buckets = {}
        self.uploads = {}
        self.text = None
        self.requests = 0

    def modes(self):
        try:
            with open(self.path) as f:
                text = f.read()
        except FileNotFoundError:
            text = "{}"
        with self.lock:
            if text != self.text:
                self.text, self.requests = text, 0
        return json.loads(text)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    server_version = "odd"

    def log_message(self, *_):
        pass

    def handle_expect_100(self):
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def one(self):
        began = time.time()
        self.world = self.server.world
        self.modes = self.world.modes()
        size = int(self.headers.get("content-length") or 0)
        self.body = self.rfile.read(size) if size else b""
        self.answered = 0
        try:
            if self.headers.get("transfer-encoding"):
                raise Refused(411, "MissingContentLength")
            with self.world.lock:
                self.dispatch()
        except Refused as e:
            self.refuse(e)
        log = self.server.log
        if log:
            with self.world.lock:
                log.write(json.dumps({
                    "method": self.command, "target": self.path,
                    "host": self.headers.get("host"),
                    "status": self.answered, "up": size,
                    "time": began}) + "\n")
                log.flush()

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = one

    def refuse(self, e):
        body = e.body
        if body is None:
            body = (
                '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>%s'
                "</Code><Message>%s</Message>%s<RequestId>1</RequestId>"
                "</Error>" % (e.code, escape(e.message), e.more)).encode()
        self.answer(e.status, body, e.fields)

    def answer(self, status, body=b"", fields=None, size=None):
        self.answered = status
        self.send_response_only(status)
        self.send_header("Date", formatdate(self.clock(), usegmt=True))
        for name, value in (fields or {}).items():
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length",
                             str(len(body) if size is None else size))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def clock(self):
        return time.time() + self.modes.get("skew", 0)

    def xml(self, text):
        self.answer(200, text.encode("utf-8", "surrogateescape"),
                    {"Content-Type": "application/xml"})

    # who asks

    def find(self):
        path, _, self.query_text = self.path.partition("?")
        host = self.headers.get("host", "").split(":")[0]
        if host.endswith(".s3.localhost"):
            self.bucket = host[:-len(".s3.localhost")]
            key = path[1:]
        else:
            self.bucket, _, key = path[1:].partition("/")
        self.key = text_of(unquote_to_bytes(key))
        self.query = {}
        for pair in self.query_text.split("&"):
            if pair:
                name, _, value = pair.partition("=")
                self.query[text_of(unquote_to_bytes(name))] = \
                    text_of(unquote_to_bytes(value))

    def check_signature(self):
        auth = self.headers.get("authorization", "")
        found = re.fullmatch(
            r"AWS4-HMAC-SHA256 Credential=([^/,]+)/(\d{8})/([^/,]+)/s3/"
            r"aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?"
            r"Signature=([0-9a-f]{64})", auth)
        if not found:
            if "X-Amz-Signature" in self.query:
                return      # presigned: what is signed is tested elsewhere
            if self.modes.get("public") and self.command in ("GET", "HEAD") \
                    and not auth:
                return
            raise Refused(403, "AccessDenied", "Access Denied")
        key, day, region, names, signature = found.groups()
        if key == self.modes.get("expired"):
            raise Refused(400, "ExpiredToken",
                          "The provided token has expired.")
        if key != KEY:
            raise Refused(403, "InvalidAccessKeyId",
                          "The AWS Access Key Id you provided does not "
                          "exist in our records.")
        self.check_region(region)
        stamp = self.headers.get("x-amz-date", "")
        at = timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ"))
        if abs(at - self.clock()) > 900:
            raise Refused(
                403, "RequestTimeTooSkewed", "The difference between the "
                "request time and the current time is too large.", more=
                "<RequestTime>%s</RequestTime><ServerTime>%s</ServerTime>"
                % (stamp, time.strftime(TIME, time.gmtime(self.clock()))))
        payload = self.headers.get("x-amz-content-sha256", "")
        if payload != "UNSIGNED-PAYLOAD" and \
                payload != hashlib.sha256(self.body).hexdigest():
            raise Refused(400, "XAmzContentSHA256Mismatch")
        for name in self.headers:
            if name.lower().startswith("x-amz-") and \
                    name.lower() not in names.split(";"):
                raise Refused(403, "AccessDenied", "not signed: " + name)
        self.compare(day, region, names, signature, stamp, payload)

    def compare(self, day, region, names, signature, stamp, payload):
        path = self.path.partition("?")[0]
        pairs = sorted(tuple(quote(unquote_to_bytes(part), safe="-._~")
                             for part in q.partition("=")[::2])
                       for q in self.query_text.split("&") if q)
        canonical = "\n".join(
            [self.command, path, "&".join("%s=%s" % p for p in pairs)]
            + ["%s:%s" % (n, re.sub(" +", " ", self.headers.get(n, "")
                                    .strip())) for n in names.split(";")]
            + ["", names, payload])
        key = ("AWS4" + SECRET).encode()
        for part in (day, region, "s3", "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        wanted = hmac.new(key, "\n".join([
            "AWS4-HMAC-SHA256", stamp,
            "%s/%s/s3/aws4_request" % (day, region),
            hashlib.sha256(canonical.encode("latin-1")).hexdigest(),
        ]).encode(), hashlib.sha256).hexdigest()
        if wanted != signature:
            raise Refused(403, "SignatureDoesNotMatch", "The request "
                          "signature we calculated does not match the "
                          "signature you provided.")

    def check_region(self, region):
        wanted = self.modes.get("region")
        if not wanted or region == wanted:
            return
        how = self.modes.get("wrong", "400")
        fields = {"x-amz-bucket-region": wanted}
        if how == "400":
            raise Refused(
                400, "AuthorizationHeaderMalformed",
                "The authorization header is malformed; the region '%s' is "
                "wrong; expecting '%s'" % (region, wanted), {},
                "<Region>%s</Region>" % wanted)
        if how == "307":
            raise Refused(307, "TemporaryRedirect", "", dict(
                fields, Location=self.modes["location"] + self.path))
        raise Refused(
            301, "PermanentRedirect", "The bucket you are attempting to "
            "access must be addressed using the specified endpoint.",
            fields, body=b"" if how == "bare" else None)

    # what is asked for

    def dispatch(self):
        self.find()
        self.world.requests += 1
        if self.world.requests <= self.modes.get("slow", 0):
            raise Refused(503, "SlowDown", "Please reduce your request rate.")
        self.check_signature()
        if self.bucket == "missing":
            raise Refused(404, "NoSuchBucket",
                          "The specified bucket does not exist")
        self.objects = self.world.buckets.setdefault(self.bucket, {})
        name = self.command.lower() + (
            "_object" if self.key else "_bucket")
        act = getattr(self, name, None)
        if not act:
            raise Refused(405, "MethodNotAllowed")
        act()

    def head_bucket(self):
        self.answer(200, b"", {"x-amz-bucket-region": self.modes.get(
            "region", "us-east-1")})

    def put_bucket(self):
        self.answer(200)

    def get_bucket(self):
        if "uploads" in self.query:
            self.xml("<ListMultipartUploadsResult><IsTruncated>false"
                     "</IsTruncated>%s</ListMultipartUploadsResult>" %
                     "".join("<Upload><Key>%s</Key><UploadId>%s</UploadId>"
                             "<Initiated>%s</Initiated></Upload>" % (
                                 escape(u["key"]), name, time.strftime(
                                     TIME, time.gmtime(u["time"])))
                             for name, u in self.world.uploads.items()
                             if u["bucket"] == self.bucket))
            return
        if self.query.get("list-type") != "2":
            raise Refused(501, "NotImplemented", "the old listing")
        self.list()

    def keys(self):
        """(sorted keys, of which those before `prefix` are left out)"""
        if "keys" in self.modes:
            return [text_of(unquote_to_bytes(k)) for k in self.modes["keys"]]
        return sorted(self.objects, key=raw_of)

    def list(self):
        prefix = self.query.get("prefix", "")
        size = min(int(self.query.get("max-keys", 1000)),
                   self.modes.get("page", 1000))
        token = self.query.get("continuation-token") or ""
        delimiter = self.query.get("delimiter")
        many = self.modes.get("many")
        if many:
            first = int(token or 0)
            name = self.modes.get("name", "run-%07d.zip")
            page = [prefix + name % i
                    for i in range(first, min(many, first + size))]
            total = many
        else:
            # what is below a prefix counts once, on whatever page
            keys = {}
            for key in self.keys():
                if key.startswith(prefix):
                    head, cut, _ = key[len(prefix):].partition(
                        delimiter or "/")
                    keys[prefix + head + cut if delimiter and cut
                         else key] = bool(delimiter and cut)
            left = [k for k in keys if not token or raw_of(k) >
                    bytes.fromhex(token)]
            page, first, total = left[:size], 0, len(left)
        truncated = first + size < total
        # the last key of the page: what changes before it does not matter
        following = first + size if many else \
            raw_of(page[-1]).hex() if page else ""
        if self.modes.get("token") == "same":
            following = token or following
        encoded = self.query.get("encoding-type") == "url" and \
            self.modes.get("encoding", True)
        out = ['<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult '
               'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>'
               "%s</IsTruncated>" % ("true" if truncated else "false")]
        if encoded:
            out.append("<EncodingType>url</EncodingType>")
        if truncated:
            out.append("<NextContinuationToken>%s</NextContinuationToken>"
                       % following)
        out += [self.entry(key, encoded) if many or not keys[key] else
                "<CommonPrefixes><Prefix>%s</Prefix></CommonPrefixes>"
                % (quote(raw_of(key)) if encoded else escape(key))
                for key in page]
        self.xml("".join(out) + "</ListBucketResult>")

    def entry(self, key, encoded):
        thing = self.objects.get(key)
        size, etag, at = 7, "0" * 32, 1720000000
        if thing:
            size, etag, at = len(thing.data), self.etag(thing), thing.time
        name = quote(raw_of(key)) if encoded else escape(key)
        return ("<Contents><Key>%s</Key><LastModified>%s</LastModified>%s"
                "<Size>%d</Size><StorageClass>STANDARD</StorageClass>"
                "</Contents>" % (
                    name, time.strftime(TIME, time.gmtime(at)),
                    '<ETag>&quot;%s&quot;</ETag>' % etag if etag else "",
                    size))

    def etag(self, thing):
        mode = self.modes.get("etag")
        if mode == "none":
            return None
        if mode == "kms":
            return hashlib.md5(b"kms" + thing.md5.encode()).hexdigest()
        if mode == "odd":
            return "W/" + thing.md5[:7] + " \x01'&lt;"
        return thing.etag

    def fields_of(self, thing):
        fields = dict(thing.fields)
        if self.etag(thing):
            fields["ETag"] = '"%s"' % self.etag(thing)
        if self.modes.get("etag") == "kms":
            fields["x-amz-server-side-encryption"] = "aws:kms"
        if self.modes.get("versions"):
            fields["x-amz-version-id"] = thing.version
        return fields

    def told_sums(self, thing):
        if not self.modes.get("checksums"):
            return {}
        wrong = self.modes.get("sums") == "wrong"
        return {name: base64.b64encode(
            act(thing.data + b"x" if wrong else thing.data)).decode()
            for name, act in SUMS.items() if name in thing.sums}

    def there(self):
        thing = self.objects.get(self.key)
        if not thing:
            raise Refused(404, "NoSuchKey",
                          "The specified key does not exist.")
        return thing

    def head_object(self):
        self.get_object()

    def get_object(self):
        if "uploadId" in self.query:
            return self.list_parts()
        thing = self.there()
        fields = self.fields_of(thing)
        fields["Last-Modified"] = formatdate(thing.time, usegmt=True)
        fields["Accept-Ranges"] = "bytes"
        self.check_conditions(thing)
        if self.headers.get("x-amz-checksum-mode") == "ENABLED" and \
                not self.headers.get("range"):
            fields.update(self.told_sums(thing))
        data, status = thing.data, 200
        found = re.fullmatch(r"bytes=(\d+)-(\d*)",
                             self.headers.get("range", ""))
        if found:
            first = int(found.group(1))
            last = int(found.group(2) or len(data) - 1)
            if first >= len(data):
                raise Refused(416, "InvalidRange")
            last = min(last, len(data) - 1)
            fields["Content-Range"] = "bytes %d-%d/%d" % (
                first, last, len(data))
            data, status = data[first:last + 1], 206
        self.answer(status, data, fields)

    def check_conditions(self, thing, writing=False):
        want = self.headers.get("if-match")
        none = self.headers.get("if-none-match")
        if writing and (want or none):
            how = self.modes.get("conditions")
            if how == "501":
                raise Refused(501, "NotImplemented", "A header you provided "
                              "implies functionality that is not implemented")
            if how == "ignore":
                return
        if want and writing and not thing:
            raise Refused(404, "NoSuchKey")
        if want and want.strip('"') != (self.etag(thing) or "-"):
            raise Refused(412, "PreconditionFailed", "At least one of the "
                          "pre-conditions you specified did not hold")
        if none and thing and writing:
            raise Refused(412, "PreconditionFailed", "At least one of the "
                          "pre-conditions you specified did not hold")

    def check_sums(self, thing, data):
        thing.sums = set()
        if self.headers.get("content-md5") and self.headers.get(
                "content-md5") != base64.b64encode(
                    hashlib.md5(data).digest()).decode():
            raise Refused(400, "BadDigest", "The Content-MD5 you specified "
                          "did not match what we received.")
        if not self.modes.get("checksums"):
            return
        for name, act in SUMS.items():
            said = self.headers.get(name)
            if said and said != base64.b64encode(act(data)).decode():
                raise Refused(400, "BadDigest", "The %s you specified did "
                              "not match what we received." % name)
            if said:
                thing.sums.add(name)

    def meta(self):
        return {n.lower(): v for n, v in self.headers.items()
                if n.lower().startswith("x-amz-meta-")
                or n.lower() == "content-type"}

    def put_object(self):
        if "partNumber" in self.query:
            return self.put_part()
        if "x-amz-copy-source" in self.headers:
            return self.copy()
        self.check_conditions(self.objects.get(self.key), True)
        thing = Thing(self.body, self.meta())
        self.check_sums(thing, self.body)
        self.objects[self.key] = thing
        fields = self.fields_of(thing)
        fields.update(self.told_sums(thing))
        self.answer(200, b"", {n: v for n, v in fields.items()
                               if n not in self.meta()})

    def source(self):
        name = text_of(unquote_to_bytes(
            self.headers["x-amz-copy-source"].lstrip("/")))
        bucket, _, key = name.partition("/")
        thing = self.world.buckets.get(bucket, {}).get(key)
        if not thing:
            raise Refused(404, "NoSuchKey")
        want = self.headers.get("x-amz-copy-source-if-match")
        if want and want.strip('"') != self.etag(thing):
            raise Refused(412, "PreconditionFailed")
        return thing

    def copy(self):
        old = self.source()
        self.check_conditions(self.objects.get(self.key), True)
        thing = Thing(old.data, old.fields)
        thing.etag, thing.sums = old.etag, old.sums
        self.objects[self.key] = thing
        self.xml("<CopyObjectResult><ETag>&quot;%s&quot;</ETag>"
                 "<LastModified>%s</LastModified></CopyObjectResult>" % (
                     self.etag(thing),
                     time.strftime(TIME, time.gmtime(thing.time))))

    def delete_object(self):
        if "uploadId" in self.query:
            self.upload()
            del self.world.uploads[self.query["uploadId"]]
        else:
            self.objects.pop(self.key, None)
        self.answer(204)

    def post_bucket(self):
        if "delete" not in self.query:
            raise Refused(405, "MethodNotAllowed")
        if self.modes.get("md5") and not self.headers.get("content-md5"):
            raise Refused(400, "InvalidRequest",
                          "Missing required header for this request: "
                          "Content-MD5")
        if self.headers.get("content-md5") and self.headers.get(
                "content-md5") != base64.b64encode(
                    hashlib.md5(self.body).digest()).decode():
            raise Refused(400, "BadDigest")
        import xml.etree.ElementTree as tree
        out = []
        keys = [e.text or "" for e in tree.fromstring(self.body).iter()
                if e.tag.rpartition("}")[2] == "Key"]
        if len(keys) > 1000:
            raise Refused(400, "MalformedXML", "more than 1000 keys")
        for key in keys:
            if key in self.modes.get("undeletable", []):
                out.append("<Error><Key>%s</Key><Code>InternalError</Code>"
                           "<Message>We encountered an internal error."
                           "</Message></Error>" % escape(key))
            else:
                self.objects.pop(key, None)
        self.xml("<DeleteResult>%s</DeleteResult>" % "".join(out))

    # uploads in parts

    def upload(self):
        upload = self.world.uploads.get(self.query["uploadId"])
        if not upload or upload["key"] != self.key or \
                upload["bucket"] != self.bucket:
            raise Refused(404, "NoSuchUpload",
                          "The specified upload does not exist.")
        return upload

    def post_object(self):
        if "uploads" in self.query:
            name = uuid.uuid4().hex
            algorithm = self.modes.get("checksums") and \
                self.headers.get("x-amz-checksum-algorithm")
            self.world.uploads[name] = {
                "bucket": self.bucket, "key": self.key, "parts": {},
                "meta": self.meta(), "time": time.time(),
                "algorithm": algorithm}
            self.answer(
                200, ("<InitiateMultipartUploadResult><UploadId>%s</UploadId>"
                      "</InitiateMultipartUploadResult>" % name).encode(),
                {"x-amz-checksum-algorithm": algorithm} if algorithm else {})
        elif "uploadId" in self.query:
            self.complete()
        else:
            raise Refused(405, "MethodNotAllowed")

    def put_part(self):
        upload = self.upload()
        thing = Thing(self.body)
        self.check_sums(thing, self.body)
        if upload["algorithm"] and "x-amz-checksum-" + \
                upload["algorithm"].lower() not in thing.sums:
            raise Refused(400, "InvalidRequest", "Checksum Type mismatch "
                          "occurred, expected checksum Type: %s, actual "
                          "checksum Type: null" % upload["algorithm"])
        upload["parts"][int(self.query["partNumber"])] = thing
        fields = self.fields_of(thing)
        fields.update(self.told_sums(thing))
        self.answer(200, b"", fields)

    def list_parts(self):
        upload = self.upload()
        after = int(self.query.get("part-number-marker") or 0)
        numbers = sorted(n for n in upload["parts"] if n > after)
        size = self.modes.get("page", 1000)
        shown = numbers[:size]
        self.xml(
            "<ListPartsResult><IsTruncated>%s</IsTruncated>"
            "<NextPartNumberMarker>%d</NextPartNumberMarker>%s"
            "</ListPartsResult>" % (
                "true" if len(numbers) > size else "false",
                shown[-1] if shown else 0,
                "".join("<Part><PartNumber>%d</PartNumber><ETag>&quot;%s"
                        "&quot;</ETag>%s<Size>%d</Size></Part>" % (
                            n, self.etag(upload["parts"][n]),
                            self.sums_of(upload["parts"][n]),
                            len(upload["parts"][n].data))
                        for n in shown)))

    def sums_of(self, thing):
        return "".join(
            "<%s>%s</%s>" % (name, text, name) for name, text in (
                (n.replace("x-amz-checksum-", "Checksum").replace(
                    "crc32c", "CRC32C").replace("sha256", "SHA256"), t)
                for n, t in self.told_sums(thing).items()))

    def complete(self):
        upload = self.upload()
        self.check_conditions(self.objects.get(self.key), True)
        parts = re.findall(
            r"<PartNumber>(\d+)</PartNumber>.*?</Part>",
            self.body.decode(), re.DOTALL)
        numbers = [int(n) for n in parts]
        if numbers != sorted(set(numbers)) or not numbers:
            raise Refused(400, "InvalidPartOrder")
        for n in numbers:
            if n not in upload["parts"]:
                raise Refused(400, "InvalidPart")
        for n in numbers[:-1]:
            if len(upload["parts"][n].data) < 5 << 20:
                raise Refused(400, "EntityTooSmall")
        self.check_told_sums(upload, numbers)
        how = self.modes.get("complete")
        if how == "error":
            return self.xml(
                '<?xml version="1.0" encoding="UTF-8"?>\n\n\n<Error><Code>'
                "InternalError</Code><Message>We encountered an internal "
                "error. Please try again.</Message></Error>")
        things = [upload["parts"][n] for n in numbers]
        whole = Thing(b"".join(t.data for t in things), upload["meta"])
        whole.etag = "%s-%d" % (hashlib.md5(b"".join(
            bytes.fromhex(t.md5) for t in things)).hexdigest(), len(things))
        whole.sums = set()
        self.objects[self.key] = whole
        del self.world.uploads[self.query["uploadId"]]
        if how == "twice":
            raise Refused(404, "NoSuchUpload",
                          "The specified upload does not exist.")
        self.xml("<CompleteMultipartUploadResult><Key>%s</Key>"
                 "<ETag>&quot;%s&quot;</ETag>"
                 "</CompleteMultipartUploadResult>" % (
                     escape(self.key), self.etag(whole)))


    def check_told_sums(self, upload, numbers):
        """Who said at the beginning that there are checksums says those of
        each part at the end."""
        algorithm = upload["algorithm"]
        if not algorithm:
            return
        told = re.findall("<Checksum%s>([^<]*)<" % algorithm,
                          self.body.decode())
        if len(told) != len(numbers):
            raise Refused(
                400, "InvalidRequest", "The upload was created using a %s "
                "checksum. The complete request must include the checksum "
                "for each part." % algorithm)
        for n, text in zip(numbers, told):
            act = SUMS["x-amz-checksum-" + algorithm.lower()]
            if text != base64.b64encode(
                    act(upload["parts"][n].data)).decode():
                raise Refused(400, "InvalidPart")


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (OSError, ssl.SSLError)):
            super().handle_error(request, client_address)


def end_with(pid):
    while True:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            os._exit(0)
        time.sleep(1)


def main():
    options, words = getopt.getopt(
        sys.argv[1:], "", ["cert=", "watch=", "log="])
    options = dict(options)
    portfile, modes = words
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    if "--watch" in options:
        threading.Thread(target=end_with, args=(int(options["--watch"]),),
                         daemon=True).start()
    server = Server(("127.0.0.1", 0), Handler)
    server.world = World(modes)
    server.log = open(options["--log"], "a") if "--log" in options else None
    if "--cert" in options:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(options["--cert"])
        server.socket = tls.wrap_socket(server.socket, server_side=True,
                                        do_handshake_on_connect=False)
    with open(portfile + ".new", "w") as f:
        f.write("%d\n" % server.server_port)
    os.rename(portfile + ".new", portfile)
    server.serve_forever()


main()
