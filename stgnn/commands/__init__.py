"""The words of the command line as typed functions. Each returns plain data; heavy imports happen inside the bodies.

>>> from stgnn.commands import list_names
>>> list_names("layouts")["coco17"]
'17 joints in 2 dimensions'
"""

from stgnn.commands.adaptive import adasgn, fuse
from stgnn.commands.data import data_check, data_export, data_import, data_list
from stgnn.commands.members import extract, finetune
from stgnn.commands.networks import benchmark, export, list_names, quickstart, recipes
from stgnn.commands.sparse import lottery, sparsify
from stgnn.commands.studies import profile, rank, report, search

__all__ = [
    "adasgn",
    "benchmark",
    "data_check",
    "data_export",
    "data_import",
    "data_list",
    "export",
    "extract",
    "finetune",
    "fuse",
    "list_names",
    "lottery",
    "profile",
    "quickstart",
    "rank",
    "recipes",
    "report",
    "search",
    "sparsify",
]
