"""A store that is Cloud Storage's fake, for worlds whose store is no directory.

As s3.py: what lies in the bucket of a world is mirrored to its directory
`store`, where model.py reads it. The fake itself keeps what the bucket was, with
all generations, which notes on the disk refer to; and from there it is put back.
Sessions of uploads end with that.
"""
import http.client
import json
import os
import shutil
import subprocess
import time
from urllib.parse import quote, urlsplit

HELPERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../helper")
PATIENCE = 120
ACCOUNT = "resutil-bot@lab-project.iam.gserviceaccount.com"
KEY_ID = "0123456789abcdef0123456789abcdef01234567"
CONF = """\
project_name: project
results_dir: results
storage_type: gcs
storage_config:
  backet_name: %s
  key_file_path: %s
  api_root: %s
"""


class Control:
    """What only tests may ask of the fake, by one connection."""

    def __init__(self, root):
        self.host = urlsplit(root).netloc
        self.connection = None

    def ask(self, method, path, body=None, headers=None):
        for last in (False, True):
            try:
                if not self.connection:
                    self.connection = http.client.HTTPConnection(
                        self.host, timeout=PATIENCE)
                self.connection.request(method, path, body, headers or {})
                answer = self.connection.getresponse()
                data = answer.read()
                break
            except (http.client.HTTPException, OSError):
                self.connection.close()
                self.connection = None
                if last:
                    raise
        if answer.status != 200:
            raise RuntimeError("%s %s: %d %s" % (
                method, path, answer.status, data.decode()))
        return data

    def do(self, control, **args):
        return json.loads(self.ask("POST", "/_test/" + control,
                                   json.dumps(args)))


class Server:
    """The fake, for all worlds; `env` is what buckets are told."""

    def __init__(self, top):
        self.top = os.path.join(top, "gcs")
        os.makedirs(self.top)
        with open(os.path.join(self.top, "said"), "wb") as said:
            self.process = subprocess.Popen(
                ["/usr/bin/python3", os.path.join(HELPERS, "fake-gcs.py"),
                 "--watch=%d" % os.getpid(), os.path.join(self.top, "port")],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                start_new_session=True)
        try:
            root = "http://127.0.0.1:" + self.wait()
            self.env = {"root": root, "key": self.make_key(root)}
        except BaseException:
            self.end()
            raise

    def wait(self):
        port = os.path.join(self.top, "port")
        end = time.monotonic() + PATIENCE
        while not os.path.exists(port):
            if self.process.poll() is not None or time.monotonic() > end:
                raise SystemExit("fake-gcs.py cannot be started (make "
                                 "test-deps installs what it needs): see %s"
                                 % self.top)
            time.sleep(0.05)
        with open(port, encoding="utf-8") as f:
            return f.read().strip()

    def openssl(self, *argv):
        return subprocess.run(["openssl", *argv], check=True, text=True,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL).stdout

    def make_key(self, root):
        pem = os.path.join(self.top, "pem")
        self.openssl("genpkey", "-algorithm", "RSA", "-pkeyopt",
                     "rsa_keygen_bits:2048", "-out", pem)
        Control(root).do("account", email=ACCOUNT, key_id=KEY_ID,
                         public_key=self.openssl("pkey", "-in", pem,
                                                 "-pubout"))
        with open(pem, encoding="utf-8") as f:
            key = {"type": "service_account", "project_id": "lab-project",
                   "private_key_id": KEY_ID, "private_key": f.read(),
                   "client_email": ACCOUNT, "token_uri": root + "/token"}
        path = os.path.join(self.top, "key.json")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w",
                  encoding="utf-8") as f:
            json.dump(key, f)
        return path

    def end(self):
        self.process.terminate()
        self.process.wait()


class Bucket:
    """The bucket of one world, asked without resutil."""

    def __init__(self, env, name):
        self.env, self.name = env, name
        self.control = Control(env["root"])
        self.control.do("bucket", name=name, roles={ACCOUNT: [
            "storage.objectUser", "storage.legacyBucketReader"]})
        self.token = self.control.do("token", email=ACCOUNT,
                                     seconds=10 ** 6)["access_token"]

    def conf(self):
        return CONF % (self.name, self.env["key"], self.env["root"])

    def client_env(self):
        """What a command reads, besides the conf."""
        return {"RESUTIL_CONFIG_COUNT": "1",
                "RESUTIL_CONFIG_KEY_0": "google.trusted-hosts",
                "RESUTIL_CONFIG_VALUE_0": urlsplit(self.env["root"]).netloc,
                "NO_GCE_CHECK": "true"}

    def objects(self):
        return {o["name"]: o["generation"] for o in
                self.control.do("objects", bucket=self.name)["objects"]}

    def uploads(self):
        return [(s["about"], s["size"])
                for s in self.control.do("sessions")["sessions"]
                if s["state"] == "open" and
                s["about"].startswith(self.name + "/")]

    # The mirror.

    def read(self, key):
        return self.control.ask(
            "GET", "/storage/v1/b/%s/o/%s?alt=media" % (
                self.name, quote(key, safe="")), None,
            {"Authorization": "Bearer " + self.token})

    def save(self, store):
        """Makes the directory what the bucket is."""
        shutil.rmtree(store, ignore_errors=True)
        os.makedirs(store)
        for key in self.objects():
            path = os.path.join(store, key)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as f:
                f.write(self.read(key))

    def keep(self):
        """What load() makes of the bucket again."""
        self.control.do("keep", bucket=self.name)
        return True

    def load(self, _, kept):
        self.control.do("restore", bucket=self.name, empty=not kept)

    def settle(self, store):
        """Mirrors what the bucket is when nobody is at it any more."""
        before = None
        while True:
            now = (self.objects(), self.uploads())
            if now == before:
                return self.save(store)
            before = now
            time.sleep(0.05)
