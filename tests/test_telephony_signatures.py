"""Who may speak to us: their own validator and a plain HMAC agree with ours, and every tampering is seen."""

import base64
import hashlib
import hmac
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from callcenter.callers import provider
from callcenter.telephony.origin import Origin, OriginError
from callcenter.telephony.signatures import Signatures, Verdict, sign

SECRET = "12345678901234567890123456789012"
ORIGIN = Origin.read("https://agent.example.com")
OURS = Signatures([SECRET], ORIGIN)
FORM = [
    ("CallSid", "CA1"),
    ("From", "+15550100123"),
    ("To", "+15550100999"),
    ("CallerName", "Ännä & Co"),
    ("Digits", ""),
]
VOICE = "/twilio/voice?country=US"


def steady(examples):
    return settings(max_examples=examples, derandomize=True, deadline=None, database=None)


def theirs(url, form=(), secret=SECRET, algorithm=None):
    """As the provider's own library computes it."""
    return RequestValidator(secret).compute_signature(url, dict(form), algorithm)


def signed(signature, **more):
    return {"X-Twilio-Signature": signature, **more}


def plain_hmac(url, form, secret=SECRET):
    text = url
    for name in sorted(name for name, _ in form):
        text += name + dict(form)[name]
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()).decode()


# -------------------------------------------------------------------------------------------------------- origins


@pytest.mark.parametrize(
    ("text", "http", "ws"),
    [
        ("https://a.example.com", "https://a.example.com/p?q=1", "wss://a.example.com/p"),
        ("https://a.example.com/", "https://a.example.com/p?q=1", "wss://a.example.com/p"),
        ("https://A.Example.com:8443", "https://a.example.com:8443/p?q=1", "wss://a.example.com:8443/p"),
        (
            "https://a.example.com/call/center/",
            "https://a.example.com/call/center/p?q=1",
            "wss://a.example.com/call/center/p",
        ),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/p?q=1", "ws://127.0.0.1:8080/p"),
        ("http://[::1]:8080", "http://[::1]:8080/p?q=1", "ws://[::1]:8080/p"),
    ],
)
def test_an_origin_spells_webhooks_and_streams(text, http, ws):
    origin = Origin.read(text)
    assert origin.http("/p?q=1") == http
    assert origin.ws("/p") == ws


@pytest.mark.parametrize(
    "text",
    [
        "",
        "agent.example.com",
        "ftp://agent.example.com",
        "wss://agent.example.com",
        "https://",
        "https://user:secret@agent.example.com",
        "https://agent.example.com?x=1",
        "https://agent.example.com/#x",
        "https://agent.example.com:0",
        "https://agent.example.com:99999",
        "https://agent.example.com:x",
        "https://agent example.com",
        "https://agent.example.com/a b",
        "https://[::1",
        "https://-x-",
        "https://ex\u00e4mple.com",
    ],
)
def test_what_no_provider_could_be_sent_to_is_no_origin(text):
    with pytest.raises(OriginError, match=r"https://|no URL"):
        Origin.read(text)


def test_a_stream_has_no_query():
    with pytest.raises(ValueError, match="no query"):
        ORIGIN.ws("/stream?token=1")


# --------------------------------------------------------------------------------------------------- HTTP, forms


def test_the_signature_is_the_one_their_documentation_describes():
    url = ORIGIN.http(VOICE)
    assert sign(SECRET, url, FORM) == theirs(url, FORM) == plain_hmac(url, FORM)


@steady(200)
@given(
    st.lists(st.tuples(st.text(max_size=8), st.text(max_size=20)), max_size=8, unique_by=lambda pair: pair[0]),
    st.text(alphabet="abz/09-._~%", max_size=20).map(lambda path: "/" + quote(path)),
    st.sampled_from([None, "HMAC_SHA1", "HMAC_SHA256"]),
)
def test_any_form_is_signed_as_their_library_signs_it(form, path, algorithm):
    url = ORIGIN.http(path)
    assert sign(SECRET, url, form, algorithm or "HMAC_SHA1") == theirs(url, form, algorithm=algorithm)
    if algorithm != "HMAC_SHA256":
        assert plain_hmac(url, form) == theirs(url, form)
    if form:
        settings_header = {"X-Twilio-Webhooks-Signature-Settings": f"key=k,algorithm={algorithm}"} if algorithm else {}
        headers = signed(theirs(url, form, algorithm=algorithm), **settings_header)
        assert OURS.request("POST", path, headers, form) is Verdict.GENUINE
        assert RequestValidator(SECRET).validate(url, dict(form), headers["X-Twilio-Signature"], algorithm)


