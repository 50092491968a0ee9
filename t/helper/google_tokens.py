"""Who may come in, for the fake services of Google: accounts with their keys,
the token endpoint (JWT grant, refresh tokens, codes with PKCE), the page on
which a person agrees, revocation, token exchange (STS), iamcredentials, and
the metadata server of GCE.

Control (see google_fake.py): control_* of class Tokens.
"""

import base64
import hashlib
import json
import re
import secrets
import time
from urllib.parse import quote, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from google_fake import (AUTH, Answer, Refused, Route, Service, Token,
                         no_credentials, oauth_error)

CLOUD = AUTH + "cloud-platform"
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TYPE = "urn:ietf:params:oauth:token-type:access_token"
LEEWAY = 300
LIFE = 3599
TOKEN_PATHS = ("/token", "/o/oauth2/token", "/oauth2/v4/token")
METADATA = "/computeMetadata/v1/"


class Account:
    def __init__(self, email):
        self.email = email
        self.keys = {}          # kid -> public key
        self.managed = None     # (kid, private key): not on anybody's disk
        self.state = "ok"       # or "deleted", "disabled"
        self.creators = set()   # emails of its Token Creators
        self.number = str(100000000000000000000 + secrets.randbelow(10 ** 18))

    def managed_key(self):
        if not self.managed:
            key = rsa.generate_private_key(public_exponent=65537,
                                           key_size=2048)
            self.managed = secrets.token_hex(20), key
        return self.managed

    def public_keys(self):
        keys = dict(self.keys)
        if self.managed:
            keys[self.managed[0]] = self.managed[1].public_key()
        return keys

    def has_signed(self, signature, data, kid=None):
        for name, key in self.public_keys().items():
            if kid not in (None, "", name):
                continue
            try:
                key.verify(signature, data, padding.PKCS1v15(),
                           hashes.SHA256())
                return True
            except InvalidSignature:
                pass
        return False


def unbase64(text, what):
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as e:
        raise bad_jwt("Invalid JWT: " + what) from e


def bad_jwt(text):
    return oauth_error(400, "invalid_grant", text)


def denied(permission):
    return Refused(403, "forbidden", "Permission '%s' denied on resource "
                   "(or it may not exist)." % permission,
                   word="PERMISSION_DENIED")


