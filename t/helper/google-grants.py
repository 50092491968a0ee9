#!/usr/bin/python3
"""google-grants.py KEYFILE SCOPE COMMAND...: what is a token service sent by
COMMAND, which finds the key in KEYFILE.mine, and by google-auth for the same
key? Prints both side by side, without times, and fails where the two differ or
a signature is wrong."""

import base64
import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl

import urllib3
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from google.auth.transport.urllib3 import Request
from google.oauth2 import service_account

SENT = []


class Service(BaseHTTPRequestHandler):
    def do_POST(self):
        size = int(self.headers["Content-Length"])
        SENT.append((self.path, self.headers.get_content_type(),
                     self.rfile.read(size).decode()))
        body = json.dumps({"access_token": "ya29.a%d" % len(SENT),
                           "expires_in": 3599,
                           "token_type": "Bearer"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def decode(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def read(sent, key):
    """A request without what is another each time."""
    path, kind, body = sent
    form = dict(parse_qsl(body, strict_parsing=True))
    signed, _, signature = form.pop("assertion").rpartition(".")
    head, claims = (json.loads(decode(p)) for p in signed.split("."))
    key.verify(decode(signature), signed.encode(), padding.PKCS1v15(),
               hashes.SHA256())
    claims["exp"] -= claims.pop("iat")
    return {"path": path, "kind": kind, "form": form, "head": head,
            "claims": claims}


def main(file, scope, *command):
    server = HTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with open(file) as f:
        info = json.load(f)
    info["token_uri"] = "http://127.0.0.1:%d/token" % server.server_port
    with open(file + ".mine", "w") as f:
        json.dump(info, f)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    theirs = service_account.Credentials.from_service_account_info(
        info, scopes=[scope])
    theirs.refresh(Request(urllib3.PoolManager()))
    server.shutdown()
    key = serialization.load_pem_private_key(info["private_key"].encode(),
                                             None).public_key()
    one, two = (json.dumps(read(s, key), indent=1, sort_keys=True)
                for s in SENT)
    print(one, two, sep="\n")
    return one != two


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
