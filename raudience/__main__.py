"""`python -m raudience ...` is `raudience ...`."""

import sys

from raudience.cli.main import main

sys.exit(main())
