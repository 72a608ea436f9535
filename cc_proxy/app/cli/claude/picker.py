"""The rows of Claude Code's `/model`: the person's own models, under their own names.

Without `behavesAs`: a row that has it makes Claude Code forget the window that it was told. The
setting is read from `--settings`, from the person's and from a company's (2.1.330, 2.1.332).
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cc_proxy.app.cli.claude.version import Version

if TYPE_CHECKING:
    from cc_proxy.app.control.listing import ListedModel

SETTING = "modelPicker"
DISCOVERY = "CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY"
_KNOWS_PICKER = (2, 1, 330)


def is_wanted(client: Version | None, person: Mapping[str, Any]) -> bool:
    """Tell whether `/model` gets rows of ours: where they are known, and the person has none.

    `person` has the person's own settings. Somebody who has switched discovery on or off has
    chosen what `/model` shows.
    """
    knows = client is None or client >= _KNOWS_PICKER
    return knows and SETTING not in person and DISCOVERY not in person["env"]


def setting(models: "Sequence[ListedModel]", main: str, window: int) -> dict[str, Any]:
    """Return the setting with a row for each model, `main` and its window first."""
    from cc_proxy.app.control.listing import ListedModel  # noqa: PLC0415 - not for `--help`

    named = {model.id: model for model in models}
    first = named.pop(main, ListedModel(main))
    rows = [_row(first, window), *(_row(one, one.max_input_tokens) for one in named.values())]
    # Claude Code's own rows would be other names for the same models.
    return {"options": rows, "replaceBuiltInOptions": True}


def _row(model: "ListedModel", window: int) -> dict[str, str]:
    parts = [model.description, f"{window:,} tokens" if window else ""]
    return {
        "model": model.id,
        "label": model.id,
        "description": " · ".join(part for part in parts if part) or "on Ollama",
    }
