#!/usr/bin/python3
"""identity-provider.py PORTFILE TOKEN PASS: who vouches for a machine, on a
loopback port; those that ask show PASS in the field X-Pass.

    /token      TOKEN
    /json       {"who": {...}, "value": TOKEN}
    /empty /html /large /down /moved    what it sounds like

Where PASS has an '@', it is a machine of GCE, too, of that account and TOKEN.

A POST to /echo is refused with all that was sent in the answer, as some servers
do it; one to /answer/TEXT is answered with that TEXT (%XX).
"""
import http.server
import json
import os
import sys
import urllib.parse

MACHINE = "/computeMetadata/v1/instance/service-accounts/default/"


class Provider(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        token, password = sys.argv[2:4]
        path = self.path.split("?")[0]
        answers = {
            "/token": (200, token + "\n"),
            "/json": (200, json.dumps({"who": {"am": "I"}, "value": token})),
            "/empty": (200, ""),
            "/html": (200, "<html><body>Log in to this network</body>"),
            "/large": (200, "x" * 100000),
            "/down": (503, "down"),
            "/moved": (302, ""),
        }
        status, text = answers.get(path, (404, "none"))
        if path.startswith(MACHINE) and "@" in password:
            return self.machine(path[len(MACHINE):])
        if self.headers.get("X-Pass") != password:
            status, text = 403, "no pass"
        self.answer(status, text, status == 302)

    def machine(self, name):
        token, email = sys.argv[2:4]
        if self.headers.get("Metadata-Flavor") != "Google":
            return self.answer(403, "no flavor")
        texts = {"email": email, "token": json.dumps({
            "access_token": token, "expires_in": 3599,
            "token_type": "Bearer"})}
        self.answer(200 if name in texts else 404, texts.get(name, ""),
                    fields={"Metadata-Flavor": "Google"})

    def do_POST(self):
        size = int(self.headers["Content-Length"])
        form = dict(urllib.parse.parse_qsl(self.rfile.read(size).decode()))
        if self.path.startswith("/answer/"):
            self.answer(200, urllib.parse.unquote(self.path[8:]))
        else:
            self.answer(400, json.dumps({
                "error": "invalid_grant", "error_description":
                "what is %s?" % " and ".join([
                    *form.values(), self.headers.get("Authorization", "")])}))

    def answer(self, status, text, moved=False, fields=None):
        self.send_response(status)
        for name, value in (fields or {}).items():
            self.send_header(name, value)
        if moved:
            self.send_header("Location", "/token")
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
with open(sys.argv[1] + ".new", "w") as f:
    print(server.server_port, file=f)
os.rename(sys.argv[1] + ".new", sys.argv[1])
server.serve_forever()
