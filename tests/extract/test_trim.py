"""Lines that only repeat the authors, the time or the section are not body."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from etl.extract import dates
from etl.extract.body import Main
from etl.extract.trim import Said, is_byline, trimmed, without_section
from etl.model import Block

NEXT_YEARS = datetime(2026, 3, 1, tzinfo=UTC)
FETCHED_AT = datetime(2023, 2, 7, 7, 15, tzinfo=UTC)


def read_label(label: str):
    return dates.read_label(label, language="fr", country="FR", zone="Europe/Paris", fetched_at=FETCHED_AT)


SAID = Said(("Jeanne Morel",), "International", (read_label("Publié le 17 novembre 2020 à 22h41"),), read_label)
BYLINES = {
    "date alone": "Publié le 17 novembre 2020 à 22h41",
    "date and change": "Publié le 17 novembre 2020 à 22h41 | Mis à jour le 18 novembre 2020 à 07h12",
    "author alone": "Par Jeanne Morel",
    "author in capitals": "PAR JEANNE MOREL",
    "author and date": "Par Jeanne Morel - Publié le 17 novembre 2020 à 22h41",
}
TEXT = {
    "a sentence with the day": "Le 17 novembre 2020, sept roquettes ont été tirées.",
    "a sentence with the author": "Jeanne Morel a vu les tirs depuis la terrasse de son hôtel.",
    "another day": "18 mars 2019",
    "a subhead": "Fin de la trêve avec les factions pro-Iran",
}


@pytest.mark.parametrize("line", BYLINES.values(), ids=BYLINES.keys())
def test_bylines(line):
    assert is_byline(line, SAID)


def test_a_name_is_found_where_lower_case_is_longer():
    said = Said(("İlker Aydın",), None, (), read_label)
    assert is_byline("Yazan İlker Aydın", said)
    assert not is_byline("İlker Aydın dün akşam İstanbul'da konuştu ve döndü", said)


@pytest.mark.parametrize(
    ("line", "language"),
    [
        ("January 12, 2026, 10:30 a.m.", "en"),
        ("12 января 2026 г.", "ru"),
        ("12 ม.ค. 2569 เวลา 14:30 น.", "th"),
        ("เผยแพร่เมื่อ 12 ม.ค. 69 เวลา 14.30 น.", "th"),
    ],
)
def test_a_date_line_may_end_in_a_clipped_word(line: str, language: str) -> None:
    def read_here(label: str):
        return dates.read_label(label, language=language, country="TH", zone="Asia/Bangkok", fetched_at=NEXT_YEARS)

    moment = read_here("2026-01-12T14:30:00+07:00")
    assert is_byline(line, Said((), None, (moment,), read_here))
    assert not is_byline(
        "12 metres of the quay fell in at 14:30, the harbour office said.", Said((), None, (moment,), read_here)
    )


@pytest.mark.parametrize("line", TEXT.values(), ids=TEXT.keys())
def test_text_is_no_byline(line):
    assert not is_byline(line, SAID)


def test_the_body_loses_its_byline_and_the_section_before_its_first_words():
    lines = (BYLINES["author and date"], "INTERNATIONAL - L'ambassade a été visée.", "Sept roquettes ont été tirées.")
    main = Main(tuple(Block("paragraph", line) for line in lines), ((0, 1), (1, 2), (2, 3)), (7, 8, 9), 5, "chooser")
    done = trimmed(main, SAID)
    assert [block.text for block in done.blocks] == ["L'ambassade a été visée.", "Sept roquettes ont été tirées."]
    assert done.spans == ((1, 2), (2, 3))
    assert done.elements == (8, 9)


def test_only_the_section_itself_is_taken_off():
    assert without_section("International law says no.", "International") == "International law says no."
    assert without_section("International - ", "International") == "International - "
    assert without_section("Sport | The match", "International") == "Sport | The match"


SAYS = "The mayor said that “the money has been set aside two years ago”, which the opposition called a bold reading."


def quoted(*blocks: Block) -> list[str]:
    return [block.text for block in trimmed(Main(blocks), SAID).blocks]


@pytest.mark.parametrize(
    "quote", ["„the money has been set aside two years ago“", "The mayor said that “the money has been set"]
)
def test_a_quote_pulled_from_a_paragraph_is_not_said_again(quote):
    assert quoted(Block("paragraph", SAYS), Block("quote", quote)) == [SAYS]
    assert quoted(Block("quote", quote), Block("paragraph", SAYS)) == [SAYS]


def test_other_quotes_stay():
    others = ["“Two years ago.”", "“The money has been set aside in May.”", SAYS]
    assert quoted(Block("paragraph", SAYS), *(Block("quote", text) for text in others)) == [SAYS, *others]


def test_no_block_holds_letters_that_nobody_sees():
    assert quoted(
        Block("paragraph", "\ufeff 「ようやく」"), Block("list", "Ein be\u00adlieb\u00adter \u2060Tarif")
    ) == [
        "「ようやく」",
        "Ein beliebter Tarif",
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("20:24Antony Berg", "20:24 Antony Berg"),
        ("9:05Élise Morel", "9:05 Élise Morel"),
        ("5:30pm is the time of the vote", "5:30pm is the time of the vote"),
        ("20:24 Antony Berg", "20:24 Antony Berg"),
        ("3:0 für Bremen", "3:0 für Bremen"),
    ],
)
def test_the_time_of_an_entry_and_who_wrote_it_are_two_words(text, shown):
    assert quoted(Block("paragraph", text)) == [shown]


@pytest.mark.parametrize(
    "line",
    ["Publié le 17 novembre 2020 à 22h41", "17/11/2020 - Par : Jeanne Morel - Rubrique : Monde - Mots-clés : trêve"],
)
def test_a_line_of_times_and_names_at_the_end_is_not_body(line):
    blocks = [Block("paragraph", f"Sept roquettes ont été tirées le {day} novembre.") for day in range(1, 9)]
    assert quoted(*blocks, Block("paragraph", line)) == [block.text for block in blocks]
    assert line in quoted(*blocks[:5], Block("paragraph", line), *blocks[5:])


@pytest.mark.parametrize(
    "notice",
    ["© 2026 Gazette. All rights reserved.", "Copyright 2026 The Paper", "(c) 2026 La Gazette", "Copyright © AFP"],
)
def test_the_copyright_notice_below_a_text_is_no_body(notice: str) -> None:
    paragraph = Block("paragraph", "Sept roquettes ont été tirées.")
    assert trimmed(Main(blocks=(paragraph, Block("paragraph", notice))), SAID).blocks == (paragraph,)


def test_copyright_as_the_subject_stays() -> None:
    blocks = (
        Block("paragraph", "Sept roquettes."),
        Block("paragraph", "Copyright law has not kept up with the machines."),
    )
    assert trimmed(Main(blocks=blocks), SAID).blocks == blocks
