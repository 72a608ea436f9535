"""The part of `what-is-lost` that is made from the contract with the SDK's types."""

import re

from cc_proxy.app.anthropic.contract import CONTRACT, NameKind, Treatment

_BEGIN = "<!-- made from cc_proxy/app/anthropic/contract.py by `make generate` -->"
_END = "<!-- the end of what is made -->"
_SECTION = re.compile(f"{re.escape(_BEGIN)}.*?{re.escape(_END)}", re.DOTALL)


def page(text: str) -> str:
    """Return the text of the page with its table as the contract is now."""
    section = f"{_BEGIN}\n\n{_table()}\n\n{_END}"
    return _SECTION.sub(lambda _: section, text)


def _table() -> str:
    lines = ["| where | what becomes of it | names |", "|---|---|---|"]
    for kind in NameKind:
        for treatment in Treatment:
            rows = [row for row in CONTRACT if (row.kind, row.treatment) == (kind, treatment)]
            names = ", ".join(f"`{row.name}`" for row in sorted(rows, key=lambda row: row.name))
            if names:
                lines.append(f"| {kind.value} | {treatment.value} | {names} |")
    return "\n".join(lines)
