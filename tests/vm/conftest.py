# SPDX-License-Identifier: GPL-2.0-only
"""
Fixtures: s2guest is built once; a house is booted once per session and name,
when the first test asks for it. What is missing is an error, never a skip.
"""
import subprocess

import pytest

import house


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
def houses(s2guest):
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