def test_the_phone_signs_as_the_provider_does():
    assert provider.sign(SECRET, ORIGIN.http(VOICE), dict(FORM)) == GOOD
    assert OURS.upgrade(STREAM, signed(provider.sign(SECRET, ORIGIN.ws(STREAM)))) is Verdict.GENUINE


def test_values_of_one_name_are_signed_as_their_library_signs_them():
    class Several(dict):
        def getlist(self, name):
            return self[name]

    form = [("Media", "b"), ("Media", "a"), ("Media", "b"), ("A", "1")]
    lists = Several(Media=["b", "a", "b"], A=["1"])
    assert sign(SECRET, "https://x/", form) == RequestValidator(SECRET).compute_signature("https://x/", lists)


@pytest.mark.parametrize(
    ("origin", "signed_url"),
    [
        ("https://agent.example.com", "https://agent.example.com/v"),
        ("https://agent.example.com", "https://agent.example.com:443/v"),
        ("https://agent.example.com:443", "https://agent.example.com/v"),
        ("https://agent.example.com:8443", "https://agent.example.com:8443/v"),
        ("https://agent.example.com:8443", "https://agent.example.com/v"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/v"),
        ("http://localhost", "http://localhost:80/v"),
        ("https://agent.example.com/prefix", "https://agent.example.com/prefix/v"),
    ],
)
def test_a_port_may_be_signed_or_not(origin, signed_url):
    ours = Signatures([SECRET], Origin.read(origin))
    assert ours.request("POST", "/v", signed(theirs(signed_url, FORM)), FORM) is Verdict.GENUINE
    assert RequestValidator(SECRET).validate(Origin.read(origin).http("/v"), dict(FORM), theirs(signed_url, FORM))


GOOD = theirs(ORIGIN.http(VOICE), FORM)


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, Verdict.GENUINE),
        ({"headers": {"x-twilio-signature": GOOD}}, Verdict.GENUINE),
        ({"headers": {"X-TWILIO-SIGNATURE": GOOD}}, Verdict.GENUINE),
        ({"form": FORM[::-1]}, Verdict.GENUINE),
        ({"headers": {}}, Verdict.UNSIGNED),
        ({"headers": signed("")}, Verdict.UNSIGNED),
        ({"headers": signed(GOOD[:-1])}, Verdict.FORGED),
        ({"headers": signed(GOOD + "=")}, Verdict.FORGED),
        ({"headers": signed(GOOD.lower())}, Verdict.FORGED),
        ({"headers": signed("\u00e9\ud800")}, Verdict.FORGED),
        ({"headers": signed(theirs(ORIGIN.http(VOICE), FORM, secret="another"))}, Verdict.FORGED),
        ({"headers": signed(theirs("https://elsewhere.example.com" + VOICE, FORM))}, Verdict.FORGED),
        ({"headers": signed(theirs("http://agent.example.com" + VOICE, FORM))}, Verdict.FORGED),
        ({"headers": signed(theirs("https://agent.example.com:8443" + VOICE, FORM))}, Verdict.FORGED),
        ({"path": "/twilio/voice?country=DE"}, Verdict.FORGED),
        ({"path": "/twilio/action?country=US"}, Verdict.FORGED),
        ({"path": "/twilio/voice"}, Verdict.FORGED),
        ({"form": [*FORM[1:], ("CallSid", "CA2")]}, Verdict.FORGED),
        ({"form": [*FORM, ("Extra", "1")]}, Verdict.FORGED),
        ({"form": FORM[1:]}, Verdict.FORGED),
        ({"form": [*FORM, ("CallSid", "CA2")]}, Verdict.FORGED),
        ({"form": [*FORM[1:], ("CallSid", "\ud800")]}, Verdict.FORGED),
        ({"method": "GET"}, Verdict.FORGED),
        ({"form": [], "body": b"CallSid=CA1"}, Verdict.BODY_UNSIGNED),
        ({"headers": signed(GOOD, **{"X-Twilio-Webhooks-Signature-Settings": "algorithm=HMAC_SHA1"})}, Verdict.GENUINE),
        (
            {"headers": signed(GOOD, **{"X-Twilio-Webhooks-Signature-Settings": "key=k,algorithm=HMAC_SHA256"})},
            Verdict.FORGED,
        ),
        (
            {"headers": signed(GOOD, **{"X-Twilio-Webhooks-Signature-Settings": "algorithm=NONE"})},
            Verdict.UNKNOWN_ALGORITHM,
        ),
        ({"headers": signed(GOOD, **{"X-Twilio-Webhooks-Signature-Settings": "algorithm="})}, Verdict.GENUINE),
    ],
)
def test_a_forged_or_tampered_webhook_is_told_apart(change, verdict):
    request = {"method": "POST", "path": VOICE, "headers": signed(GOOD), "form": FORM} | change
    assert OURS.request(**request) is verdict


