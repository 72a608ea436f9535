"""A call as the client gets it: a declared tool, and arguments that fit its schema."""

from collections.abc import Mapping
from typing import Any

from cc_proxy.app.ollama.chat import CalledFunction
from cc_proxy.app.translate.rescue.mend import mend, tool_name


def mended_call(
    call: CalledFunction, tools: Mapping[str, Mapping[str, Any]]
) -> tuple[str, bytes, list[str]]:
    """Return the name and the arguments of a call, and what was mended of them, for the log.

    `tools` are the declared ones with their schemas. A call of another tool stays as it is: the
    client tells the model that there is none.
    """
    arguments = bytes(call.arguments)
    if not arguments.startswith(b"{"):
        arguments = b"{}"
    name = tool_name(call.name, tools)
    if name is None:
        return call.name, arguments, []
    arguments, mended = mend(arguments, tools[name])
    if name != call.name:
        mended.append(f"{call.name}: renamed to {name}")
    return name, arguments, [f"call of {name} mended: {'; '.join(mended)}"] if mended else []
