"""What a Drive is: files and folders by id, who may do what with them, their
revisions, shared drives, quota, and lists that may lag behind. No HTTP here;
refusals are Refused, with the service's own reasons.

Source: Drive API v3 (developers.google.com/drive/api/reference/rest/v3),
.../guides/ref-roles, .../guides/handle-errors, .../guides/properties.
"""

import hashlib
import secrets

from drive_query import FILE, FOLDER, Unclear, time_of
from google_fake import Refused

SHORTCUT = "application/vnd.google-apps.shortcut"
NATIVE = "application/vnd.google-apps."
RANKS = {name: n for n, name in enumerate(
    ("none", "reader", "commenter", "writer", "fileOrganizer", "organizer",
     "owner"))}
ALPHABET = ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
            "0123456789-_")

BOTH_WRITE = set("""name mimeType description starred properties appProperties
viewedByMeTime modifiedTime writersCanShare folderColorRgb originalFilename
contentHints copyRequiresWriterPermission viewersCanCopyContent
contentRestrictions kind""".split())
CREATE_WRITES = BOTH_WRITE | {"id", "parents", "createdTime",
                              "shortcutDetails"}
UPDATE_WRITES = BOTH_WRITE | {"trashed"}

SERVICE_QUOTA = (
    "Service Accounts do not have storage quota. Leverage shared drives "
    "(https://developers.google.com/workspace/drive/api/guides/"
    "about-shareddrives), or use OAuth delegation "
    "(http://support.google.com/a/answer/7281227) instead.")
PROPERTIES_MAX = 30
PROPERTY_BYTES = 124


def refused(status, reason, message, location=None, domain="global"):
    return Refused(status, reason, message, domain,
                   location and ("parameter", location))


def not_found(name):
    return refused(404, "notFound", "File not found: %s." % name, "fileId")


def not_allowed(reason="insufficientFilePermissions", message=None):
    return refused(403, reason, message or "The user does not have "
                   "sufficient permissions for this file.")


def invalid(location, message="Invalid Value", reason="invalid"):
    return refused(400, reason, message, location)


def new_id(prefix="1", size=33):
    """As long as the service's own, and as odd."""
    return prefix + "".join(secrets.choice(ALPHABET)
                            for _ in range(size - len(prefix)))


class Who:
    """Who asks. app: the project of the client or service account."""

    def __init__(self, email, app="", service=False, narrow=False):
        self.email = email
        self.app = app
        self.service = service
        self.narrow = narrow    # sees what its app made, and nothing else

    @property
    def permission_id(self):
        return permission_id(self.email)


def permission_id(email):
    return str(int(hashlib.md5(email.encode()).hexdigest()[:15], 16))


class Revision:
    def __init__(self, data, mime, now, who):
        self.id = "0B" + new_id("", 50)
        self.data = data
        self.md5 = hashlib.md5(data).hexdigest()
        self.sha1 = hashlib.sha1(data).hexdigest()
        self.sha256 = hashlib.sha256(data).hexdigest()
        self.mime = mime
        self.modified = now
        self.email = who.email
        self.kept = False       # forever


class Item:
    """A file, folder or shortcut."""

    def __init__(self, name, mime, now):
        self.id = None
        self.name = name
        self.mime = mime
        self.parent = None
        self.owner = None       # of a shared drive: nobody
        self.drive = None
        self.trashed = False    # itself, not by a folder above
        self.trasher = None
        self.created = self.modified = now
        self.version = 1
        self.more = {}          # what is kept as it was said
        self.properties = {}
        self.app_properties = {}    # of each app its own
        self.permissions = {}
        self.revisions = []
        self.target = None
        self.abusive = False    # taken for malware by the service
        self.app = None
        self.last = None

    @property
    def is_folder(self):
        return self.mime == FOLDER

    @property
    def head(self):
        return self.revisions[-1] if self.revisions else None

    @property
    def size(self):
        return len(self.head.data) if self.revisions else 0


