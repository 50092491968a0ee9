"""Roles on a bucket, the permissions that they have, and the scopes of tokens
that reach them, for the fakes.

Source: cloud.google.com/storage/docs/access-control/iam-roles and /iam-json,
cloud.google.com/storage/docs/authentication.
"""

from google_fake import AUTH

WRITE_SCOPES = {AUTH + s for s in (
    "devstorage.read_write", "devstorage.full_control", "cloud-platform")}
READ_SCOPES = WRITE_SCOPES | {AUTH + s for s in (
    "devstorage.read_only", "cloud-platform.read-only")}
OBJECTS = ["storage.objects." + p for p in
           ("create", "delete", "get", "list", "update")]
GET, LIST = "storage.objects.get", "storage.objects.list"
CREATE, DELETE = "storage.objects.create", "storage.objects.delete"
UPDATE, BUCKET = "storage.objects.update", "storage.buckets.get"
IAM = ["storage.buckets.getIamPolicy", "storage.buckets.setIamPolicy"]
ROLES = {
    "storage.objectUser": OBJECTS,
    "storage.objectViewer": [GET, LIST],
    "storage.objectCreator": [CREATE],
    "storage.objectAdmin": OBJECTS + ["storage.objects.getIamPolicy",
                                      "storage.objects.setIamPolicy"],
    "storage.admin": OBJECTS + IAM + [
        "storage.buckets." + p for p in
        ("create", "delete", "get", "list", "update")],
    "storage.legacyObjectReader": [GET],
    "storage.legacyObjectOwner": [GET, UPDATE],
    "storage.legacyBucketReader": [BUCKET, LIST],
    "storage.legacyBucketWriter": [BUCKET, LIST, CREATE, DELETE],
    "storage.legacyBucketOwner": [BUCKET, "storage.buckets.update", LIST,
                                  CREATE, DELETE] + IAM,
}
READS = {GET, LIST, BUCKET, "storage.buckets.list", IAM[0]}
