"""How well a Series 2600B instrument states to know what it reads.

Source: Series 2600B specifications SPEC-2600B, "Voltage measurement accuracy" and "Current measurement accuracy", one
year at 23 °C ± 5 °C: ± (fraction of the reading + offset) on each range.
"""

from __future__ import annotations

import numpy as np

from nwlab.core.drive import FloatArray, Quantity

_VOLTAGE_200 = ((0.2, 1.5e-4, 225e-6), (2.0, 2e-4, 350e-6), (20.0, 1.5e-4, 5e-3), (200.0, 1.5e-4, 50e-3))
_VOLTAGE_40 = ((0.1, 1.5e-4, 150e-6), (1.0, 1.5e-4, 200e-6), (6.0, 1.5e-4, 1e-3), (40.0, 1.5e-4, 8e-3))
_CURRENT_HIGH = (
    (10e-6, 2.5e-4, 1.5e-9),
    (100e-6, 2e-4, 25e-9),
    (1e-3, 2e-4, 200e-9),
    (10e-3, 2e-4, 2.5e-6),
    (100e-3, 2e-4, 20e-6),
    (1.0, 3e-4, 1.5e-3),
    (3.0, 5e-4, 3.5e-3),
)
_CURRENT_260 = ((100e-9, 5e-4, 100e-12), (1e-6, 2.5e-4, 500e-12), *_CURRENT_HIGH)
_CURRENT_261 = ((100e-9, 6e-4, 100e-12), (1e-6, 2.5e-4, 500e-12), *_CURRENT_HIGH)
_CURRENT_263 = (
    (100e-12, 1.5e-3, 120e-15),
    (1e-9, 1.5e-3, 240e-15),
    (10e-9, 1.5e-3, 3e-12),
    (100e-9, 6e-4, 40e-12),
    (1e-6, 2.5e-4, 400e-12),
    *_CURRENT_HIGH,
)
_TABLES = {
    "260": {Quantity.VOLTAGE: _VOLTAGE_40, Quantity.CURRENT: _CURRENT_260},
    "261": {Quantity.VOLTAGE: _VOLTAGE_200, Quantity.CURRENT: _CURRENT_261},
    "263": {Quantity.VOLTAGE: _VOLTAGE_200, Quantity.CURRENT: _CURRENT_263},
}


def stated_error(model: str, quantity: Quantity, span: float, values: FloatArray) -> FloatArray:
    """Return the ± error in V or A that the data sheet states for readings on the range that holds `span`."""
    table = _TABLES[model[:3]][quantity]
    gain, offset = next((gain, offset) for top, gain, offset in table if span <= top * (1 + 1e-9))
    return np.abs(values) * gain + offset
