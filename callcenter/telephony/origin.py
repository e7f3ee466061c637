"""Our public address. URLs we hand out and URLs they sign must agree to the letter, so both are spelled here."""

import re
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

_HOST: Final = re.compile(r"([A-Za-z0-9]([A-Za-z0-9.\-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")
_PREFIX: Final = re.compile(r"(/[A-Za-z0-9._~\-]+)*")


class OriginError(ValueError):
    """An address that a provider cannot be sent to; the message quotes it and says what would do."""


@dataclass(frozen=True, slots=True)
class Origin:
    """`https://agent.example.com`, with a path before ours where a proxy serves us below one."""

    secure: bool
    host: str
    """With its port, if one is written."""
    prefix: str = ""

    @classmethod
    def read(cls, text: str) -> Self:
        try:
            parts = urlsplit(text.strip().rstrip("/"))
            port = parts.port
        except ValueError:
            raise OriginError(f"{text!r} is no URL") from None
        if parts.scheme not in ("https", "http"):
            raise OriginError(f"{text!r}: begin it with https://")
        if parts.query or parts.fragment or "@" in parts.netloc:
            raise OriginError(f"{text!r}: no user, query or fragment, only https://HOST[:PORT][/PATH]")
        if port == 0 or not _HOST.fullmatch(parts.netloc) or not _PREFIX.fullmatch(parts.path):
            raise OriginError(f"{text!r}: only https://HOST[:PORT][/PATH]")
        return cls(parts.scheme == "https", parts.netloc.lower(), parts.path)

    def http(self, path: str) -> str:
        """The URL of a webhook; `path` begins with a slash and may carry a query."""
        return f"{'https' if self.secure else 'http'}://{self.host}{self.prefix}{path}"

    def ws(self, path: str) -> str:
        """The URL of a stream. The provider refuses or drops a query there, so none is written."""
        if "?" in path:
            raise ValueError(f"a stream's URL has no query: {path!r}")
        return f"{'wss' if self.secure else 'ws'}://{self.host}{self.prefix}{path}"
