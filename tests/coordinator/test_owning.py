"""Every key group has one owner, in contiguous ranges."""

import numpy as np
import pytest

from raudience.coordinator import owners
from raudience.hashing import KEY_GROUPS


@pytest.mark.parametrize("shards", [1, 2, 3, 4, 7, 256])
def test_ranges_are_contiguous_and_as_even_as_can_be(shards):
    groups = owners(shards)
    sizes = np.bincount(groups, minlength=shards)
    assert len(groups) == KEY_GROUPS
    assert (np.diff(groups) >= 0).all()
    assert sizes.max() - sizes.min() <= 1


@pytest.mark.parametrize("shards", [0, -1, 257])
def test_more_shards_than_key_groups_are_refused(shards):
    with pytest.raises(ValueError, match="expected 1 to 256"):
        owners(shards)
