"""What carriers hand over: audio with its place on their clock, or a fault of theirs."""

from dataclasses import dataclass


class CarrierError(Exception):
    """The provider sent something that makes no sense. `kind` is a bounded label, `detail` quotes the value."""

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(f"{kind}: {detail}" if detail else kind)
        self.kind = kind
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Media:
    """Audio off the wire, as mu-law at 8 kHz. `position` is the carrier's sample count at its first sample."""

    position: int
    audio: bytes
