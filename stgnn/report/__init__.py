"""Reports: one self-contained page, a table and a picture of what a search found.

The input is plain frozen data, so that the results of any search can be shown:

    >>> from stgnn.report import ReportData, report_points, write_report
    >>> write_report("out", ReportData("My search", report_points(evaluations)))

:func:`block_diagram` draws one architecture, :func:`markdown_table` writes the tables of a README. Light to import.
"""

from stgnn.report.data import Landmark, Measured, Measurement, ReportData, ReportPoint, report_points
from stgnn.report.diagram import block_diagram
from stgnn.report.tables import front_table, markdown_table
from stgnn.report.writing import ReportFiles, write_report

__all__ = [
    "Landmark",
    "Measured",
    "Measurement",
    "ReportData",
    "ReportFiles",
    "ReportPoint",
    "block_diagram",
    "front_table",
    "markdown_table",
    "report_points",
    "write_report",
]
