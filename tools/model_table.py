"""The table of models to pull in `choose-a-model`, made from the data of the package."""

import re

from cc_proxy.app.claude_needs import ENOUGH_WINDOW
from cc_proxy.app.fitness.known_models import known_models

_BEGIN = "<!-- made from cc_proxy/data/known-models.json by `make generate` -->"
_END = "<!-- the end of the table -->"
_SECTION = re.compile(f"{re.escape(_BEGIN)}.*?{re.escape(_END)}", re.DOTALL)
_GB = 1e9


def page(text: str) -> str:
    """Return the text of the page with its table as the data is now."""
    section = f"{_BEGIN}\n\n{_table()}\n\n{_END}"
    return _SECTION.sub(lambda _: section, text)


def _table() -> str:
    known = known_models()
    lines = [
        "Sizes and windows are about right; `cc-proxy models` shows those of what you pulled:",
        "",
        "| model | weights | with a window of | memory in all | can | |",
        "|---|---|---|---|---|---|",
    ]
    for one in known.models:
        window = min(ENOUGH_WINDOW, one.max_context)
        memory = one.needs.bytes_for(window) / _GB
        able = ", ".join(one.capabilities)
        weights = one.size_bytes / _GB
        lines.append(
            f"| `{one.name}` | about {weights:.1f} GB | {window:,} | about {memory:.1f} GB"
            f" | {able} | {one.about} |"
        )
    return "\n".join(lines)
