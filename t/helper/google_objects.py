"""Buckets and objects of Cloud Storage, in memory, for the fakes."""

import base64
import copy
from urllib.parse import quote

from google_roles import ROLES

# What a client may set of an object, and when nothing is said.
SETTABLE = ("cacheControl", "contentDisposition", "contentEncoding",
            "contentLanguage", "contentType", "customTime", "storageClass",
            "temporaryHold", "eventBasedHold", "metadata")


class Bucket:
    def __init__(self, name, now):
        self.name = name
        self.created = now
        self.roles = {}         # who -> set of roles
        self.uniform = True     # access is by roles alone
        self.requester_pays = False
        self.billing = True
        self.retention = 0
        self.objects = {}
        self.kept = {}          # see control_keep
        self.names = []         # sorted by their bytes; None: to be made

    def sorted_names(self):
        if self.names is None:
            self.names = sorted((n.encode(), n) for n in self.objects)
        return self.names

    def put(self, thing):
        if thing.name not in self.objects:
            self.names = None
        self.objects[thing.name] = thing

    def remove(self, name):
        del self.objects[name]
        self.names = None

    def permissions(self, token):
        who = ["allUsers"]
        if token:
            who += ["allAuthenticatedUsers", token.email]
        return {p for w in who for role in self.roles.get(w, ())
                for p in ROLES.get(role, [role])}


class Thing:
    """An object."""

    def __init__(self, bucket, name, blob, world, about):
        self.bucket = bucket
        self.name = name
        self.world = world
        self.blob = blob
        self.generation = world.serial()
        self.metageneration = 1
        self.created = self.updated = world.now()
        self.crc32c, self.md5 = blob.crc32c, blob.md5
        self.components = 0
        self.about = {k: v for k, v in about.items()
                      if k in SETTABLE and v is not None}

    def json(self, root):
        path = "/storage/v1/b/%s/o/%s" % (self.bucket.name,
                                          quote(self.name, safe=""))
        stamp = self.world.stamp
        out = {
            "kind": "storage#object",
            "id": "%s/%s/%d" % (self.bucket.name, self.name, self.generation),
            "selfLink": root + path,
            "mediaLink": "%s/download%s?generation=%d&alt=media" % (
                root, path, self.generation),
            "name": self.name, "bucket": self.bucket.name,
            "generation": str(self.generation),
            "metageneration": str(self.metageneration),
            "storageClass": "STANDARD", "size": str(self.blob.size),
            "crc32c": self.crc32c, "etag": self.etag(),
            "timeCreated": stamp(self.created), "updated": stamp(self.updated),
            "timeStorageClassUpdated": stamp(self.created),
            "timeFinalized": stamp(self.created)}
        if self.components:
            out["componentCount"] = self.components
        if self.md5:
            out["md5Hash"] = self.md5
        out.update(copy.deepcopy(self.about))
        return out

    def etag(self):
        return base64.b64encode(b"\x08%d\x10%d" % (
            self.generation, self.metageneration)).decode()
