"""What operations watch, for Prometheus. Labels come from small fixed sets, never from a call, a number or a text."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REGISTRY = CollectorRegistry()

CALLS_ACTIVE = Gauge("calls_active", "Calls with an open audio stream.", registry=REGISTRY)
CALLS = Counter("calls_total", "Calls that ended.", ["direction", "outcome"], registry=REGISTRY)
ADMISSIONS = Counter("admissions_total", "Phones that rang.", ["verdict"], registry=REGISTRY)
REFUSALS = Counter("stream_refusals_total", "Streams refused before they opened.", ["reason"], registry=REGISTRY)
CLOSES = Counter("stream_closes_total", "Streams that ended.", ["reason"], registry=REGISTRY)
FAULTS = Counter("faults_total", "Things that should not happen and did.", ["kind"], registry=REGISTRY)
FRAME_LATENESS = Histogram(
    "frame_lateness_seconds",
    "How late the latest frame of a turn left, against the 20 ms grid.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5),
    registry=REGISTRY,
)
PLAYOUT_LAG = Histogram(
    "playout_lag_seconds",
    "From sending audio to the caller hearing it, by marks.",
    buckets=(0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6),
    registry=REGISTRY,
)
TURN = Histogram(
    "turn_seconds",
    "How long the duplex took to answer a turn.",
    ["duplex"],
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.5, 1.0),
    registry=REGISTRY,
)
SAMPLES_LOST = Counter("inbound_samples_lost_total", "Audio of callers that never arrived.", registry=REGISTRY)
BACKLOG = Gauge("store_backlog_lines", "Journal lines written to disk and not yet in the database.", registry=REGISTRY)
CALLBACKS = Counter("callbacks_total", "Webhooks of the phone provider.", ["kind", "verdict"], registry=REGISTRY)

OUTCOMES = ("completed", "caller_hung_up", "transferred", "failed", "machine")
FAULT_KINDS = frozenset(
    {"late", "held", "lost", "stale", "deaf", "gone", "binary", "oversized", "not_json", "not_an_object"}
    | {"bad_field", "wrong_order", "wrong_format", "dropped", "stalled_peer", "no_start", "duplex"}
    | {"no_media", "crashed", "bad_frame", "not_utf8", "bad_position", "position_jump", "long_frame", "too_fast"}
)


def fault(kind: str) -> None:
    """Count a fault; a kind that nobody thought of counts as other, so that labels stay bounded."""
    FAULTS.labels(kind if kind in FAULT_KINDS else "other").inc()


def page() -> bytes:
    return generate_latest(REGISTRY)
