"""Resumable uploads, which Cloud Storage and Drive have in common, for the
fakes: sessions take bytes one behind the other, keep them in multiples of
256 KiB, and are strict about Content-Range.

    sessions = Sessions(world)
    session = sessions.begin(finish, total, about)   # total: None or a number
    answer = sessions.take(request, upload_id)       # a Route with stream=True

finish(session, request) is called with the world locked when all is there
(session.blob); it returns the JSON of the answer, or raises.
"""

import base64
import hashlib
import re
import secrets

from crc32c import more
from google_fake import Answer, Refused, parse_json

GRANULE = 256 << 10
LIFE = 7 * 86400
RANGE = re.compile(r"bytes (?:(\d+)-(\d+|\*)|\*)/(\d+|\*)")


class Blob:
    """Bytes in pieces, with their sums."""

    def __init__(self, data=b""):
        self.parts = []
        self.size = 0
        self.crc = 0
        self.hash = hashlib.md5()
        if data:
            self.append(data)

    def append(self, data):
        data = bytes(data)
        self.parts.append(data)
        self.size += len(data)
        self.crc = more(self.crc, data)
        self.hash.update(data)

    @property
    def crc32c(self):
        return base64.b64encode(self.crc.to_bytes(4, "big")).decode()

    @property
    def md5(self):
        return base64.b64encode(self.hash.digest()).decode()

    def slice(self, first, end):
        """Pieces of [first, end)."""
        at = 0
        for part in self.parts:
            if at >= end:
                break
            if at + len(part) > first:
                yield part[max(first - at, 0):end - at]
            at += len(part)

    def whole(self):
        return b"".join(self.parts)


def check_sums(blob, md5=None, crc32c=None):
    """What a client says of the bytes (base64) must be so."""
    for name, said, right in (("MD5 hash", md5, blob.md5),
                              ("CRC32C", crc32c, blob.crc32c)):
        if said is not None and said != right:
            raise Refused(400, "invalid", "Provided %s \"%s\" doesn't match "
                          "calculated %s \"%s\"." % (name, said, name, right))


def goog_hash(headers):
    """{"crc32c": ..., "md5": ...} of an X-Goog-Hash field."""
    sums = {}
    for item in headers.get("x-goog-hash", "").split(","):
        name, _, value = item.strip().partition("=")
        if name:
            if name not in ("crc32c", "md5"):
                raise Refused(400, "invalid", "Invalid X-Goog-Hash value.")
            sums[name] = value
    return sums


def split_related(r, data):
    """The two parts of a multipart/related body: (JSON, headers of the second
    part, bytes). Lines may end with a bare LF."""
    found = re.search(r'boundary=(?:"([^"]+)"|([^\s;]+))',
                      r.headers.get("content-type", ""))
    if not r.headers.get("content-type", "").startswith(
            "multipart/related") or not found:
        raise Refused(400, "badRequest", "Multipart must have a boundary.")
    mark = b"--" + (found.group(1) or found.group(2)).encode()
    if not data.startswith(mark):
        at = re.search(rb"\r?\n" + re.escape(mark), data)
        data = data[at.end() - len(mark):] if at else b""
    parts = re.split(rb"\r?\n" + re.escape(mark), b"\n" + data)
    if len(parts) != 4 or not parts[3].startswith(b"--"):
        raise Refused(400, "badRequest", "Malformed multipart body.")
    first, second = [re.split(rb"\r?\n\r?\n", p.lstrip(b" \t"), 1)
                     for p in parts[1:3]]
    if len(first) != 2 or len(second) != 2:
        raise Refused(400, "badRequest", "Malformed multipart body.")
    headers = {}
    for line in second[0].decode("latin-1").splitlines():
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    if b"application/json" not in first[0].lower():
        raise Refused(400, "badRequest", "Media type of the first part must "
                      "be application/json.")
    return parse_json(first[1]), headers, second[1]


class Session:
    def __init__(self, world, finish, total, about):
        self.id = "ADPycd" + secrets.token_urlsafe(60)
        self.began = world.now()
        self.finish = finish
        self.total = total
        self.about = about
        self.blob = Blob()
        self.turn = 0           # of the request that may add bytes
        self.gone = 0           # the status that says why it is no more
        self.result = None      # the JSON, when it is complete
        self.error = None


