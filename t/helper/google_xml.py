"""The XML API of Cloud Storage, for the fakes, as far as signed URLs (V4) and
public objects need it: GET, HEAD, PUT and DELETE of /BUCKET/KEY. Who asks is
the account that signed, or whose token it is, or nobody.

Source: cloud.google.com/storage/docs/authentication/canonical-requests and
/signatures, cloud.google.com/storage/docs/xml-api/reference-status.
"""

import hashlib
import re
import time
from calendar import timegm
from urllib.parse import quote
from xml.sax.saxutils import escape

from google_fake import (AUTH, Answer, Refused, Route, Service, Token)
from google_session import Blob, check_sums, goog_hash

LONGEST = 7 * 86400
LEEWAY = 900
NEEDS = {"GET": "storage.objects.get", "HEAD": "storage.objects.get",
         "PUT": "storage.objects.create", "DELETE": "storage.objects.delete"}
SIGNED = ("X-Goog-Algorithm", "X-Goog-Credential", "X-Goog-Date",
          "X-Goog-Expires", "X-Goog-SignedHeaders", "X-Goog-Signature")
CODES = {400: "InvalidArgument", 401: "AuthenticationRequired",
         403: "AccessDenied", 404: "NoSuchKey", 412: "PreconditionFailed",
         416: "InvalidRange", 429: "SlowDown"}
MESSAGES = {"AccessDenied": "Access denied.",
            "InvalidArgument": "Invalid argument.",
            "ExpiredToken": "Invalid argument.",
            "SignatureDoesNotMatch": "Access denied.",
            "NoSuchKey": "The specified key does not exist.",
            "NoSuchBucket": "The specified bucket does not exist.",
            "AuthenticationRequired": "Authentication required.",
            "PreconditionFailed": "At least one of the pre-conditions you "
                                  "specified did not hold.",
            "InvalidRange": "The requested range cannot be satisfied."}


def refused(status, code, details="", more=""):
    body = ("<?xml version='1.0' encoding='UTF-8'?><Error><Code>%s</Code>"
            "<Message>%s</Message>" % (code, MESSAGES.get(code, code)))
    if details:
        body += "<Details>%s</Details>" % escape(details)
    return Refused(status, None, body=(body + more + "</Error>").encode(),
                   fields={"Content-Type": "application/xml; charset=UTF-8"})


def strict(text, safe=""):
    return quote(text, safe=safe + "~")


