"""The filters answer line by line; a bad line is answered in its place."""

from __future__ import annotations

import json
from base64 import b64encode, encodebytes

import pytest

from tests.cli.program import environment, run
from tests.flow.pages import page


def lines(done) -> list[dict]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_extract_answers_each_line_in_its_place():
    html = b64encode(page("Quay to be built in two parts")).decode()
    good = {
        "id": "a",
        "url": "https://www.example.org/news/quay-1",
        "html_b64": html,
        "fetched_at": "2026-02-07T08:15:00Z",
    }
    text = "\n".join([json.dumps(good), "not json", json.dumps({"id": "b"}), "", json.dumps({**good, "id": "c"})])
    answers = lines(run("extract", "--jsonl", env=environment(), stdin=text))
    assert [answer["id"] for answer in answers] == ["a", None, "b", "c"]
    assert answers[0]["title"] == "Quay to be built in two parts"
    assert answers[0]["error"] is None
    assert answers[0]["body"][0]["kind"] == "paragraph"
    assert "line 2" in answers[1]["error"]
    assert "html_b64" in answers[2]["error"]
    assert answers[3]["text"] == answers[0]["text"]


def test_dates_answers_null_for_what_it_cannot_read():
    asked = [
        {
            "id": 1,
            "text": "Publié hier à 14h10",
            "language": "fr",
            "tz": "Europe/Paris",
            "fetched_at": "2023-02-07T08:15:00+01:00",
        },
        {"id": 2, "text": "bientôt", "language": "fr", "fetched_at": "2023-02-07T08:15:00+01:00"},
    ]
    text = "\n".join(json.dumps(one) for one in asked)
    first, second = lines(run("dates", "--jsonl", env=environment(), stdin=text))
    assert first["published_at"] == "2023-02-06T14:10:00+01:00"
    assert second["published_at"] is None
    assert second["precision"] is None


def test_canonical_folds_and_names_what_is_no_address():
    text = "\n".join(
        json.dumps({"url": url}) for url in ("http://www.example.org/a?utm_source=x", "mailto:a@example.org", "\ud800")
    )
    first, second, third = lines(run("canonical", "--jsonl", env=environment(), stdin=text))
    assert first["canonical"] == "https://example.org/a"
    assert second["canonical"] == second["url"]
    assert "error" in second
    assert "error" in third


@pytest.mark.parametrize(
    ("command", "line", "said"),
    [
        pytest.param("extract", {"id": 7, "url": 5, "html_b64": ""}, "url", id="url that is a number"),
        pytest.param(
            "extract", {"id": 7, "url": "https://a.example/", "html_b64": 1}, "html_b64", id="page as a number"
        ),
        pytest.param("extract", {"id": 7, "html_b64": "a"}, "Error", id="no base64"),
        pytest.param("extract", {"id": 7, "html_b64": ""}, "Unreadable", id="empty page"),
        pytest.param("extract", {"id": 7, "html_b64": "PGI+", "fetched_at": "soon"}, "soon", id="no time"),
        pytest.param("dates", {"id": 7, "text": 5}, "text", id="label that is a number"),
        pytest.param("dates", {"id": 7, "text": "today", "tz": []}, "tz", id="zone that is a list"),
        pytest.param("dates", {"id": 7}, "text", id="no label"),
    ],
)
def test_a_line_that_cannot_be_answered_says_why_and_the_next_one_is_answered(command: str, line: dict, said: str):
    good = {
        "extract": {"id": 8, "url": "https://www.example.org/a", "html_b64": b64encode(page("Quay")).decode()},
        "dates": {"id": 8, "text": "2026-02-07"},
    }[command]
    first, second = lines(run(command, "--jsonl", env=environment(), stdin=f"{json.dumps(line)}\n{json.dumps(good)}"))
    assert first["id"] == 7
    assert said in first["error"]
    assert second["id"] == 8
    assert not second.get("error")


def test_extract_reads_base64_as_any_encoder_writes_it():
    body = page("Quay to be built in two parts")
    wrapped = encodebytes(body).decode()
    text = "\n".join(
        json.dumps({"id": name, "url": "https://www.example.org/a", "html_b64": given, "error": None, "more": [1]})
        for name, given in (("plain", b64encode(body).decode()), ("wrapped", wrapped))
    )
    plain, other = lines(run("extract", "--jsonl", env=environment(), stdin=text))
    assert plain["title"] == "Quay to be built in two parts"
    assert {**plain, "id": ""} == {**other, "id": ""}
