"""What nobody should find in a kept call: card numbers, social security numbers, phone numbers and e-mail addresses.

Said, spelled, typed or pressed, by the caller or read back by the agent, in one go or over turns. Everything here is
pure: words with their times go in, the names of what they give away come out (`conversation`); a leg's journal goes in,
the journal without them and the stretches of sound that have to go come out (`leg`). The rule when in doubt: nine
digits or more that nobody called an order, a date or the like are somebody's, and go.

The number a call came from is no words of the conversation: it stays in the call's row and the journal's header, masked
by role on the site, until the call is deleted.
"""

from callcenter.redaction.conversation import KINDS, Heard, find, masked
from callcenter.redaction.leg import Redacted, redact
from callcenter.redaction.sound import silenced

__all__ = ["KINDS", "Heard", "Redacted", "find", "masked", "redact", "silenced"]
