"""The README's tables are those of the code."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "readme.py"


def test_the_readme_has_the_tables_of_the_code() -> None:
    """Write them with: make readme."""
    done = subprocess.run(
        [sys.executable, SCRIPT, "--check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
