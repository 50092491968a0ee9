"""Drive API v3 over HTTP, in memory: what requests mean (routes), and what
answers say. See google_fake.py for the frame, drive_model.py for the rules,
drive_control.py for what tests may do with it.
"""

import base64
import collections
import hashlib
import re
import secrets

import drive_query as query
from drive_model import (NATIVE, RANKS, Drives, View, Who, invalid, new_id,
                         not_allowed, not_found, permission_id, refused)
from drive_query import Unclear
from google_fake import (Answer, Refused, Route, Service, select_fields,
                         split_fields)
from google_session import Sessions, split_related

AUTH = "https://www.googleapis.com/auth/"
WRITES = {AUTH + "drive", AUTH + "drive.file"}
READS = WRITES | {AUTH + "drive.readonly"}
LOOKS = READS | {AUTH + "drive.metadata", AUTH + "drive.metadata.readonly"}
SERVICE = re.compile(r"[^@]+@([^@.]+)\.iam\.gserviceaccount\.com")
ALL = "supportsAllDrives supportsTeamDrives "
SEES = ("acknowledgeAbuse includeLabels includePermissionsForView "
        "enforceSingleParent ")
MAKES = ALL + SEES + ("ignoreDefaultVisibility keepRevisionForever "
                      "ocrLanguage useContentAsIndexableText "
                      "uploadType upload_id addParents removeParents")


# Resources, and what is told of them when `fields` does not say.
FILE = query.FILE, "kind,id,name,mimeType"
FILES = query.FILE_LIST, ("kind,incompleteSearch,nextPageToken,"
                          "files(kind,id,name,mimeType)")
IDS = query.IDS, "*"
REVISION = query.REVISION, "kind,id,mimeType,modifiedTime"
REVISIONS = query.REVISION_LIST, ("kind,nextPageToken,revisions(kind,id,"
                                  "mimeType,modifiedTime)")
PERMISSION = query.PERMISSION, "kind,id,type,role"
PERMISSIONS = query.PERMISSION_LIST, "kind,permissions(kind,id,type,role)"
DRIVE = query.DRIVE, "kind,id,name"
DRIVES = query.DRIVE_LIST, "kind,nextPageToken,drives(kind,id,name)"
ABOUT = query.ABOUT, "*"


def asked_fields(request, shape):
    """The tree of what is to be told. rclone sends an empty `fields`; and
    spaces stand in the service's own examples."""
    schema, default = shape
    text = re.sub(r"\s*([,()])\s*", r"\1", request.query.get("fields", ""))
    tree = split_fields(text or default)
    select_fields(None, tree, schema)
    return tree


def number(request, name, least, most, default):
    """An integer in bounds, as Drive complains of others."""
    text = request.query.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"-?\d{1,10}", text):
        raise invalid(name, "Invalid value '%s' for parameter %s."
                      % (text, name), "invalidParameter")
    if not least <= int(text) <= most:
        raise invalid(name, "Invalid value '%s'. Values must be within the "
                      "range: [%d, %d]" % (text, least, most),
                      "invalidParameter")
    return int(text)


