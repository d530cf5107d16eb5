"""A short storm. `scripts/chaos` raises longer ones; docs/guarantees.md has the figures of one."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.ray]

ROOT = Path(__file__).parents[2]


def test_after_a_storm_nothing_is_lost_doubled_or_out_of_order(tmp_path):
    command = [sys.executable, "-m", "tests.chaos", "--faults", "10", "--minutes", "2", "--gap", "0.5", "--folder"]
    done = subprocess.run([*command, str(tmp_path)], cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "batches lost 0, doubled 0; changes missing 0, surplus 0, out of order 0" in done.stdout
    assert "ended with" not in done.stdout
