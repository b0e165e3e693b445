"""A sweep through simulated instruments: each point is what a run on that bench would be."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from shutil import copy
from typing import Any

import pytest
from command import command as nwlab
from lab.test_sweep import rows_of

import nwlab as package
from nwlab.core.errors import DriveError, FileError, UsageError
from nwlab.lab.places import find
from nwlab.lab.sweep.asking import ask
from nwlab.lab.sweep.batch import play_batch
from nwlab.lab.sweep.point import PLAYED, REFUSED, Studio

SHORT = {"count": "20"}
PAIR = "A:B"


def points(protocol: str = "pulses", **asked: Any) -> list[dict[str, Any]]:
    order = ask(protocol, **{"chips": [], "settings": SHORT, "vary": [], "bench": "virtual", **asked})
    studio = Studio(order)
    return [studio.play(number) for number in range(order.points)]


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    """The shipped virtual bench in a folder of its own, with its chip."""
    for kind, name in (("bench", "virtual"), ("chip", "stochastic-2025")):
        place = tmp_path / find(kind, name).parent.name
        place.mkdir()
        copy(find(kind, name), place)
    return tmp_path / "benches/virtual.toml"


def test_the_table_is_the_same_wherever_it_is_played(tmp_path: Path) -> None:
    tables: list[bytes] = []
    for where in ("serial", "processes:2"):
        words = ("--bench", "virtual", "--vary", "amplitude=2 V,4 V", "--seeds", "3", "--set", "count=20")
        done = nwlab("sweep", "pulses", *words, "--executor", where, "--out", where[:4], "--json", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        tables.append((tmp_path / json.loads(done.stdout)["table"]).read_bytes())
    assert tables[0] == tables[1]
    rows = rows_of(tables[0])
    assert {row["status"] for row in rows} == {"played"}
    assert len({row["final_conductance A:B (S)"] for row in rows}) == 6
    assert "virtual.toml" in nwlab("show", "seri", cwd=tmp_path).stdout


def test_a_row_is_what_a_run_on_that_bench_gives(tmp_path: Path) -> None:
    row = points(seeds=2)[1]
    with package.open_bench("virtual", seed=row["seed"]) as chip:
        run = package.run(package.load_protocol("pulses", count=20), chip, out=tmp_path)
    rows = run.rows()
    assert row["pairs"][PAIR]["final_conductance"] == rows.conductance[-1]
    assert row["pairs"][PAIR]["largest_voltage"] == abs(rows.voltage).max() != 3.6, "a source is not exact"


def test_a_bench_brings_its_chip_and_others_can_be_mounted() -> None:
    resistor = {"settings": {**SHORT, "amplitude": "1 V"}, "bench": "smu-on-resistor"}
    (own,) = points(**resistor)
    assert own["pairs"][PAIR]["median_conductance"] == pytest.approx(1e-4, rel=2e-3)
    (other,) = points(**resistor, chips=["stochastic-2025"])
    assert other["pairs"][PAIR]["median_conductance"] < 2e-5


def test_keys_of_its_chip_vary() -> None:
    """Whatever its chance, a film of which all is twice as much conducts about twice as much."""
    rows = points("stochastic", settings={"count": "200"}, vary=[("chip.model.parameters.g_max", "40 uS, 80 uS")])
    small, large = (row["pairs"][PAIR]["median_conductance"] for row in rows)
    assert 1.6 < large / small < 2.5


def test_limits_of_the_bench_hold(bench: Path) -> None:
    text = bench.read_text(encoding="utf-8")
    bench.write_text(text.replace('voltage = "5 V"', 'voltage = "2 V"'), encoding="utf-8")
    low, high = points(vary=[("amplitude", "1 V, 3 V")], bench=str(bench))
    assert (low["status"], high["status"], high["exit"]) == (PLAYED, REFUSED, DriveError.exit_code)
    assert "exceeds the limit of 2 V" in high["reason"]


def test_real_instruments_are_simulated_all_the_same(bench: Path) -> None:
    """Nobody is asked at their addresses, which answer to nothing here."""
    text = bench.read_text(encoding="utf-8")
    for port, address in enumerate(('"virtual:smu"', '"virtual:matrix"'), start=9):
        text = text.replace(address, f'"TCPIP0::127.0.0.1::{port}::SOCKET"')
    bench.write_text(text, encoding="utf-8")
    (row,) = points(bench=str(bench))
    assert row["status"] == PLAYED, row


def test_threads_do_not_disturb_one_another() -> None:
    order = ask("pulses", [], SHORT, [], bench="virtual", seeds=6)
    words, found = order.words(), dict[int, Any]()

    def play(first: int) -> None:
        for row in play_batch(words, (first, first + 2, first + 4)).rows:
            found[row["point"]] = row

    threads = [threading.Thread(target=play, args=(first,)) for first in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[number] for number in range(6)] == list(play_batch(words, tuple(range(6))).rows)


@pytest.mark.parametrize("name", ["tcp://127.0.0.1:5000", "replay:runs/some"])
def test_a_bench_that_cannot_be_simulated_anew_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="names a bench file"):
        points(bench=name)


def test_a_driver_without_a_virtual_instrument_is_refused(bench: Path) -> None:
    text = bench.read_text(encoding="utf-8").replace('driver = "keithley707"', 'driver = "mine.py:Matrix"')
    bench.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"mine\.py:Matrix has no virtual instrument"):
        points(bench=str(bench))


def test_more_sources_than_it_has_are_refused(tmp_path: Path) -> None:
    protocol = tmp_path / "many.toml"
    protocol.write_text('name = "many"\nneeds = { sources = 3 }\n[[step]]\ndo = "rest"\nduration = "1 s"\n', "utf-8")
    with pytest.raises(DriveError, match="needs 3 SMU channels, but bench 'virtual"):
        points(str(protocol), settings={})


def test_a_bench_file_that_was_changed_ends_the_sweep(bench: Path) -> None:
    order = ask("pulses", [], SHORT, [], bench=str(bench))
    bench.write_text(bench.read_text(encoding="utf-8") + "\n# another\n", encoding="utf-8")
    with pytest.raises(FileError, match="has changed since the sweep began"):
        Studio(order)
