"""A bench knows whether its levels may still stand, and claims nothing that it did not see."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from virtual.faults.parrots import script_of

from nwlab.core.chip import CheckedChip
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.errors import DriveError, UnsafeError, UsageError, WireError
from nwlab.lab.open_chip import OpenChip
from nwlab.lab.opening import open_bench, open_model
from nwlab.lab.places import find


def volts(steps: int, *, hold: bool = False) -> Drive:
    return Drive(np.full(steps, 0.05), (Force(0, Quantity.VOLTAGE, np.ones(steps), 5e-4, low=1),), hold=hold)


IDLE = '[[fault]]\nat = "a"\ndo = "silent"\nwhen = "1000 h"\n'
LONG = volts(200)


def opened(folder: Path, faults: str, safe: str = "") -> OpenChip:
    text = find("bench", "virtual").read_text(encoding="utf-8")
    chips = find("chip", "resistor-10k").resolve().parent
    text = text.replace('"../chips/stochastic-2025.toml"', f'"{chips}/resistor-10k.toml"')
    path = folder / "bench.toml"
    path.write_text(text.replace('channel = "a"\n', f'channel = "a"\n{safe}\n', 1), encoding="utf-8")
    return open_bench(path, faults=script_of(folder, faults).path)


def test_levels_count_as_standing_until_a_way_to_rest_succeeded(tmp_path: Path) -> None:
    with opened(tmp_path, '[[fault]]\nat = "a"\ndo = "silent"\nwhen = "3 s"\nduration = "30 min"\n') as chip:
        with pytest.raises(WireError):
            list(chip.apply(LONG))
        assert chip.holding
        chip.clock.sleep(3600)
        assert chip.make_safe().confirmed
        assert not chip.holding


def test_a_safe_order_that_failed_leaves_levels_counted_as_standing(tmp_path: Path) -> None:
    with opened(tmp_path, '[[fault]]\nat = "a"\ndo = "silent"\nwhen = "3 s"\nduration = "30 min"\n') as chip:
        assert sum(block.steps for block in chip.apply(volts(4, hold=True))) == 4
        chip.clock.sleep(3)
        assert not chip.make_safe().confirmed
        assert chip.holding
        chip.clock.sleep(3600)
        assert chip.make_safe().confirmed


def test_while_a_drive_is_given_up_the_bench_says_that_it_is_on_its_way_to_rest(tmp_path: Path) -> None:
    with opened(tmp_path, IDLE, 'safe = { ramp = "5 V/s" }') as chip:
        assert chip.table is not None
        seen: list[bool] = []
        blocks = chip.apply(LONG)
        next(blocks)
        chip.table.world.watch(lambda _: seen.append(chip.resting))
        assert not chip.resting
        blocks.close()  # type: ignore[attr-defined]
        chip.table.world.watch(None)
        assert any(seen)
        assert not chip.resting
        assert not chip.holding


@pytest.mark.fault(30, "an off-mode that the instrument did not take is no safe state, although its output is off")
def test_an_off_mode_that_was_not_taken_is_not_safe(tmp_path: Path) -> None:
    lost = '[[fault]]\nat = "a"\ndo = "lost"\nwhat = "message"\nmessage = "offmode = "\ntimes = 0\n'
    with pytest.raises(UnsafeError, match="off-mode of a"), opened(tmp_path, lost, 'safe = { output = "high-z" }'):
        pass


def test_a_model_is_not_called_off_and_a_bench_elsewhere_is_not_made_safe_from_here(tmp_path: Path) -> None:
    with open_model("resistor-10k") as model:
        assert "a model" in str(model.make_safe())
    with open_bench("virtual", separate=True) as apart, pytest.raises(UsageError, match="close the chip"):
        apart.make_safe()


def test_a_close_that_was_broken_off_is_done_again() -> None:
    class Hurried:
        """A chip whose first close is struck by Ctrl-C."""

        def __init__(self) -> None:
            self.closed = 0

        def __getattr__(self, name: str) -> object:
            return getattr(inner, name)

        def close(self) -> None:
            self.closed += 1
            if self.closed == 1:
                raise KeyboardInterrupt

    with open_model("resistor-10k") as inner:
        hurried = Hurried()
        chip = CheckedChip(hurried)  # type: ignore[arg-type]
        with pytest.raises(KeyboardInterrupt):
            chip.close()
        with pytest.raises(DriveError, match="closed"):
            chip.apply(LONG)
        chip.close()
        chip.close()
        assert hurried.closed == 2
