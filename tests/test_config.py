"""Settings: read once, strict about names and values, silent about secrets."""

import pytest

from callcenter.config import Secret, SettingError, Settings, read


def test_nothing_set_is_the_defaults():
    assert read({"PATH": "/bin"}) == Settings()


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("PORT", "9000", "port", 9000),
        ("RECORD", "no", "record", False),
        ("OTEL", "On", "otel", True),
        ("DIAL_ALLOWED", "+1555, +4930", "dial_allowed", ("+1555", "+4930")),
        ("TRUSTED_PROXIES", "", "trusted_proxies", ()),
        ("TWILIO_TOKEN", "0123456789abcdef", "twilio_token", Secret("0123456789abcdef")),
        ("SPEED", "2.5", "speed", 2.5),
        ("TRANSFERS", '{"person": {"number": "+15550100"}}', "transfers", {"person": {"number": "+15550100"}}),
    ],
)
def test_a_value_is_read_as_what_it_is(name, text, field, value):
    assert getattr(read({f"CALLCENTER_{name}": text}), field) == value


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("PROT", "1", "did you mean CALLCENTER_PORT"),
        ("PORT", "many", "int"),
        ("RECORD", "maybe", "yes or no"),
        ("TRANSFERS", "[1]", "JSON object"),
        ("TRANSFERS", "{", "cannot be read"),
        ("WHEN_FULL", "shout", "queue, reject, transfer"),
        ("MAX_CALLS", "0", "more than 0"),
        ("PUBLIC_URL", "agent.example.com", "https://"),
        ("LLM_URL", "https://llm/v1", "CALLCENTER_LLM_MODEL"),
        ("ZONE", "Mars/Olympus", "no time zone"),
        ("RESCUE", "person", "not among CALLCENTER_TRANSFERS"),
        ("TWILIO_TOKEN", "short", "too short"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_name_and_a_remedy(name, text, told):
    with pytest.raises(SettingError, match=told) as refused:
        read({f"CALLCENTER_{name}": text})
    assert f"CALLCENTER_{name}" in str(refused.value)
    if name == "TWILIO_TOKEN":
        assert "short'" not in str(refused.value)


def test_a_secret_is_never_printed():
    settings = read({"CALLCENTER_TWILIO_TOKEN": "0123456789abcdef", "CALLCENTER_API_KEY": "let-me-in"})
    for text in (repr(settings), str(settings), f"{settings.twilio_token}"):
        assert "0123456789abcdef" not in text
        assert "let-me-in" not in text
