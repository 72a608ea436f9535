"""Words for values in the file, and the fix for a value of the wrong type."""

from cc_proxy.app.config.validation.kinds import Field, ScalarKind
from cc_proxy.app.config.yaml_file import document
from cc_proxy.app.config.yaml_file.document import MappingNode, Node, ScalarNode
from cc_proxy.app.redaction import without_query

_LONGEST_QUOTE = 60


def found(node: Node, field: Field | None = None) -> str:
    """Return what a node holds; text is shown only for a field that is no secret.

    Text where a mapping belongs may be a secret whose colon went wrong.
    """
    if not isinstance(node, ScalarNode):
        return "a mapping" if isinstance(node, MappingNode) else "a list"
    kind, text = document.kind(node), quoted(node.value)
    if kind is ScalarKind.NOTHING:
        return "nothing"
    if field is not None and field.secret:
        return f"{kind.value}, not shown"
    if kind is ScalarKind.TEXT:
        return "text" if field is None else f"the text {text}"
    if field is not None and kind in field.takes:
        return f"the number {text[1:-1]}"
    return f"{text[1:-1]}, which YAML takes for {kind.value}"


def quoted(text: str) -> str:
    """Return the text in quotes, shortened, without the password and the query of a URL."""
    text = without_query(text)
    return f'"{text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + "..."}"'


def type_fix(node: Node, field: Field) -> str | None:
    """Return what to do about a scalar of a kind that the field does not take."""
    if not isinstance(node, ScalarNode):
        return None
    kind = document.kind(node)
    if kind is ScalarKind.NOTHING:
        return "give it a value, or delete the line"
    if kind is ScalarKind.ODD_NUMBER and ScalarKind.WHOLE in field.takes:
        return "write the number in decimal digits"
    if kind is ScalarKind.TEXT:
        return "remove the quotes" if str(node.value).isdecimal() else None
    if ScalarKind.TEXT in field.takes:
        return "put it in quotes" if field.secret else f"put it in quotes: {quoted(node.value)}"
    return None
