"""Planted faults end to end: what a bench does about them, and what it says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from virtual.faults.parrots import script_of

from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.errors import (
    AnswerError,
    DriveError,
    FileError,
    InstrumentError,
    InterlockError,
    UnsafeError,
    UsageError,
    WireError,
)
from nwlab.core.reading import Reading
from nwlab.lab.opening import OpenChip, open_bench, open_model
from nwlab.lab.serving import ServedBench
from nwlab.virtual.witness import Moment

OHM = 10e3


def opened(folder: Path, faults: str, chip: str = "resistor-10k") -> OpenChip:
    return open_bench("virtual", chip=chip, faults=script_of(folder, faults).path)


def volts(*levels: float, dwell: float = 0.05, compliance: float = 5e-4) -> Drive:
    force = Force(0, Quantity.VOLTAGE, np.array(levels), compliance, low=1)
    return Drive(np.full(len(levels), dwell), (force,))


def play(chip: OpenChip, drive: Drive) -> list[Reading]:
    return list(chip.apply(drive))


def watch(chip: OpenChip) -> list[Moment]:
    moments: list[Moment] = []
    assert chip.table is not None
    chip.table.world.watch(moments.append)
    return moments


def struck(chip: OpenChip) -> list[str]:
    assert chip.table is not None
    assert chip.table.faults is not None
    return [strike.fault for strike in chip.table.faults.log]


def driven(moments: list[Moment]) -> float:
    """Return the largest V that the chip ever saw between its terminals."""
    return max((abs(moment.potentials["A"] - moment.potentials["B"]) for moment in moments), default=0.0)


def is_safe(chip: OpenChip, moments: list[Moment]) -> bool:
    """Whether every output reads back as off, and the chip has no more on it than the offset of an output that is."""
    assert chip.bench is not None
    return not any(chip.bench.outputs().values()) and driven(moments[-1:]) < 1e-3


@pytest.mark.fault(16, "an error after a limit was written is raised there, and the output is never switched on")
def test_an_error_after_a_limit_keeps_the_output_off(tmp_path: Path) -> None:
    faults = '[[fault]]\nat = "a"\ndo = "error"\nmessage = "limiti"\ncode = 5001\ntext = "SMU is unresponsive"\n'
    with opened(tmp_path, faults) as chip:
        moments = watch(chip)
        with pytest.raises(InstrumentError, match="5001: SMU is unresponsive"):
            play(chip, volts(1.0))
        assert driven(moments) < 0.01
        assert is_safe(chip, moments)
        assert struck(chip) == ["error"]


@pytest.mark.fault(17, "a limit that reads back otherwise than it was written bars the output")
def test_a_limit_that_was_silently_not_taken_keeps_the_output_off(tmp_path: Path) -> None:
    with opened(tmp_path, '[[fault]]\nat = "a"\ndo = "ignored"\n') as chip:
        moments = watch(chip)
        with pytest.raises(InstrumentError, match=r"was set to 0.0005 but reads back as 0.1; the output stays barred"):
            play(chip, volts(1.0))
        assert driven(moments) < 0.01
        assert is_safe(chip, moments)


@pytest.mark.fault(19, "a current that runs away is held at the limit, and the flag stands with each point")
def test_a_chip_that_runs_away_is_held_at_its_limit(tmp_path: Path) -> None:
    with opened(tmp_path, '[[fault]]\nat = "chip"\ndo = "drift"\nrate = "0.2 1/s"\n') as chip:
        readings = play(chip, volts(*[1.0] * 100, dwell=0.1))
    current = np.concatenate([reading.current[:, 0] for reading in readings])
    limited = np.concatenate([reading.in_compliance[:, 0] for reading in readings])
    assert not limited[0]
    assert limited[-1]
    assert np.all(limited[np.argmax(limited) :])
    assert current.max() == pytest.approx(5e-4, rel=1e-2)
    # Unlimited it would have been e² · 100 uA.
    assert np.all(np.diff(current[: np.argmax(limited)]) > 0)


@pytest.mark.fault(20, "with the interlock open nothing is switched on; closed again, the next drive plays")
def test_an_open_interlock_refuses_the_output(tmp_path: Path) -> None:
    with opened(tmp_path, '[[fault]]\nat = "a"\ndo = "interlock"\nduration = "10 s"\n') as chip:
        moments = watch(chip)
        with pytest.raises(InterlockError, match="SMU A: OUTPUT blocked by interlock"):
            play(chip, volts(1.0))
        assert driven(moments) < 0.01
        assert is_safe(chip, moments)
        chip.clock.sleep(10)
        assert play(chip, volts(1.0))[-1].current[-1, 0] == pytest.approx(1 / OHM, rel=1e-2)


@pytest.mark.fault(
    20, "an interlock that opens during a drive ends it; nothing plays until it is closed and armed anew"
)
def test_an_interlock_that_trips_ends_the_drive(tmp_path: Path) -> None:
    with opened(tmp_path, '[[fault]]\nat = "a"\ndo = "interlock"\nwhen = "3 s"\nduration = "20 s"\n') as chip:
        assert chip.bench is not None
        moments = watch(chip)
        with pytest.raises(InterlockError, match="SMU A: OUTPUT blocked by interlock"):
            play(chip, volts(*[1.0] * 100))
        assert driven(moments) == pytest.approx(1.0, rel=1e-2)
        assert driven([moment for moment in moments if moment.time >= 3.0 and moment.after]) < 0.01
        with pytest.raises(InterlockError, match="still open"):
            chip.bench.arm()
        chip.clock.sleep(20)
        assert is_safe(chip, moments)
        with pytest.raises(DriveError, match="the interlock has tripped"):
            play(chip, volts(1.0))
        chip.bench.arm()
        assert play(chip, volts(1.0))[-1].current[-1, 0] == pytest.approx(1 / OHM, rel=1e-2)


@pytest.mark.fault(20, "a channel that got too hot ends the drive with its output off")
def test_a_channel_that_gets_too_hot_ends_the_drive(tmp_path: Path) -> None:
    with opened(tmp_path, '[[fault]]\nat = "a"\ndo = "hot"\nwhen = "3 s"\n') as chip:
        moments = watch(chip)
        with pytest.raises(InstrumentError, match="5046: SMU A: SMU too hot"):
            play(chip, volts(*[1.0] * 100))
        assert is_safe(chip, moments)


@pytest.mark.fault(22, "a relay that did not close or open is found by reading back: source off, then all open")
@pytest.mark.parametrize(("word", "crosspoint"), [("stuck-open", "A1"), ("welded", "D2")])
def test_a_relay_that_does_not_follow_ends_the_drive(tmp_path: Path, word: str, crosspoint: str) -> None:
    faults = f'[[fault]]\nat = "m"\ndo = "{word}"\ncrosspoint = "{crosspoint}"\nduration = "5 s"\n'
    with opened(tmp_path, faults) as chip:
        moments = watch(chip)
        with pytest.raises(InstrumentError, match=r"did not (open|close)"):
            play(chip, volts(1.0))
        assert driven(moments) < 0.01
        assert all(abs(across) < 0.01 for moment in moments for across in moment.moving.values())
        assert is_safe(chip, moments)
        chip.clock.sleep(5)
        assert play(chip, volts(1.0))[-1].current[-1, 0] == pytest.approx(1 / OHM, rel=1e-2)


@pytest.mark.fault(30, "an output that cannot be switched off is reported as unconfirmed (exit code 7)")
def test_an_output_that_stays_on_is_told(tmp_path: Path) -> None:
    faults = '[[fault]]\nat = "a"\ndo = "ignored"\nwhat = "output"\nwhen = "3 s"\n'
    chip = opened(tmp_path, faults)
    play(chip, volts(*[1.0] * 100))
    with pytest.raises(UnsafeError, match=r"could NOT be confirmed.*output a of .* is still on"):
        chip.close()


@pytest.mark.fault(31, "with the SMU's wire dead the relays still open, and the outcome is told as unconfirmed")
def test_a_dead_wire_does_not_keep_the_relays_closed(tmp_path: Path) -> None:
    chip = opened(tmp_path, '[[fault]]\nat = "a"\ndo = "silent"\nwhen = "3 s"\n')
    moments = watch(chip)
    with pytest.raises(WireError):
        play(chip, volts(*[1.0] * 100))
    with pytest.raises(UnsafeError, match="reading outputs back"):
        chip.close()
    assert moments[-1].change == "matrix m"
    assert abs(moments[-1].currents["a"]) < 1e-9  # the level still stands at the open row


@pytest.mark.fault(42, "a fault that a virtual instrument cannot have is refused, with file and line, not left out")
def test_what_a_labs_own_virtual_instrument_cannot_suffer_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from nwlab.virtual.k2600 import Virtual2600\n\n\nclass Mine(Virtual2600):\n    ailments = ()\n"
    )
    bench = Path(__file__).parents[3] / "instruments" / "benches" / "virtual.toml"
    text = bench.read_text().replace('address = "virtual:smu"', 'address = "virtual:smu"\nvirtual = "mine.py:Mine"')
    (tmp_path / "mine.toml").write_text(text.replace("../chips", str(bench.parents[1] / "chips")))
    script = script_of(tmp_path, '[[fault]]\nat = "a"\ndo = "interlock"\n')
    with pytest.raises(FileError, match=r"faults.toml:5: fault.1.do: the virtual 2636B at 'a' cannot have this fault"):
        open_bench(tmp_path / "mine.toml", faults=script.path)


@pytest.mark.fault(42, "one drive gives one answer on the model, on simulated instruments and on served ones")
def test_every_back_end_measures_the_same_resistor(tmp_path: Path) -> None:
    drive = volts(1.0, -0.5, 0.2)
    found: list[np.ndarray] = []
    with ServedBench("virtual", chip="resistor-10k", speed=50) as served:
        benches = (
            open_model("resistor-10k"),
            open_bench("virtual", chip="resistor-10k"),
            open_bench(served.write(tmp_path / "served.toml")),
        )
        for chip in benches:
            with chip:
                found.append(np.concatenate([reading.current[:, 0] for reading in chip.apply(drive)]))
    for current in found:
        np.testing.assert_allclose(current, np.array([1.0, -0.5, 0.2]) / OHM, rtol=2e-2)


def test_a_bad_contact_shows_in_the_reading_and_is_no_error(tmp_path: Path) -> None:
    with opened(tmp_path, '[[fault]]\nat = "A"\ndo = "bad-contact"\nresistance = "30 kOhm"\n') as chip:
        assert play(chip, volts(1.0))[-1].current[-1, 0] == pytest.approx(1 / 40e3, rel=1e-2)


def test_faults_that_never_strike_change_no_reading(tmp_path: Path) -> None:
    drive = volts(*np.linspace(0, 2, 40))
    faults = '[[fault]]\nat = "a"\ndo = "late"\nwhen = "1 h"\n[[fault]]\nat = "m"\ndo = "lost"\nwhen = "1 h"\n'
    with open_bench("virtual", seed=3) as plain:
        expected = play(plain, drive)
    with open_bench("virtual", seed=3, faults=script_of(tmp_path, faults).path) as chip:
        found = play(chip, drive)
        assert struck(chip) == []
    assert len(found) == len(expected)
    for one, two in zip(found, expected, strict=True):
        for name in ("start", "time", "voltage", "current", "in_compliance"):
            np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


def test_the_same_script_gives_the_same_run(tmp_path: Path) -> None:
    faults = '[[fault]]\nat = "a"\ndo = "garbled"\nchance = "10 %"\ntimes = 0\nbits = 1\n'

    def logged() -> list[object]:
        chip = opened(tmp_path, faults)
        try:
            play(chip, volts(*[1.0] * 20))
            chip.close()
        except (AnswerError, UnsafeError):
            pass
        assert chip.table is not None
        assert chip.table.faults is not None
        return list(chip.table.faults.log)

    assert logged() == logged() != []


def test_a_real_bench_has_no_planted_faults(tmp_path: Path) -> None:
    script = script_of(tmp_path, '[[fault]]\nat = "a"\ndo = "late"\n')
    with pytest.raises(UsageError, match="is real, and its faults are its own"):
        open_bench("lab16", faults=script.path)


def test_a_served_bench_has_faults_and_a_log(tmp_path: Path) -> None:
    script = script_of(tmp_path, '[[fault]]\nat = "a"\ndo = "interlock"\n')
    with ServedBench("virtual", chip="resistor-10k", speed=50, faults=script.path) as served:
        with (
            open_bench(served.write(tmp_path / "served.toml")) as chip,
            pytest.raises(InterlockError, match="SMU A: OUTPUT blocked by interlock"),
        ):
            play(chip, volts(1.0))
        assert served.faults is not None
        assert [strike.fault for strike in served.faults.log] == ["interlock"]


@pytest.mark.slow
@pytest.mark.parametrize("as_json", [False, True])
def test_a_run_tells_what_really_struck(tmp_path: Path, as_json: bool) -> None:
    faults = '[[fault]]\nat = "a"\ndo = "hot"\nwhen = "2 s"\n[[fault]]\nat = "a"\ndo = "late"\nwhen = "1 h"\n'
    script = script_of(tmp_path, faults)
    words = ["run", "iv-loop", "--faults", str(script.path), *(["--json"] if as_json else [])]
    ended = subprocess.run(
        [sys.executable, "-m", "nwlab", *words], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert ended.returncode == 5
    assert "nwlab: fault 'hot' struck a at 2 s" in ended.stderr
    assert "late" not in ended.stderr
    assert "error 5046: SMU A: SMU too hot" in ended.stderr
    (run,) = (tmp_path / "runs").iterdir()
    assert json.loads((run / "run.json").read_text())["documents"]["faults"]["text"] == script.text
