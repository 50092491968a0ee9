"""Services that hand out keys, on a loopback port: an instance's metadata
(IMDSv2), a container's credentials, and the Security Token Service.

    metadata-server.py PORTFILE RULES LOG

RULES is a JSON file, read at each request; all its members may be missing:

    seconds     how long keys hold (3600); "never": no Expiration
    prefix      of access key ids ("ASIAMETA"); a number follows, which grows
    keys        [ID, SECRET]: always these, without a token
    role        of the instance ("some-role"); null: it has none
    v1          the instance answers without a token, too (what old ones do)
    token       of the Authorization field that a container must say
    web_token   that AssumeRoleWithWebIdentity takes
    signers     {ID: SECRET} that AssumeRole takes; the signature is checked
    status      every request is answered so
    body        every answer has this body
    delay       seconds before an answer

LOG gets a JSON line for each request: method, path, form, headers without
what is secret, the id that was handed out.
"""
import datetime
import hashlib
import hmac
import http.server
import json
import os
import sys
import threading
import time
import urllib.parse

STS = """<{0}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
 <{0}Result>
  <AssumedRoleUser><Arn>{1}</Arn><AssumedRoleId>X:y</AssumedRoleId></AssumedRoleUser>
  <Credentials><AccessKeyId>{2}</AccessKeyId>
   <SecretAccessKey>{3}</SecretAccessKey>
   <SessionToken>{4}</SessionToken><Expiration>{5}</Expiration></Credentials>
 </{0}Result>
 <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>
</{0}Response>"""

STS_ERROR = """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
 <Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error>
 <RequestId>1</RequestId></ErrorResponse>"""

lock = threading.Lock()
count = 0


def new_keys(rules):
    global count
    with lock:
        count += 1
        number = count
    seconds = rules.get("seconds", 3600)
    keys = {
        "AccessKeyId": "%s%04d" % (rules.get("prefix", "ASIAMETA"), number),
        "SecretAccessKey": "metasecret/+%04d" % number,
        "Token": "metatoken/+=%04d" % number,
    }
    if "keys" in rules:
        keys = dict(zip(("AccessKeyId", "SecretAccessKey"), rules["keys"]))
    if seconds != "never":
        end = datetime.datetime.utcnow() + datetime.timedelta(seconds=seconds)
        keys["Expiration"] = end.strftime("%Y-%m-%dT%H:%M:%SZ")
    return keys


def signature(secret, scope, text):
    key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def is_signed(handler, body, signers):
    """Whether the Authorization field signs this request to sts."""
    text = handler.headers.get("Authorization", "")
    method, _, rest = text.partition(" ")
    if method != "AWS4-HMAC-SHA256":
        return False
    parts = dict(p.strip().split("=", 1) for p in rest.split(","))
    key_id, _, scope = parts["Credential"].partition("/")
    secret = signers.get(key_id)
    if secret is None or not scope.endswith("/sts/aws4_request"):
        return False
    names = parts["SignedHeaders"].split(";")
    canonical = "\n".join(
        [handler.command, "/", ""]
        + ["%s:%s" % (n, handler.headers[n].strip()) for n in names]
        + ["", ";".join(names), hashlib.sha256(body).hexdigest()])
    text = "\n".join(
        ["AWS4-HMAC-SHA256", handler.headers["x-amz-date"], scope,
         hashlib.sha256(canonical.encode()).hexdigest()])
    return hmac.compare_digest(parts["Signature"],
                               signature(secret, scope, text))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    form = None

    def log_message(self, *args):
        pass

    def note(self, status, handed=None):
        line = {"method": self.command, "path": self.path, "status": status,
                "form": self.form, "handed": handed,
                "fields": sorted(n.lower() for n in self.headers.keys())}
        with lock, open(self.server.log, "a") as f:
            f.write(json.dumps(line) + "\n")

    def answer(self, status, body, handed=None):
        if isinstance(body, dict):
            body = json.dumps(body)
        body = self.rules.get("body", body).encode()
        self.note(status, handed)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def begin(self):
        """Reads the rules and the body; None when all is answered."""
        try:
            with open(self.server.rules) as f:
                self.rules = json.load(f)
        except FileNotFoundError:
            self.rules = {}
        self.form = None
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        time.sleep(self.rules.get("delay", 0))
        if "status" in self.rules:
            self.answer(self.rules["status"], "")
            return None
        return body

    def do_PUT(self):
        if self.begin() is None:
            return
        if self.path != "/latest/api/token" or \
           not self.headers.get("x-aws-ec2-metadata-token-ttl-seconds"):
            return self.answer(400, "")
        if self.headers.get("X-Forwarded-For"):
            return self.answer(403, "")
        self.answer(200, "imds-token-0123456789==")

    def do_GET(self):
        if self.begin() is None:
            return
        if self.path.startswith("/latest/"):
            return self.instance()
        if self.path.startswith("/container"):
            return self.container()
        self.answer(404, "")

    def instance(self):
        token = self.headers.get("x-aws-ec2-metadata-token")
        role = self.rules.get("role", "some-role")
        top = "/latest/meta-data/iam/security-credentials/"
        if token != "imds-token-0123456789==" and not self.rules.get("v1"):
            return self.answer(401, "")
        if not role or not self.path.startswith(top):
            return self.answer(404, "")
        if self.path == top:
            return self.answer(200, role + "\n")
        if self.path != top + urllib.parse.quote(role, safe=""):
            return self.answer(404, "")
        keys = new_keys(self.rules)
        self.answer(200, dict(keys, Code="Success", Type="AWS-HMAC"),
                    keys["AccessKeyId"])

    def container(self):
        want = self.rules.get("token")
        if want and self.headers.get("Authorization") != want:
            return self.answer(401, {"code": "Denied", "message": "no"})
        keys = new_keys(self.rules)
        self.answer(200, dict(keys, RoleArn="arn:aws:iam::1:role/r"),
                    keys["AccessKeyId"])

    def do_POST(self):
        body = self.begin()
        if body is None:
            return
        form = dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True))
        self.form = dict(form)
        if "WebIdentityToken" in form:
            self.form["WebIdentityToken"] = "(%d bytes)" % len(
                form["WebIdentityToken"])
        action = form.get("Action")
        if self.path != "/" or form.get("Version") != "2011-06-15":
            return self.answer(404, "")
        if action == "AssumeRoleWithWebIdentity":
            if form["WebIdentityToken"] != self.rules.get("web_token"):
                return self.answer(400, STS_ERROR.format(
                    "InvalidIdentityToken", "The token is not for us"))
        elif action == "AssumeRole":
            if not is_signed(self, body, self.rules.get("signers", {})):
                return self.answer(403, STS_ERROR.format(
                    "SignatureDoesNotMatch", "The signature is another"))
        else:
            return self.answer(400, STS_ERROR.format("InvalidAction", ""))
        keys = new_keys(self.rules)
        self.answer(200, STS.format(
            action, form["RoleArn"], keys["AccessKeyId"],
            keys["SecretAccessKey"], keys["Token"],
            keys.get("Expiration", "2100-01-01T00:00:00Z")),
            keys["AccessKeyId"])


def main():
    port_file, rules, log = sys.argv[1:4]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.rules, server.log = rules, log
    open(log, "a").close()
    with open(port_file + ".new", "w") as f:
        f.write("%d\n" % server.server_address[1])
    os.rename(port_file + ".new", port_file)
    server.serve_forever()


main()
