"""The files browsers load: our own from `static/`, and the few libraries that npm put into `node_modules`.

Each is served under a name that holds the hash of its content, so it may be kept for ever and is never stale.
"""

import mimetypes
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
LIBRARIES: Final = {
    "htmx.js": "htmx.org/dist/htmx.min.js",
    "sse.js": "htmx-ext-sse/dist/sse.min.js",
    "uplot.js": "uplot/dist/uPlot.iife.min.js",
    "uplot.css": "uplot/dist/uPlot.min.css",
    "wavesurfer.js": "wavesurfer.js/dist/wavesurfer.min.js",
    "inter.woff2": "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
}
"""The name on our pages, and the file of the npm package."""

REMEDY: Final = "run `make setup`, or `npm ci --omit=dev` in admin/"


@dataclass(frozen=True, slots=True)
class Asset:
    body: bytes
    kind: str
    path: str


class Assets:
    def __init__(self, folder: Path = HERE) -> None:
        self._folder = folder
        self._names: dict[str, str] = {}
        self.by_path: dict[str, Asset] = {}
        self.missing: list[str] = []
        for name, inside in LIBRARIES.items():
            self._add(name, folder / "node_modules" / inside)
        for path in sorted((folder / "static").iterdir()):
            if path.suffix != ".css" and path.is_file():
                self._add(path.name, path)
        for path in sorted((folder / "static").glob("*.css")):
            self._add(path.name, path)

    def _add(self, name: str, path: Path) -> None:
        if not path.is_file():
            self.missing.append(name)
            return
        body = path.read_bytes()
        if path.suffix == ".css":
            for known, there in self._names.items():
                body = body.replace(f"url({known})".encode(), f"url({there})".encode())
        stem, _, suffix = name.rpartition(".")
        there = f"/assets/{stem}.{sha256(body).hexdigest()[:12]}.{suffix}"
        kind = "text/javascript" if suffix == "js" else mimetypes.guess_type(name)[0] or "application/octet-stream"
        self._names[name] = there
        self.by_path[there] = Asset(body, kind, there)

    def url(self, name: str) -> str:
        """Where a file is served; a name that does not exist is a mistake of ours."""
        if name in self.missing:
            return f"/assets/missing/{name}"
        return self._names[name]
