"""What requests to Drive say in little languages: q (which files), orderBy;
and which fields there are to ask for. Refused is what the service refuses.

Source: developers.google.com/drive/api/guides/ref-search-terms,
.../guides/search-files, .../guides/fields-parameter.
"""

import re

FOLDER = "application/vnd.google-apps.folder"


def names(text, **inner):
    """A schema as google_fake.select_fields() wants it: {}: whatever stands
    there."""
    return dict({name: {} for name in text.split()}, **inner)


USER = names("kind displayName photoLink me permissionId emailAddress")
PERMISSION = names("""kind id type emailAddress domain role view
allowFileDiscovery displayName photoLink expirationTime deleted pendingOwner
permissionDetails teamDrivePermissionDetails inheritedPermissionsDisabled""")
FILE = names("""kind id name mimeType description starred trashed
explicitlyTrashed parents properties appProperties spaces version
webContentLink webViewLink iconLink hasThumbnail thumbnailLink
thumbnailVersion viewedByMe viewedByMeTime createdTime modifiedTime
modifiedByMeTime modifiedByMe sharedWithMeTime teamDriveId driveId shared
ownedByMe capabilities viewersCanCopyContent copyRequiresWriterPermission
writersCanShare permissionIds hasAugmentedPermissions folderColorRgb
originalFilename fullFileExtension fileExtension md5Checksum sha1Checksum
sha256Checksum size quotaBytesUsed headRevisionId contentHints isAppAuthorized
exportLinks shortcutDetails contentRestrictions labelInfo resourceKey
linkShareMetadata trashedTime imageMediaMetadata videoMediaMetadata""",
             owners=USER, sharingUser=USER, lastModifyingUser=USER,
             trashingUser=USER, permissions=PERMISSION)
REVISION = names("""kind id mimeType modifiedTime keepForever published
publishedLink publishAuto publishedOutsideDomain originalFilename md5Checksum
size exportLinks""", lastModifyingUser=USER)
DRIVE = names("""kind id name themeId colorRgb backgroundImageFile
backgroundImageLink capabilities createdTime hidden restrictions orgUnitId""")
FILE_LIST = names("kind nextPageToken incompleteSearch", files=FILE)
REVISION_LIST = names("kind nextPageToken", revisions=REVISION)
PERMISSION_LIST = names("kind nextPageToken", permissions=PERMISSION)
DRIVE_LIST = names("kind nextPageToken", drives=DRIVE)
IDS = names("kind ids space")
ABOUT = names("""kind storageQuota importFormats exportFormats maxImportSizes
maxUploadSize appInstalled folderColorPalette driveThemes teamDriveThemes
canCreateDrives canCreateTeamDrives""", user=USER)


class Unclear(Exception):
    """A text that the service does not understand."""


# Of a query of files: what may stand with a word.
EQUALS = {"=", "!="}
ORDERED = EQUALS | {"<", "<=", ">", ">="}
TERMS = {
    "name": (EQUALS | {"contains"}, str),
    "fullText": ({"contains"}, str),
    "mimeType": (EQUALS | {"contains"}, str),
    "modifiedTime": (ORDERED, str), "createdTime": (ORDERED, str),
    "viewedByMeTime": (ORDERED, str), "sharedWithMeTime": (ORDERED, str),
    "trashed": (EQUALS, bool), "starred": (EQUALS, bool),
    "sharedWithMe": (EQUALS, bool),
    "visibility": (EQUALS, str),
    "properties": ({"has"}, dict), "appProperties": ({"has"}, dict),
}
LISTS = {"parents", "owners", "writers", "readers"}
WORD = re.compile(
    r"\s*(?:('(?:[^'\\]|\\['\\])*')|([A-Za-z]+)|(<=|>=|!=|[=<>(){}]))")


def words_of(text):
    at, words = 0, []
    while text[at:].strip():
        found = WORD.match(text, at)
        if not found:
            raise Unclear(text)
        string, word, sign = found.groups()
        if string is not None:
            words.append(("string", re.sub(r"\\(.)", r"\1", string[1:-1])))
        else:
            words.append(("word", word) if word else ("sign", sign))
        at = found.end()
    return words


