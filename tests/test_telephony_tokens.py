"""A token opens one stream of one call, once, in time; every other string is refused and says why."""

import base64
import re
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.telephony.tokens import Grant, TokenError, Tokens

SECRET = b"a secret of the server, 32 bytes"
NOW = 1_700_000_000.5
TOKENS = Tokens(SECRET)


def steady(examples):
    return settings(max_examples=examples, derandomize=True, deadline=None, database=None)


class Claims:
    """What the store does: the first to claim a nonce gets it."""

    def __init__(self):
        self.taken = set()
        self._lock = threading.Lock()

    def __call__(self, nonce):
        with self._lock:
            fresh = nonce not in self.taken
            self.taken.add(nonce)
            return fresh


def never_claimed(nonce):
    raise AssertionError("a bad token must not reach the store")


def refusal(token, now=NOW, claim=never_claimed, tokens=TOKENS):
    with pytest.raises(TokenError) as caught:
        tokens.read(token, now, claim)
    return caught.value.kind


def test_a_token_says_which_leg_of_which_call_may_come_until_when():
    grant = TOKENS.read(TOKENS.mint("call-1", 2, NOW), NOW, Claims())
    assert grant == Grant("call-1", 2, int(NOW) + 90, grant.nonce)
    assert re.fullmatch("[0-9a-f]{24}", grant.nonce)


def test_a_token_opens_once():
    claims, token = Claims(), TOKENS.mint("call-1", 0, NOW)
    TOKENS.read(token, NOW, claims)
    assert refusal(token, claim=claims) == "used"


def test_of_many_who_come_with_one_token_one_is_let_in():
    claims, token, let_in = Claims(), TOKENS.mint("call-1", 0, NOW), []

    def come():
        try:
            let_in.append(TOKENS.read(token, NOW, claims))
        except TokenError as error:
            assert error.kind == "used"  # noqa: PT017

    threads = [threading.Thread(target=come) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(let_in) == 1


@pytest.mark.parametrize(
    ("after", "open_"), [(0, True), (89, True), (89.4, True), (89.5, False), (90, False), (1e6, False)]
)
def test_a_token_opens_for_its_life_and_not_longer(after, open_):
    token = TOKENS.mint("call-1", 0, NOW)
    if open_:
        assert TOKENS.read(token, NOW + after, Claims()).call == "call-1"
    else:
        assert refusal(token, now=NOW + after) == "expired"


def test_an_expired_token_is_not_claimed_so_it_stays_expired():
    token = TOKENS.mint("call-1", 0, NOW)
    assert refusal(token, now=NOW + 1_000) == "expired"
    assert refusal(token, now=NOW + 1_000) == "expired"


@pytest.mark.parametrize(
    ("tokens", "kind"),
    [(Tokens(b"another secret of 32 bytes......"), "forged"), (Tokens(SECRET, life=10), "opens")],
)
def test_only_the_same_secret_reads_a_token(tokens, kind):
    token = TOKENS.mint("call-1", 0, NOW)
    if kind == "opens":
        assert tokens.read(token, NOW, Claims()).call == "call-1"
    else:
        assert refusal(token, tokens=tokens) == kind


def test_no_bit_of_a_token_can_be_changed():
    token = TOKENS.mint("call-1", 3, NOW)
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        assert refusal(base64.urlsafe_b64encode(changed).rstrip(b"=").decode()) == "forged"


def test_a_later_expiry_or_another_leg_cannot_be_written_into_a_token():
    early, late = TOKENS.mint("call-1", 0, NOW), TOKENS.mint("call-1", 1, NOW + 1_000)
    assert refusal(late[:12] + early[12:]) == "forged"


@pytest.mark.parametrize(
    "token",
    [
        "",
        "A",
        "AAAA",
        "A" * 10_000,
        "a b",
        "../../etc",
        "%00",
        "\u00e9" * 60,
        "\ud800" * 60,
        "+" * 60,
        "=" * 60,
        "A" * 44,
    ],
)
def test_what_is_no_token_is_malformed(token):
    assert refusal(token) == "malformed"


def test_a_token_has_one_spelling():
    for call in ("a", "ab", "abc", "abcd"):
        token = TOKENS.mint(call, 0, NOW)
        for other in (token + "=", token + "==", token + "\n", " " + token, token[:-1], token + "A"):
            assert refusal(other) in ("malformed", "forged")
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        for letter in alphabet.replace(token[-1], ""):
            assert refusal(token[:-1] + letter) in ("malformed", "forged")


@pytest.mark.parametrize("call", ["", "x" * 129])
def test_a_call_id_has_a_sensible_length(call):
    with pytest.raises(ValueError, match="call id"):
        TOKENS.mint(call, 0, NOW)


def test_a_short_secret_is_refused():
    with pytest.raises(ValueError, match="16 bytes"):
        Tokens(b"short")


def test_no_two_tokens_are_alike():
    assert len({TOKENS.mint("call-1", 0, NOW) for _ in range(100)}) == 100


@steady(200)
@given(st.text(min_size=1, max_size=32), st.integers(0, 255), st.integers(0, 2**32 - 1_000))
def test_every_token_fits_a_url_path_and_comes_back(call, leg, now):
    token = TOKENS.mint(call, leg, now)
    assert re.fullmatch("[A-Za-z0-9_-]{1,220}", token)
    grant = TOKENS.read(token, now, Claims())
    assert (grant.call, grant.leg) == (call, leg)


@steady(300)
@given(
    st.text(max_size=300)
    | st.text(alphabet="ABCabc012-_=", max_size=120)
    | st.binary(max_size=90).map(base64.urlsafe_b64encode).map(bytes.decode)
)
def test_any_other_string_is_refused(token):
    assert refusal(token) in ("malformed", "forged")
