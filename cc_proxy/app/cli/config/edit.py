"""One line put into the configuration file; all else in it stays as it is, comments too."""

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from cc_proxy.app.cli.config.init import data_file, line_for, with_default
from cc_proxy.app.errors import CcProxyError

if TYPE_CHECKING:
    from cc_proxy.app.config.yaml_file.document import Node

_DATA_FILE = "cc-proxy.user.yaml"


class EditError(CcProxyError):
    """The line cannot be put in by a program; the hint has it."""


def set_default(path: Path, model: str) -> None:
    """Make a model the default in the file at `path`, which is made if there is none.

    Raises:
        CcProxyError: the file cannot be written, or not in a way that changes nothing else.

    """
    from cc_proxy.app import private_files  # noqa: PLC0415 - see common.Common
    from cc_proxy.app.daemon.file_errors import explained  # noqa: PLC0415 - see common.Common

    target = Path(os.path.realpath(path))
    with explained(target, "--config"):
        if not target.exists():
            private_files.make_folder(target.parent)
            private_files.create(target, with_default(data_file(_DATA_FILE), model).encode())
            return
        before = target.read_bytes()
        mode = stat.S_IMODE(target.stat().st_mode)
    text = before.decode("utf-8-sig")
    after = edited(text, model)
    if after is None or not _only_adds(text, after, model):
        raise EditError(
            f"{path} is not written so that a line can be put into it.",
            code="config_not_edited",
            hint=f"Add it yourself, under aliases: {line_for(model)}",
        )
    with explained(target, "--config"):
        private_files.replace(target, after.encode())
        target.chmod(mode)


def edited(text: str, model: str) -> str | None:
    """Return the text with the default model in it, None if there is no place for it."""
    from cc_proxy.app.config.yaml_file import document  # noqa: PLC0415 - see common.Common

    try:
        root = document.compose(text)
    except document.SyntaxProblemError:
        return None
    line_end = "\r\n" if "\r\n" in text else "\n"
    if root is None:
        return _appended(text, model, line_end)
    if not isinstance(root, document.MappingNode) or root.flow_style:
        return None
    aliases = next((pair for pair in root.value if pair[0].value == "aliases"), None)
    if aliases is None:
        return _appended(text, model, line_end)
    place = _place(text, *aliases)
    if place is None:
        return None
    position, before, after = place
    return f"{text[:position]}{before}{line_for(model)}{after or line_end}{text[position:]}"


def _place(text: str, key: "Node", aliases: "Node") -> tuple[int, str, str] | None:
    """Return the line's position, and the text before and after it ("": a line end)."""
    from cc_proxy.app.config.yaml_file.document import MappingNode, ScalarNode  # noqa: PLC0415 - as above

    if isinstance(aliases, ScalarNode) and not aliases.value:
        # `aliases:` alone, as in the file that comes with the package.
        end = text.find("\n", key.end_mark.index)
        return (end + 1, " " * (key.start_mark.column + 2), "") if end >= 0 else None
    if not isinstance(aliases, MappingNode):
        return None
    if any(name.value == "default" for name, _ in aliases.value):
        return None
    if aliases.flow_style:
        return aliases.start_mark.index + 1, "", ", " if aliases.value else " "
    mark = aliases.start_mark
    # In front of the first alias, in its column.
    return mark.index - mark.column, " " * mark.column, ""


def _appended(text: str, model: str, line_end: str) -> str:
    begin = text if not text or text.endswith("\n") else text + line_end
    return f"{begin}aliases:{line_end}  {line_for(model)}{line_end}"


def _only_adds(before: str, after: str, model: str) -> bool:
    """Tell whether a text is what it was, but for the default model."""
    from cc_proxy.app.config.yaml_file import plain_yaml  # noqa: PLC0415 - as above

    try:
        old, new = plain_yaml.read(before) or {}, plain_yaml.read(after)
    except ValueError:
        return False
    if not isinstance(old, dict):
        return False
    wanted = {"default": model.replace("${", "$${")}
    return bool(new == {**old, "aliases": wanted | (old.get("aliases") or {})})
