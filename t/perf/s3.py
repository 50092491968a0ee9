"""s3.py VERB [WORD...]: what the benchmarks of S3 ask of a server, and the way
of the Python Resutil.

The server is that of $AWS_ENDPOINT_URL. Verbs:

make BUCKET             makes it
empty BUCKET            removes all objects and uploads
puts BUCKET DIR [like]  a line for each file of DIR: a URL that it can be put
                        to, TAB, its path; `like`: and what resutil says of a
                        pack, each field behind another TAB
gets BUCKET [SIZE]      a line for each object: a URL that it can be got from; in
                        pieces of SIZE bytes, TAB, the range
list BUCKET PREFIX      a line: the URL of a listing
push-all BUCKET DIR     zips each directory in DIR and sends it, by ten threads:
                        the Python Resutil's way
pull-all BUCKET DIR     the other way round
"""
import base64
from concurrent.futures import ThreadPoolExecutor
import hashlib
import os
import sys
import tempfile
import zipfile

import boto3
from botocore.config import Config

THREADS = 10
EXPIRES = 7 * 24 * 3600

s3 = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"],
                  config=Config(signature_version="s3v4",
                                max_pool_connections=4 * THREADS,
                                s3={"addressing_style": "path"}))


def sign(method, **params):
    return s3.generate_presigned_url(method, Params=params, ExpiresIn=EXPIRES)


def objects(bucket):
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        yield from page.get("Contents", [])


def make(bucket):
    s3.create_bucket(Bucket=bucket)


def empty(bucket):
    uploads = s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
    for u in uploads:
        s3.abort_multipart_upload(Bucket=bucket, Key=u["Key"],
                                  UploadId=u["UploadId"])
    keys = [{"Key": o["Key"]} for o in objects(bucket)]
    for i in range(0, len(keys), 1000):
        s3.delete_objects(Bucket=bucket, Delete={"Objects": keys[i:i + 1000],
                                                 "Quiet": True})


def puts(bucket, directory, like=""):
    for name in sorted(os.listdir(directory)):
        path = os.path.join(directory, name)
        fields, params = {}, {}
        if like:
            with open(path, "rb") as f:
                digest = hashlib.md5(f.read()).digest()
            meta = {"resutil-tree": "0" * 64, "resutil-record": "1" * 64,
                    "resutil-id": "00000000-0000-4000-8000-000000000000",
                    "resutil-revision": "1"}
            params = {"Metadata": meta, "ContentType": "application/zip",
                      "ContentMD5": base64.b64encode(digest).decode()}
            fields = {"If-None-Match": "*",
                      "Content-Type": params["ContentType"],
                      "Content-MD5": params["ContentMD5"]}
            fields.update(("x-amz-meta-" + k, v) for k, v in meta.items())
        print(sign("put_object", Bucket=bucket, Key="limit/" + name,
                   **params), path,
              *("%s: %s" % field for field in fields.items()), sep="\t")


def gets(bucket, size="0"):
    size = int(size)
    for o in objects(bucket):
        url = sign("get_object", Bucket=bucket, Key=o["Key"])
        for at in range(0, o["Size"] if size else 1, size or 1):
            print(url, "%d-%d" % (at, min(at + size, o["Size"]) - 1)
                  if size else "", sep="\t")


def list_(bucket, prefix):
    print(sign("list_objects_v2", Bucket=bucket, Prefix=prefix,
               Delimiter="/"))


def push_all(bucket, source):
    def push(name):
        with tempfile.TemporaryDirectory() as scratch:
            path = os.path.join(scratch, name + ".zip")
            top = os.path.join(source, name)
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
                for root, _, files in os.walk(top):
                    for f in files:
                        full = os.path.join(root, f)
                        z.write(full, os.path.relpath(full, top))
            s3.upload_file(path, bucket, "bench/" + name + ".zip")

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(push, os.listdir(source)))


def pull_all(bucket, target):
    def pull(key):
        with tempfile.TemporaryDirectory() as scratch:
            path = os.path.join(scratch, "pack.zip")
            s3.download_file(bucket, key, path)
            with zipfile.ZipFile(path) as z:
                z.extractall(os.path.join(target,
                                          os.path.basename(key)[:-4]))

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(pull, [o["Key"] for o in objects(bucket)]))


VERBS = {"make": make, "empty": empty, "puts": puts, "gets": gets,
         "list": list_, "push-all": push_all, "pull-all": pull_all}
VERBS[sys.argv[1]](*sys.argv[2:])
