"""Traces for OpenTelemetry, when switched on: one span a stream, with its faults, lines of transcript and end.

The packages are an extra. Without them, or without the setting, a span is an object that forgets what it is told.
"""

from collections.abc import Callable
from typing import Any, Protocol


class Span(Protocol):
    def note(self, what: str, **facts: str | int | float) -> None: ...

    def end(self, **facts: str | int | float) -> None: ...


Begin = Callable[..., Span]


class Forgetful:
    def note(self, what: str, **facts: str | int | float) -> None:
        pass

    def end(self, **facts: str | int | float) -> None:
        pass


def forget(name: str, **facts: str | int | float) -> Span:
    """Begins a span that is never exported."""
    return Forgetful()


class Told:
    def __init__(self, span: Any) -> None:
        self._span = span

    def note(self, what: str, **facts: str | int | float) -> None:
        self._span.add_event(what, facts)

    def end(self, **facts: str | int | float) -> None:
        self._span.set_attributes(facts)
        self._span.end()


def begin_with(provider: Any) -> Begin:
    """Begins spans of a tracer provider."""
    tracer = provider.get_tracer("callcenter")

    def begin(name: str, **facts: str | int | float) -> Span:
        return Told(tracer.start_span(name, attributes=facts))

    return begin


def exporting() -> Begin:
    """Spans that leave by OTLP over HTTP; where to is said by the usual OTEL_* variables."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise ValueError(f"CALLCENTER_OTEL needs the extra: pip install 'callcenter[otel]' ({error.name})") from None
    provider = TracerProvider(resource=Resource.create({"service.name": "callcenter"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return begin_with(provider)
