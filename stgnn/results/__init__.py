"""What lies beside results, and what the words of the command line make of it.

:mod:`~stgnn.results.data`: data modules from plain data; :mod:`~stgnn.results.recipes`: the recipe that a result was
made with; :mod:`~stgnn.results.studies`: names and fronts of studies; :mod:`~stgnn.results.families`: sparse families
beside a study; :mod:`~stgnn.results.fine_tuned`: its fine-tuned networks; :mod:`~stgnn.results.ranks`: how far its
supernet can be trusted.

>>> from stgnn.results import recipe_path
>>> str(recipe_path("runs/device.json"))
'runs/device.json.recipe.yaml'
"""

from stgnn.results.data import DataSpec, build_data, data_of
from stgnn.results.families import check_families, families_beside, keep_family
from stgnn.results.fine_tuned import FineTuned, check_fine_tuned, fine_tuned_beside, keep_fine_tuned
from stgnn.results.ranks import check_study_of, keep_ranks, ranks_beside
from stgnn.results.recipes import keep_recipe, needed, recipe_beside, recipe_kept, recipe_path
from stgnn.results.studies import front_rows, study_name

__all__ = [
    "DataSpec",
    "FineTuned",
    "build_data",
    "check_families",
    "check_fine_tuned",
    "check_study_of",
    "data_of",
    "families_beside",
    "fine_tuned_beside",
    "front_rows",
    "keep_family",
    "keep_fine_tuned",
    "keep_ranks",
    "keep_recipe",
    "needed",
    "ranks_beside",
    "recipe_beside",
    "recipe_kept",
    "recipe_path",
    "study_name",
]
