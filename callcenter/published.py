"""The flow a call follows: what was published last under the configured name, or the version a call began with.

A version is read once: it never changes. Before anything was published the configured flow is followed as it is.
"""

from typing import Final

import flows
from callcenter.store import Store
from callcenter.store import published as shelf
from flows import Flow, FlowError

KEPT: Final = 100


class Published:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, Flow] = {}

    def published(self, configured: Flow, version: str = "") -> Flow | None:
        """The flow of this version, or the newest; None where the configured one is meant."""
        if version and version == configured.hash:
            return None
        if version in self._known:
            return self._known[version]
        text = shelf.text_of(self._store, version) if version else ""
        text = text or shelf.live_text(self._store, configured.name)
        if not text:
            return None
        return self.whole(text)

    def whole(self, text: str) -> Flow:
        """The flow with the steps of those it includes, as they are published now."""
        known = self._known.get(flows.content_hash(text))
        if known is not None and not known.includes:
            return known
        flow = flows.parse(text)
        others = {name: self._other(name) for name in flow.includes}
        whole = flows.combine(flow, others)
        if len(self._known) >= KEPT:
            self._known.clear()
        return self._known.setdefault(whole.hash, whole)

    def tried(self, name: str) -> Flow:
        """The draft of a flow, to be tried before it is published."""
        history = shelf.history(self._store, name)
        if history is None:
            raise FlowError((flows.Problem(1, "flow", f'there is no draft of "{name}".', "Save it first."),))
        return self.whole(history.draft)

    def _other(self, name: str) -> Flow:
        text = shelf.live_text(self._store, name)
        if text:
            return flows.parse(text)
        shipped = flows.shipped()
        if name not in shipped:
            raise FlowError((flows.Problem(1, "includes", f'there is no flow "{name}".', "Publish it first."),))
        return shipped[name]
