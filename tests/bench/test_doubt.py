import numpy as np
import pytest

from nwlab.bench.doubt import Doubt
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.lab.opening import open_bench


def doubt_of(quantity: Quantity, levels: list[float], compliance: float) -> Doubt:
    force = Force(0, quantity, np.array(levels), compliance, low=1)
    with open_bench("virtual", chip="resistor-10k") as chip:
        list(chip.apply(Drive(np.full(len(levels), 0.1), (force,))))
        assert chip.bench is not None
        return chip.bench.doubts["A"]


def test_a_small_read_on_a_coarse_range_is_doubtful() -> None:
    # 1 uA on the 1 mA range: ± (0.02 % + 200 nA) is 20 %. 100 uA there: 0.22 %.
    doubt = doubt_of(Quantity.VOLTAGE, [0.01, 1.0, 0.0], compliance=5e-4)
    assert (doubt.readings, doubt.doubtful) == (2, 1)
    assert doubt.worst == pytest.approx(0.2, rel=0.2)


def test_the_right_range_removes_the_doubt() -> None:
    doubt = doubt_of(Quantity.VOLTAGE, [0.01], compliance=2e-6)
    assert (doubt.readings, doubt.doubtful) == (1, 0)


def test_a_forced_current_is_judged_by_its_voltage() -> None:
    # 10 mV on the 20 V range: ± 5 mV is 50 %.
    doubt = doubt_of(Quantity.CURRENT, [1e-6, 1e-4], compliance=5.0)
    assert (doubt.readings, doubt.doubtful) == (2, 1)
    assert doubt.worst == pytest.approx(0.5, rel=0.1)
