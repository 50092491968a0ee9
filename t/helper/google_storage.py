"""Cloud Storage, for the fakes: the JSON API (/storage/v1, /upload, /download)
on buckets and objects in memory, with roles, conditions, checksums, pages and
ranges as the real service has them. URLs that are signed: google_xml.py.

Source: cloud.google.com/storage/docs/json_api/v1,
cloud.google.com/storage/docs/access-control/iam-roles and /iam-json,
cloud.google.com/storage/docs/resumable-uploads, /transcoding.

Modes (control_modes): page: objects a page, at most; empty_pages: true, each
second page is empty; rewrite: bytes a call of rewriteTo, at most;
session_keep: bytes that are kept of each piece, at most; mutations: SECONDS in
which an object may be changed once (429); with the real service it is 1.
"""

import base64
import bisect
import json
import re
import secrets
import zlib
from email.utils import formatdate

from google_fake import (Answer, Refused, Route, Service, select_fields,
                         split_fields)
from google_objects import SETTABLE, Bucket, Thing
from google_roles import (BUCKET, CREATE, DELETE, GET, LIST, READ_SCOPES, READS,
                          ROLES, UPDATE, WRITE_SCOPES)
from google_session import (Blob, Sessions, check_sums, goog_hash,
                            split_related)

CONDITIONS = ("ifGenerationMatch ifGenerationNotMatch ifMetagenerationMatch "
              "ifMetagenerationNotMatch ")
SOURCE = ("ifSourceGenerationMatch ifSourceGenerationNotMatch "
          "ifSourceMetagenerationMatch ifSourceMetagenerationNotMatch "
          "sourceGeneration ")
EVERY = "userProject projection generation "
INSERT = (EVERY + CONDITIONS + "name contentEncoding kmsKeyName predefinedAcl "
          "upload_id ")
OBJECT_SCHEMA = {name: {} for name in SETTABLE + (
    "kind", "id", "selfLink", "mediaLink", "name", "bucket", "generation",
    "metageneration", "size", "md5Hash", "crc32c", "etag", "timeCreated",
    "updated", "timeDeleted", "timeStorageClassUpdated", "timeFinalized",
    "componentCount", "kmsKeyName", "retentionExpirationTime", "owner", "acl",
    "customerEncryption", "softDeleteTime", "hardDeleteTime", "retention",
    "restoreToken", "contexts")}
LIST_SCHEMA = {"kind": {}, "nextPageToken": {}, "prefixes": {},
               "items": OBJECT_SCHEMA}
REWRITE_SCHEMA = {"kind": {}, "totalBytesRewritten": {}, "objectSize": {},
                  "done": {}, "rewriteToken": {}, "resource": OBJECT_SCHEMA}


def not_met(header="If-Match"):
    text = "At least one of the pre-conditions you specified did not hold."
    return Refused(412, "conditionNotMet", text, where=("header", header))


def no_object(bucket, name):
    return Refused(404, "notFound", "No such object: %s/%s"
                   % (bucket.name, name))


class Rewrite:
    """A copy that takes several calls; the first says what it is about."""

    def __init__(self, what, about, done=0):
        self.what = what
        self.about = about
        self.done = done