class Query:
    """A query taken apart: a test for a file. Words `and` and `or` bind alike
    and go from left to right. self.parents: the ids that it names."""

    def __init__(self, text):
        self.text = text
        self.words = words_of(text)
        self.at = 0
        self.parents = []
        self.has_choices = any(w in self.words for w in (
            ("word", "or"), ("word", "not")))
        self.test = self.chain() if self.words else lambda _: True
        if self.at != len(self.words):
            raise Unclear(text)

    def next(self, *wanted):
        if self.at < len(self.words) and self.words[self.at] in wanted:
            self.at += 1
            return self.words[self.at - 1][1]
        return None

    def take(self, kind):
        if self.at < len(self.words) and self.words[self.at][0] == kind:
            self.at += 1
            return self.words[self.at - 1][1]
        raise Unclear(self.text)

    def chain(self):
        test = self.one()
        while True:
            how = self.next(("word", "and"), ("word", "or"))
            if not how:
                return test
            test = self.joined(how, test, self.one())

    @staticmethod
    def joined(how, a, b):
        if how == "and":
            return lambda f: a(f) and b(f)
        return lambda f: a(f) or b(f)

    def one(self):
        if self.next(("word", "not")):
            inner = self.one()
            return lambda f: not inner(f)
        if self.next(("sign", "(")):
            inner = self.chain()
            if not self.next(("sign", ")")):
                raise Unclear(self.text)
            return inner
        if self.words[self.at:] and self.words[self.at][0] == "string":
            return self.element()
        return self.term()

    def element(self):
        value = self.take("string")
        if not self.next(("word", "in")):
            raise Unclear(self.text)
        name = self.take("word")
        if name not in LISTS:
            raise Unclear(self.text)
        if name == "parents":
            self.parents.append(value)
        return lambda f: value in f.words(name)

    def term(self):
        name = self.take("word")
        if name not in TERMS:
            raise Unclear(self.text)
        signs, kind = TERMS[name]
        if name == "sharedWithMe" and self.at_end():
            return lambda f: f.value(name)
        sign = self.words[self.at][1] if self.at < len(self.words) else None
        if sign not in signs:
            raise Unclear(self.text)
        self.at += 1
        if kind is dict:
            return self.property(name)
        if kind is bool:
            value = self.next(("word", "true"), ("word", "false"))
            if not value:
                raise Unclear(self.text)
            value = value == "true"
        else:
            value = self.take("string")
        return self.compare(name, sign, value)

    def at_end(self):
        return self.at == len(self.words) or self.words[self.at] in (
            ("word", "and"), ("word", "or"), ("sign", ")"))

    def property(self, name):
        pair = []
        for n, wanted in enumerate(("key", "value")):
            if not self.next(("sign", "{") if n == 0 else ("word", "and")) or \
                    not self.next(("word", wanted)) or \
                    not self.next(("sign", "=")):
                raise Unclear(self.text)
            pair.append(self.take("string"))
        if not self.next(("sign", "}")):
            raise Unclear(self.text)
        key, value = pair
        return lambda f: f.value(name).get(key) == value

    def compare(self, name, sign, value):
        if name.endswith("Time"):
            value = time_of(value, self.text)
            return lambda f: compared(sign, f.value(name), value)
        if sign == "contains":
            return lambda f: contains(name, f.value(name), value)
        if name == "name":
            # the service does not look at the case of a name
            return lambda f: compared(sign, f.value(name).casefold(),
                                      value.casefold())
        return lambda f: compared(sign, f.value(name), value)


def contains(name, text, part):
    """Of names the beginnings of words, of types the beginning."""
    text, part = text.casefold(), part.casefold()
    if name == "mimeType":
        return text.startswith(part)
    return any(text[m.start():].startswith(part)
               for m in re.finditer(r"(?<![^\W_])[^\W_]|^.", text))


def compared(sign, a, b):
    if sign == "=":
        return a == b
    if sign == "!=":
        return a != b
    if a is None:
        return False
    return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[sign]


def time_of(text, whole=None):
    """Milliseconds since 1970 of a time as RFC 3339 has them; UTC where no
    zone stands."""
    from calendar import timegm
    found = re.fullmatch(
        r"(\d{4})-(\d\d)-(\d\d)(?:[Tt](\d\d):(\d\d):(\d\d)(\.\d+)?"
        r"([Zz]|[+-]\d\d:\d\d)?)?", text)
    if not found:
        raise Unclear(whole or text)
    parts = [int(p or 0) for p in found.groups()[:6]]
    zone = found[8] or "Z"
    offset = 0
    if zone not in "Zz":
        offset = int(zone[1:3]) * 3600 + int(zone[4:6]) * 60
        offset = -offset if zone[0] == "-" else offset
    try:
        seconds = timegm(tuple(parts) + (0, 0, 0)) - offset
    except (ValueError, OverflowError):
        raise Unclear(whole or text) from None
    return seconds * 1000 + int(float(found[7] or 0) * 1000)


ORDERS = {"createdTime", "folder", "modifiedByMeTime", "modifiedTime", "name",
          "name_natural", "quotaBytesUsed", "recency", "sharedWithMeTime",
          "starred", "viewedByMeTime"}


def natural(text):
    return [(0, int(p), "") if p.isdigit() else (1, 0, p)
            for p in re.split(r"(\d+)", text.casefold()) if p]


def order_keys(text):
    """[(NAME, whether it goes down)] of orderBy."""
    keys = []
    for part in text.split(","):
        words = part.split()
        if not words or words[0] not in ORDERS or words[1:] not in (
                [], ["desc"], ["asc"]):
            raise Unclear(text)
        keys.append((words[0], words[1:] == ["desc"]))
    return keys


def order_value(f, name):
    if name == "folder":
        return f.value("mimeType") != FOLDER
    if name == "name":
        return f.value("name").casefold()
    if name == "name_natural":
        return natural(f.value("name"))
    if name == "recency":
        name = "modifiedTime"
    return f.value(name) or 0
