"""E-mail addresses among atoms: written, said ("j dot smith at example dot com"), spelled, corrected, in pieces.

An address is found from its middle: from "at", or from the dot of its ending, as far to both sides as the words can
still be part of one. Where an address is talked about, its pieces alone are enough.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from callcenter.background.grammar.figures import ONES, TEENS, TENS, TIMES
from callcenter.background.grammar.letters import NATO
from callcenter.background.grammar.words import vocabulary
from callcenter.redaction.atoms import ASIDE, Atom
from callcenter.redaction.cues import CORRECTION

WRITTEN: Final = re.compile(r"[^\s@]+@[^\s@]+\.[a-z]{2,}|[^\s@]+@")
DOMAIN: Final = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}")
DOTS: Final = frozenset({"dot", "period", "point", "."})
JOINTS: Final = DOTS | {"underscore", "dash", "hyphen", "minus", "plus", "_", "-", "underline"}
ENDINGS: Final = vocabulary(
    """
    com net org edu gov mil io co us uk de fr ca au biz info me dev app ai eu nl es it ch at se no ie in nz
    """
)
PLAIN_ENDINGS: Final = vocabulary("com net org edu gov io co uk")
"""After "point" and "period", which are said of other things, too."""

PROVIDERS: Final = vocabulary("gmail yahoo hotmail outlook icloud aol protonmail proton gmx msn googlemail")
LOOSE: Final = vocabulary(
    """
    um uh er erm ah hmm then capital lowercase lower upper uppercase all case letters letter number numbers digits
    the sign symbol and okay ok one word together no so like ~ ~no
    """
)
"""May stand inside an address and mean nothing."""

STOP: Final = vocabulary(
    """
    is it's its it to my the email e-mail mail address at send use that's that on reach me you your with under be
    would yes yeah yep sure hi hello can have got so was for from and as in of by be i i'm i'll we us or not this
    what which will do does did just please thanks thank best good an a put down write try sending account contact
    he she they our their his her there here right correct great perfect well goes sent reads says they're let's but
    if when how one confirmation confirm back again now still same may could should them letter letters spelled
    spell say said hear name let see get want need know think sounds makes
    """
)
"""Words before an address that are not part of it."""

EXAMPLES: Final = (("as", "in"), ("for",), ("like",), ("as",))
MOST_PLAIN: Final = 3
WHOLE: Final = 16
"""Atoms between "at" and the ending."""


def is_domain(text: str) -> bool:
    return bool(DOMAIN.fullmatch(text)) and text.rpartition(".")[2] in ENDINGS


def letters(said: Sequence[Atom], at: int) -> int:
    """Where a letter that is spelled here ends ("s as in sam"); `at` itself if none is."""
    text = said[at].text
    if text in TIMES and at + 1 < len(said) and re.fullmatch("[a-z]", said[at + 1].text):
        return at + 2
    if not re.fullmatch("[a-z]", text):
        return at + 1 if text in NATO else at
    for words in EXAMPLES:
        end = at + 1 + len(words)
        example = tuple(atom.text for atom in said[at + 1 : end]) == words
        if example and end < len(said) and said[end].text.startswith(text):
            return end + 1
    return at + 1


def spelled(said: Sequence[Atom]) -> dict[int, int]:
    """Atom by atom, the length in letters of the run of spelled letters it is in."""
    runs: dict[int, int] = {}
    at = 0
    while at < len(said):
        begin, count = at, 0
        while at < len(said) and ((end := letters(said, at)) > at or (count and _number(said[at]))):
            at, count = max(end, at + 1), count + 1
        if count:
            runs |= dict.fromkeys(range(begin, at), count)
        at = max(at, begin + 1)
    return runs


def addresses(said: Sequence[Atom], talked: Sequence[bool]) -> Iterator[range]:
    """The atoms of every address. `talked` says of each atom whether an address is being talked about there."""
    runs = spelled(said)
    for at, atom in enumerate(said):
        if WRITTEN.search(atom.text):
            yield range(_left(said, runs, at) if atom.text.startswith("@") else at, at + 1)
        elif atom.text in ("at", "@") and (end := _domain(said, runs, at + 1)):
            yield range(_left(said, runs, at), _corrected(said, end))
        elif atom.text in DOTS and _ending(said, at + 1) and (talked[at] or _provider(said, at)):
            yield range(_left(said, runs, at), _corrected(said, _ending(said, at + 1)))
        elif talked[at] and is_domain(atom.text):
            yield range(_left(said, runs, at), at + 1)
        elif talked[at] and atom.text in JOINTS and _between(said, runs, at):
            yield range(_left(said, runs, at), min(len(said), _part(said, runs, at + 1)))
        elif (talked[at] and runs.get(at, 0) >= 3) or (talked[at] and atom.text in PROVIDERS):
            yield range(at, at + 1)


def _between(said: Sequence[Atom], runs: dict[int, int], at: int) -> bool:
    """Whether a joint has a part of an address on both sides."""
    if at == 0 or at + 1 >= len(said) or said[at].text in ("minus", "plus", "point", "period", "dash"):
        return False
    return all(said[k].text not in STOP or k in runs for k in (at - 1, at + 1))


def _provider(said: Sequence[Atom], at: int) -> bool:
    return at > 0 and said[at - 1].text in PROVIDERS


def _ending(said: Sequence[Atom], at: int) -> int:
    """Where the ending of a domain that begins here is over, 0 if none does; "co dot uk" is one."""
    if at >= len(said):
        return 0
    end = 0
    endings = PLAIN_ENDINGS if said[at - 1].text in ("point", "period") else ENDINGS
    if said[at].text in endings or is_domain(said[at].text):
        end = at + 1
    else:
        for ending in ("com", "net", "org", "edu"):
            if [atom.text for atom in said[at : at + len(ending)]] == list(ending):
                end = at + len(ending)
    if end and end + 1 < len(said) and said[end].text in DOTS and said[end + 1].text in ENDINGS:
        return end + 2
    return end


def _domain(said: Sequence[Atom], runs: dict[int, int], start: int) -> int:
    """Where the domain that begins here ends; 0 if this is none."""
    plain = 0
    for at in range(start, min(len(said), start + WHOLE)):
        text = said[at].text
        if is_domain(text):
            return at + 1
        if text in DOTS and at > start and (end := _ending(said, at + 1)):
            return end
        if text in PROVIDERS and not any(atom.text in DOTS for atom in said[at + 1 : at + 3]):
            return at + 1
        if text in JOINTS or at in runs or text in LOOSE or text in CORRECTION or _number(said[at]):
            continue
        plain += 1
        dotted = at + 1 < len(said) and said[at + 1].text in JOINTS
        if plain > MOST_PLAIN or (text in STOP and text != "at" and not dotted):
            return 0
    return 0


def _corrected(said: Sequence[Atom], end: int) -> int:
    """An ending that is taken back at once: "dot net, no, sorry, dot com"."""
    near = range(end, min(len(said), end + 8))
    if not any(said[at].text in CORRECTION for at in near):
        return end
    later = [stop for at in near if said[at].text in DOTS and (stop := _ending(said, at + 1))]
    return max([end, *later])


def _left(said: Sequence[Atom], runs: dict[int, int], at: int) -> int:
    """Where the part before `at` begins."""
    begin, plain, loose, taken_back = at, 0, 0, False
    place = at - 1
    while place >= 0 and at - place <= 60:
        text = said[place].text
        follows = place + 1 < len(said) and said[place + 1].text in JOINTS
        joins = place > 0 and said[place - 1].text in JOINTS
        if text in JOINTS or place in runs or _number(said[place]) or text in TIMES:
            begin, loose = place, 0
            if text in JOINTS:
                plain = 0
        elif text == "at" and _domain(said, runs, place + 1) and taken_back:
            begin, loose, plain = place, 0, 0
        elif text == ASIDE:
            pass
        elif text in CORRECTION or (text in LOOSE and not (text == "one" and not loose)):
            loose += 1
            if text in CORRECTION:
                taken_back, plain = True, 0
            if loose > 5:
                break
        elif text in STOP and not (follows or joins):
            if not (taken_back and loose):
                break
            loose += 1
            if loose > 5:
                break
        else:
            plain += 1
            if plain > MOST_PLAIN:
                break
            begin, loose = place, 0
        place -= 1
    return begin


def _part(said: Sequence[Atom], runs: dict[int, int], at: int) -> int:
    """Where the one part that begins here ends."""
    while at < len(said) and (at in runs or _number(said[at])):
        at += 1
        if at < len(said) and not (at in runs or _number(said[at])):
            return at
    return at + 1


def _number(atom: Atom) -> bool:
    return bool(atom.figures) or atom.text in ONES or atom.text in TEENS or atom.text in TENS
