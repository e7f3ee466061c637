"""An OpenID provider on loopback that really signs: discovery, keys, codes with PKCE, tokens; and faults on demand."""

import base64
import json
import secrets
import threading
import time
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

CLIENT, SECRET = "callcenter", "a-secret-of-the-client"


class Identities:
    """`who` is whoever signs in there next. `amend` changes the claims of the ID token before it is signed."""

    def __init__(self):
        self.who = {"sub": "u-1", "email": "ana@example.com", "email_verified": True, "groups": ["reviewers"]}
        self.amend = lambda claims: claims
        self.key = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})
        self.published = [self.key]
        self.sign = self.key
        self.alg = "RS256"
        self.algs = ["RS256", "ES256"]
        self.userinfo = {}
        self.raw = None
        self.codes = {}
        self.asked = []
        self.issuer = ""
        outer = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.get(self)

            def do_POST(self):
                outer.post(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.url = self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def answer(self, request, body, status=200, **headers):
        raw = json.dumps(body).encode()
        request.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(raw)), **headers}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(raw)

    def get(self, request):
        where = urlsplit(request.path)
        asked = {name: values[0] for name, values in parse_qs(where.query).items()}
        self.asked.append(where.path)
        if where.path == "/.well-known/openid-configuration":
            self.answer(
                request,
                {
                    "issuer": self.issuer,
                    "authorization_endpoint": f"{self.url}/authorize",
                    "token_endpoint": f"{self.url}/token",
                    "jwks_uri": f"{self.url}/keys",
                    "userinfo_endpoint": f"{self.url}/userinfo",
                    "id_token_signing_alg_values_supported": self.algs,
                    "token_endpoint_auth_methods_supported": ["client_secret_basic"],
                },
            )
        elif where.path == "/keys":
            self.answer(request, {"keys": [key.as_dict(private=False) for key in self.published]})
        elif where.path == "/authorize":
            assert asked["response_type"] == "code"
            assert asked["code_challenge_method"] == "S256"
            assert asked["client_id"] == CLIENT
            assert "openid" in asked["scope"].split()
            code = secrets.token_urlsafe(16)
            self.codes[code] = asked
            back = f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state'], 'iss': self.url})}"
            self.answer(request, {}, 302, Location=back)
        elif where.path == "/userinfo":
            self.answer(request, self.userinfo)
        else:
            self.answer(request, {}, 404)

    def post(self, request):
        form = parse_qs(request.rfile.read(int(request.headers["Content-Length"])).decode())
        given = {name: values[0] for name, values in form.items()}
        self.asked.append(request.path)
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        asked = self.codes.pop(given.get("code", ""), None)
        challenge = (
            base64.urlsafe_b64encode(sha256(given.get("code_verifier", "").encode()).digest()).decode().rstrip("=")
        )
        if request.headers.get("Authorization") != f"Basic {basic}":
            self.answer(request, {"error": "invalid_client"}, 401)
        elif asked is None or asked["code_challenge"] != challenge or asked["redirect_uri"] != given["redirect_uri"]:
            self.answer(request, {"error": "invalid_grant"}, 400)
        else:
            told = {"access_token": "at", "token_type": "Bearer", "expires_in": 60, "id_token": self.token(asked)}
            self.answer(request, {name: value for name, value in told.items() if value is not None})

    def token(self, asked):
        if self.raw is not None:
            return self.raw(asked)
        return self.signed(self.claims(asked))

    def claims(self, asked):
        now = int(time.time())
        told = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"], **self.who}
        return self.amend(told)

    def signed(self, claims, key=None, alg=None, **header):
        key = key or self.sign
        head = {"alg": alg or self.alg, **({"kid": key.kid} if key.kid else {}), **header}
        return jwt.encode(head, claims, key, algorithms=[alg or self.alg])


def unsigned(claims):
    """A token that says of itself that nobody signed it."""
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    told = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*told, ""])


def stranger():
    """A key that the provider never published."""
    return RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})


def elliptic():
    return ECKey.generate_key("P-256", {"kid": "k2", "use": "sig", "alg": "ES256"})


def shared(secret):
    return OctKey.import_key(secret)
