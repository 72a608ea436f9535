"""YAML as plain values, where no place in a text matters."""

import io

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

_NEVER_FOLDED = 1 << 20  # a value that is longer than a line would begin on the next one


def read(text: str) -> object:
    """Return what a text says.

    Raises:
        ValueError: it is not YAML.

    """
    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 1)
    try:
        return yaml.load(text)
    except YAMLError as error:
        raise ValueError(str(error)) from error


def written(settings: dict[str, object]) -> str:
    """Return the text that says the same, keys in their order, for a person to read."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment] # it says None, and means a bool
    yaml.width = _NEVER_FOLDED
    text = io.StringIO()
    yaml.dump(settings, text)
    return text.getvalue()
