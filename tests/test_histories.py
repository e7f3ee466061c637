"""The book of histories."""

import numpy as np

from callcenter.model.histories import Book


def written():
    """0 - 1 - 2 - 4, and 3 and 5 behind 1."""
    book = Book()
    for word, before in ((-1, 0), (10, 0), (11, 1), (12, 1), (13, 2), (14, 1)):
        book.write(1, word=word, before=before)
    return book


def test_a_line_leads_back_to_its_root():
    book = written()
    assert book.line(4) == [1, 2, 4]
    assert book.line(4, 1) == [2, 4]
    assert book.line(0) == []


def test_what_entries_share_is_the_newest_that_all_have_behind_them():
    book = written()
    assert book.shared(np.array([4, 2])) == 2
    assert book.shared(np.array([4, 3, 5])) == 1
    assert book.shared(np.array([0, 4])) == 0
    assert book.behind(np.array([0, 1, 2, 3, 4, 5]), 2).tolist() == [False, False, True, False, True, False]


def test_a_cleared_book_holds_only_what_can_be_reached():
    book = written()
    assert book.cleared(1, np.array([4, 3, 4])).tolist() == [3, 2, 3]
    assert book.size == 4
    assert book.word[: book.size].tolist() == [10, 11, 12, 13]
    assert [int(book.word[entry]) for entry in book.line(3)] == [11, 13]


def test_a_word_is_as_sure_as_its_rivals_are_unlikely():
    book = Book()
    book.write(1, word=-1, before=0)
    for word, end, total in ((5, 20, -1.0), (6, 21, -1.0), (6, 22, -9.0), (5, 22, -1.0), (7, 23, -30.0), (8, 40, 0.0)):
        book.write(1, word=word, before=0, start=10, end=end, total=total)
    assert abs(book.share(1) - 0.5) < 0.01
    assert abs(book.share(3) - 0.02) < 0.01
    assert book.share(6) == 1.0
    assert book.since(22, 0).tolist() == [3, 4, 5, 6]


def test_a_book_grows():
    book = Book()
    entries = book.write(5_000, word=7, before=0)
    assert len(entries) == book.size == 5_000
    assert len(book.word) >= 5_000
