"""A call as the client gets it: a declared tool, and arguments that fit its schema."""

from cc_proxy.app.chat.messages import CalledFunction
from cc_proxy.app.translate.request.rules import AnswerRules
from cc_proxy.app.translate.request.tools.deferred import unwrapped
from cc_proxy.app.translate.rescue.repair.arguments import repair
from cc_proxy.app.translate.rescue.repair.names import resolve_tool


def repaired_call(call: CalledFunction, rules: AnswerRules) -> tuple[str, bytes, list[str]]:
    """Return the name and the arguments of a call, and what was changed in them, for the log.

    A call of a tool that is not declared keeps its name: the client tells the model that there is
    none.
    """
    arguments = bytes(call.arguments)
    name = resolve_tool(call.name, rules.tools)
    if name is None:
        arguments, repaired = repair(arguments, {})
        notes = ["call of an undeclared tool repaired: its arguments"] if repaired else []
        return call.name, arguments, notes
    schema = rules.tools[name]
    if name in rules.stubs:
        arguments = unwrapped(arguments, schema)
    try:
        arguments, repaired = repair(arguments, schema, name)
    except RecursionError:
        # The schema contains itself, or the arguments are too deep: the client judges them.
        repaired = []
    # The log gets no name and no value of an argument: they are what the model said.
    changes = ["its name"] if name != call.name else []
    if repaired:
        changes.append(f"its arguments in {len(repaired)} {'places' if repaired[1:] else 'place'}")
    return name, arguments, [f"call of {name} repaired: {', '.join(changes)}"] if changes else []