class Sessions:
    def __init__(self, world):
        self.world = world
        self.all = {}

    def begin(self, finish, total, about):
        session = Session(self.world, finish, total, about)
        self.all[session.id] = session
        return session

    def control(self, args):
        """{"drop": STATUS}: those that are open are answered so from here on
        (404, 410, 499). {}: the state of all: about, size, state."""
        for session in self.all.values():
            if "drop" in args and session.result is None:
                session.gone = args["drop"]
        return {"sessions": [{
            "about": s.about, "size": s.blob.size, "total": s.total,
            "state": "done" if s.result is not None else
                     "gone" if s.gone else
                     "failed" if s.error else "open"}
            for s in self.all.values()]}

    def forget(self, about):
        """All whose `about` begins so: nobody has heard of them."""
        for session in list(self.all.values()):
            if session.about.startswith(about):
                del self.all[session.id]

    def find(self, upload_id):
        session = self.all.get(upload_id)
        if not session:
            raise Refused(404, None, body="Not Found")
        if session.result is None and not session.gone and \
                self.world.now() > session.began + LIFE:
            session.gone = 410
        if session.gone:
            raise Refused(session.gone, None, body={404: "Not Found",
                          410: "Gone"}.get(session.gone, ""))
        if session.error:
            raise session.error
        return session

    def take(self, r, upload_id):
        """A PUT, POST or DELETE to a session."""
        with self.world.lock:
            session = self.find(upload_id)
            if r.method == "DELETE":
                if session.result is None:
                    session.gone = 499
                raise Refused(499, None, body="")
            if session.result is not None:
                return self.done(session)
            session.turn += 1
            turn = session.turn
        first, end, total = self.read_range(r, session)
        if first is not None:
            self.read_body(r, session, turn, first, end, total)
            if end is None:
                end = first + r.body.read_so_far
                total = end if total is None else total
        with self.world.lock:
            self.check_turn(session, turn)
            if total is not None and session.blob.size == total and \
                    (first is None or end == total):
                return self.complete(session, r)
            if total is not None and session.total is None:
                session.total = total
            return self.incomplete(session, r)

    def read_range(self, r, session):
        """(first, end, total) of what is sent; first None: a question; end
        None: what the body has; total None: not known."""
        text = r.headers.get("content-range")
        size = r.body.size
        if r.body.size is None and "content-length" in r.headers:
            raise Refused(400, None, body="Bad Request")
        if text is None:
            if size is None:
                return 0, None, session.total
            return 0, size, size
        found = RANGE.fullmatch(text)
        if not found:
            raise Refused(400, None, body="Failed to parse Content-Range "
                          "header.")
        first, last, total = found.groups()
        total = session.total if total == "*" else int(total)
        if session.total not in (None, total):
            raise Refused(400, None, body="Invalid request.  The total size "
                          "of the upload was %d byte(s) before, and is %d "
                          "byte(s) in the Content-Range header."
                          % (session.total, total))
        if first is None:
            if size:
                raise Refused(400, None, body="Invalid request.  A query of "
                              "the status has no body.")
            return None, None, total
        first = int(first)
        if last == "*":
            end = None if size is None else first + size
            if total is None:
                total = end
        else:
            end = int(last) + 1
        self.check_chunk(session, first, end, total, size)
        return first, end, total

    def check_chunk(self, session, first, end, total, size):
        if first > session.blob.size:
            raise Refused(
                503, None, body="Invalid request.  According to the "
                "Content-Range header, the upload offset is %d byte(s), which "
                "exceeds already uploaded size of %d byte(s)."
                % (first, session.blob.size))
        if end is None:
            return
        if end <= first or (total is not None and end > total):
            raise Refused(400, None, body="Failed to parse Content-Range "
                          "header.")
        if size is not None and size != end - first:
            raise self.wrong_size(size, first, end)
        if end != total and (end - first) % GRANULE:
            raise Refused(
                400, None, body="Invalid request.  The number of bytes "
                "uploaded is required to be equal or greater than %d, except "
                "for the final request (it's recommended to be the exact "
                "multiple of %d).  The received request contained %d bytes, "
                "which does not meet this requirement."
                % (GRANULE, GRANULE, end - first))

    @staticmethod
    def wrong_size(size, first, end):
        return Refused(
            400, None, body="Invalid request.  There were %d byte(s) in the "
            "request body.  There should have been %d byte(s) (starting at "
            "offset %d and ending at offset %d) according to the "
            "Content-Range header." % (size, end - first, first, end - 1))

    def check_turn(self, session, turn):
        """Bytes of an old connection are not added behind an answer that a
        newer one had."""
        self.find(session.id)
        if session.turn != turn:
            raise Refused(503, None, body="Another request is under way.",
                          close=True)

    def read_body(self, r, session, turn, first, end, total):
        keep = self.world.modes.get("session_keep")
        with self.world.lock:
            skip = session.blob.size - first    # was there before
            limit = None if keep is None else session.blob.size + keep
        rest = bytearray()

        def add(data):
            with self.world.lock:
                self.check_turn(session, turn)
                if limit is not None:
                    data = data[:max(limit - session.blob.size, 0)]
                if data:
                    session.blob.append(data)

        for data in r.body.pieces():
            if skip >= len(data):
                skip -= len(data)
                continue
            rest += data[skip:]
            skip = 0
            whole = len(rest) // GRANULE * GRANULE
            if whole:
                add(rest[:whole])
                del rest[:whole]
        size = r.body.read_so_far
        if end is not None and size != end - first:
            raise self.wrong_size(size, first, end)
        if rest and (end is None or end == total):
            add(rest)

    def complete(self, session, r):
        try:
            check_sums(session.blob, goog_hash(r.headers).get("md5"),
                       goog_hash(r.headers).get("crc32c"))
            session.result = session.finish(session, r)
        except Refused as e:
            session.error = e
            raise
        session.blob = Blob()
        return self.done(session)

    @staticmethod
    def done(session):
        return Answer(200, session.result,
                      {"X-GUploader-UploadID": session.id[:24]})

    @staticmethod
    def incomplete(session, r):
        fields = {"X-GUploader-UploadID": session.id[:24]}
        if session.blob.size:
            fields["Range"] = "bytes=0-%d" % (session.blob.size - 1)
        if r.headers.get("x-guploader-no-308") == "yes":
            fields["X-HTTP-Status-Code-Override"] = "308"
            return Answer(200, b"", fields)
        return Answer(308, b"", fields)