def test_a_get_is_signed_over_its_url_alone():
    path = "/twilio/announce?text=Hello%20you"
    assert OURS.request("GET", path, signed(theirs(ORIGIN.http(path)))) is Verdict.GENUINE
    assert OURS.request("GET", path + "!", signed(theirs(ORIGIN.http(path)))) is Verdict.FORGED


def test_a_token_can_be_rotated():
    both = Signatures(["new-token", SECRET], ORIGIN)
    for secret, verdict in ((SECRET, Verdict.GENUINE), ("new-token", Verdict.GENUINE), ("other", Verdict.FORGED)):
        assert both.request("POST", VOICE, signed(theirs(ORIGIN.http(VOICE), FORM, secret)), FORM) is verdict


@pytest.mark.parametrize("secrets", [[], [""], [SECRET, ""]])
def test_without_a_secret_nothing_could_be_checked(secrets):
    with pytest.raises(ValueError, match="secret"):
        Signatures(secrets, ORIGIN)


# ---------------------------------------------------------------------------------------------------- HTTP, JSON

BODY = b'{"event": "\xc3\xa9"}'
JSON_PATH = f"/twilio/event?bodySHA256={hashlib.sha256(BODY).hexdigest()}"


@pytest.mark.parametrize(
    ("path", "body", "length", "verdict"),
    [
        (JSON_PATH, BODY, len(BODY), Verdict.GENUINE),
        (JSON_PATH, BODY + b" ", len(BODY) + 1, Verdict.BODY_CHANGED),
        (JSON_PATH, b"", 0, Verdict.BODY_CHANGED),
        ("/twilio/event", BODY, len(BODY), Verdict.BODY_UNSIGNED),
        ("/twilio/event", b"", len(BODY), Verdict.BODY_UNSIGNED),
        ("/twilio/event", b"", 0, Verdict.GENUINE),
        ("/twilio/event?bodySHA256=%C3%A9", BODY, len(BODY), Verdict.BODY_CHANGED),
    ],
)
def test_a_json_body_counts_only_if_the_url_carries_its_hash(path, body, length, verdict):
    url = ORIGIN.http(path)
    headers = signed(theirs(url), **{"Content-Length": str(length), "Content-Type": "application/json"})
    assert OURS.request("POST", path, headers, (), body) is verdict
    if verdict in (Verdict.GENUINE, Verdict.BODY_CHANGED) and "bodySHA256" in path:
        agreed = RequestValidator(SECRET).validate(url, body.decode(), headers["X-Twilio-Signature"])
        assert agreed == (verdict is Verdict.GENUINE)


def test_a_hash_that_was_exchanged_together_with_the_body_breaks_the_signature():
    other = b'{"event": "forged"}'
    path = f"/twilio/event?bodySHA256={hashlib.sha256(other).hexdigest()}"
    assert OURS.request("POST", path, signed(theirs(ORIGIN.http(JSON_PATH))), (), other) is Verdict.FORGED


# ------------------------------------------------------------------------------------------------------ websocket

STREAM = "/twilio/stream/AbC-_123"


