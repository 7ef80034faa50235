# SPDX-License-Identifier: GPL-2.0-only
"""
Fixtures: s2guest and s2stat are built once; a house is booted once per session and name,
when the first test asks for it. What is missing is an error, never a skip.
"""
import subprocess

import pytest

import house
import verdicts


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true",
                     help="also what takes hours (make check-full)")


def pytest_configure(config):
    config.addinivalue_line("markers", "full: takes long; needs --full")


def pytest_collection_modifyitems(config, items):
    """Without --full the long tests are not selected, and pytest says how many."""
    if config.getoption("--full"):
        return
    long = [i for i in items if i.get_closest_marker("full")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [i for i in items if i not in long]


@pytest.fixture(scope="session")
def s2guest():
    made = subprocess.run(["make", "-C", house.ROOT / "tests/guest"],
                          capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    return house.BUILD / "guest/s2guest"


@pytest.fixture(scope="session")
def s2stat():
    """s2stat for this machine: it judges what was recorded in a house."""
    return verdicts.build()


@pytest.fixture(scope="session")
def spoil(tmp_path_factory):
    """spoil(recording, change): a copy with one event changed (doctor_trace.c)."""
    made = subprocess.run(["make", "-C", house.ROOT / "tests/unit/s2stat", "recordings"],
                          capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr

    def change(recording, words):
        bad = tmp_path_factory.mktemp("spoiled") / "bad.s2"
        subprocess.run([house.BUILD / "unit/s2stat/doctor_trace", recording, bad,
                        *words.split()], check=True)
        return bad

    return change


@pytest.fixture(scope="session")
def houses(s2guest, s2stat):
    """houses(name, scenarios, **options): the House, booted at most once."""
    booted = {}

    def get(name, scenarios, **options):
        if name not in booted:
            try:
                booted[name] = house.House(name, scenarios, **options)
            except house.HouseError as e:
                booted[name] = e
        if isinstance(booted[name], house.HouseError):
            raise booted[name]
        return booted[name]

    return get
