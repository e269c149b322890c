"""``python -m stgnn``."""

import sys

from stgnn.cli import main

sys.exit(main())
