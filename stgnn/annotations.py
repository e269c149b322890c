"""Type annotations as the source spells them: what a value may be is known before anything is imported."""

import ast


def name_of(node: ast.expr) -> str:
    """The class or the form of an annotation: ``list`` of ``list[int]``."""
    if isinstance(node, ast.Subscript):
        return name_of(node.value)
    if isinstance(node, ast.Constant):
        return "None" if node.value is None else str(node.value)
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def options_of(node: ast.expr | None) -> list[ast.expr]:
    """The alternatives of an annotation; none when it is missing."""
    if node is None:
        return []
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return options_of(ast.parse(node.value, mode="eval").body)
    if isinstance(node, ast.BinOp):
        return options_of(node.left) + options_of(node.right)
    if isinstance(node, ast.Subscript) and name_of(node) == "Optional":
        return [*options_of(node.slice), ast.Constant(None)]
    if isinstance(node, ast.Subscript) and name_of(node) == "Union" and isinstance(node.slice, ast.Tuple):
        return [option for item in node.slice.elts for option in options_of(item)]
    if isinstance(node, ast.Subscript) and name_of(node) == "Annotated" and isinstance(node.slice, ast.Tuple):
        return options_of(node.slice.elts[0])
    return [node]


def arguments_of(node: ast.Subscript) -> list[ast.expr]:
    """What stands in the brackets of an annotation."""
    return node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]


def literals_of(node: ast.Subscript) -> list[object]:
    """The values that a ``Literal`` allows."""
    return [item.value for item in arguments_of(node) if isinstance(item, ast.Constant)]


def spelled(node: ast.expr | None) -> str:
    """An annotation as it is written."""
    return "" if node is None else ast.unparse(node)