class Storage(Service):
    def __init__(self, world):
        super().__init__(world)
        world.storage = self
        self.buckets = {}
        self.sessions = Sessions(world)
        self.rewrites = {}      # token -> Rewrite

    def routes(self):
        v1, name = "(?:/storage/v1)", "([^/]+)"
        bucket = v1 + "/b/" + name
        one = bucket + "/o/" + name
        uploads = "(?:/resumable)?/upload/storage/v1/b/" + name + "/o"
        pages = "maxResults pageToken prefix "
        return [
            Route("GET", v1 + "/b", self.list_buckets,
                  EVERY + pages + "project"),
            Route("POST", v1 + "/b", self.make_bucket,
                  EVERY + "project predefinedAcl predefinedDefaultObjectAcl "
                  "enableObjectRetention"),
            Route("GET", bucket, self.get_bucket, EVERY + CONDITIONS),
            Route("DELETE", bucket, self.delete_bucket, EVERY + CONDITIONS),
            Route("GET", bucket + "/iam/testPermissions", self.test_iam,
                  None),
            Route("GET", bucket + "/o", self.list, EVERY + pages +
                  "delimiter includeTrailingDelimiter startOffset endOffset "
                  "versions autoPaginate"),
            Route("GET|HEAD", "(?:/download)?" + one, self.get,
                  EVERY + CONDITIONS),
            Route("DELETE", one, self.delete, EVERY + CONDITIONS),
            Route("PATCH|PUT", one, self.patch,
                  EVERY + CONDITIONS + "predefinedAcl"),
            Route("POST", one + "/compose", self.compose,
                  EVERY + CONDITIONS + "destinationPredefinedAcl"),
            Route("POST", one + "/(?:rewriteTo|copyTo)/b/" + name + "/o/"
                  + name, self.rewrite, EVERY + CONDITIONS + SOURCE +
                  "rewriteToken maxBytesRewrittenPerCall "
                  "destinationPredefinedAcl"),
            Route("POST|PUT|DELETE", uploads, self.upload, INSERT,
                  stream=True),
        ]

    # control

    def control_bucket(self, args):
        """{"name", "roles": {WHO: [ROLE...]}, "uniform", "requester_pays",
        "billing": false, "retention": SECONDS}: makes it, or changes these.
        WHO gets exactly these roles, or single permissions."""
        bucket = self.buckets.setdefault(
            args["name"], Bucket(args["name"], self.world.now()))
        for who, roles in args.get("roles", {}).items():
            roles = {r[len("roles/"):] if r.startswith("roles/") else r
                     for r in roles}
            for role in roles:
                if role not in ROLES and not role.startswith(
                        ("storage.objects.", "storage.buckets.")):
                    raise Refused(400, "invalid", "no such role: " + role)
            bucket.roles[who] = roles
        for name in ("uniform", "requester_pays", "billing", "retention"):
            setattr(bucket, name, args.get(name, getattr(bucket, name)))

    def control_objects(self, args):
        """{"bucket"}: {"objects": [...]}, whole."""
        bucket = self.buckets[args["bucket"]]
        return {"objects": [bucket.objects[n].json("")
                            for _, n in bucket.sorted_names()]}

    def control_put(self, args):
        """{"bucket", "name", "text" or "base64", and what may be set of an
        object}: put by nobody."""
        bucket = self.buckets[args["bucket"]]
        data = base64.b64decode(args["base64"]) if "base64" in args \
            else args.get("text", "").encode()
        thing = Thing(bucket, args["name"], Blob(data), self.world, args)
        bucket.put(thing)
        return thing.json("")

    def control_fill(self, args):
        """{"bucket", "count", "name": "run-%07d.zip", "size"}"""
        bucket = self.buckets[args["bucket"]]
        blob = Blob(b"x" * args.get("size", 1))
        for n in range(args["count"]):
            bucket.put(Thing(bucket, args.get("name", "run-%07d.zip") % n,
                             blob, self.world, {}))

    def control_remove(self, args):
        """{"bucket", "name"}; or {"bucket"}: the bucket itself."""
        if "name" in args:
            self.buckets[args["bucket"]].remove(args["name"])
        else:
            del self.buckets[args["bucket"]]

    def control_corrupt(self, args):
        """{"bucket", "name", "at": OFFSET}: a byte rots; the sums stay."""
        thing = self.buckets[args["bucket"]].objects[args["name"]]
        data = bytearray(thing.blob.whole())
        data[args["at"]] ^= 0x20
        thing.blob = Blob(data)

    def control_keep(self, args):
        """{"bucket"}: what it holds now comes back by control_restore"""
        bucket = self.buckets[args["bucket"]]
        bucket.kept = dict(bucket.objects)

    def control_restore(self, args):
        """{"bucket", "empty": BOOL}: it holds what was kept, or nothing; the
        sessions that put things there are forgotten."""
        bucket = self.buckets[args["bucket"]]
        bucket.objects = {} if args["empty"] else dict(bucket.kept)
        bucket.names = None
        self.sessions.forget(args["bucket"] + "/")

    def control_sessions(self, args):
        """See Sessions.control in google_session.py."""
        return self.sessions.control(args)

    # who may do what

    def bucket(self, r, name, permission, thing="object"):
        """The bucket, on which the caller has this permission."""
        token = r.identity()
        scopes = READ_SCOPES if permission in READS else WRITE_SCOPES
        if token and not token.scopes & scopes:
            raise Refused(
                403, "forbidden",
                "Provided scope(s) are not authorized", fields={
                    "WWW-Authenticate":
                    'Bearer realm="https://accounts.google.com/", '
                    'error=insufficient_scope, scope="%s"'
                    % " ".join(sorted(scopes))})
        bucket = self.buckets.get(name)
        if not bucket:
            if not token:
                raise self.no_access(None, permission, thing)
            raise Refused(404, "notFound",
                          "The specified bucket does not exist.")
        self.check(bucket, token, permission, thing)
        if bucket.requester_pays and "userProject" not in r.query and \
                "x-goog-user-project" not in r.headers:
            raise Refused(400, "required", "Bucket is a requester pays bucket "
                          "but no user project provided.")
        if not bucket.billing:
            raise Refused(403, "accountDisabled", "The billing account for "
                          "the owning project is disabled in state absent",
                          where=("header", "Authorization"))
        r.token = token
        return bucket

    def check(self, bucket, token, permission, thing="object"):
        if permission not in bucket.permissions(token):
            raise self.no_access(token, permission, thing)

    @staticmethod
    def no_access(token, permission, thing):
        text = ("%s does not have %s access to the Google Cloud Storage %s. "
                "Permission '%s' denied on resource (or it may not exist)."
                % (token.email if token else "Anonymous caller", permission,
                   thing, permission))
        if token:
            return Refused(403, "forbidden", text)
        return Refused(401, "required", text,
                       where=("header", "Authorization"), fields={
                           "WWW-Authenticate":
                           'Bearer realm="https://accounts.google.com/"'})

    @staticmethod
    def conditions(r, thing, prefix="if"):
        """Raises 412, or 304 for a GET of what has not changed."""
        known = {"GenerationMatch": thing.generation if thing else 0,
                 "MetagenerationMatch": thing.metageneration if thing else 0}
        for name, value in known.items():
            wanted = r.number(prefix + name)
            if wanted is not None and wanted != value:
                raise not_met()
            other = r.number(prefix + name.replace("Match", "NotMatch"))
            if other is not None and other == value:
                if r.method in ("GET", "HEAD"):
                    raise Refused(304, None, body="")
                raise not_met("If-None-Match")

    def thing(self, r, bucket, name, generation="generation", prefix="if"):
        """The object, under the conditions of the request."""
        thing = bucket.objects.get(name)
        wanted = r.number(generation)
        if not thing or wanted not in (None, thing.generation):
            if LIST not in bucket.permissions(r.token):
                raise self.no_access(r.token, LIST, "bucket")
            raise no_object(bucket, name)
        self.conditions(r, thing, prefix)
        return thing

    def check_change(self, bucket, token, name):
        """May what is there be replaced or deleted?"""
        thing = bucket.objects.get(name)
        if not thing:
            return
        self.check(bucket, token, DELETE)
        if thing.about.get("temporaryHold") or \
                thing.about.get("eventBasedHold"):
            raise Refused(403, "retentionPolicyNotMet", "Object '%s/%s' is "
                          "under active Temporary hold and cannot be deleted, "
                          "overwritten or archived until hold is removed."
                          % (bucket.name, name))
        ends = thing.created + bucket.retention
        if ends > self.world.now():
            raise Refused(403, "retentionPolicyNotMet", "Object '%s/%s' is "
                          "subject to bucket's retention policy or object "
                          "retention and cannot be deleted or overwritten "
                          "until %s" % (bucket.name, name,
                                        self.world.stamp(ends)))
        self.check_rate(bucket, thing)

    def check_rate(self, bucket, thing):
        if self.world.now() - thing.updated < \
                self.world.modes.get("mutations", 0):
            raise Refused(
                429, "rateLimitExceeded", "The object %s/%s exceeded the rate "
                "limit for object mutation operations (create, update, and "
                "delete). Please reduce your request rate. See "
                "https://cloud.google.com/storage/docs/gcs429."
                % (bucket.name, thing.name), domain="usageLimits")

    @staticmethod
    def check_name(name):
        raw = name.encode("utf-8", "surrogatepass")
        if not 0 < len(raw) <= 1024 or name in (".", "..") or \
                "\r" in name or "\n" in name or \
                name.startswith(".well-known/acme-challenge/"):
            raise Refused(400, "invalid",
                          "Invalid object name." if raw else
                          "Required object name.",
                          where=("parameter", "name"))

    def select(self, r, value, schema):
        if "fields" in r.query:
            value = select_fields(value, split_fields(r.query["fields"]),
                                  schema)
        return Answer(200, value)

    # buckets

    def bucket_json(self, r, bucket):
        return {
            "kind": "storage#bucket", "id": bucket.name, "name": bucket.name,
            "selfLink": "%s/storage/v1/b/%s" % (r.root, bucket.name),
            "projectNumber": "123456789012", "metageneration": "1",
            "location": "US", "locationType": "multi-region",
            "storageClass": "STANDARD", "etag": "CAE=",
            "timeCreated": self.world.stamp(bucket.created),
            "updated": self.world.stamp(bucket.created),
            "iamConfiguration": {
                "uniformBucketLevelAccess": {"enabled": bucket.uniform},
                "publicAccessPrevention": "inherited"},
            **({"billing": {"requesterPays": True}}
               if bucket.requester_pays else {})}

    def get_bucket(self, r, name):
        return self.bucket_json(r, self.bucket(r, name, BUCKET, "bucket"))

    def project(self, r, permission):
        """Roles of a project are not kept: storage.admin of any bucket is
        taken for them."""
        token = r.identity()
        if not token or not any(permission in b.permissions(token)
                                for b in self.buckets.values()):
            raise self.no_access(token, permission, "project")
        if "project" not in r.query:
            raise Refused(400, "required", "Required parameter: project",
                          where=("parameter", "project"))

    def list_buckets(self, r):
        self.project(r, "storage.buckets.list")
        return {"kind": "storage#buckets", "items": [
            self.bucket_json(r, b) for _, b in sorted(self.buckets.items())]}

    def make_bucket(self, r):
        self.project(r, "storage.buckets.create")
        name = r.json().get("name", "")
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]", name):
            raise Refused(400, "invalid", "Invalid bucket name: '%s'" % name)
        if name in self.buckets:
            raise Refused(409, "conflict", "Your previous request to create "
                          "the named bucket succeeded and you already own it.")
        bucket = self.buckets[name] = Bucket(name, self.world.now())
        bucket.roles[r.email] = {"storage.admin"}
        return self.bucket_json(r, bucket)

    def delete_bucket(self, r, name):
        bucket = self.bucket(r, name, "storage.buckets.delete", "bucket")
        if bucket.objects:
            raise Refused(409, "conflict",
                          "The bucket you tried to delete is not empty.")
        del self.buckets[name]
        return Answer(204)

    def test_iam(self, r, name):
        token = r.identity()
        bucket = self.buckets.get(name)
        if not bucket:
            raise Refused(404, "notFound",
                          "The specified bucket does not exist.")
        has = bucket.permissions(token)
        asked = [p for n, p in r.pairs if n == "permissions"]
        out = {"kind": "storage#testIamPermissionsResponse"}
        if has & set(asked):
            out["permissions"] = [p for p in asked if p in has]
        return out

    # objects

    def list(self, r, name):
        bucket = self.bucket(r, name, LIST, "bucket")
        most = r.number("maxResults", least=1)
        most = min(most or 1000, 1000, self.world.modes.get("page", 1000))
        prefix = r.query.get("prefix", "")
        delimiter = r.query.get("delimiter", "")
        names = bucket.sorted_names()
        at = self.first_of(r, names, prefix)
        end = r.query.get("endOffset", "").encode()
        items, prefixes = [], []
        out = {"kind": "storage#objects"}
        if self.world.modes.get("empty_pages") and \
                not r.query.get("pageToken", "").startswith("e"):
            out["nextPageToken"] = "e" + r.query.get("pageToken", "n")
            return self.select(r, out, LIST_SCHEMA)
        while at < len(names) and len(items) + len(prefixes) < most:
            raw, key = names[at]
            if not key.startswith(prefix) or (end and raw >= end):
                at = len(names)
                break
            group = None
            if delimiter and delimiter in key[len(prefix):]:
                cut = key.index(delimiter, len(prefix)) + len(delimiter)
                group = key[:cut]
            if group is None or (
                    group == key and r.flag("includeTrailingDelimiter")):
                items.append(bucket.objects[key].json(r.root))
            if group is not None:
                prefixes.append(group)
                while at < len(names) and names[at][1].startswith(group):
                    at += 1
            else:
                at += 1
        if at < len(names) and names[at][1].startswith(prefix) and \
                not (end and names[at][0] >= end):
            token = json.dumps([names[at][1]]).encode()
            out["nextPageToken"] = "n" + base64.urlsafe_b64encode(
                token).decode()
        if items:
            out["items"] = items
        if prefixes:
            out["prefixes"] = prefixes
        return self.select(r, out, LIST_SCHEMA)

    @staticmethod
    def first_of(r, names, prefix):
        """The index of the first name of this page."""
        token = r.query.get("pageToken", "").lstrip("e")
        first = max(prefix.encode(), r.query.get("startOffset", "").encode())
        if token not in ("", "n"):
            try:
                (name,) = json.loads(base64.urlsafe_b64decode(token[1:]))
                first = name.encode()
            except ValueError as e:
                raise Refused(400, "invalid", "Invalid argument.",
                              where=("parameter", "pageToken")) from e
        return bisect.bisect_left(names, (first,))

    def get(self, r, name, key):
        media = r.query.get("alt") == "media"
        if not media and r.path.startswith("/download"):
            raise Refused(400, "invalid", "alt=media is missing")
        try:
            bucket = self.bucket(r, name, GET)
            thing = self.thing(r, bucket, key)
        except Refused as e:
            if media and isinstance(e.body, dict):
                # downloads say it as text
                e.body = e.body["error"]["message"]
            raise
        if media:
            return self.media(r, thing)
        return self.select(r, thing.json(r.root), OBJECT_SCHEMA)

    def media(self, r, thing):
        """The bytes, or some of them."""
        blob, about = thing.blob, thing.about
        size = blob.size
        stored = about.get("contentEncoding")
        fields = {
            "Content-Type": about.get("contentType",
                                      "application/octet-stream"),
            "ETag": thing.etag(), "X-Goog-Storage-Class": "STANDARD",
            "X-Goog-Generation": thing.generation,
            "X-Goog-Metageneration": thing.metageneration,
            "X-Goog-Stored-Content-Length": size,
            "X-Goog-Stored-Content-Encoding": stored or "identity",
            "X-Goog-Hash": "crc32c=" + thing.crc32c + (
                ",md5=" + thing.md5 if thing.md5 else ""),
            "Last-Modified": http_date(thing.updated),
            "Cache-Control": about.get("cacheControl",
                                       "private, max-age=0")}
        for name in ("contentDisposition", "contentLanguage"):
            if name in about:
                fields["Content-" + name[7:]] = about[name]
        for name, value in about.get("metadata", {}).items():
            fields["X-Goog-Meta-" + name] = value
        if stored == "gzip" and \
                "gzip" not in r.headers.get("accept-encoding", ""):
            # nobody who cannot read gzip gets it; ranges are not for that
            fields["Warning"] = "214 UploadServer gunzipped"
            fields["Vary"] = "Accept-Encoding"
            return Answer(200, [zlib.decompress(blob.whole(), 47)], fields)
        if stored:
            fields["Content-Encoding"] = stored
        fields["Accept-Ranges"] = "bytes"
        found = re.fullmatch(r"bytes=(\d*)-(\d*)", r.headers.get("range", ""))
        if not found or found.groups() == ("", ""):
            return Answer(200, blob.slice(0, size), fields, size=size)
        first, last = found.groups()
        if first == "":
            first, end = max(size - int(last), 0), size
        else:
            first = int(first)
            end = size if last == "" else min(int(last) + 1, size)
        if first >= size or end <= first:
            raise Refused(416, None, body="Request range not satisfiable",
                          fields={"Content-Range": "bytes */%d" % size})
        fields["Content-Range"] = "bytes %d-%d/%d" % (first, end - 1, size)
        return Answer(206, blob.slice(first, end), fields, size=end - first)

    def delete(self, r, name, key):
        bucket = self.bucket(r, name, DELETE)
        self.thing(r, bucket, key)
        self.check_change(bucket, r.token, key)
        bucket.remove(key)
        return Answer(204)

    def patch(self, r, name, key):
        bucket = self.bucket(r, name, UPDATE)
        thing = self.thing(r, bucket, key)
        about = r.json()
        self.check_rate(bucket, thing)
        if r.method == "PUT":
            thing.about = {}
        new = dict(thing.about)
        for field, value in self.readable(about).items():
            if field == "metadata" and value is not None:
                value = {**new.get("metadata", {}), **value}
                value = {k: v for k, v in value.items() if v is not None}
            new[field] = value
        self.check_about(new)
        thing.about = {k: v for k, v in new.items() if v not in (None, {})}
        thing.metageneration += 1
        thing.updated = self.world.now()
        return self.select(r, thing.json(r.root), OBJECT_SCHEMA)

    @staticmethod
    def readable(about):
        """Of what a client sent, what it may set."""
        return {k: v for k, v in about.items() if k in SETTABLE}

    @staticmethod
    def check_about(about):
        metadata = about.get("metadata") or {}
        if not isinstance(metadata, dict) or any(
                not isinstance(v, str) for v in metadata.values()):
            raise Refused(400, "invalid", "Invalid value for metadata.")
        size = sum(len(k.encode()) + len(v.encode())
                   for k, v in metadata.items())
        if size > 8192:
            raise Refused(400, "invalid", "The metadata for the object is too "
                          "large: %d bytes, at most 8192 are allowed." % size)

    # uploads

    def upload(self, r, name):
        if "upload_id" in r.query:
            return self.sessions.take(r, r.query["upload_id"])
        if r.method != "POST":
            raise Refused(405, None, body="Method Not Allowed")
        kind = r.query.get("uploadType")
        if kind == "resumable":
            return self.begin_session(r, name)
        if kind not in ("media", "multipart"):
            raise Refused(400, "badRequest", "Upload must be of type media, "
                          "multipart or resumable.",
                          where=("parameter", "uploadType"))
        with self.world.lock:
            # who may not do it has nothing read of him
            self.bucket(r, name, CREATE)
        data = r.body.whole()
        sums = goog_hash(r.headers)
        if kind == "multipart":
            about, headers, data = split_related(r, data)
            about.setdefault("contentType", headers.get("content-type"))
        else:
            about = {"contentType": r.headers.get("content-type")}
        sums.setdefault("md5", r.headers.get("content-md5"))
        with self.world.lock:
            return self.insert(r, name, about, Blob(data), sums)

    def begin_session(self, r, name):
        about = r.json({})
        about.setdefault("contentType", r.headers.get("x-upload-content-type"))
        total = r.headers.get("x-upload-content-length")
        if total is not None and not re.fullmatch(r"\d{1,15}", total):
            raise Refused(400, "invalid", "Invalid X-Upload-Content-Length.")
        with self.world.lock:
            bucket = self.bucket(r, name, CREATE)
            key = self.key_of(r, about)
            self.conditions(r, bucket.objects.get(key))
            self.check_about(self.readable(about))
            token = r.token

            def finish(session, last):
                r.token, sums = token, {}
                sums.update(goog_hash(last.headers))
                return self.insert(r, name, about, session.blob, sums).json

            session = self.sessions.begin(
                finish, int(total) if total else None, "%s/%s" % (name, key))
        where = "%s%s?uploadType=resumable&upload_id=%s" % (
            r.root, r.path, session.id)
        return Answer(200, b"", {"Location": where,
                                 "X-GUploader-UploadID": session.id[:24]})

    def key_of(self, r, about):
        key = r.query.get("name", about.get("name"))
        if not isinstance(key, str):
            raise Refused(400, "required", "Required parameter: name",
                          where=("parameter", "name"))
        self.check_name(key)
        return key

    def insert(self, r, name, about, blob, sums):
        """Makes an object, under the conditions of the request."""
        bucket = self.buckets.get(name)
        if not bucket:
            raise Refused(404, "notFound",
                          "The specified bucket does not exist.")
        key = self.key_of(r, about)
        for field, said in (("md5Hash", "md5"), ("crc32c", "crc32c")):
            check_sums(blob, **{said: about.get(field)})
            check_sums(blob, **{said: sums.get(said)})
        if "contentEncoding" in r.query:
            about["contentEncoding"] = r.query["contentEncoding"]
        if bucket.uniform and r.query.get("predefinedAcl"):
            raise Refused(400, "invalid", "Cannot insert legacy ACL for an "
                          "object when uniform bucket-level access is "
                          "enabled. Read more at https://cloud.google.com/"
                          "storage/docs/uniform-bucket-level-access")
        self.check_about(self.readable(about))
        thing = self.place(r, bucket, key, blob, about)
        answer = self.select(r, thing.json(r.root), OBJECT_SCHEMA)
        answer.json = json.loads(b"".join(answer.body))
        return answer

    def place(self, r, bucket, key, blob, about):
        self.conditions(r, bucket.objects.get(key))
        self.check_change(bucket, r.token, key)
        thing = Thing(bucket, key, blob, self.world, about)
        bucket.put(thing)
        return thing

    # copies

    def compose(self, r, name, key):
        bucket = self.bucket(r, name, CREATE)
        self.check_name(key)
        asked = r.json()
        sources = asked.get("sourceObjects") or []
        if not 1 <= len(sources) <= 32:
            raise Refused(400, "invalid", "The number of source components "
                          "provided (%d) %s." % (len(sources),
                          "exceeds the maximum (32)" if sources
                          else "is below the minimum (1)"))
        blob, count = Blob(), 0
        for source in sources:
            self.check(bucket, r.token, GET)
            thing = bucket.objects.get(source.get("name"))
            if not thing or source.get("generation") not in (
                    None, thing.generation, str(thing.generation)):
                raise Refused(404, "notFound",
                              "Object %s (generation: %s) not found."
                              % (source.get("name"),
                                 source.get("generation", 0)))
            match = source.get("objectPreconditions", {}).get(
                "ifGenerationMatch")
            if match is not None and int(match) != thing.generation:
                raise not_met()
            for part in thing.blob.parts:
                blob.append(part)
            count += thing.components or 1
        thing = self.place(r, bucket, key, blob, asked.get("destination", {}))
        thing.components, thing.md5 = count, None
        return self.select(r, thing.json(r.root), OBJECT_SCHEMA)

    def rewrite(self, r, name, key, to_name, to_key):
        source = self.bucket(r, name, GET)
        thing = self.thing(r, source, key, "sourceGeneration", "ifSource")
        bucket = self.bucket(r, to_name, CREATE)
        self.check_name(to_key)
        self.conditions(r, bucket.objects.get(to_key))
        call = self.call_of(r, thing, to_name, to_key)
        size = thing.blob.size
        step = r.number("maxBytesRewrittenPerCall") or size
        if step != size and step % (1 << 20):
            raise Refused(400, "invalid", "maxBytesRewrittenPerCall must be a "
                          "multiple of 1 MiB.")
        step = min(step, self.world.modes.get("rewrite", size))
        call.done = size if "/copyTo/" in r.path else \
            min(call.done + step, size)
        out = {"kind": "storage#rewriteResponse", "done": call.done == size,
               "totalBytesRewritten": str(call.done), "objectSize": str(size)}
        if call.done < size:
            token = secrets.token_urlsafe(40)
            self.rewrites[token] = call
            out["rewriteToken"] = token
            return self.select(r, out, REWRITE_SCHEMA)
        about = self.readable(call.about) or thing.about
        self.check_about(about)
        new = self.place(r, bucket, to_key, thing.blob, about)
        new.md5, new.components = thing.md5, thing.components
        new.crc32c = thing.crc32c
        if "/copyTo/" in r.path:
            return self.select(r, new.json(r.root), OBJECT_SCHEMA)
        out["resource"] = new.json(r.root)
        return self.select(r, out, REWRITE_SCHEMA)

    def call_of(self, r, thing, to_name, to_key):
        """The Rewrite that this call begins, or goes on with."""
        what = (thing.bucket.name, thing.name, thing.generation, to_name,
                to_key)
        if "rewriteToken" not in r.query:
            return Rewrite(what, r.json({}))
        # one that stays: an answer may be lost, and the call come again
        call = self.rewrites.get(r.query["rewriteToken"])
        if not call or call.what != what:
            raise Refused(400, "invalid", "Invalid argument.",
                          where=("parameter", "rewriteToken"))
        return Rewrite(what, call.about, call.done)


def http_date(at):
    return formatdate(at, usegmt=True)
