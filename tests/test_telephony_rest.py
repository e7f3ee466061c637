"""Orders over REST, against a small real server that speaks the provider's REST and insists on its rules."""

import logging
from concurrent.futures import ThreadPoolExecutor
from http.server import ThreadingHTTPServer

import pytest
from provider import GONE, LIVE, OVER, OWN, SID, TOKEN, Counter

from callcenter.telephony import twiml
from callcenter.telephony.rest import LONGEST_TWIML, REMEDIES, Account, AccountState, Incoming, Outbound, RestError


@pytest.fixture
def account(provider):
    account = Account(SID, TOKEN, api=provider.url, timeout_s=10)
    yield account
    account.close()


def failure(order):
    with pytest.raises(RestError) as caught:
        order()
    assert caught.value.remedy == REMEDIES[caught.value.kind]
    return caught.value


# ------------------------------------------------------------------------------------------------------ live calls


def test_a_live_call_is_hung_up(account, provider):
    assert account.hang_up(LIVE) is True
    assert provider.calls[LIVE] == "completed"
    assert provider.orders == [{"Status": ["completed"]}]


@pytest.mark.parametrize("call", [OVER, GONE])
def test_hanging_up_a_call_that_is_over_is_not_wrong(account, call):
    assert account.hang_up(call) is False


def test_hanging_up_twice_at_once_is_not_wrong(account):
    with ThreadPoolExecutor(8) as threads:
        ended = list(threads.map(account.hang_up, [LIVE] * 8))
    assert sorted(ended)[-1] is True


def test_a_live_call_is_given_new_orders(account, provider):
    document = twiml.hang_up("Good-bye, & thanks \u00e9.")
    account.redirect(LIVE, document)
    assert provider.orders == [{"Twiml": [document]}]


@pytest.mark.parametrize("call", [OVER, GONE])
def test_new_orders_for_a_call_that_is_over_are_an_error(account, call):
    assert failure(lambda: account.redirect(call, twiml.hang_up())).kind == "not_found"


def test_a_document_too_long_for_an_order_is_never_sent(account, provider):
    with pytest.raises(ValueError, match="do not fit"):
        account.redirect(LIVE, "x" * (LONGEST_TWIML + 1))
    assert provider.orders == []


# -------------------------------------------------------------------------------------------------- outbound calls


def test_an_outbound_call_is_placed_with_everything(account, provider):
    call = account.place(
        Outbound(
            "+15550142",
            OWN,
            url="https://a.example.com/twilio/voice?call=c1",
            status="https://a.example.com/twilio/status?call=c1",
            amd="https://a.example.com/twilio/amd?call=c1",
            amd_until="DetectMessageEnd",
            timeout_s=20,
            limit_s=900,
        )
    )
    assert provider.calls[call] == "queued"
    assert provider.orders == [
        {
            "To": ["+15550142"],
            "From": [OWN],
            "Url": ["https://a.example.com/twilio/voice?call=c1"],
            "Method": ["POST"],
            "Timeout": ["20"],
            "TimeLimit": ["900"],
            "StatusCallback": ["https://a.example.com/twilio/status?call=c1"],
            "StatusCallbackMethod": ["POST"],
            "StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"],
            "MachineDetection": ["DetectMessageEnd"],
            "MachineDetectionTimeout": ["30"],
            "AsyncAmd": ["true"],
            "AsyncAmdStatusCallback": ["https://a.example.com/twilio/amd?call=c1"],
            "AsyncAmdStatusCallbackMethod": ["POST"],
        }
    ]


def test_a_plain_outbound_call_asks_for_nothing_else(account, provider):
    account.place(Outbound("+15550142", OWN, twiml="<Response/>"))
    assert provider.orders == [
        {"To": ["+15550142"], "From": [OWN], "Twiml": ["<Response/>"], "Timeout": ["30"], "TimeLimit": ["14400"]}
    ]


@pytest.mark.parametrize("ways", [{}, {"twiml": "<Response/>", "url": "https://a.example.com/v"}])
def test_an_outbound_call_says_in_exactly_one_way_what_happens(ways):
    with pytest.raises(ValueError, match="exactly one"):
        Outbound("+15550142", OWN, **ways)


