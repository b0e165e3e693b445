"""Any PyVISA program reaches a virtual bench by naming the backend."""

from __future__ import annotations

import pytest
import pyvisa
from pyvisa.resources import MessageBasedResource

from nwlab.core.errors import UsageError


def ask(manager: pyvisa.ResourceManager, address: str, question: str) -> str:
    resource = manager.open_resource(address)
    assert isinstance(resource, MessageBasedResource)
    with resource:
        return resource.query(question).strip()


def test_the_default_bench_answers() -> None:
    manager = pyvisa.ResourceManager("@nwlab")
    identities = [ask(manager, address, "*IDN?") for address in manager.list_resources()]
    manager.close()
    assert any("Model 2636B" in identity for identity in identities)
    assert any("Model 707B" in identity for identity in identities)


def test_a_bench_file_is_found_at_its_addresses_and_each_time_fresh() -> None:
    for _ in range(2):
        manager = pyvisa.ResourceManager("lab16@nwlab")
        assert ask(manager, "GPIB0::16::INSTR", 'print(channel.getclose("allslots"))') == "nil"
        matrix = manager.open_resource("GPIB0::16::INSTR")
        assert isinstance(matrix, MessageBasedResource)
        matrix.write('channel.close("1A01")')
        assert ask(manager, "GPIB0::16::INSTR", 'print(channel.getclose("allslots"))') == "1A01"
        manager.close()
        del matrix, manager


def test_a_bench_that_does_not_exist_is_told_as_such() -> None:
    with pytest.raises(UsageError, match="there is no bench 'nobench'"):
        pyvisa.ResourceManager("nobench@nwlab")