class Xml(Service):
    def routes(self):
        return [Route("GET|HEAD|PUT|DELETE", "/(?!storage/|upload/|download/|"
                      "resumable/|computeMetadata|o/)([^/]+)/(.+)", self.one,
                      None)]

    def one(self, r, name, key):
        storage = self.world.storage
        permission = NEEDS[r.method]
        if any(p in r.query for p in SIGNED):
            token = self.signer(r)
        else:
            token = r.identity()
            if token and not token.scopes & {
                    AUTH + s for s in ("devstorage.read_write",
                                       "cloud-platform",
                                       "devstorage.full_control")}:
                raise refused(403, "AccessDenied")
        bucket = storage.buckets.get(name)
        if not bucket:
            raise refused(404, "NoSuchBucket")
        if permission not in bucket.permissions(token):
            raise refused(403 if token else 401, "AccessDenied" if token else
                          "AuthenticationRequired",
                          "%s does not have %s access to the Google Cloud "
                          "Storage object. Permission '%s' denied on resource "
                          "(or it may not exist)."
                          % (token.email if token else "Anonymous caller",
                             permission, permission))
        if bucket.requester_pays and "userProject" not in r.query and \
                "x-goog-user-project" not in r.headers:
            raise refused(400, "UserProjectMissing",
                          "Bucket is a requester pays bucket but no user "
                          "project provided.")
        r.token = token
        try:
            return self.act(r, storage, bucket, key)
        except Refused as e:
            if isinstance(e.body, dict):
                raise refused(e.status, CODES.get(e.status, "Error"),
                              e.body["error"]["message"]) from e
            raise

    def act(self, r, storage, bucket, key):
        if r.method == "PUT":
            storage.check_name(key)
            sums = goog_hash(r.headers)
            sums.setdefault("md5", r.headers.get("content-md5"))
            blob = Blob(r.data)
            check_sums(blob, **sums)
            thing = storage.place(r, bucket, key, blob, {
                "contentType": r.headers.get("content-type")})
            return Answer(200, b"", {"X-Goog-Generation": thing.generation,
                                     "ETag": '"%s"' % thing.etag()})
        thing = bucket.objects.get(key)
        if not thing or r.query.get("generation") not in (
                None, str(thing.generation)):
            raise refused(404, "NoSuchKey",
                          "No such object: %s/%s" % (bucket.name, key))
        if r.method == "DELETE":
            storage.check_change(bucket, r.token, key)
            bucket.remove(key)
            return Answer(204)
        return storage.media(r, thing)

    # signed URLs

    def signer(self, r):
        """Who signed: as a Token."""
        q = r.query
        missing = [p for p in SIGNED if p not in q]
        if missing:
            raise refused(400, "InvalidArgument", "Missing " + missing[0])
        if q["X-Goog-Algorithm"] != "GOOG4-RSA-SHA256":
            raise refused(400, "InvalidArgument", "The algorithm specified in "
                          "X-Goog-Algorithm is not supported.")
        found = re.fullmatch(r"(.+)/(\d{8})/([^/]+)/storage/goog4_request",
                             q["X-Goog-Credential"])
        stamp = q["X-Goog-Date"]
        if not found or not re.fullmatch(r"\d{8}T\d{6}Z", stamp) or \
                found.group(2) != stamp[:8]:
            raise refused(400, "InvalidArgument", "Credential is malformed, "
                          "or of another day than X-Goog-Date.")
        if not re.fullmatch(r"\d{1,9}", q["X-Goog-Expires"]) or \
                not 0 < int(q["X-Goog-Expires"]) <= LONGEST:
            raise refused(400, "InvalidArgument", "X-Goog-Expires must be at "
                          "most 604800 seconds, and more than 0.")
        email = found.group(1)
        self.check_signature(r, email, found.group(2, 3))
        at = timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ"))
        now = self.world.now()
        if at > now + LEEWAY:
            raise refused(403, "AccessDenied", "Request is not valid yet.")
        ends = at + int(q["X-Goog-Expires"])
        if now > ends:
            raise refused(400, "ExpiredToken", "The provided token has "
                          "expired. Request signature expired at: "
                          + time.strftime("%Y-%m-%dT%H:%M:%S+00:00",
                                          time.gmtime(ends)))
        r.email = email
        return Token(email, [], ends)

    def check_signature(self, r, email, scope):
        account = self.world.accounts.get(email)
        names = r.query["X-Goog-SignedHeaders"].split(";")
        if "host" not in names or names != sorted(names) or \
                any(n != n.lower() for n in names):
            raise refused(400, "InvalidArgument", "X-Goog-SignedHeaders must "
                          "be sorted, in small letters, and have the host.")
        for name in r.headers:
            if name.startswith("x-goog-") and name not in names:
                raise refused(400, "MalformedSecurityHeader",
                              "Header was included in the request, but not in "
                              "the SignedHeaders: " + name)
        pairs = sorted((strict(n), strict(v)) for n, v in r.pairs
                       if n != "X-Goog-Signature")
        canonical = "\n".join([
            r.method, strict(r.decoded_path, "/"),
            "&".join("%s=%s" % p for p in pairs),
            "".join("%s:%s\n" % (n, re.sub(r"\s+", " ", r.headers.get(n, "")))
                    for n in names),
            ";".join(names),
            r.headers.get("x-goog-content-sha256", "UNSIGNED-PAYLOAD")])
        text = "\n".join([
            "GOOG4-RSA-SHA256", r.query["X-Goog-Date"],
            "%s/%s/storage/goog4_request" % scope,
            hashlib.sha256(canonical.encode()).hexdigest()])
        try:
            signature = bytes.fromhex(r.query["X-Goog-Signature"])
        except ValueError as e:
            raise refused(400, "InvalidArgument",
                          "The signature is not hexadecimal.") from e
        if not account or account.state != "ok" or \
                not account.has_signed(signature, text.encode()):
            raise refused(
                403, "SignatureDoesNotMatch", "The request signature we "
                "calculated does not match the signature you provided. Check "
                "your Google secret key and signing method.",
                "<StringToSign>%s</StringToSign><CanonicalRequest>%s"
                "</CanonicalRequest>" % (escape(text), escape(canonical)))