@pytest.mark.parametrize(
    ("to", "kind", "code", "retryable"),
    [
        ("+19005550142", "refused", 21215, False),
        ("+14295550142", "rate_limited", 20429, True),
        ("", "refused", 21201, False),
    ],
)
def test_a_refused_call_says_why(account, to, kind, code, retryable):
    error = failure(lambda: account.place(Outbound(to, OWN, twiml="<Response/>")))
    assert (error.kind, error.code, error.retryable) == (kind, code, retryable)


# ------------------------------------------------------------------------------------------------------ the account


def test_the_account_is_fetched(account):
    assert account.fetch() == AccountState(SID, "Test", "active", trial=True)


def test_a_number_of_the_account_says_where_its_calls_go(account):
    assert account.fetch_number(OWN) == Incoming(OWN, "https://a/v", "POST")
    assert account.fetch_number("+15550999") is None


def test_wrong_credentials_are_told_apart(provider):
    stranger = Account(SID, "wrong", api=provider.url)
    error = failure(stranger.fetch)
    assert (error.kind, error.code) == ("auth", 20003)
    assert "CALLCENTER_TWILIO_TOKEN" in error.remedy
    stranger.close()


# ------------------------------------------------------------------------------------------------------- bad networks


@pytest.mark.parametrize(
    ("strange", "kind"),
    [
        ((500, {"code": 20500, "message": "Internal"}), "network"),
        ((503, b"<html>down</html>"), "network"),
        ((502, b""), "network"),
        ((200, b"<html>a captive portal</html>"), "network"),
        ((201, {}), "network"),
        ((302, b""), "network"),
        ((429, b"slow down"), "rate_limited"),
        ((404, b"nothing here"), "not_found"),
        ((400, {"type": "t", "title": "Bad field", "status": 400, "code": 20001, "detail": "To is bad"}), "refused"),
        ((400, b"[]"), "refused"),
        ((401, b"<html>who are you</html>"), "auth"),
    ],
)
def test_a_strange_answer_is_a_typed_error(account, provider, strange, kind):
    provider.strange = strange
    assert failure(lambda: account.place(Outbound("+15550142", OWN, twiml="<Response/>"))).kind == kind


def test_nobody_listening_is_a_typed_error(provider):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Counter)
    url = f"http://127.0.0.1:{server.server_address[1]}"
    server.server_close()
    lonely = Account(SID, TOKEN, api=url)
    error = failure(lonely.fetch)
    assert (error.kind, error.retryable) == ("network", True)
    lonely.close()


def test_a_provider_that_never_answers_is_waited_for_only_so_long(provider):
    provider.holding.clear()
    hasty = Account(SID, TOKEN, api=provider.url, timeout_s=0.2)
    assert failure(lambda: hasty.hang_up(LIVE)).kind == "network"
    hasty.close()


def test_a_base_url_may_have_a_path(provider):
    behind = Account(SID, TOKEN, api=provider.url + "/gateway/")
    error = failure(behind.fetch)
    assert (error.kind, "/gateway/2010-04-01/Accounts" in error.detail) == ("not_found", True)
    behind.close()


def test_no_number_and_no_token_reaches_the_log(account, caplog):
    caplog.set_level(logging.DEBUG)
    account.place(Outbound("+15550142", OWN, twiml="<Response><Say>secret</Say></Response>"))
    failure(lambda: account.place(Outbound("+19005550142", OWN, twiml="<Response/>")))
    account.fetch_number(OWN)
    written = [
        record.getMessage() for record in caplog.records if "telephony" in record.name or "twilio" in record.name
    ]
    assert not [line for line in written if "5550" in line or "secret" in line or TOKEN in line]


def test_the_environment_is_not_searched_for_credentials(provider, monkeypatch):
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", TOKEN)
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", SID)
    monkeypatch.setenv("TWILIO_REGION", "elsewhere")
    blank = Account(SID, "", api=provider.url)
    assert failure(blank.fetch).kind == "auth"
    blank.close()
