"""A store that is a real S3 server, for worlds whose store is no directory.

What lies in the bucket of a world is mirrored to its directory `store`, where
model.py reads it as it reads any other store; and from there it is put back.
Uploads that are not complete are mirrored by their names alone: those of
another time cannot be made again, so a scenario that needs one makes it anew
for each point (Scenario.each).
"""
import http.client
import importlib.util
import os
import re
import shutil
import subprocess
import time
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree

HELPERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helper")
PATIENCE = 120
UPLOADS = ".uploads"
CONF = """\
project_name: project
results_dir: results
storage_type: s3
storage_config:
  bucket_name: %s
  endpoint_url: %s
"""


def load(name):
    path = os.path.join(HELPERS, name)
    spec = importlib.util.spec_from_file_location("s3_ask", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SIGN = load("s3-ask.py").sign


class Server:
    """radosgw, for all worlds; `env` is what clients are told."""

    def __init__(self, top):
        self.top = os.path.join(top, "radosgw")
        os.makedirs(self.top)
        with open(os.path.join(self.top, "said"), "wb") as said:
            self.process = subprocess.Popen(
                ["/usr/bin/python3", os.path.join(HELPERS, "radosgw.py"),
                 self.top, str(os.getpid())],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                start_new_session=True)
        try:
            self.wait()
        except BaseException:
            self.end()
            raise

    def wait(self):
        ready, failed = (os.path.join(self.top, n) for n in ("ready", "failed"))
        end = time.monotonic() + PATIENCE
        while not os.path.exists(ready):
            if os.path.exists(failed) or self.process.poll() is not None or \
                    time.monotonic() > end:
                raise SystemExit("radosgw cannot be started (make test-deps "
                                 "installs it): see %s" % self.top)
            time.sleep(0.05)
        with open(ready, encoding="utf-8") as f:
            self.env = dict(line.split("=", 1)
                            for line in f.read().splitlines())

    def end(self):
        self.process.terminate()
        self.process.wait()


class Bucket:
    """The bucket of one world, asked without resutil."""

    def __init__(self, env, name):
        os.environ.update(env)          # where SIGN finds the keys
        self.env, self.at, self.name = env, env["S3_ENDPOINT"], name
        self.connection = None
        self.ask("PUT", "")

    def conf(self):
        return CONF % (self.name, self.at)

    def client_env(self):
        """What a command reads of the server, besides the conf."""
        return {"AWS_ACCESS_KEY_ID": self.env["S3_KEY"],
                "AWS_SECRET_ACCESS_KEY": self.env["S3_SECRET"],
                "AWS_REGION": self.env["S3_REGION"],
                "AWS_EC2_METADATA_DISABLED": "true"}

    def ask(self, method, key, body=b"", **query):
        """The body of the answer and its fields; the server may have closed
        an idle connection."""
        host = urlsplit(self.at).netloc
        path = quote("/%s/%s" % (self.name, key), safe="/-._~")
        words = "&".join("%s=%s" % (n, quote(v, safe="-._~"))
                         for n, v in sorted(query.items()))
        headers = {}
        SIGN(method, host, path, words, headers, body)
        for last in (False, True):
            try:
                if not self.connection:
                    self.connection = http.client.HTTPConnection(
                        host, timeout=PATIENCE)
                self.connection.request(
                    method, path + ("?" + words if words else ""),
                    body or None, headers)
                answer = self.connection.getresponse()
                data = answer.read()
                break
            except (http.client.HTTPException, OSError):
                self.connection.close()
                self.connection = None
                if last:
                    raise
        if answer.status // 100 != 2 and (method, answer.status) != (
                "DELETE", 404):
            raise RuntimeError("%s %s: %d %s" % (
                method, path, answer.status, data.decode()))
        return data

    def listed(self, element, **query):
        """The elements of that name in a listing, namespaces left out; what a
        world has fits into one page."""
        text = re.sub(r' xmlns="[^"]*"', "",
                      self.ask("GET", "", **query).decode())
        for at in ElementTree.fromstring(text).iter(element):
            yield {part.tag: part.text or "" for part in at}

    def objects(self):
        return {o["Key"]: o["ETag"].strip('"') for o in
                self.listed("Contents", **{"list-type": "2"})}

    def uploads(self):
        return sorted((u["Key"], u["UploadId"])
                      for u in self.listed("Upload", uploads=""))

    def forget(self, key, upload):
        self.ask("DELETE", key, uploadId=upload)

    # The mirror.

    def save(self, store):
        """Makes the directory what the bucket is."""
        shutil.rmtree(store, ignore_errors=True)
        for key in self.objects():
            path = os.path.join(store, key)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as f:
                f.write(self.ask("GET", key))
        for key, _ in self.uploads():
            path = os.path.join(store, UPLOADS, key)
            os.makedirs(path, exist_ok=True)
        os.makedirs(store, exist_ok=True)

    def keep(self):
        """What load() wants to know."""
        return self.objects()

    def load(self, store, etags):
        """Makes the bucket what the directory was; an object that is still
        the same, by its ETag, stays, for that of one in parts cannot be had
        again otherwise."""
        for key, upload in self.uploads():
            self.forget(key, upload)
        there = self.objects()
        for key in there:
            if not os.path.exists(os.path.join(store, key)):
                self.ask("DELETE", key)
        for key, etag in etags.items():
            if there.get(key) != etag:
                with open(os.path.join(store, key), "rb") as f:
                    self.ask("PUT", key, f.read())

    def settle(self, store):
        """Mirrors what the bucket is when nobody is at it any more: the server
        may end a request of a client that was killed."""
        before = None
        while True:
            now = (self.objects(), self.uploads())
            if now == before:
                return self.save(store)
            before = now
            time.sleep(0.05)
