"""Latency histograms with 8 linear steps in every power of two, as the kernel side fills them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

BUCKETS = 512
STEPS = 8


def bucket_of(value: int) -> int:
    """The bucket of a value in ns; the mirror of ``bucket_of`` in bpf/pipeline.h."""
    if value < STEPS:
        return max(value, 0)
    exponent = value.bit_length() - 1
    return (exponent - 2) * STEPS + ((value >> (exponent - 3)) & (STEPS - 1))


def bucket_start(bucket: int) -> int:
    """The smallest value in ns that falls into a bucket."""
    if bucket < STEPS:
        return bucket
    exponent, step = bucket // STEPS + 2, bucket % STEPS
    return (STEPS + step) << (exponent - 3)


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts by bucket; cumulative, never decreasing within a run."""

    counts: Mapping[int, int] = field(default_factory=dict)
    """Bucket to count, buckets without a count left out."""

    @property
    def total(self) -> int:
        """How many values were counted."""
        return sum(self.counts.values())

    def merge(self, other: Histogram) -> Histogram:
        """Both together."""
        counts = dict(self.counts)
        for bucket, count in other.counts.items():
            counts[bucket] = counts.get(bucket, 0) + count
        return Histogram(counts)

    def minus(self, earlier: Histogram) -> Histogram:
        """What came after an earlier reading of the same histogram."""
        return Histogram(
            {
                bucket: count - earlier.counts.get(bucket, 0)
                for bucket, count in self.counts.items()
                if count > earlier.counts.get(bucket, 0)
            }
        )

    def quantile(self, share: float) -> int | None:
        """The value in ns below which ``share`` of the values lie, at most one step (12.5 %) off.

        The middle of the bucket is taken. None when nothing was counted.
        """
        wanted = share * self.total
        if not wanted:
            return None
        seen = 0
        last = 0
        for bucket in sorted(self.counts):
            seen += self.counts[bucket]
            last = bucket
            if seen >= wanted:
                break
        return (bucket_start(last) + bucket_start(last + 1) - 1) // 2

    def by_power(self) -> dict[int, int]:
        """Counts by power of two: exponent to count, for drawing."""
        powers: dict[int, int] = {}
        for bucket, count in self.counts.items():
            exponent = max(bucket_start(bucket).bit_length() - 1, 0)
            powers[exponent] = powers.get(exponent, 0) + count
        return powers
