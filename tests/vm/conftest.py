# SPDX-License-Identifier: GPL-2.0-only
"""
Fixtures: s2guest is built once; a house is booted once per session and name,
when the first test asks for it. What is missing is an error, never a skip.
"""
import subprocess

import pytest

import house


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