@pytest.mark.parametrize(
    ("signed_url", "verdict"),
    [
        ("wss://agent.example.com" + STREAM, Verdict.GENUINE),
        ("wss://agent.example.com:443" + STREAM, Verdict.GENUINE),
        ("wss://agent.example.com:80" + STREAM, Verdict.FORGED),
        ("https://agent.example.com" + STREAM, Verdict.FORGED),
        ("ws://agent.example.com" + STREAM, Verdict.FORGED),
        ("wss://agent.example.com" + STREAM + "/", Verdict.FORGED),
        ("wss://agent.example.com/twilio/stream/abc-_123", Verdict.FORGED),
        ("wss://elsewhere.example.com" + STREAM, Verdict.FORGED),
    ],
)
def test_an_upgrade_is_signed_over_its_wss_url(signed_url, verdict):
    assert OURS.upgrade(STREAM, {"x-twilio-signature": theirs(signed_url)}) is verdict


def test_an_upgrade_without_a_signature_or_with_a_query_is_refused():
    assert OURS.upgrade(STREAM, {}) is Verdict.UNSIGNED
    url = "wss://agent.example.com" + STREAM + "?x=1"
    assert OURS.upgrade(STREAM + "?x=1", signed(theirs(url))) is Verdict.FORGED


def test_a_webhook_signature_does_not_open_a_stream():
    assert OURS.upgrade(VOICE, signed(theirs(ORIGIN.http(VOICE)))) is Verdict.FORGED


# -------------------------------------------------------------------------------------------------------- proxies

FORWARDED = {"X-Forwarded-Host": "tunnel.example.net", "X-Forwarded-Proto": "https"}


@pytest.mark.parametrize(
    ("client", "headers", "signed_origin", "verdict"),
    [
        ("10.0.0.7", FORWARDED, "https://tunnel.example.net", Verdict.GENUINE),
        ("::ffff:10.0.0.7", FORWARDED, "https://tunnel.example.net", Verdict.GENUINE),
        ("10.0.0.7", FORWARDED, "https://agent.example.com", Verdict.GENUINE),
        ("10.0.0.7", {"x-forwarded-host": "tunnel.example.net, inner"}, "https://tunnel.example.net", Verdict.GENUINE),
        ("10.0.0.7", FORWARDED | {"X-Forwarded-Proto": "http,https"}, "http://tunnel.example.net", Verdict.GENUINE),
        ("10.0.0.7", {}, "https://tunnel.example.net", Verdict.FORGED),
        ("10.0.0.7", {"X-Forwarded-Host": "a@b/c d"}, "https://a@b/c d", Verdict.FORGED),
        ("203.0.113.9", FORWARDED, "https://tunnel.example.net", Verdict.FORGED),
        ("203.0.113.9", FORWARDED, "https://agent.example.com", Verdict.GENUINE),
        ("", FORWARDED, "https://tunnel.example.net", Verdict.FORGED),
        ("testclient", FORWARDED, "https://tunnel.example.net", Verdict.FORGED),
    ],
)
def test_a_forwarded_host_counts_only_from_a_configured_proxy(client, headers, signed_origin, verdict):
    ours = Signatures([SECRET], ORIGIN, ["10.0.0.0/8", "::1"])
    signature = signed(theirs(signed_origin + "/v", FORM))
    assert ours.request("POST", "/v", headers | signature, FORM, client=client) is verdict
    scheme = "ws" if signed_origin.startswith("http:") else "wss"
    stream = scheme + "://" + signed_origin.partition("://")[2] + STREAM
    assert ours.upgrade(STREAM, headers | signed(theirs(stream)), client=client) is verdict


def test_without_configured_proxies_nobody_is_one():
    signature = signed(theirs("https://tunnel.example.net/v", FORM))
    assert OURS.request("POST", "/v", FORWARDED | signature, FORM, client="127.0.0.1") is Verdict.FORGED


@steady(200)
@given(
    st.text(max_size=40).map(lambda text: "/" + text),
    st.dictionaries(
        st.sampled_from(["X-Twilio-Signature", "X-Forwarded-Host", "X-Forwarded-Proto", "Content-Length"]),
        st.text(max_size=30),
    ),
    st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=3),
    st.binary(max_size=20),
)
def test_whatever_a_stranger_sends_is_refused_and_never_breaks_us(path, headers, form, body):
    ours = Signatures([SECRET], ORIGIN, ["10.0.0.0/8"])
    assert ours.request("POST", path, headers, form, body, client="10.0.0.7") is not Verdict.GENUINE
    assert ours.upgrade(path, headers, client="10.0.0.7") is not Verdict.GENUINE
