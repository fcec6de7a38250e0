"""``python -m twtui``."""

import sys

from twtui.cli import main

sys.exit(main())
