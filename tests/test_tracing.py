"""Traces: one span a stream, and nothing at all while they are off."""

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from callcenter.tracing import begin_with, exporting, forget


def test_a_span_carries_its_notes_and_its_end():
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    span = begin_with(provider)("stream", call="c1", leg=0)
    span.note("fault", kind="late", at=1_600)
    span.end(reason="hangup")
    (told,) = kept.get_finished_spans()
    assert (told.name, dict(told.attributes)) == ("stream", {"call": "c1", "leg": 0, "reason": "hangup"})
    assert [(event.name, dict(event.attributes)) for event in told.events] == [("fault", {"kind": "late", "at": 1_600})]


def test_a_forgetful_span_takes_everything_and_keeps_nothing():
    span = forget("stream", call="c1")
    span.note("fault", kind="late")
    span.end(reason="hangup")


def test_the_exporter_is_there_when_the_extra_is():
    assert callable(exporting())
