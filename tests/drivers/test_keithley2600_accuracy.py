import numpy as np
import pytest

from nwlab.core.drive import Quantity
from nwlab.drivers.keithley2600_accuracy import stated_error
from nwlab.drivers.keithley2600_ranges import MODELS


def test_the_values_of_the_data_sheet() -> None:
    error = stated_error("2636B", Quantity.CURRENT, 1e-3, np.array([0.0, 5e-4]))
    assert error == pytest.approx([200e-9, 300e-9])
    assert stated_error("2636B", Quantity.VOLTAGE, 20.0, np.array([3.6])) == pytest.approx([5.54e-3])
    assert stated_error("2602B", Quantity.VOLTAGE, 6.0, np.array([-6.0])) == pytest.approx([1.9e-3])


@pytest.mark.parametrize("model", sorted(MODELS))
@pytest.mark.parametrize("quantity", list(Quantity))
def test_every_range_that_can_be_chosen_has_its_accuracy(model: str, quantity: Quantity) -> None:
    for span in MODELS[model].ranges(quantity, source=False):
        (error,) = stated_error(model, quantity, span, np.array([span]))
        assert 1e-4 * span < error < 3e-3 * span
