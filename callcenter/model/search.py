"""From phones to words: a beam search over the tree of pronunciations, frame by frame, with the language weighed in.

A hypothesis stands at a node of the tree, knows the words behind it (a number in the `Book` of histories) and has a
score; all hypotheses are rows of a few arrays. A frame stays at the node or goes on to a child; where a word ends, a
new one may begin, with or without a silence before it. Likelihoods are those of a frame classifier: the logarithm of
what it gives, less a share of what it gives on average. The likelihood of the best word still reachable is counted on
the way into the tree and settled at the word's end.

Every `LOOK` frames, counted from the beginning and not by how they came, it is seen what has become certain: words that
all surviving hypotheses share, and words of the best one that ended long enough ago; whoever disagrees is dropped. A
long silence makes everything certain and leaves one hypothesis, which costs nothing while the silence lasts.

flashlight-text (0.0.7, C++) was tried first: at the same beam, without a language model, it took 20 times as long a
turn, holds no more than six words that sound alike, its language model is a KenLM file built elsewhere or a call into
Python a word, and it tells neither confidence nor which words are certain.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from callcenter.model.histories import Book
from callcenter.model.language import Past
from callcenter.model.lexicon import MUTE, PAUSE, START
from callcenter.model.phones import SILENCE
from callcenter.model.vocabulary import Vocabulary

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
Bools = NDArray[np.bool_]

LOOK = 10
IMPOSSIBLE = np.float32(-1e9)
RESOLUTION = 1 << 20
EXPECTED = 2.0
"""By how much an expected word is more likely, in the logarithm. At 3 what nobody expected suffers."""
COMPACT = 4_096
"""Entries of the book after which it is cleared of what nobody can reach."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word that was heard, and the frames it lasts from and to; `sure` is between 0 and 1."""

    text: str
    start: int
    end: int
    sure: float


@dataclass(frozen=True, slots=True)
class Words:
    """What a push made certain, and what else the best hypothesis holds for now."""

    certain: tuple[Word, ...] = ()
    partial: tuple[Word, ...] = ()
    ending: tuple[Word, ...] = ()
    """What would be said besides the certain words if the speaker had ended here: `settle` makes it certain."""

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.certain)


@dataclass
class Beam:
    """The living hypotheses, a row each."""

    node: Integers
    past: Integers
    """The entry in the book of the words before."""
    score: Floats
    fit: Floats
    """How much less likely its phones were than the best, summed."""
    begun: Integers
    """The frame in which the word began."""

    def __len__(self) -> int:
        return len(self.node)

    def rows(self, which: Integers | Bools) -> "Beam":
        return Beam(self.node[which], self.past[which], self.score[which], self.fit[which], self.begun[which])


