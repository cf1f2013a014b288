"""etl.store.arrays: what Postgres reads is what was meant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from etl.store import arrays

ODD = ['a"b', "back\\slash", "{1,2}", "NULL", "", " spaces ", "comma, 'quote'", "two\nlines\t", "é 日本 😀", "\\"]
INSTANTS = [
    datetime(2026, 2, 7, 8, 0, tzinfo=UTC),
    datetime(1, 1, 2, tzinfo=UTC),
    datetime(2026, 2, 7, 8, 0, 0, 123456, tzinfo=timezone(timedelta(hours=-3, minutes=-30))),
]


@pytest.mark.parametrize(
    ("written", "type_name", "values"),
    [
        pytest.param(arrays.texts, "text", [*ODD, None], id="texts"),
        pytest.param(arrays.uuids, "uuid", [UUID(int=0), UUID(int=1), UUID(int=2**128 - 1)], id="uuids"),
        pytest.param(arrays.numbers, "bigint", [0, -1, 2**63 - 1, None], id="numbers"),
        pytest.param(arrays.instants, "timestamptz", [*INSTANTS, None], id="instants"),
        pytest.param(arrays.texts, "text", [], id="none"),
    ],
)
def test_an_array_is_read_as_it_was_meant(conn, written: Callable[..., str], type_name: str, values: list[object]):
    row = conn.execute(f"SELECT %s::{type_name}[]", (written(values),)).fetchone()
    assert row == (values,)
