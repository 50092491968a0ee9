"""What tests may do with the fake Drive: see google_fake.py."""

import base64

from drive_model import Who
from drive_query import FOLDER
from google_fake import Refused, Service


class DriveControl(Service):
    """Behind Drive of drive_service.py in the list of services."""

    def control_drive(self, args):
        """{"lag": N}: so many listings see what was before each change;
        {"page_max": N}; {"empty_pages": N}: the next ones; {"touches": BOOL}:
        other properties are another modifiedTime; {"same_revision": BOOL}: the
        same content is no new revision; {"revisions_max": N} of a file;
        {"old_revisions": BOOL}: they can be downloaded, also those that are
        not kept forever; {"children_max": N}, {"items_max": N}; {"ids": TEXT}:
        those that are generated from here on begin so; {"drop_page_tokens":
        true}. Returns the state."""
        drives = self.world.drives
        if args.pop("drop_page_tokens", False):
            drives.pages.clear()
        for name, value in args.items():
            if name not in ("lag", "page_max", "empty_pages", "touches",
                            "same_revision", "revisions_max",
                            "old_revisions", "children_max",
                            "items_max", "ids"):
                raise Refused(400, "invalid", "no such setting: " + name)
            setattr(drives, name, value)
        return {"lag": drives.lag, "listings": drives.listings,
                "items": len(drives.items)}

    def control_drive_shared(self, args):
        """{"name"}: a shared drive. {"id"}"""
        return {"id": self.world.drives.make_drive(args["name"])}

    def owner(self, args):
        return Who(args.get("owner", "owner@example.com"),
                   args.get("app", "a browser"))

    def control_drive_folder(self, args):
        """{"name", "parent", "owner"}: a folder of a person; without parent in
        My Drive. {"id"}"""
        return self.make(args, FOLDER, None)

    def control_drive_file(self, args):
        """{"name", "parent", "owner", "text" or "base64" or "path",
        "mimeType", "properties", "modifiedTime", "createdTime"}: {"id"}"""
        if "base64" in args:
            data = base64.b64decode(args["base64"])
        elif "path" in args:
            with open(args["path"], "rb") as f:
                data = f.read()
        else:
            data = args["text"].encode() if "text" in args else None
        return self.make(args, args.get("mimeType",
                                        "application/octet-stream"), data)

    def make(self, args, mime, data):
        drives, who = self.world.drives, self.owner(args)
        parent = drives.items[args.get("parent") or drives.root_of(who)]
        meta = {n: args[n] for n in (
            "name", "properties", "appProperties", "createdTime",
            "modifiedTime", "shortcutDetails") if n in args}
        # The test is allowed everything.
        had = parent.permissions
        parent.permissions = dict(had, test={
            "id": "test", "type": "user", "emailAddress": who.email,
            "role": "organizer"})
        try:
            made = drives.create(who, dict(meta, mimeType=mime, parents=[
                parent.id]), data, mime, True)
        finally:
            parent.permissions = had
        if made.owner and parent.owner:
            made.owner = parent.owner
        return {"id": made.id}

    def control_drive_fill(self, args):
        """{"parent", "count": N, "name": "run-%04d.zip", "text"}: so many
        files at once, numbered from 0."""
        for n in range(args["count"]):
            self.control_drive_file(dict(args, text=args.get("text", "x"),
                                         name=args["name"] % n))

    def control_drive_share(self, args):
        """{"id", "email", "role"}: "none" takes it away; {"type": "anyone"}
        without email."""
        drives = self.world.drives
        drives.share(drives.items[args["id"]], args.get("email"),
                     args["role"], args.get("type", "user"))

    def control_drive_quota(self, args):
        """{"email", "limit"}: bytes; null: no limit."""
        self.world.drives.limits[args["email"]] = args["limit"]

    def control_drive_trash(self, args):
        """{"id", "trashed": BOOL (true)}"""
        item = self.world.drives.items[args["id"]]
        item.trashed = args.get("trashed", True)
        item.trasher = item.last
        self.world.drives.changed(item, Who(item.last))

    def control_drive_delete(self, args):
        """{"id"}"""
        self.world.drives.drop(self.world.drives.items[args["id"]])

    def control_drive_change(self, args):
        """{"id", "name", "parent", "modified", "created" (milliseconds since
        1970), "mime", "abusive", "damage": N}: sets these without a word;
        damage: the byte at N of what is downloaded is another one (its
        checksums are told as they were)."""
        item = self.world.drives.items[args.pop("id")]
        at = args.pop("damage", None)
        if at is not None:
            data = bytearray(item.head.data)
            data[at] ^= 1
            item.head.data = bytes(data)
        for name in ("name", "parent", "modified", "created", "mime",
                     "abusive"):
            if name in args:
                setattr(item, name, args[name])
        self.world.drives.changed(item, Who(item.last))

    def control_drive_tree(self, args):
        """{} or {"id"}: all files, or those below a folder, sorted by path:
        {"files": [...]}"""
        drives = self.world.drives
        items = drives.items.values()
        if "id" in args:
            items = drives.below(drives.items[args["id"]])
        return {"files": sorted(({
            "id": i.id, "path": drives.path(i), "name": i.name,
            "folder": i.is_folder, "mime": i.mime, "parent": i.parent,
            "drive": i.drive, "owner": i.owner, "trashed": i.trashed,
            "size": i.size, "md5": i.head.md5 if i.head else None,
            "revisions": len(i.revisions), "created": i.created,
            "modified": i.modified, "properties": i.properties,
            "app_properties": i.app_properties, "version": i.version}
            for i in items), key=lambda f: (f["path"], f["created"],
                                            f["id"]))}

    def control_drive_read(self, args):
        """{"id"}: what is in a file: {"base64"}"""
        return {"base64": base64.b64encode(
            self.world.drives.items[args["id"]].head.data).decode()}

    def control_drive_sessions(self, args):
        """See google_session.py."""
        return self.world.drive_sessions.control(args)