class Search:
    """One call's ears: frames in, words out."""

    def __init__(self, vocabulary: Vocabulary, priors: Floats) -> None:
        """`priors`: how often each phone is, as the classifier was taught."""
        self._shared = vocabulary
        self._ahead = vocabulary.plain
        self._prior = (np.log(np.maximum(priors, 1e-6)) * vocabulary.weights.prior).astype(np.float32)
        self._sound = np.full(MUTE + 1, IMPOSSIBLE, np.float32)
        self._short = np.zeros(MUTE + 1, np.float32)
        self.frames = 0
        self._silent = 0
        self._book = Book()
        last, pair = vocabulary.language.start
        self._book.write(1, word=-1, before=0, end=0, last=last, pair=pair)
        self._beam = self._fresh()
        self._told = 0
        """The entry up to which everything has been told."""
        self._resumed = 0
        """The entry after which the sentence may go on or another begin; -1: there is none."""

    @property
    def held(self) -> int:
        """Entries in the book and rows in the beam: what a call takes."""
        return self._book.size + len(self._beam)

    def expect(self, words: Iterable[str], weight: float = EXPECTED) -> None:
        """From now on these words are more likely, by so much in the logarithm; no words: none are."""
        changed = self._shared.ahead(words, weight)
        if changed is self._ahead:
            return
        self._beam.score += changed.counted[self._beam.node] - self._ahead.counted[self._beam.node]
        self._ahead = changed

    def push(self, logs: Floats) -> Words:
        """Frames by phones, each the logarithm of the classifier's probability."""
        certain: list[Word] = []
        for frame in np.asarray(logs, np.float32):
            certain += self._frame(frame)
        partial, ending = (tuple(self._words(entry, self._told)) for entry in (self._best(), self._ending()))
        return Words(tuple(certain), partial, ending)

    def settle(self) -> Words:
        """Somebody takes the speaker to have ended and tells the `ending` of the last push: it is certain, and whoever
        disagrees is dropped. If the speaker goes on all the same, so do the words."""
        ending = self._ending()
        told = self._words(ending, self._told)
        self._beam = self._beam.rows(self._book.behind(self._beam.past, ending))
        self._told = ending
        return Words(tuple(told))

    def close(self) -> Words:
        """Nothing more will come: all that was heard is certain."""
        return Words(tuple(self._settle()))

    # ------------------------------------------------------------------------------------------------------- frames

    def _frame(self, logs: Floats) -> list[Word]:
        self.frames += 1
        self._silent = self._silent + 1 if logs[SILENCE] > np.log(self._shared.weights.quiet) else 0
        if not (self._silent and self._rested()):
            self._advance(logs)
        if self.frames % LOOK or self._rested():
            return []
        return self._settle() if self._rests() else self._look()

    def _rested(self) -> bool:
        """Whether nothing is left but a pause after words that were all told."""
        beam = self._beam
        return len(beam) == 1 and beam.node[0] == PAUSE and beam.past[0] == self._told

    def _rests(self) -> bool:
        """Whether the best hypothesis has been in a pause for long, and the last frames leave no doubt of it."""
        best = int(np.argmax(self._beam.score))
        paused = self.frames - self._book.end[self._beam.past[best]] >= self._shared.weights.rest
        return bool(paused and self._beam.node[best] == PAUSE and self._silent >= LOOK)

    def _advance(self, logs: Floats) -> None:
        weights, phone = self._shared.weights, self._shared.tree.phone
        bounded = np.maximum(logs, np.float32(weights.floor))
        sound, short = self._sound, self._short
        np.multiply(bounded - self._prior, np.float32(weights.acoustic), out=sound[:MUTE])
        np.subtract(bounded, bounded.max(), out=short[:MUTE])
        beam = self._beam
        parents, nodes = self._onward(beam.node)
        onward = self._ahead.step[nodes] + sound[phone[nodes]] + (beam.score + np.float32(weights.go))[parents]
        staying = beam.score + sound[phone[beam.node]] + np.float32(weights.stay)
        best = max(onward.max(initial=IMPOSSIBLE), staying.max())
        least = best - np.float32(weights.beam)
        kept = (onward > least).nonzero()[0]
        stayed = (staying > least).nonzero()[0]
        origin = parents[kept]
        rows = np.concatenate((stayed, origin))
        node = np.concatenate((beam.node[stayed], nodes[kept]))
        score = np.concatenate((staying[stayed], onward[kept])) - best
        fit, begun = beam.fit[rows], beam.begun[rows]
        fresh = len(stayed) + (beam.node[origin] <= PAUSE).nonzero()[0]
        begun[fresh] = self.frames - 1
        fit[fresh] = 0
        fit += short[phone[node]]
        fit[node == PAUSE] = 0
        self._beam = self._merged(Beam(node, beam.past[rows], score, fit, begun), weights.beam, weights.most)
        self._finish_words()

    def _onward(self, node: Integers) -> tuple[Integers, Integers]:
        """For every way on: the row it starts from, and the node it leads to."""
        tree_ = self._shared.tree
        several = tree_.children[node]
        parents = np.arange(len(node)).repeat(several)
        shift = tree_.first[node] - several.cumsum() + several
        return parents, shift[parents] + np.arange(len(parents))

    def _merged(self, beam: Beam, width: float, most: int) -> Beam:
        """One row for each node and last word, the best; and no more rows than may be."""
        worse = (beam.score * np.float32(-RESOLUTION / 2 / width)).astype(np.int64)
        place = (beam.node << 16) + self._book.word[beam.past] + 1
        order = ((place << 20) + worse).argsort()
        kept = order[first_of(place[order])]
        if len(kept) > most:
            kept = kept[beam.score[kept].argpartition(len(kept) - most)[-most:]]
        return beam.rows(kept)

    def _finish_words(self) -> None:
        """Where words end, new ones may begin."""
        weights, shared, book = self._shared.weights, self._shared, self._book
        beam = self._beam
        several = shared.speaks[beam.node]
        ending = ((several > 0) & (beam.score > -weights.end_beam)).nonzero()[0]
        if not len(ending):
            return
        several = several[ending]
        rows = ending.repeat(several)
        shift = shared.tree.ends[beam.node[ending]] - several.cumsum() + several
        word = shared.tree.said[shift.repeat(several) + np.arange(len(rows))]
        before = beam.past[rows]
        logs, past = self._likely(before, word)
        score = beam.score[rows] - self._ahead.counted[beam.node[rows]]
        score = score + logs * np.float32(weights.language) + self._ahead.bonus[word] + np.float32(weights.word)
        best = score.max()
        good = (score > best - weights.end_beam).nonzero()[0]
        worse = ((best - score[good]) * np.float32(RESOLUTION / 2 / weights.end_beam)).astype(np.int64)
        order = good[((word[good] << 20) + worse).argsort()]
        chosen = order[first_of(word[order])]
        if len(chosen) > weights.most_ends:
            chosen = chosen[score[chosen].argpartition(len(chosen) - weights.most_ends)[-weights.most_ends :]]
        lasted = np.maximum(self.frames - beam.begun[rows[chosen]], 1)
        entries = book.write(
            len(chosen),
            word=word[chosen],
            before=before[chosen],
            start=beam.begun[rows[chosen]],
            end=self.frames,
            fit=beam.fit[rows[chosen]] / lasted,
            total=score[chosen],
            last=past.last[chosen],
            pair=past.pair[chosen],
        )
        none = np.zeros(len(chosen), np.int64)
        self._beam = Beam(
            np.concatenate((beam.node, none + START)),
            np.concatenate((beam.past, entries)),
            np.concatenate((beam.score, score[chosen].astype(np.float32))),
            np.concatenate((beam.fit, none.astype(np.float32))),
            np.concatenate((beam.begun, none)),
        )

    def _likely(self, before: Integers, word: Integers) -> tuple[Floats, Past]:
        """How likely the words are there. After a pause two pasts are possible: what was said before, and nothing."""
        book, language = self._book, self._shared.language
        logs, past = language.score(Past(book.last[before], book.pair[before]), word)
        after = np.flatnonzero(before == self._resumed)
        if len(after):
            last, pair = (np.full(len(after), value) for value in language.start)
            fresh, begun = language.score(Past(last, pair), word[after])
            past.pair[after] = np.where(fresh > logs[after], begun.pair, past.pair[after])
            logs[after] = np.logaddexp(logs[after], fresh) - np.float32(np.log(2))
        return logs, past

    # ------------------------------------------------------------------------------------------------------- words

    def _best(self) -> int:
        """The words of the best hypothesis, without one it has only begun."""
        return int(self._beam.past[np.argmax(self._beam.score)])

    def _ending(self) -> int:
        """The words of the best hypothesis that is silent here, if that is not much worse than those that are not: a
        noise that sounds like the end of a word holds nothing up. In the middle of a word nobody has ended."""
        score, silent = self._beam.score, self._beam.node == PAUSE
        good = silent & (score > score.max() - np.float32(self._shared.weights.doubt))
        return self._over(good) if good.any() else self._told

    def _over(self, rows: Bools | None = None) -> int:
        """The words of the best hypothesis that ends with a word; of the best that there is where none does."""
        whole = self._beam.rows(self._beam.node <= PAUSE if rows is None else rows)
        if not len(whole):
            return self._best()
        past, language, weights = whole.past, self._shared.language, self._shared.weights
        over = language.end(Past(self._book.last[past], self._book.pair[past]))
        return int(past[np.argmax(whole.score + np.maximum(over, weights.over) * np.float32(weights.language))])

    def _look(self) -> list[Word]:
        """What has become certain by now."""
        shared = self._book.shared(self._beam.past)
        best = self._best()
        late = [
            e for e in self._book.line(best, shared) if self._book.end[e] <= self.frames - self._shared.weights.late
        ]
        upto = late[-1] if late else shared
        told = self._words(upto, self._told)
        if late:
            self._beam = self._beam.rows(self._book.behind(self._beam.past, upto))
        self._told = max(self._told, upto)
        if self._book.size > COMPACT:
            recent = self._book.since(self.frames - 2 * self._shared.weights.late, self._told)
            entries = np.concatenate((self._beam.past, recent))
            self._beam.past = self._book.cleared(self._told, entries)[: len(self._beam)]
            self._resumed = 0 if self._told == self._resumed else -1
            self._told = 0
        return told

    def _settle(self) -> list[Word]:
        """Everything is certain: the best hypothesis that ends with a word, and it alone, goes on after a pause."""
        best = self._over()
        told = self._words(best, self._told)
        word, last, pair = (int(column[best]) for column in (self._book.word, self._book.last, self._book.pair))
        self._book.size = 0
        self._book.write(1, word=word, before=0, end=self.frames, last=last, pair=pair)
        self._told = self._resumed = 0
        self._beam = self._fresh()
        return told

    def _fresh(self) -> Beam:
        """Silence, and nothing else alive."""
        none = np.zeros(1, np.int64)
        return Beam(none + PAUSE, none, none.astype(np.float32), none.astype(np.float32), none)

    def _words(self, entry: int, root: int) -> list[Word]:
        book, words = self._book, self._shared.words
        line = book.line(entry, root)
        return [Word(words[book.word[e]], int(book.start[e]), int(book.end[e]), self._sure(e)) for e in line]

    def _sure(self, entry: int) -> float:
        return self._book.share(entry) * float(np.exp(0.5 * self._book.fit[entry]))


def first_of(sorted_: Integers) -> Bools:
    """Where each value stands for the first time."""
    first = np.ones(len(sorted_), np.bool_)
    np.not_equal(sorted_[1:], sorted_[:-1], out=first[1:])
    return first
