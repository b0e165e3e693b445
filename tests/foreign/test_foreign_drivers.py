"""Other people's drivers, as they come from their packages, on a served virtual 2636B wired to 10 kOhm."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from nwlab.lab.serving import ServedBench

pytestmark = [
    pytest.mark.slow,
    # Their warnings are theirs.
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture
def address() -> Iterator[str]:
    with ServedBench("smu-on-resistor") as served:
        yield served.services[0].resource


@pytest.fixture
def pymeasure_smu(address: str) -> Iterator[object]:
    from pymeasure.instruments.keithley import Keithley2600

    smu = Keithley2600(address, visa_library="@py", read_termination="\n", timeout=5000)
    yield smu
    smu.shutdown()
    smu.adapter.close()


def test_pymeasure_reads_ohms_law(pymeasure_smu) -> None:  # type: ignore[no-untyped-def]
    channel = pymeasure_smu.ChA
    channel.apply_voltage(compliance_current=1e-3)
    channel.source_voltage = 0.2
    channel.source_output = "ON"
    assert f"{channel.current * 1e6:.2f}" == "20.00"
    assert channel.voltage == pytest.approx(0.2, rel=1e-3)
    assert channel.resistance == pytest.approx(10e3, rel=1e-3)
    assert pymeasure_smu.next_error[0] == 0


def test_pymeasure_sends_100_na_as_zero_and_is_refused_as_by_the_real_one(pymeasure_smu) -> None:  # type: ignore[no-untyped-def]
    channel = pymeasure_smu.ChA
    channel.source_mode = "voltage"
    before = channel.compliance_current
    channel.compliance_current = 1e-7
    code, _ = pymeasure_smu.next_error
    assert (code, channel.compliance_current) == (1102, before)
    channel.source_voltage = 0.2
    channel.source_output = "ON"
    assert f"{channel.current * 1e6:.2f}" == "20.00"


def test_pymeasure_limits_that_survive_its_format_work(pymeasure_smu) -> None:  # type: ignore[no-untyped-def]
    channel = pymeasure_smu.ChA
    channel.source_mode = "voltage"
    channel.compliance_current = 1e-4
    assert channel.compliance_current == pytest.approx(1e-4)
    channel.source_voltage = 2.0
    channel.source_output = "ON"
    assert channel.current == pytest.approx(1e-4, rel=1e-3)


keithley2600_package = pytest.mark.skipif(
    sys.version_info >= (3, 13), reason="the package keithley2600 imports xdrlib, which Python 3.13 no longer has"
)


@pytest.fixture
def oe_fet_smu(address: str) -> Iterator[object]:
    from keithley2600 import Keithley2600

    smu = Keithley2600(address, visa_library="@py", timeout=10_000)
    yield smu
    smu.disconnect()


@keithley2600_package
def test_keithley2600_reads_ohms_law(oe_fet_smu) -> None:  # type: ignore[no-untyped-def]
    smu = oe_fet_smu
    assert smu.connected
    smu.apply_voltage(smu.smua, 0.2)
    assert f"{smu.smua.measure.i() * 1e6:.2f}" == "20.00"
    smu.smua.source.output = smu.smua.OUTPUT_OFF


@keithley2600_package
def test_keithley2600_limits_to_100_na_and_sees_the_flag(oe_fet_smu) -> None:  # type: ignore[no-untyped-def]
    smu = oe_fet_smu
    smu.smua.source.limiti = 1e-7
    smu.apply_voltage(smu.smua, 0.2)
    assert smu.smua.measure.i() == pytest.approx(1e-7, rel=5e-3)
    assert smu.smua.source.compliance is True
    assert smu.smua.source.limiti == pytest.approx(1e-7)
    assert smu.smua.measure.v() == pytest.approx(1e-3, rel=5e-2, abs=3e-4)


@keithley2600_package
def test_keithley2600_sweeps(oe_fet_smu) -> None:  # type: ignore[no-untyped-def]
    smu = oe_fet_smu
    voltages, currents = smu.voltage_sweep_single_smu(smu.smua, [0.1, 0.2, 0.3], 0.02, -1, pulsed=False)
    assert currents == pytest.approx([v / 10e3 for v in voltages], rel=1e-3)
