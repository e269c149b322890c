"""The bar for operators, latency models, search strategies and runtimes: for plugins, and for our own.

A plugin's test is one line for each thing it brings::

    from stgnn.testing import check_operator

    def test_operator():
        check_operator("MyGraphConv")

Every check raises ``AssertionError`` with a sentence that says which promise is broken.
"""

from stgnn.testing.latency_model import check_latency_model
from stgnn.testing.operator import check_operator
from stgnn.testing.runtime import check_runtime
from stgnn.testing.search_strategy import check_search_strategy

__all__ = ["check_latency_model", "check_operator", "check_runtime", "check_search_strategy"]
