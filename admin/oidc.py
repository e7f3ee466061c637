"""An OpenID Connect provider, as a relying party sees it: discovery, the way there (code, PKCE, nonce), whom it names.

Authlib speaks OAuth and joserfc checks signatures; what is decided here is what has to hold before somebody is
believed: issuer, audience, times, nonce, and an algorithm by which nobody but the provider can sign.
"""

import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from joserfc.jwt import JWTClaimsRegistry

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""By which a provider may sign. Never `none`, and none of those with which whoever knows our secret could sign."""

LEEWAY_S: Final = 60
PATIENCE_S: Final = 10.0
KNOWN_S: Final = 3600.0
AGAIN_S: Final = 30.0
"""Keys are not asked for again sooner than this, however many strange ones are shown."""

SCOPE: Final = "openid email profile"


class OidcError(Exception):
    """Somebody who is not believed, or a provider that does not answer; the message says why."""


@dataclass(frozen=True, slots=True)
class Start:
    """One way to the provider and back. All but the address stays with us."""

    url: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the provider names."""

    issuer: str
    subject: str
    name: str
    groups: tuple[str, ...]


class Provider:
    def __init__(self, issuer: str, client: str, secret: str, groups: str = "groups") -> None:
        self.issuer = issuer
        self._client = client
        self._secret = secret
        self._groups = groups
        self._http = httpx.Client(trust_env=False, timeout=PATIENCE_S, follow_redirects=False)
        self._lock = threading.Lock()
        self._told: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, KeySet] | None = None

    def start(self) -> None:
        """Nothing is asked before somebody wants to sign in: a provider that is down keeps nobody else out."""

    def stop(self) -> None:
        self._http.close()

    # -------------------------------------------------------------------------------------------------------- there

    def begin(self, redirect: str) -> Start:
        nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
        with self._oauth(redirect) as oauth:
            where = self._endpoint("authorization_endpoint")
            url, state = oauth.create_authorization_url(where, nonce=nonce, code_verifier=verifier)
        return Start(url, state, nonce, verifier)

    def _oauth(self, redirect: str) -> OAuth2Client:
        kinds = self._about().get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        method = (
            "none"
            if not self._secret
            else next(
                (kind for kind in ("client_secret_basic", "client_secret_post") if kind in kinds), "client_secret_basic"
            )
        )
        return OAuth2Client(
            self._client,
            self._secret or None,
            token_endpoint_auth_method=method,
            scope=SCOPE,
            redirect_uri=redirect,
            code_challenge_method="S256",
            trust_env=False,
            timeout=PATIENCE_S,
        )

    # --------------------------------------------------------------------------------------------------------- back

    def redeem(self, code: str, redirect: str, nonce: str, verifier: str) -> Identity:
        """Who comes back with this code."""
        try:
            with self._oauth(redirect) as oauth:
                token = oauth.fetch_token(self._endpoint("token_endpoint"), code=code, code_verifier=verifier)
        except (AuthlibBaseError, httpx.HTTPError, ValueError) as error:
            raise OidcError(f"the provider does not take the code: {error}") from None
        if not isinstance(token.get("id_token"), str):
            raise OidcError("the provider gives no ID token")
        claims = self.verified(token["id_token"], nonce)
        if self._groups not in claims:
            claims = {**self._more(str(token.get("access_token", "")), claims), **claims}
        return self._identity(claims)

    def verified(self, id_token: str, nonce: str) -> dict[str, Any]:
        """The claims of an ID token, if all of it holds."""
        try:
            told = self._decoded(id_token)
        except (JoseError, ValueError) as error:
            raise OidcError(f"the ID token does not hold: {error}") from None
        claims = dict(told.claims)
        rules = JWTClaimsRegistry(
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self._client},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            rules.validate(claims)
        except JoseError as error:
            raise OidcError(f"the ID token does not hold: {error}") from None
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (several or "azp" in claims) and claims.get("azp") != self._client:
            raise OidcError("the ID token is for somebody else")
        return claims

    def _decoded(self, id_token: str) -> jwt.Token:
        offered = self._about().get("id_token_signing_alg_values_supported", ["RS256"])
        usable = [name for name in ALGORITHMS if name in offered]
        registry = JWSRegistry(algorithms=usable)
        try:
            return jwt.decode(id_token, self._key_set(), algorithms=usable, registry=registry)
        except JoseError:
            keys = self._key_set(again=True)  # the provider may have changed its keys a moment ago
            return jwt.decode(id_token, keys, algorithms=usable, registry=registry)

    def _more(self, access_token: str, claims: Mapping[str, Any]) -> dict[str, Any]:
        """What the provider tells of the user beside the ID token."""
        where = self._about().get("userinfo_endpoint")
        if not where or not access_token:
            return {}
        told = self._json(where, {"Authorization": f"Bearer {access_token}"})
        if told.get("sub") != claims["sub"]:
            raise OidcError("the provider tells of somebody else")
        return told

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        mail = claims.get("email") if claims.get("email_verified") is True else None
        name = str(mail or claims.get("preferred_username") or claims["sub"]).strip().lower()
        groups = claims.get(self._groups, [])
        told = (groups,) if isinstance(groups, str) else tuple(str(group) for group in groups or ())
        return Identity(self.issuer, str(claims["sub"]), name, told)

    # ---------------------------------------------------------------------------------------------- what it publishes

    def _about(self) -> dict[str, Any]:
        with self._lock:
            if self._told is None or time.monotonic() - self._told[0] > KNOWN_S:
                told = self._json(self.issuer.rstrip("/") + "/.well-known/openid-configuration")
                if told.get("issuer") != self.issuer:
                    raise OidcError(f"the provider calls itself {told.get('issuer')!r} and not {self.issuer!r}")
                self._told = time.monotonic(), told
            return self._told[1]

    def _endpoint(self, name: str) -> str:
        where = self._about().get(name)
        if not isinstance(where, str) or not where.startswith(("https://", "http://")):
            raise OidcError(f"the provider has no {name}")
        return where

    def _key_set(self, again: bool = False) -> KeySet:
        where = self._endpoint("jwks_uri")
        with self._lock:
            age = time.monotonic() - self._keys[0] if self._keys else KNOWN_S
            if self._keys is None or age >= KNOWN_S or (again and age >= AGAIN_S):
                self._keys = time.monotonic(), KeySet.import_key_set(self._json(where))  # type: ignore[arg-type]
            return self._keys[1]

    def _json(self, url: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        try:
            answer = self._http.get(url, headers=headers)
            answer.raise_for_status()
            told = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise OidcError(f"the provider does not answer: {error}") from None
        if not isinstance(told, dict):
            raise OidcError(f"the provider answers nonsense at {url}")
        return told
