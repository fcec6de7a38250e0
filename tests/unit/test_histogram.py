"""The histogram's buckets are the kernel's, and its quantiles are within one step."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twtui.model.histogram import BUCKETS, STEPS, Histogram, bucket_of, bucket_start

from .support import histogram_of

values = st.integers(0, 2**63 - 1)
delays = st.lists(st.integers(0, 10**10), min_size=1, max_size=60)


@given(values)
def test_a_value_lies_in_its_bucket(value: int) -> None:
    bucket = bucket_of(value)
    assert 0 <= bucket < BUCKETS
    assert bucket_start(bucket) <= value < bucket_start(bucket + 1)


@given(st.integers(0, BUCKETS - STEPS))
def test_a_start_falls_into_its_bucket(bucket: int) -> None:
    assert bucket_of(bucket_start(bucket)) == bucket


@pytest.mark.parametrize(
    ("value", "bucket"), [(0, 0), (7, 7), (8, 8), (15, 15), (16, 16), (17, 16), (18, 17), (32, 24)]
)
def test_known_buckets(value: int, bucket: int) -> None:
    assert bucket_of(value) == bucket


def test_a_negative_delay_counts_as_none() -> None:
    assert bucket_of(-5) == 0


@given(delays, st.sampled_from([0.5, 0.9, 0.99, 1.0]))
def test_a_quantile_is_at_most_one_step_off(found: list[int], share: float) -> None:
    quantile = histogram_of(found).quantile(share)
    ordered = sorted(found)
    exact = next(v for n, v in enumerate(ordered, 1) if n >= share * len(ordered))
    assert quantile is not None
    assert abs(quantile - exact) <= exact * 0.125


@given(delays)
def test_quantiles_do_not_fall(found: list[int]) -> None:
    histogram = histogram_of(found)
    quantiles = [histogram.quantile(share) or 0 for share in (0.1, 0.5, 0.9, 1.0)]
    assert quantiles == sorted(quantiles)


def test_nothing_has_no_quantile() -> None:
    assert Histogram().quantile(0.5) is None
    assert Histogram({5: 0}).quantile(0.5) is None


@given(delays, delays)
def test_minus_undoes_merge(first: list[int], second: list[int]) -> None:
    early, late = histogram_of(first), histogram_of(second)
    both = early.merge(late)
    assert both == histogram_of(first + second)
    assert both.minus(early) == late
    assert both.total == len(first) + len(second)


@given(delays)
def test_powers_keep_the_total(found: list[int]) -> None:
    powers = histogram_of(found).by_power()
    assert sum(powers.values()) == len(found)
    for value in found:
        assert powers[max(value.bit_length() - 1, 0)]
