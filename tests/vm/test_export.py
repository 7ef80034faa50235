# SPDX-License-Identifier: GPL-2.0-only
"""
`s2stat export` as a fleet uses it: Debian's Prometheus scrapes it in the emulated
host, promtool has nothing to object to, the names join, and a guest at work sets
off no alert.
"""
import json
import shutil
import subprocess

import pytest

from house import RESULTS, ROOT, WARNINGS, image


def scrape(name, command, kernel="s2", env="", timeout=900):
    image(kernel)
    path = RESULTS / name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    done = subprocess.run(
        [ROOT / "tests/vm/run", "--kernel", kernel, "--timeout", str(timeout),
         "--share", path, "--dmesg", path / "dmesg", "--", "sh", "-c",
         "%s sh /repo/tests/guest/scrape /share %s" % (env, command)],
        capture_output=True, text=True, errors="replace", check=False)
    (path / "out").write_text(done.stdout + done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
    return path


@pytest.fixture(scope="module")
def scraped():
    """Under a guest whose host discards, splits and pages out all the time."""
    return scrape("export", "timeout 60 /build/guest/s2guest storm --rounds 1000000")


def said(path):
    return dict(l.split("=", 1) for l in (path / "out").read_text().splitlines()
                if l.count("=") == 1 and " " not in l)


def alerts(path):
    data = json.loads((path / "alerts.json").read_text())["data"]["alerts"]
    return {a["labels"]["alertname"] for a in data}


def test_promtool_has_nothing_to_object_to(scraped):
    assert said(scraped)["promtool_metrics"] == "0"
    assert (scraped / "lint.out").read_text() == ""
    assert "SUCCESS" in (scraped / "rules.out").read_text()


def test_prometheus_scrapes_without_an_error(scraped):
    targets = json.loads((scraped / "targets.json").read_text())
    active = targets["data"]["activeTargets"]
    assert [t["health"] for t in active] == ["up"]
    assert active[0]["lastError"] == ""


def test_openmetrics_is_whole(scraped):
    text = (scraped / "openmetrics.txt").read_text()
    assert text.endswith("# EOF\n")
    assert "# UNIT s2_mapped_bytes bytes\n" in text
    assert "s2_events_lost_total 0\n" in text


def test_the_name_of_a_vm_joins_its_numbers(scraped):
    found = json.loads((scraped / "join.json").read_text())["data"]["result"]
    assert found and all(r["metric"]["name"] == "s2guest" for r in found), found
    assert sum(float(r["value"][1]) for r in found) > 0


def test_a_guest_at_work_sets_off_no_alert(scraped):
    assert said(scraped)["command"] == "143"  # worked until it was told to stop
    assert not alerts(scraped) & {
        "Stage2TablesLeaked", "Stage2TablesUnowned", "Stage2CountMismatch",
        "Stage2FaultsFail", "Stage2EventsLost"}


def test_sigterm_ends_it_in_peace(scraped):
    assert said(scraped)["exporter"] == "0"
    assert not [l for l in (scraped / "dmesg").read_text().splitlines()
                if WARNINGS.search(l)]
