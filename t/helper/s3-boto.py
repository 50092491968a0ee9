#!/usr/bin/python3
"""s3-boto.py COMMAND...: what boto3, Amazon's own client for Python, does with
the server that the environment names.

    put BUCKET KEY FILE [NAME=VALUE]...  in one request, with metadata
    upload BUCKET KEY FILE MIB...        in parts of so many MiB, in turn
    tree BUCKET PREFIX DIR               each file below DIR
    get BUCKET KEY                       to stdout
    read-all BUCKET PREFIX DIR           each object below DIR, its key escaped
    keys BUCKET [PREFIX]                 a line of JSON each: key, size
    head BUCKET KEY                      a line NAME=VALUE for each
    parts BUCKET KEY                     how many it was put in, by its ETag
    uploads BUCKET                       keys of uploads that are open
    remove BUCKET KEY...
"""

import json
import os
import sys
from urllib.parse import quote

import boto3
from botocore.config import Config

s3 = boto3.client(
    "s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"],
    config=Config(retries={"max_attempts": 3},
                  s3={"addressing_style": "path"}))


def put(bucket, key, name, *meta):
    with open(name, "rb") as f:
        s3.put_object(Bucket=bucket, Key=key, Body=f.read(),
                      Metadata=dict(m.split("=", 1) for m in meta))


def upload(bucket, key, name, *sizes):
    which = {"Bucket": bucket, "Key": key}
    which["UploadId"] = s3.create_multipart_upload(**which)["UploadId"]
    parts = []
    with open(name, "rb") as f:
        while True:
            size = int(sizes[len(parts) % len(sizes)]) << 20
            data = f.read(size)
            if not data:
                break
            number = len(parts) + 1
            etag = s3.upload_part(PartNumber=number, Body=data,
                                  **which)["ETag"]
            parts.append({"PartNumber": number, "ETag": etag})
    s3.complete_multipart_upload(MultipartUpload={"Parts": parts}, **which)


def tree(bucket, prefix, top):
    top = os.fsencode(top)
    for root, _, files in os.walk(top):
        for file in files:
            path = os.path.join(root, file)
            try:
                key = prefix + os.path.relpath(path, top).decode()
            except UnicodeDecodeError:
                continue        # no key of S3
            with open(path, "rb") as f:
                s3.put_object(Bucket=bucket, Key=key, Body=f.read())


def get(bucket, key):
    for piece in s3.get_object(Bucket=bucket, Key=key)["Body"]:
        sys.stdout.buffer.write(piece)


def each(bucket, prefix=""):
    pages = s3.get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", [])


def read_all(bucket, prefix, top):
    for o in each(bucket, prefix):
        s3.download_file(bucket, o["Key"],
                         os.path.join(top, quote(o["Key"], safe="")))


def keys(bucket, prefix=""):
    for o in each(bucket, prefix):
        print(json.dumps([o["Key"], o["Size"]]))


def head(bucket, key):
    answer = s3.head_object(Bucket=bucket, Key=key)
    print("size=%d" % answer["ContentLength"])
    for name, value in sorted(answer["Metadata"].items()):
        print("%s=%s" % (name, value))


def parts(bucket, key):
    answer = s3.head_object(Bucket=bucket, Key=key)
    _, _, number = answer["ETag"].strip('"').partition("-")
    print(number or "one")


def uploads(bucket):
    for u in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
        print(u["Key"])


def remove(bucket, *names):
    for key in names:
        s3.delete_object(Bucket=bucket, Key=key)


globals()[sys.argv[1].replace("-", "_")](*sys.argv[2:])
