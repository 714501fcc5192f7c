import numpy as np
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays

from xsim_core.policies.normalizer import MinMaxNormalizer

values = arrays(
    np.float32, st.tuples(st.integers(1, 20), st.just(4)), elements=st.floats(-10, 10, width=32)
)


@given(values)
def test_fitted_values_land_in_the_unit_box_and_come_back(x):
    normalizer = MinMaxNormalizer.fit(x)
    y = normalizer.normalize(x)
    assert np.abs(y).max() <= 1 + 1e-2  # float32 centre against ranges down to 1e-3
    np.testing.assert_allclose(normalizer.denormalize(y), x, atol=1e-4)


@given(values)
def test_survives_storage(x):
    normalizer = MinMaxNormalizer.fit(x)
    again = MinMaxNormalizer.from_arrays("state", normalizer.arrays("state"))
    np.testing.assert_array_equal(again.normalize(x), normalizer.normalize(x))


def test_a_constant_dimension_maps_to_zero():
    normalizer = MinMaxNormalizer.fit(np.full((5, 2), 0.04))
    np.testing.assert_array_equal(normalizer.normalize([[0.04, 0.04]]), 0)
