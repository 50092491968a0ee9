#!/usr/bin/python3
"""google-client.py KEYFILE ROOT VERB ARGUMENT...: what python3-google-auth,
Google's own library for tokens, does with the server at ROOT; its requests are
sent by python3-requests. KEYFILE "-": as google.auth.default() finds it;
"machine": of the metadata server that GCE_METADATA_ROOT names; a file of type
authorized_user: of the token endpoint that the file names.

    token                           what kind of them we have, and whose
    list BUCKET [PREFIX]            names, two a page
    stat BUCKET KEY                 JSON
    get BUCKET KEY                  to stdout
    read-all BUCKET PREFIX DIR      each object below DIR, its name escaped
    tree BUCKET PREFIX DIR          puts each file below DIR that may be
                                    an object
    put BUCKET KEY FILE [JSON]      in one request, with this about it
    resume BUCKET KEY FILE MIB [JSON]   in a session, so many MiB a piece
    compose BUCKET KEY FILE MIB     put together by the server of pieces
    remove BUCKET KEY...
"""

import base64
import hashlib
import json
import os
import sys
from urllib.parse import quote

import google.auth
import google.auth.compute_engine
import google.oauth2.credentials
from google.auth.transport.requests import AuthorizedSession, Request
from google.oauth2 import service_account

SCOPES = ["https://www.googleapis.com/auth/devstorage.read_write"]
key_file, root, verb = sys.argv[1:4]


def find_credentials():
    if key_file == "-":
        return google.auth.default(scopes=SCOPES)[0]
    if key_file == "machine":
        return google.auth.compute_engine.Credentials()
    with open(key_file) as f:
        info = json.load(f)
    if info["type"] == "authorized_user":
        return google.oauth2.credentials.Credentials(
            None, refresh_token=info["refresh_token"],
            token_uri=info["token_uri"], client_id=info["client_id"],
            client_secret=info["client_secret"])
    return service_account.Credentials.from_service_account_info(
        info, scopes=SCOPES)


credentials = find_credentials()
session = AuthorizedSession(credentials)


def ask(method, path, **more):
    answer = session.request(
        method, path if "://" in path else root + path, **more)
    if answer.status_code >= 400:
        sys.exit("%d: %s" % (answer.status_code, answer.text))
    return answer


def objects(bucket, key=None):
    path = "/storage/v1/b/%s/o" % quote(bucket, safe="")
    return path if key is None else path + "/" + quote(key, safe="")


def uploads(bucket, kind, key):
    return "/upload/storage/v1/b/%s/o?uploadType=%s&name=%s" % (
        quote(bucket, safe=""), kind, quote(key, safe=""))


def token():
    credentials.refresh(Request())
    print(type(credentials).__module__,
          getattr(credentials, "service_account_email", "-"),
          "valid" if credentials.valid else "not valid")


def each(bucket, prefix=""):
    page = {"prefix": prefix, "maxResults": 2,
            "fields": "nextPageToken,items/name"}
    while True:
        answer = ask("GET", objects(bucket), params=page).json()
        for item in answer.get("items", []):
            yield item["name"]
        if "nextPageToken" not in answer:
            return
        page["pageToken"] = answer["nextPageToken"]


def names(bucket, prefix=""):
    for name in each(bucket, prefix):
        print(name)


def stat(bucket, key):
    print(json.dumps(ask("GET", objects(bucket, key)).json(), indent=1,
                     ensure_ascii=False))


def read(bucket, key):
    """The bytes, whose MD5 is what it is said to be."""
    answer = ask("GET", objects(bucket, key), params={"alt": "media"})
    said = dict(s.strip().partition("=")[::2] for s in
                answer.headers["x-goog-hash"].split(","))
    is_md5 = base64.b64encode(hashlib.md5(answer.content).digest()).decode()
    if said.get("md5", is_md5) != is_md5:
        sys.exit("the MD5 is another one: " + key)
    return answer.content


def get(bucket, key):
    sys.stdout.buffer.write(read(bucket, key))


def read_all(bucket, prefix, top):
    for key in each(bucket, prefix):
        with open(os.path.join(top, quote(key, safe="")), "wb") as f:
            f.write(read(bucket, key))


def is_name(key):
    """There are files whose names no object can have."""
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return "\n" not in key and "\r" not in key


def tree(bucket, prefix, top):
    for where, _, files in os.walk(top):
        for file in files:
            path = os.path.join(where, file)
            key = prefix + os.path.relpath(path, top)
            if is_name(key):
                put(bucket, key, path)


def put(bucket, key, path, about="{}"):
    with open(path, "rb") as f:
        put_data(bucket, key, f.read(), json.loads(about))


def put_data(bucket, key, data, about):
    about["name"] = key
    about["md5Hash"] = base64.b64encode(hashlib.md5(data).digest()).decode()
    mark = b"--of a test"
    body = (b"--%b\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n%b"
            b"\r\n--%b\r\nContent-Type: application/octet-stream\r\n\r\n%b"
            b"\r\n--%b--\r\n" % (mark, json.dumps(about).encode(), mark, data,
                                 mark))
    ask("POST", uploads(bucket, "multipart", key), data=body, headers={
        "Content-Type": "multipart/related; boundary=\"%s\"" % mark.decode()})


def resume(bucket, key, path, mib, about="{}"):
    size, step = os.path.getsize(path), int(mib) << 20
    where = ask("POST", uploads(bucket, "resumable", key),
                json=json.loads(about)).headers["location"]
    with open(path, "rb") as f:
        for at in range(0, size, step):
            data = f.read(step)
            end = at + len(data)
            ask("PUT", where, data=data, headers={
                "Content-Range": "bytes %d-%d/%s" % (
                    at, end - 1, size if end == size else "*")})


def compose(bucket, to, path, mib):
    pieces = []
    with open(path, "rb") as f:
        for data in iter(lambda: f.read(int(mib) << 20), b""):
            pieces.append("%s.%d" % (to, len(pieces)))
            put_data(bucket, pieces[-1], data, {})
    ask("POST", objects(bucket, to) + "/compose", json={
        "sourceObjects": [{"name": k} for k in pieces],
        "destination": {"contentType": "application/zip"}})
    remove(bucket, *pieces)


def remove(bucket, *keys):
    for key in keys:
        ask("DELETE", objects(bucket, key))


VERBS = {"list": names, "read-all": read_all}
(VERBS.get(verb) or globals()[verb])(*sys.argv[4:])