class View:
    """A file as a query sees it."""

    def __init__(self, world, item, who):
        self.world = world
        self.item = item
        self.who = who

    VALUES = {
        "name": lambda v: v.item.name, "mimeType": lambda v: v.item.mime,
        "fullText": lambda v: v.item.name,
        "modifiedTime": lambda v: v.item.modified,
        "createdTime": lambda v: v.item.created,
        "trashed": lambda v: v.world.in_trash(v.item),
        "starred": lambda v: bool(v.item.more.get("starred")),
        "sharedWithMe": lambda v: bool(
            v.item.owner and v.item.owner != v.who.email and
            v.who.permission_id in v.item.permissions),
        "visibility": lambda v: "anyoneWithLink"
        if "anyoneWithLink" in v.item.permissions else "limited",
        "properties": lambda v: v.item.properties,
        "appProperties": lambda v: v.item.app_properties.get(v.who.app, {}),
        "quotaBytesUsed": lambda v: v.item.size,
    }

    def value(self, name):
        return self.VALUES.get(name, lambda _: None)(self)

    def words(self, name):
        item = self.item
        if name == "parents":
            return [item.parent] if item.parent else []
        if name == "owners":
            return [item.owner] if item.owner else []
        lowest = "writer" if name == "writers" else "reader"
        return [p.get("emailAddress") for p in item.permissions.values()
                if RANKS[p["role"]] >= RANKS[lowest]]


