"""The walk over values to choose from: `methods.choosing.downhill`."""

import math

import pytest

from pairlsi.methods.choosing import downhill

VALUES = [0.1, 0.3, 1.0, 3.0, 10.0]


def walked(best: float, values=VALUES) -> tuple[dict, list]:
    """What was tried, and in what order, where the error has one minimum at `best`."""
    order = []

    def error(value: float) -> float:
        order.append(value)
        return abs(math.log(value / best))

    return downhill(values, error), order


@pytest.mark.parametrize("best", VALUES)
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_it_ends_at_the_minimum_with_both_its_neighbours_tried_and_no_value_tried_twice(best, count):
    values = VALUES[:count]
    found, order = walked(best, values[::-1])
    least = min(values, key=lambda value: abs(math.log(value / best)))
    assert min(found, key=found.get) == least
    at = values.index(least)
    assert set(values[max(0, at - 1) : at + 2]) <= set(found)
    assert list(found) == sorted(order) and len(set(order)) == len(order)


def test_values_beyond_a_rise_are_left_out():
    assert walked(0.1)[1] == [1.0, 0.3, 0.1]
    assert walked(1.0)[1] == [1.0, 0.3, 3.0]
    assert walked(10.0)[1] == [1.0, 0.3, 3.0, 10.0]


def test_an_error_that_is_not_a_number_is_never_the_least():
    found = downhill([1, 2, 3], lambda value: math.nan if value == 2 else float(value))
    assert found == {1: 1.0, 2: math.inf}
    assert downhill([1, 2], lambda value: math.nan) == {1: math.inf, 2: math.inf}
