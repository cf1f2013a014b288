"""The crash matrix in small: blows at any moment, and afterwards all is there, once.

The dice are the same in every run, for a build that fails should fail again; `bench/crash.py`, the long form, rolls others.
"""

from __future__ import annotations

import shutil
import sys

import pytest

from etl.run import embedded_host
from tests.run.storm import Storm, Weather

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds and freezes processes by /proc")


@pytest.fixture
def folder():
    """A folder that the server's user can reach."""
    made = embedded_host.throwaway_folder("news-etl-storm-")
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.mark.parametrize(
    "storm",
    [
        pytest.param(
            Storm(
                hosts=20,
                pages=200,
                moments=10,
                every_s=1.0,
                seed=1,
                faults=("worker", "reader", "scheduler", "all", "postgres", "cut", "disk", "clock"),
            ),
            id="a server",
        ),
        pytest.param(
            Storm(
                hosts=4,
                pages=60,
                moments=2,
                every_s=4.0,
                seed=2,
                faults=("postgres", "all"),
                embedded=True,
                workers=1,
                schedulers=1,
            ),
            id="the embedded server",
        ),
    ],
)
def test_after_a_storm_all_is_stored_once_and_nothing_is_stuck(storm, folder):
    print(storm)
    with Weather(storm, folder, say=print) as weather:
        result = weather.run()
    assert result.differences == []
    assert sum(result.moments.values()) == storm.moments