class Tokens(Service):
    def __init__(self, world):
        super().__init__(world)
        world.accounts = {}     # email -> Account
        world.of_jwt = self.of_jwt
        self.clients = {}       # id -> secret
        self.refresh = {}       # refresh token -> (email, client, scopes)
        self.codes = {}         # code -> what was asked for
        self.subjects = {}      # (audience, subject token) -> principal
        self.metadata = None    # (email, scopes)
        self.person = None      # who sits at the browser

    def routes(self):
        token = "|".join(re.escape(p) for p in TOKEN_PATHS)
        account = "/v1/projects/[^/]+/serviceAccounts/([^/:]+)"
        return [
            Route("POST", "(?:%s)" % token, self.token),
            Route("POST", "/revoke|/o/oauth2/revoke", self.revoke, "token"),
            Route("GET", "/o/oauth2/(?:v2/)?auth", self.page, None),
            Route("GET", "/(?:oauth2/)?v[123]/userinfo", self.userinfo),
            Route("POST", "/v1/token", self.exchange),
            Route("POST", account + ":signBlob", self.sign_blob),
            Route("POST", account + ":generateAccessToken", self.generate),
            Route("GET", "/|/computeMetadata/.*", self.ask_metadata,
                  "scopes recursive audience format"),
        ]

    # control

    def account(self, email):
        return self.world.accounts.setdefault(email, Account(email))

    def control_account(self, args):
        """{"email", "key_id", "public_key" (PEM)}: a service account with this
        key; {"email", "state": "ok"/"disabled"/"deleted"}; {"email",
        "remove_key": key_id}; {"email", "token_creator": EMAIL}: who may make
        tokens of it and have it sign."""
        account = self.account(args["email"])
        if "public_key" in args:
            account.keys[args["key_id"]] = \
                serialization.load_pem_public_key(args["public_key"].encode())
        account.state = args.get("state", account.state)
        account.keys.pop(args.get("remove_key"), None)
        if "token_creator" in args:
            account.creators.add(args["token_creator"])
        if account.state != "ok":
            self.forget(args["email"])

    def control_expire_tokens(self, args):
        """{} or {"email"}: all access tokens of now have expired."""
        self.forget(args.get("email"))

    def forget(self, email):
        for token in self.world.tokens.values():
            if email in (None, token.email):
                token.expires = 0

    def control_token(self, args):
        """{"email", "scopes": [...], "seconds", "client"}: {"access_token"}"""
        return {"access_token": self.make(
            args["email"], args.get("scopes", [CLOUD]),
            args.get("seconds", LIFE), args.get("client"))}

    def control_tokens(self, _):
        """How many access tokens are good now, by email."""
        count = {}
        for token in self.world.tokens.values():
            if token.expires > self.world.now():
                count[token.email] = count.get(token.email, 0) + 1
        return count

    def control_client(self, args):
        """{"id", "secret"}: an application that people may let in."""
        self.clients[args["id"]] = args["secret"]

    def control_person(self, args):
        """{"email", "denies": BOOL, "unchecked": [SCOPE...]}: who sits at the
        browser, and what they do on the page of the fake; {}: nobody."""
        self.person = args or None
        if args:
            self.account(args["email"])

    def control_refresh_token(self, args):
        """{"email", "client", "scopes"}: {"refresh_token"}; {"revoke":
        TOKEN or true}"""
        if "revoke" in args:
            for text in list(self.refresh):
                if args["revoke"] in (True, text):
                    del self.refresh[text]
            return {}
        self.account(args["email"])
        return {"refresh_token": self.make_refresh(
            args["email"], args["client"], args["scopes"])}

    def control_subject(self, args):
        """{"audience", "token", "principal"}: what STS takes, and for whom."""
        self.subjects[args["audience"], args["token"]] = args["principal"]

    def control_metadata(self, args):
        """{"email", "scopes"}: we are on a machine of GCE; {}: no more."""
        self.metadata = (args["email"], args["scopes"]) if args else None

    def control_verify(self, args):
        """{"email", "data", "signature" (hex)}: {"good"}: whether that account
        has signed that text."""
        return {"good": self.account(args["email"]).has_signed(
            bytes.fromhex(args["signature"]), args["data"].encode())}

    # what is handed out

    def make(self, email, scopes, seconds, client=None):
        # characters of all kinds that a token may have
        text = "ya29.c.-_" + secrets.token_urlsafe(60) + "....."
        self.world.tokens[text] = Token(email, scopes,
                                        self.world.now() + seconds, client)
        return text

    def make_refresh(self, email, client, scopes):
        text = "1//0" + secrets.token_urlsafe(40)
        self.refresh[text] = email, client, list(scopes)
        return text

    def id_token(self, email, client):
        """Who somebody is, for the client that asked. It comes from the
        service itself, so nobody looks at its signature."""
        def part(what):
            return base64.urlsafe_b64encode(
                json.dumps(what).encode()).decode().rstrip("=")
        now = int(self.world.now())
        return ".".join((
            part({"alg": "RS256", "kid": "1", "typ": "JWT"}),
            part({"iss": "https://accounts.google.com", "aud": client,
                  "sub": self.account(email).number, "email": email,
                  "email_verified": True, "iat": now, "exp": now + LIFE}),
            secrets.token_urlsafe(256)))

    def grant(self, email, scopes, client=None, **more):
        life = self.world.modes.get("token_life", LIFE)
        text = self.make(email, scopes, life, client)
        return Answer(200, {"access_token": text,
                            "expires_in": life, "token_type": "Bearer",
                            **more}, {"Cache-Control": "no-store"})

    # the token endpoint

    def token(self, r):
        kind = r.headers.get("content-type", "").split(";")[0]
        if kind == "application/json":
            form = r.json()
        elif kind == "application/x-www-form-urlencoded":
            form = r.form()
        else:
            raise oauth_error(400, "invalid_request",
                              "Bad Request: content type " + kind)
        grants = {JWT_GRANT: self.of_assertion,
                  "refresh_token": self.of_refresh_token,
                  "authorization_code": self.of_code}
        grant = grants.get(form.get("grant_type"))
        if not grant:
            raise oauth_error(400, "unsupported_grant_type",
                              "Invalid grant_type: %s"
                              % form.get("grant_type", ""))
        return grant(r, form)

    def claims_of(self, text, audiences):
        """The claims of a JWT that is signed and is of now."""
        parts = text.split(".")
        if len(parts) != 3:
            raise oauth_error(400, "invalid_grant", "Bad Request")
        try:
            header = json.loads(unbase64(parts[0], "header"))
            claims = json.loads(unbase64(parts[1], "claims"))
            issuer, issued, ends = claims["iss"], claims["iat"], claims["exp"]
        except (ValueError, KeyError, TypeError) as e:
            raise oauth_error(400, "invalid_grant",
                              "Invalid JWT: %s" % e) from e
        if header.get("alg") != "RS256":
            raise bad_jwt("Invalid JWT: the algorithm must be RS256.")
        account = self.world.accounts.get(issuer)
        if not account or account.state == "deleted":
            raise bad_jwt("Invalid grant: account not found")
        if account.state == "disabled":
            raise bad_jwt("Invalid grant: account disabled")
        if not account.has_signed(unbase64(parts[2], "signature"),
                                  ".".join(parts[:2]).encode(),
                                  header.get("kid")):
            raise bad_jwt("Invalid JWT Signature.")
        now = self.world.now()
        whole = all(type(n) is int for n in (issued, ends))
        if not whole or ends - issued > 3600 or issued > now + LEEWAY or \
                ends < now - LEEWAY or ends <= issued:
            raise bad_jwt("Invalid JWT: Token must be a short-lived token "
                          "(60 minutes) and in a reasonable timeframe. Check "
                          "your iat and exp values in the JWT claim.")
        if audiences and claims.get("aud") not in audiences:
            raise bad_jwt("Invalid JWT: Failed audience check. The right "
                          "audience is " + audiences[0])
        return claims

    def of_assertion(self, r, form):
        urls = [r.root + p for p in TOKEN_PATHS]
        if r.path in TOKEN_PATHS:
            urls.insert(0, r.root + r.path)
        claims = self.claims_of(form.get("assertion", ""), urls)
        r.email = claims["iss"]
        scopes = str(claims.get("scope", "")).split()
        if not scopes or any(not s.startswith(AUTH) and s not in (
                "openid", "email", "profile") for s in scopes):
            raise oauth_error(400, "invalid_scope",
                              "Invalid OAuth scope or ID token audience "
                              "provided.")
        if claims.get("sub", claims["iss"]) != claims["iss"]:
            raise oauth_error(401, "unauthorized_client", "Client is "
                              "unauthorized to retrieve access tokens using "
                              "this method, or client not authorized for any "
                              "of the scopes requested.")
        return self.grant(claims["iss"], scopes)

    def of_jwt(self, text):
        """A JWT that a service account signed itself, instead of a token."""
        try:
            claims = self.claims_of(text, None)
        except Refused as e:
            raise no_credentials() from e
        if claims.get("sub") != claims["iss"]:
            raise no_credentials()
        scopes = str(claims.get("scope", "")).split()
        if not scopes:
            if not re.fullmatch(r"https://[a-z]+\.googleapis\.com/",
                                str(claims.get("aud"))):
                raise no_credentials()
            scopes = [CLOUD]
        return Token(claims["iss"], scopes, claims["exp"])

    def check_client(self, form):
        secret = self.clients.get(form.get("client_id"))
        if secret is None:
            raise oauth_error(401, "invalid_client",
                              "The OAuth client was not found.")
        if form.get("client_secret") != secret:
            raise oauth_error(401, "invalid_client", "Unauthorized")

    def of_refresh_token(self, r, form):
        self.check_client(form)
        found = self.refresh.get(form.get("refresh_token"))
        if not found or self.world.accounts[found[0]].state != "ok":
            raise oauth_error(400, "invalid_grant",
                              "Token has been expired or revoked.")
        email, client, scopes = found
        if client != form["client_id"]:
            raise oauth_error(401, "unauthorized_client", "Unauthorized")
        asked = form.get("scope", "").split()
        if not set(asked) <= set(scopes):
            raise oauth_error(400, "invalid_scope",
                              "Some requested scopes were invalid.")
        r.email = email
        scopes = asked or scopes
        return self.grant(email, scopes, client, scope=" ".join(scopes))

    def of_code(self, r, form):
        self.check_client(form)
        asked = self.codes.pop(form.get("code"), None)
        if not asked or asked["client_id"] != form["client_id"]:
            raise oauth_error(400, "invalid_grant", "Malformed auth code.")
        if asked["expires"] < self.world.now():
            raise oauth_error(400, "invalid_grant", "Bad Request")
        if form.get("redirect_uri") != asked["redirect_uri"]:
            raise oauth_error(400, "redirect_uri_mismatch", "Bad Request")
        challenge = asked.get("code_challenge")
        if challenge:
            verifier = form.get("code_verifier", "")
            if not re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", verifier):
                raise oauth_error(400, "invalid_grant",
                                  "Missing code verifier.")
            hashed = base64.urlsafe_b64encode(
                hashlib.sha256(verifier.encode()).digest()).decode()
            if hashed.rstrip("=") != challenge:
                raise oauth_error(400, "invalid_grant",
                                  "Invalid code verifier.")
        email = r.email = asked["email"]
        scopes = asked["scope"].split()
        who = {}
        if "openid" in scopes:
            who["id_token"] = self.id_token(email, asked["client_id"])
        return self.grant(email, scopes, asked["client_id"], **who,
                          scope=" ".join(scopes),
                          refresh_token=self.make_refresh(
                              email, asked["client_id"], scopes))

    # people

    def page(self, r):
        """The page on which somebody agrees: a browser is sent on at once."""
        asked = dict(r.query)

        def wrong(what):
            return Refused(400, None, body="<h1>Error 400: %s</h1>" % what)

        if asked.get("client_id") not in self.clients:
            raise Refused(401, None,
                          body="<h1>Error 401: invalid_client</h1>")
        back = urlsplit(asked.get("redirect_uri", ""))
        if back.scheme != "http" or \
                back.hostname not in ("127.0.0.1", "::1", "localhost"):
            raise wrong("redirect_uri_mismatch")
        if asked.get("response_type") != "code" or not asked.get("scope"):
            raise wrong("invalid_request")
        if "code_challenge" in asked and (
                asked.get("code_challenge_method") != "S256" or not
                re.fullmatch(r"[A-Za-z0-9_-]{43}", asked["code_challenge"])):
            raise wrong("invalid_request")
        if not self.person:
            return Answer(200, "<h1>Sign in with the fake</h1>")
        if self.person.get("denies"):
            said = [("error", "access_denied")]
        else:
            code = "4/0" + secrets.token_urlsafe(40)
            asked["email"] = self.person["email"]
            asked["expires"] = self.world.now() + 600
            asked["scope"] = " ".join(
                s for s in asked["scope"].split()
                if s not in self.person.get("unchecked", ()))
            self.codes[code] = asked
            said = [("code", code), ("scope", asked["scope"])]
        if "state" in asked:
            said.insert(0, ("state", asked["state"]))
        query = "&".join("%s=%s" % (n, quote(v, safe="")) for n, v in said)
        return Answer(302, "", {"Location": "%s%s%s" % (
            asked["redirect_uri"], "&" if back.query else "?", query)})

    def revoke(self, r):
        text = r.query.get("token") or r.form().get("token")
        if text in self.refresh:
            email = self.refresh.pop(text)[0]
            self.forget(email)
        elif text in self.world.tokens and \
                self.world.tokens[text].expires > self.world.now():
            self.world.tokens[text].expires = 0
        else:
            raise oauth_error(400, "invalid_token",
                              "Token expired or revoked")
        return {}

    def userinfo(self, r):
        token = r.identity()
        if not token:
            raise no_credentials()
        if not token.scopes & {"openid", "email", AUTH + "userinfo.email"}:
            raise Refused(401, None, body={
                "error": "invalid_request",
                "error_description": "Invalid Credentials"})
        return {"sub": self.account(token.email).number,
                "email": token.email, "email_verified": True}

    # services for accounts

    def exchange(self, r):
        form = r.form()
        wanted = {"grant_type": EXCHANGE,
                  "requested_token_type": ACCESS_TYPE}
        for name, value in wanted.items():
            if form.get(name) != value:
                raise oauth_error(400, "invalid_request",
                                  "Invalid value for \"%s\"." % name)
        if not form.get("subject_token_type", "").startswith(
                "urn:ietf:params:"):
            raise oauth_error(400, "invalid_request",
                              "Invalid subject token type.")
        principal = self.subjects.get((form.get("audience"),
                                       form.get("subject_token")))
        if not principal:
            raise oauth_error(400, "invalid_grant",
                              "The given credential is rejected by the "
                              "attribute condition.")
        r.email = principal
        return self.grant(principal, form.get("scope", CLOUD).split(),
                          issued_token_type=ACCESS_TYPE)

    def target(self, r, email, permission):
        """The account that the caller may act for."""
        token = r.identity()
        if not token:
            raise Refused(401, "required", "Request is missing required "
                          "authentication credential.",
                          word="UNAUTHENTICATED")
        if not token.scopes & {CLOUD, AUTH + "iam"}:
            raise Refused(403, "insufficientPermissions",
                          "Request had insufficient authentication scopes.",
                          word="PERMISSION_DENIED")
        account = self.world.accounts.get(email)
        if not account or account.state != "ok" or \
                token.email not in account.creators:
            raise denied("iam.serviceAccounts." + permission)
        return account

    def sign_blob(self, r, email):
        account = self.target(r, email, "signBlob")
        try:
            data = base64.b64decode(r.json()["payload"], validate=True)
        except (KeyError, ValueError) as e:
            raise Refused(400, "badRequest", "Base64 decoding failed for "
                          "payload", word="INVALID_ARGUMENT") from e
        kid, key = account.managed_key()
        signed = key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        return {"keyId": kid, "signedBlob": base64.b64encode(signed).decode()}

    def generate(self, r, email):
        account = self.target(r, email, "getAccessToken")
        asked = r.json()
        life = re.fullmatch(r"(\d+)s", asked.get("lifetime", "3600s"))
        if not asked.get("scope") or not life or \
                not 0 < int(life.group(1)) <= 3600:
            raise Refused(400, "badRequest",
                          "Request contains an invalid argument.",
                          word="INVALID_ARGUMENT")
        seconds = min(int(life.group(1)),
                      self.world.modes.get("token_life", 3600))
        return {"accessToken": self.make(account.email, asked["scope"],
                                         seconds),
                "expireTime": time.strftime(
                    "%Y-%m-%dT%H:%M:%SZ",
                    time.gmtime(self.world.now() + seconds))}

    def ask_metadata(self, r):
        flavor = {"Metadata-Flavor": "Google",
                  "Server": "Metadata Server for VM"}
        if r.path == "/":
            return Answer(200, "computeMetadata/\n", flavor,
                          kind="application/text")
        if r.headers.get("metadata-flavor") != "Google" or \
                "x-forwarded-for" in r.headers:
            raise Refused(403, None, fields=flavor, body="<p>Missing "
                          "Metadata-Flavor:Google header.</p>")
        if not self.metadata:
            raise Refused(404, None, body="Not Found", fields=flavor)
        email, scopes = self.metadata
        found = re.fullmatch(
            METADATA + "instance/service-accounts/(default|"
            + re.escape(email) + ")/(.*)", r.path)
        name = found.group(2) if found else r.path[len(METADATA):]
        if found and name == "token":
            asked = [s for s in r.query.get("scopes", "").split(",") if s]
            life = self.world.modes.get("token_life", LIFE)
            return Answer(200, {
                "access_token": self.make(email, asked or scopes, life),
                "expires_in": life, "token_type": "Bearer"}, flavor,
                kind="application/json")
        if found and name == "" and r.flag("recursive"):
            return Answer(200, {"aliases": ["default"], "email": email,
                                "scopes": scopes}, flavor,
                          kind="application/json")
        texts = {"email": email, "scopes": "\n".join(scopes) + "\n"} \
            if found else {"": "instance/\nproject/\n",
                           "project/project-id": "lab-project",
                           "universe/universe-domain": "googleapis.com"}
        if name not in texts:
            raise Refused(404, None, body="Not Found", fields=flavor)
        return Answer(200, texts[name], flavor, kind="application/text")
