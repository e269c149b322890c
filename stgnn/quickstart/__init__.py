"""The whole story on synthetic data, in minutes: it reads as an example of how to put the public parts together.

>>> from pathlib import Path
>>> from stgnn.quickstart import Plan
>>> Plan(Path("runs/quickstart")).trials
120
"""

from stgnn.quickstart.plan import Plan
from stgnn.quickstart.story import quickstart, run

__all__ = ["Plan", "quickstart", "run"]