class Drives:
    """All Drives of a test. Members are called with the world locked."""

    def __init__(self, clock):
        self.clock = clock      # milliseconds since 1970
        self.items = {}
        self.drives = {}        # id -> name; members: of the root folder
        self.roots = {}
        self.limits = {}        # email -> bytes that it may own
        self.handed_out = set()     # by generateIds, not used yet
        self.ids = ""               # how these begin, behind "1"
        self.old_revisions = True   # can be downloaded, also when not kept
        self.history = {}       # id -> [(listing, Item or None)]
        self.places = {}        # folder -> ids of what ever was in it
        self.listings = 0
        self.pages = {}
        self.lag = 0            # so many listings see what was before
        self.page_max = 1000
        self.empty_pages = 0    # so many pages come empty, with a token
        self.touches = True     # other properties are another modifiedTime
        self.same_revision = False  # the same content is no new one
        self.revisions_max = 200
        self.children_max = 500000
        self.items_max = 500000

    # looking

    def in_trash(self, item):
        while item:
            if item.trashed:
                return True
            item = self.items.get(item.parent)
        return False

    def role(self, item, who):
        """The highest that `who` has there: "none" to "owner"."""
        if who.narrow and item.app != who.app:
            return "none"
        if item.owner and item.owner == who.email:
            return "owner"
        if item.owner and self.in_trash(item):
            return "none"       # nobody looks into somebody's trash
        best, above = "none", item
        while above:
            for p in above.permissions.values():
                if p.get("emailAddress") == who.email or \
                        p["type"] == "anyone":
                    role = p["role"]
                    if role == "owner":
                        # of a folder: it may not own what others put there
                        role = "writer"
                    best = max(best, role, key=RANKS.get)
            above = self.items.get(above.parent)
        return best

    def may(self, item, who, role):
        return RANKS[self.role(item, who)] >= RANKS[role]

    def can(self, item, who):
        """capabilities of Drive."""
        writes = self.may(item, who, "writer")
        is_root = item.id in self.drives or item.id in self.roots.values()
        if item.drive:
            trash = self.may(item, who, "fileOrganizer")
            delete = self.may(item, who, "organizer")
            move = trash
        else:
            trash = delete = item.owner == who.email
            move = writes
        folder = item.is_folder
        return {
            "canEdit": writes, "canRename": writes and not is_root,
            "canAddChildren": writes and folder,
            "canListChildren": folder,
            "canDownload": bool(item.revisions),
            "canCopy": not folder,
            "canReadRevisions": writes and bool(item.revisions),
            "canTrash": trash and not is_root,
            "canUntrash": trash and not is_root,
            "canDelete": delete and not is_root,
            "canMoveItemWithinDrive": move and not is_root,
            "canRemoveChildren": folder and writes and not item.drive,
            "canTrashChildren": folder and trash,
            "canDeleteChildren": folder and delete,
            "canShare": writes,
            "canModifyContent": writes and bool(item.revisions),
        }

    def root_of(self, who):
        if who.email not in self.roots:
            root = Item("My Drive", FOLDER, self.clock())
            root.owner = who.email
            self.add(root, new_id("0A", 19), who)
            self.roots[who.email] = root.id
        return self.roots[who.email]

    def find(self, name, who, all_drives):
        item = self.items.get(self.root_of(who) if name == "root" else name)
        if not item or self.role(item, who) == "none" or (
                item.drive and not all_drives):
            raise not_found(name)
        return item

    def children(self, folder):
        ids = self.places.get(folder.id, ())
        found = [self.items[i] for i in ids if i in self.items]
        return [i for i in found if i.parent == folder.id]

    def below(self, item):
        for child in self.children(item):
            yield child
            yield from self.below(child)

    # keeping

    def add(self, item, name, who):
        item.id = name or new_id()
        item.app = who.app
        item.last = who.email
        if item.owner:
            item.permissions[permission_id(item.owner)] = {
                "id": permission_id(item.owner), "type": "user",
                "emailAddress": item.owner, "role": "owner"}
        self.items[item.id] = item
        self.handed_out.discard(item.id)
        self.keep(item)
        return item

    def keep(self, item):
        """What listings see from here on, or some time later."""
        shown = None
        if item.id in self.items:
            shown = Item(item.name, item.mime, item.created)
            shown.__dict__.update(item.__dict__)
            shown.properties = dict(item.properties)
            shown.app_properties = {
                a: dict(p) for a, p in item.app_properties.items()}
            shown.revisions = list(item.revisions)
        self.history.setdefault(item.id, []).append((self.listings, shown))
        self.places.setdefault(item.parent, {})[item.id] = True

    def changed(self, item, who):
        item.version += 1
        item.last = who.email
        self.keep(item)

    def shown(self, name):
        """A file as a listing shows it; None: not there."""
        entries = self.history[name]
        seen = None
        for when, item in entries:
            if when + self.lag < self.listings:
                seen = item
        return seen

    # what is said of a file

    def check_fields(self, meta, writable):
        for name in meta:
            if name not in FILE:
                raise invalid(name, "Invalid JSON payload received. Unknown "
                              'name "%s": Cannot find field.' % name,
                              "badRequest")
            if name in writable:
                continue
            if name == "parents":
                raise not_allowed(
                    "fieldNotWritable", "The parents field is not directly "
                    "writable in update requests. Use the addParents and "
                    "removeParents parameters instead.")
            raise not_allowed(
                "fieldNotWritable", "The resource body includes fields which "
                "are not directly writable.")

    def check_properties(self, old, new):
        """What these are when `new` is laid over them."""
        if not isinstance(new, dict):
            raise invalid("properties")
        result = dict(old)
        for key, value in new.items():
            if value is None:
                result.pop(key, None)
                continue
            if not isinstance(value, str):
                raise invalid("properties")
            if len((key + value).encode()) > PROPERTY_BYTES:
                raise invalid("properties", "The property's key and value "
                              "exceed %d bytes." % PROPERTY_BYTES,
                              "badRequest")
            result[key] = value
        if len(result) > PROPERTIES_MAX:
            raise invalid("properties", "The limit of %d properties of a "
                          "file has been exceeded." % PROPERTIES_MAX,
                          "badRequest")
        return result

    def check_time(self, meta, name):
        if name not in meta:
            return None
        try:
            return time_of(meta[name])
        except (Unclear, TypeError):
            raise invalid(name) from None

    def check_quota(self, who, owner, more):
        """owner None: of a shared drive."""
        if not owner:
            return
        if who.service and owner == who.email and owner not in self.limits:
            raise refused(403, "storageQuotaExceeded", SERVICE_QUOTA)
        limit = self.limits.get(owner)
        if limit is None:
            return
        if self.usage(owner) + more > limit:
            raise refused(403, "storageQuotaExceeded", "The user's Drive "
                          "storage quota has been exceeded.")

    def usage(self, owner):
        return sum(i.size for i in self.items.values() if i.owner == owner)

    # making

    def check_create(self, who, meta, all_drives, size):
        """Whether this may be made now; size None: it has no bytes. Gives the
        folder."""
        self.check_fields(meta, CREATE_WRITES)
        parents = meta.get("parents") or ["root"]
        if not isinstance(parents, list):
            raise invalid("parents")
        if len(parents) > 1:
            raise not_allowed("cannotAddParent", "Increasing the number of "
                              "parents is not allowed")
        parent = self.find(parents[0], who, all_drives)
        if not parent.is_folder:
            raise not_allowed("parentNotAFolder", "The specified parent is "
                              "not a folder.")
        if not self.may(parent, who, "writer"):
            raise not_allowed("insufficientParentPermissions", "Insufficient "
                              "permissions for the specified parent.")
        self.check_id(meta)
        self.check_properties({}, meta.get("properties", {}))
        self.check_properties({}, meta.get("appProperties", {}))
        self.check_time(meta, "modifiedTime")
        self.check_time(meta, "createdTime")
        if not isinstance(meta.get("name", ""), str):
            raise invalid("name")
        if size is not None:
            if meta.get("mimeType", "").startswith(NATIVE):
                raise invalid("mimeType", "A %s has no content to upload."
                              % meta["mimeType"], "badRequest")
            self.check_quota(who, None if parent.drive else who.email, size)
        if len(self.children(parent)) >= self.children_max:
            raise not_allowed("numChildrenInNonRootLimitExceeded", "The limit "
                              "for this folder's number of children (files "
                              "and folders) has been exceeded.")
        if parent.drive and sum(i.drive == parent.drive for i in
                                self.items.values()) > self.items_max:
            raise not_allowed("teamDriveFileLimitExceeded", "The file limit "
                              "for this shared drive has been exceeded.")
        return parent

    def check_id(self, meta):
        name = meta.get("id")
        if name is None:
            return
        if name in self.items or (
                name in self.history and name not in self.handed_out):
            raise refused(409, "fileIdInUse", "A file already exists with the "
                          "provided ID.")
        mime = meta.get("mimeType", "")
        if name not in self.handed_out or (
                mime.startswith(NATIVE) and mime != FOLDER):
            raise invalid("file.id", "The provided file ID is not usable.",
                          "fileIdNotUsable")

    def create(self, who, meta, data, mime, all_drives):
        """data None: no bytes were sent."""
        kind = meta.get("mimeType") or mime or "application/octet-stream"
        if data is None and not kind.startswith(NATIVE):
            data = b""
        parent = self.check_create(who, meta, all_drives,
                                   None if data is None else len(data))
        now = self.clock()
        item = Item(meta.get("name") or "Untitled", kind, now)
        item.created = self.check_time(meta, "createdTime") or now
        item.modified = self.check_time(meta, "modifiedTime") or now
        item.parent, item.drive = parent.id, parent.drive
        item.owner = None if parent.drive else who.email
        if kind == SHORTCUT:
            target = (meta.get("shortcutDetails") or {}).get("targetId")
            item.target = self.find(target, who, all_drives).id
        self.apply(item, who, meta)
        if data is not None:
            item.revisions.append(Revision(data, kind, now, who))
        return self.add(item, meta.get("id"), who)

    def apply(self, item, who, meta):
        """The parts of `meta` that are as they are said."""
        if "properties" in meta:
            item.properties = self.check_properties(
                item.properties, meta["properties"])
        if "appProperties" in meta:
            item.app_properties = dict(item.app_properties)
            item.app_properties[who.app] = self.check_properties(
                item.app_properties.get(who.app, {}), meta["appProperties"])
        for name in BOTH_WRITE - {"name", "mimeType", "properties", "kind",
                                  "appProperties", "modifiedTime"}:
            if name in meta:
                item.more[name] = meta[name]

    # changing

    def check_update(self, who, item, meta, size):
        self.check_fields(meta, UPDATE_WRITES)
        can = self.can(item, who)
        if not can["canEdit"]:
            raise not_allowed()
        if "name" in meta and not can["canRename"]:
            raise not_allowed()
        if "trashed" in meta:
            if not isinstance(meta["trashed"], bool):
                raise invalid("trashed")
            if not can["canTrash"]:
                raise not_allowed()
        self.check_properties(item.properties, meta.get("properties", {}))
        self.check_properties(item.app_properties.get(who.app, {}),
                              meta.get("appProperties", {}))
        self.check_time(meta, "modifiedTime")
        if size is not None:
            if item.mime.startswith(NATIVE):
                raise invalid("mimeType", "A %s has no content to upload."
                              % item.mime, "badRequest")
            self.check_quota(Who(who.email), item.owner, size - item.size)

    def update(self, who, item, meta, data=None, mime=None, add="",
               remove="", all_drives=False):
        self.check_update(who, item, meta, None if data is None else len(data))
        if add or remove:
            self.move(who, item, add, remove, all_drives)
        now = self.clock()
        if meta.get("mimeType"):
            item.mime = meta["mimeType"]
        if data is not None:
            self.add_revision(item, data, meta.get("mimeType") or mime, who)
        if meta.get("name"):
            item.name = meta["name"]
        if "trashed" in meta:
            item.trashed = meta["trashed"]
            item.trasher = who.email if item.trashed else None
        self.apply(item, who, meta)
        modified = self.check_time(meta, "modifiedTime")
        if modified is not None:
            item.modified = modified
        elif data is not None or "name" in meta or "description" in meta or (
                self.touches and ("properties" in meta or
                                  "appProperties" in meta)):
            item.modified = now
        self.changed(item, who)
        return item

    def add_revision(self, item, data, mime, who):
        """The service keeps some of the older ones for a while."""
        made = Revision(data, mime or item.mime, self.clock(), who)
        if self.same_revision and item.head and item.head.md5 == made.md5:
            made.id = item.head.id
            item.revisions = item.revisions[:-1] + [made]
        else:
            item.revisions = item.revisions + [made]
        at = -self.revisions_max
        item.revisions = [r for r in item.revisions[:at] if r.kept] + \
            item.revisions[at:]

    def move(self, who, item, add, remove, all_drives):
        added = [p for p in add.split(",") if p]
        root = self.root_of(who)
        removed = [root if p == "root" else p for p in remove.split(",") if p]
        if not added:
            if item.parent in removed:
                raise invalid("removeParents", "A file has one parent.",
                              "badRequest")
            return
        parent = self.find(added[0], who, all_drives)
        if len(added) > 1 or (
                item.parent not in removed and parent.id != item.parent):
            if item.drive:
                raise not_allowed("teamDrivesParentLimit", "A shared drive "
                                  "item must have exactly one parent.")
            raise not_allowed("cannotAddParent", "Increasing the number of "
                              "parents is not allowed")
        if not parent.is_folder:
            raise not_allowed("parentNotAFolder", "The specified parent is "
                              "not a folder.")
        if not self.may(parent, who, "writer"):
            raise not_allowed("insufficientParentPermissions", "Insufficient "
                              "permissions for the specified parent.")
        if not self.can(item, who)["canMoveItemWithinDrive"] or \
                parent.drive != item.drive:
            raise not_allowed()
        above = parent
        while above:
            if above is item:
                raise invalid("addParents", "A parent may not be below its "
                              "child.", "badRequest")
            above = self.items.get(above.parent)
        item.parent = parent.id

    def copy(self, who, item, meta, all_drives):
        if item.is_folder:
            raise not_allowed("cannotCopyFile", "This file cannot be copied "
                              "by the user.")
        meta = dict(meta)
        meta.setdefault("name", "Copy of " + item.name)
        # without a place it goes beside the first, where that is allowed
        if "parents" not in meta and item.parent:
            meta["parents"] = [item.parent]
        head = item.head
        made = self.create(who, dict(meta, mimeType=meta.get(
            "mimeType", item.mime)), head.data if head else None,
            item.mime, all_drives)
        made.properties = dict(item.properties, **made.properties)
        self.keep(made)
        return made

    def delete(self, who, item):
        if not self.can(item, who)["canDelete"]:
            raise not_allowed()
        self.drop(item)

    def drop(self, item):
        for gone in list(self.below(item)) + [item]:
            if gone.id in self.items:
                del self.items[gone.id]
                self.keep(gone)

    def empty_trash(self, who, drive):
        for item in list(self.items.values()):
            if item.trashed and item.id in self.items and (
                    item.drive == drive if drive
                    else item.owner == who.email):
                self.delete(who, item)

    # for tests

    def make_drive(self, name):
        root = Item(name, FOLDER, self.clock())
        made = self.add(root, new_id("0A", 14) + "9PVA", Who("nobody"))
        made.drive = made.id
        self.drives[made.id] = name
        self.keep(made)
        return made.id

    def share(self, item, email, role, kind="user"):
        if kind == "anyone":
            name = "anyoneWithLink"
        else:
            name = permission_id(email)
        if role == "none":
            item.permissions.pop(name, None)
        else:
            item.permissions[name] = {"id": name, "type": kind, "role": role}
            if email:
                item.permissions[name]["emailAddress"] = email
        self.keep(item)
        return item.permissions.get(name)

    def path(self, item):
        words = []
        while item and item.id not in self.roots.values() and \
                item.id not in self.drives:
            words.insert(0, item.name)
            item = self.items.get(item.parent)
        return "/".join(words)