class Drive(Service):
    def __init__(self, world):
        super().__init__(world)
        self.drives = world.drives = Drives(lambda: int(world.now() * 1000))
        self.sessions = world.drive_sessions = Sessions(world)
        self.asked = collections.defaultdict(list)  # email -> times

    def routes(self):
        files = "/drive/v3/files"
        one = files + "/([^/]+)"
        up = "(?:/resumable)?/upload" + files
        table = [
            ("GET", files, self.list_files, LOOKS, FILES,
             ALL + SEES + "corpora corpus driveId teamDriveId "
             "includeItemsFromAllDrives includeTeamDriveItems orderBy "
             "pageSize pageToken q spaces"),
            ("GET", files + "/generateIds", self.generate_ids, WRITES, IDS,
             "count space type"),
            ("DELETE", files + "/trash", self.empty_trash, WRITES, FILE,
             "driveId " + SEES),
            ("POST", files, self.create, WRITES, FILE, MAKES),
            ("GET", one, self.get, LOOKS, FILE, ALL + SEES),
            ("PATCH", one, self.update, WRITES, FILE, MAKES),
            ("DELETE", one, self.delete, WRITES, FILE, ALL + SEES),
            ("POST", one + "/copy", self.copy, WRITES, FILE, MAKES),
            ("GET", one + "/revisions", self.list_revisions, LOOKS, REVISIONS,
             "pageSize pageToken"),
            ("GET", one + "/revisions/([^/]+)", self.get_revision, LOOKS,
             REVISION, "acknowledgeAbuse"),
            ("PATCH", one + "/revisions/([^/]+)", self.update_revision,
             WRITES, REVISION, ""),
            ("GET", one + "/permissions", self.list_permissions, LOOKS,
             PERMISSIONS,
             ALL + SEES + "pageSize pageToken useDomainAdminAccess"),
            ("POST", one + "/permissions", self.create_permission, WRITES,
             PERMISSION,
             ALL + SEES + "sendNotificationEmail transferOwnership "
             "emailMessage moveToNewOwnersRoot useDomainAdminAccess"),
            ("GET", "/drive/v3/drives", self.list_drives, LOOKS, DRIVES,
             "pageSize pageToken q useDomainAdminAccess"),
            ("GET", "/drive/v3/drives/([^/]+)", self.get_drive, LOOKS, DRIVE,
             "useDomainAdminAccess"),
            ("GET", "/drive/v3/about", self.about, LOOKS, ABOUT, ""),
            ("PATCH", up + "/([^/]+)", self.upload_content, WRITES, FILE,
             MAKES),
        ]
        routes = [Route(method, path, self.guarded(function, scopes, shape),
                        names, stream=True)
                  for method, path, function, scopes, shape, names in table]
        # Who knows the address of a session needs nothing else.
        return [Route("PUT|POST|DELETE", up + "(?:/([^/]+))?", self.piece,
                      MAKES, stream=True)] + routes

    # before all of them

    def guarded(self, function, scopes, shape):
        def call(r, *names):
            if "upload_id" in r.query:
                raise Refused(405, "httpMethodNotAllowed",
                              "This is the address of a session.")
            who = self.caller(r, scopes)
            r.data = r.body.whole()
            with self.world.lock:
                self.world.pauses.hold(r, "before")
                self.limit(who)
                tree = asked_fields(r, shape)
                answer = function(r, who, *names)
                self.world.pauses.hold(r, "after")
            if isinstance(answer, dict):
                answer = Answer(200, select_fields(answer, tree, shape[0]))
            return answer
        return call

    def caller(self, r, scopes):
        token = r.identity()
        if not token:
            raise Refused(403, "forbidden", "Method doesn't allow "
                          "unregistered callers (callers without established "
                          "identity). Please use API Key or other form of API "
                          "consumer identity to call this API.",
                          word="PERMISSION_DENIED")
        if not token.scopes & scopes:
            raise Refused(403, "insufficientPermissions", "Insufficient "
                          "Permission: Request had insufficient "
                          "authentication scopes.",
                          fields={"WWW-Authenticate": "Bearer realm="
                                  '"https://accounts.google.com/", '
                                  'error="insufficient_scope"'})
        service = SERVICE.fullmatch(token.email)
        app = service.group(1) if service else \
            getattr(token, "client", None) or "a client"
        return Who(token.email, app, bool(service), not token.scopes & (
            LOOKS - {AUTH + "drive.file"}))

    def limit(self, who):
        """The mode drive_rate: so many requests a second of one account."""
        most = self.world.modes.get("drive_rate")
        if not most:
            return
        now = self.world.now()
        times = self.asked[who.email]
        times[:] = [t for t in times if t > now - 1] + [now]
        if len(times) > most:
            times.pop()
            raise refused(403, "userRateLimitExceeded",
                          "User Rate Limit Exceeded. Rate of requests for "
                          "user exceed configured project quota, you may "
                          "consider re-evaluating expected per-user traffic "
                          "to the API and adjust project quota limits "
                          "accordingly.", domain="usageLimits")

    @staticmethod
    def all_drives(r):
        return r.flag("supportsAllDrives") or r.flag("supportsTeamDrives")

    def named(self, r, who, name):
        return self.drives.find(name, who, self.all_drives(r))

    # what is said

    def user(self, email, who):
        return {"kind": "drive#user", "displayName": email.split("@")[0],
                "me": email == who.email, "emailAddress": email,
                "permissionId": permission_id(email)}

    def stamp(self, at):
        return self.world.stamp(at / 1000)

    def resource(self, item, who):
        """All that `who` is told of a file."""
        drives = self.drives
        out = {"kind": "drive#file", "id": item.id, "name": item.name,
               "mimeType": item.mime, "starred": False,
               "trashed": drives.in_trash(item),
               "explicitlyTrashed": item.trashed, "spaces": ["drive"],
               "version": str(item.version),
               "createdTime": self.stamp(item.created),
               "modifiedTime": self.stamp(item.modified),
               "lastModifyingUser": self.user(item.last, who),
               "capabilities": drives.can(item, who),
               "quotaBytesUsed": str(item.size), "viewedByMe": False,
               "isAppAuthorized": item.app == who.app,
               "permissionIds": list(item.permissions)}
        out.update(item.more)
        parent = drives.items.get(item.parent)
        if parent and drives.role(parent, who) != "none":
            out["parents"] = [parent.id]
        if item.properties:
            out["properties"] = item.properties
        if item.app_properties.get(who.app):
            out["appProperties"] = item.app_properties[who.app]
        if item.drive:
            out["driveId"] = out["teamDriveId"] = item.drive
            if item.trashed:
                out["trashingUser"] = self.user(item.trasher, who)
        else:
            out["ownedByMe"] = item.owner == who.email
            out["owners"] = [self.user(item.owner, who)]
            out["shared"] = len(item.permissions) > 1
            if drives.may(item, who, "writer"):
                out["permissions"] = [self.permission(p)
                                      for p in item.permissions.values()]
        if item.target:
            out["shortcutDetails"] = {"targetId": item.target}
        if item.head:
            out.update(self.content(item.head))
            out["headRevisionId"] = item.head.id
            out["originalFilename"] = item.more.get("originalFilename",
                                                    item.name)
        return out

    @staticmethod
    def content(revision):
        return {"size": str(len(revision.data)), "md5Checksum": revision.md5,
                "sha1Checksum": revision.sha1,
                "sha256Checksum": revision.sha256}

    @staticmethod
    def permission(p):
        out = {"kind": "drive#permission", "id": p["id"], "type": p["type"],
               "role": p["role"]}
        if "emailAddress" in p:
            out["emailAddress"] = p["emailAddress"]
            out["displayName"] = p["emailAddress"].split("@")[0]
        return out

    def media(self, r, data, kind):
        """The bytes, or a range of them."""
        asked = re.fullmatch(r"bytes=(\d*)-(\d*)", r.headers.get("range", ""))
        # no `kind`, which would be packed for who reads gzip
        fields = {"Accept-Ranges": "bytes", "Content-Type": kind,
                  "Cache-Control": "private, max-age=0, must-revalidate"}
        if not asked or asked.groups() == ("", ""):
            return Answer(200, data, fields)
        first, last = asked.groups()
        size = len(data)
        if not first:
            first, last = max(0, size - int(last)), size - 1
        else:
            first = int(first)
            last = min(int(last), size - 1) if last else size - 1
        if first >= size or last < first:
            raise Refused(416, "requestedRangeNotSatisfiable",
                          "Request range not satisfiable",
                          where=("header", "Range"),
                          fields={"Content-Range": "bytes */%d" % size})
        fields["Content-Range"] = "bytes %d-%d/%d" % (first, last, size)
        return Answer(206, data[first:last + 1], fields)

    # files

    def get(self, r, who, name):
        # Bytes are given without supportsAllDrives, too: rclone asks so.
        content = r.query.get("alt") == "media"
        item = self.drives.find(name, who, content or self.all_drives(r))
        if not content:
            return self.resource(item, who)
        if not item.head:
            raise not_allowed("fileNotDownloadable", "Only files with binary "
                              "content can be downloaded. Use Export with "
                              "Docs Editors files.")
        self.check_abuse(r, who, item)
        return self.media(r, item.head.data, item.head.mime)

    def check_abuse(self, r, who, item):
        """Only its owner, or an organizer, may say that he knows."""
        if item.abusive and not (
                r.flag("acknowledgeAbuse") and self.drives.may(
                    item, who, "organizer")):
            raise not_allowed("cannotDownloadAbusiveFile", "This file has "
                              "been identified as malware or spam and cannot "
                              "be downloaded.")

    def create(self, r, who):
        meta = r.json({})
        item = self.drives.create(who, meta, None if meta.get(
            "mimeType", "").startswith(NATIVE) else b"", None,
            self.all_drives(r))
        return self.resource(item, who)

    def update(self, r, who, name):
        item = self.named(r, who, name)
        self.drives.update(who, item, r.json({}),
                           add=r.query.get("addParents", ""),
                           remove=r.query.get("removeParents", ""),
                           all_drives=self.all_drives(r))
        return self.resource(item, who)

    def delete(self, r, who, name):
        self.drives.delete(who, self.named(r, who, name))
        return Answer(204)

    def copy(self, r, who, name):
        item = self.named(r, who, name)
        made = self.drives.copy(who, item, r.json({}), self.all_drives(r))
        return self.resource(made, who)

    def generate_ids(self, r, who):
        count = number(r, "count", 1, 1000, 10)
        if r.query.get("space", "drive") not in ("drive", "appDataFolder"):
            raise invalid("space")
        ids = [new_id("1" + self.drives.ids) for _ in range(count)]
        self.drives.handed_out.update(ids)
        return {"kind": "drive#generatedIds", "space": "drive", "ids": ids}

    def empty_trash(self, r, who):
        self.drives.empty_trash(who, r.query.get("driveId"))
        return Answer(204)

    # lists

    def list_files(self, r, who):
        size = number(r, "pageSize", 1, 1000, 100)
        with_drives = self.check_corpora(r)
        try:
            asked = query.Query(r.query.get("q", ""))
        except Unclear:
            raise invalid("q") from None
        try:
            order = query.order_keys(r.query["orderBy"]) \
                if "orderBy" in r.query else []
        except Unclear:
            raise invalid("orderBy") from None
        if r.query.get("spaces", "drive") != "drive":
            raise invalid("spaces")
        self.drives.listings += 1
        # which question a token goes on with
        question = [who.email] + [r.query.get(n, "") for n in (
            "q", "orderBy", "corpora", "driveId")] + [with_drives]
        if "pageToken" in r.query:
            kept = self.drives.pages.get(r.query["pageToken"])
            if not kept or kept[0] != question:
                raise invalid("pageToken")
            rest = kept[1]
        else:
            rest = self.search(who, asked, order, r, with_drives)
        return self.page(r, who, question, rest, size)

    def check_corpora(self, r):
        """Whether items of shared drives are wanted."""
        corpora = r.query.get("corpora", "user")
        drive = r.query.get("driveId") or r.query.get("teamDriveId")
        include = r.flag("includeItemsFromAllDrives") or \
            r.flag("includeTeamDriveItems")
        if corpora not in ("user", "drive", "teamDrive", "allDrives",
                           "domain"):
            raise invalid("corpora")
        if (corpora in ("drive", "teamDrive")) != bool(drive):
            raise Refused(403, "teamDriveIdRequiresTeamDriveCorpora",
                          "The driveId parameter must be specified if and "
                          "only if corpora is set to drive.")
        if not include and (drive or corpora == "allDrives"):
            raise Refused(403, "teamDrivesParameterRequired",
                          "The includeItemsFromAllDrives parameter must be "
                          "set to true when driveId is specified or corpora "
                          "contains drive or allDrives.")
        if include and not self.all_drives(r):
            raise Refused(403, "teamDrivesNotSupported", "The "
                          "supportsAllDrives parameter must be set to true "
                          "if includeItemsFromAllDrives is.")
        return include

    def search(self, who, asked, order, r, with_drives):
        """Ids of what is found. Without orderBy in no order at all."""
        drives = self.drives
        drive = r.query.get("driveId") or r.query.get("teamDriveId")
        if drive and (drive not in drives.drives or drives.role(
                drives.items[drive], who) == "none"):
            raise refused(404, "notFound", "Shared drive not found: %s"
                          % drive, "driveId")
        root = drives.root_of(who)
        for n, parent in enumerate(asked.parents):
            if parent == "root":
                parent = root
            item = drives.items.get(parent)
            if not item or drives.role(item, who) == "none":
                raise not_found("")
        if "root" in asked.parents:
            asked = query.Query(re.sub(r"'root'(?=\s+in\s+parents)",
                                       "'%s'" % root, asked.text))
        views = []
        for name in self.candidates(asked):
            item = drives.shown(name)
            if not item or name in drives.drives or \
                    item.drive and not with_drives or \
                    drive and item.drive != drive:
                continue
            view = View(drives, item, who)
            if asked.test(view) and drives.role(item, who) != "none":
                views.append(view)
        views.sort(key=lambda v: hashlib.md5(v.item.id.encode()).digest())
        for name, down in reversed(order):
            views.sort(key=lambda v: query.order_value(v, name), reverse=down)
        return [v.item.id for v in views]

    def candidates(self, asked):
        """Ids that may be what is asked for."""
        if asked.parents and not asked.has_choices:
            return list(self.drives.places.get(asked.parents[0], ()))
        return list(self.drives.history)

    def page(self, r, who, question, rest, size):
        drives = self.drives
        size = min(size, drives.page_max)
        if drives.empty_pages:
            drives.empty_pages -= 1
            size = 0
        now, later = rest[:size], rest[size:]
        shown = [drives.shown(name) for name in now]
        out = {"kind": "drive#fileList", "incompleteSearch": False,
               "files": [self.resource(i, who) for i in shown if i]}
        if later:
            out["nextPageToken"] = "~!!~" + secrets.token_urlsafe(90)
            drives.pages[out["nextPageToken"]] = question, later
        return out

    def list_revisions(self, r, who, name):
        item = self.drives.find(name, who, True)
        if not self.drives.can(item, who)["canReadRevisions"]:
            raise not_allowed()
        size = number(r, "pageSize", 1, 1000, 200)
        at = int(r.query.get("pageToken", "0"))
        out = {"kind": "drive#revisionList", "revisions": [
            self.revision(v, who) for v in item.revisions[at:at + size]]}
        if at + size < len(item.revisions):
            out["nextPageToken"] = str(at + size)
        return out

    def revision(self, revision, who):
        return dict(self.content(revision), kind="drive#revision",
                    id=revision.id, mimeType=revision.mime,
                    modifiedTime=self.stamp(revision.modified),
                    keepForever=revision.kept, published=False,
                    lastModifyingUser=self.user(revision.email, who))

    def find_revision(self, who, name, revision):
        item = self.drives.find(name, who, True)
        if not self.drives.can(item, who)["canReadRevisions"]:
            raise not_allowed()
        if revision == "head":
            revision = item.head.id
        for found in item.revisions:
            if found.id == revision:
                return item, found
        raise refused(404, "notFound", "Revision not found: %s." % revision,
                      "revisionId")

    def get_revision(self, r, who, name, revision):
        item, found = self.find_revision(who, name, revision)
        if r.query.get("alt") != "media":
            return self.revision(found, who)
        self.check_abuse(r, who, item)
        if found is not item.head and not found.kept and \
                not self.drives.old_revisions:
            raise refused(403, "cannotDownload", "The revision is not kept "
                          "forever, and cannot be downloaded.")
        return self.media(r, found.data, found.mime)

    def update_revision(self, r, who, name, revision):
        item, found = self.find_revision(who, name, revision)
        if not self.drives.may(item, who, "writer"):
            raise not_allowed()
        meta = r.json()
        if set(meta) != {"keepForever"} or \
                not isinstance(meta["keepForever"], bool):
            raise invalid("revision", "Only keepForever can be changed here.")
        found.kept = meta["keepForever"]
        return self.revision(found, who)

    def list_permissions(self, r, who, name):
        item = self.named(r, who, name)
        if not self.drives.may(item, who, "writer"):
            raise not_allowed()
        return {"kind": "drive#permissionList", "permissions": [
            self.permission(p) for p in item.permissions.values()]}

    def create_permission(self, r, who, name):
        item = self.named(r, who, name)
        meta = r.json()
        if not self.drives.may(item, who, "organizer" if item.drive
                               else "writer"):
            raise not_allowed()
        if meta.get("role") not in RANKS or meta["role"] in ("none", "owner") \
                or meta.get("type") not in ("user", "anyone", "group") or (
                    meta["type"] != "anyone") != ("emailAddress" in meta):
            raise invalid("permission", "The permission is not valid.")
        if meta["role"] in ("organizer", "fileOrganizer") and not item.drive:
            raise not_allowed("cannotShareTeamDriveTopFolderWithAnyoneOr"
                              "Domains", "This role is of shared drives.")
        made = self.drives.share(item, meta.get("emailAddress"), meta["role"],
                                 meta["type"])
        return self.permission(made)

    def drive_resource(self, name):
        root = self.drives.items[name]
        return {"kind": "drive#drive", "id": name, "name": root.name,
                "createdTime": self.stamp(root.created), "hidden": False}

    def list_drives(self, r, who):
        number(r, "pageSize", 1, 100, 10)
        drives = [d for d in self.drives.drives
                  if self.drives.role(self.drives.items[d], who) != "none"]
        return {"kind": "drive#driveList",
                "drives": [self.drive_resource(d) for d in drives]}

    def get_drive(self, r, who, name):
        if name not in self.drives.drives or self.drives.role(
                self.drives.items[name], who) == "none":
            raise refused(404, "notFound", "Shared drive not found: %s" % name,
                          "driveId")
        return self.drive_resource(name)

    def about(self, r, who):
        if "fields" not in r.query:
            raise refused(400, "required", "The 'fields' parameter is "
                          "required for this method.", "fields")
        used = self.drives.usage(who.email)
        quota = {"usage": str(used), "usageInDrive": str(used),
                 "usageInDriveTrash": str(sum(
                     i.size for i in self.drives.items.values()
                     if i.owner == who.email and self.drives.in_trash(i)))}
        limit = 0 if who.service else None
        limit = self.drives.limits.get(who.email, limit)
        if limit is not None:
            quota["limit"] = str(limit)
        return {"kind": "drive#about", "storageQuota": quota,
                "user": self.user(who.email, who), "importFormats": {},
                "exportFormats": {}, "maxUploadSize": "5242880000000",
                "appInstalled": False, "canCreateDrives": False}

    # uploads

    def upload_new(self, r, who):
        drives, wide = self.drives, self.all_drives(r)

        def check(meta, size):
            drives.check_create(who, meta, wide, size)

        def finish(meta, data, kind):
            made = drives.create(who, meta, data, kind, wide)
            return self.resource(made, who)
        return self.upload(r, check, finish)

    def upload_content(self, r, who, name):
        drives, wide = self.drives, self.all_drives(r)

        def check(meta, size):
            drives.check_update(who, self.named(r, who, name), meta, size)

        def finish(meta, data, kind):
            item = drives.update(
                who, self.named(r, who, name), meta, data, kind,
                r.query.get("addParents", ""),
                r.query.get("removeParents", ""), wide)
            return self.resource(item, who)
        return self.upload(r, check, finish)

    def upload(self, r, check, finish):
        how = r.query.get("uploadType")
        kind = r.headers.get("content-type", "")
        if how == "media":
            return finish({}, r.data, kind)
        if how == "multipart":
            meta, fields, data = split_related(r, r.data)
            if fields.get("content-transfer-encoding", "").lower() == "base64":
                data = base64.b64decode(data)
            return finish(meta, data, fields.get("content-type"))
        if how != "resumable":
            raise Refused(400, "badRequest", "Missing or unknown uploadType.")
        if r.data and not kind.startswith("application/json"):
            raise Refused(400, "badContent", "The metadata must be JSON.")
        meta = r.json({})
        kind = r.headers.get("x-upload-content-type")
        size = r.headers.get("x-upload-content-length")
        if size is not None and not re.fullmatch(r"\d{1,19}", size):
            raise Refused(400, "badRequest", "X-Upload-Content-Length is no "
                          "number.")
        size = None if size is None else int(size)
        check(meta, size or 0)
        tree = asked_fields(r, FILE)
        session = self.sessions.begin(
            lambda session, _: select_fields(
                finish(meta, session.blob.whole(), kind), tree, FILE[0]),
            size, r.path)
        words = [w for w in r.query_text.split("&") if w]
        return Answer(200, b"", {
            "Location": "%s%s?%s" % (r.root, r.path, "&".join(
                words + ["upload_id=" + session.id])),
            "X-GUploader-UploadID": session.id[:24]})

    def piece(self, r, *names):
        """What goes to a session; a POST without one begins one."""
        if "upload_id" not in r.query:
            if r.method != "POST" or names[0]:
                raise Refused(405, "httpMethodNotAllowed", "This API does not "
                              "support parsing this method.")
            return self.guarded(self.upload_new, WRITES, FILE)(r)
        with self.world.lock:
            self.world.pauses.hold(r, "before")
        answer = self.sessions.take(r, r.query["upload_id"])
        with self.world.lock:
            self.world.pauses.hold(r, "after")
        return answer
