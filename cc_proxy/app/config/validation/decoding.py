"""From the text of the user's file to checked values, or to everything that is wrong with it."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from cc_proxy.app.config.errors import MOST_PROBLEMS, Problem, RefusedValueError
from cc_proxy.app.config.layers import Layer, SourcedValue, given_at
from cc_proxy.app.config.validation import expansion, rules, suggestions
from cc_proxy.app.config.validation.descriptions import found, quoted, type_fix
from cc_proxy.app.config.validation.expansion import BadReferenceError
from cc_proxy.app.config.validation.kinds import Field, FreeForm, Names, ScalarKind, Section
from cc_proxy.app.config.validation.schema import FILE, KeyPath
from cc_proxy.app.config.validation.upstream_slips import Check
from cc_proxy.app.config.yaml_file import document
from cc_proxy.app.config.yaml_file.document import (
    MappingNode,
    Node,
    Position,
    ScalarNode,
    SequenceNode,
)
from cc_proxy.app.config.yaml_file.excerpt import SourceText

# In a mapping of any content: an alias in YAML can contain itself, or ten of another.
_MOST_LEVELS, _MOST_MAPPINGS = 16, 1000
_GLUED = re.compile(r"(\w+):\S")


def decode(text: str, path: Path, environ: Mapping[str, str]) -> tuple[Layer, list[Problem]]:
    """Return what the file sets, and its problems in the order of the file.

    `path` is for errors and origins, `environ` for `${VAR}`. After MOST_PROBLEMS it stops.
    """
    decoder = _Decoder(text, path, environ)
    try:
        root = document.compose(text)
    except document.SyntaxProblemError as error:
        decoder.report(error.what, error.position, fix=error.fix)
    else:
        if root is not None:
            decoder.section(root, FILE, ())
    return decoder.layer, decoder.problems


class _Decoder:
    """Walks the nodes along the schema, so an alias that contains itself cannot lead it astray."""

    def __init__(self, text: str, path: Path, environ: Mapping[str, str]) -> None:
        self.layer: Layer = {}
        self._problems: list[tuple[Problem, Position]] = []
        self._source = SourceText(text)
        self._path = path
        self._mappings_left = _MOST_MAPPINGS
        self._environ = environ

    @property
    def problems(self) -> list[Problem]:
        """Everything that is wrong, in the order of the file, each with its line.

        The lines are quoted last: what must not be shown of one may be known only by then.
        """
        return [
            msgspec.structs.replace(
                problem,
                excerpt=self._source.excerpt(at.line, at.column, at.width, at.hide_from),
            )
            for problem, at in self._problems
        ]

    def report(
        self,
        what: str,
        position: Position,
        *,
        expected: str | None = None,
        found: str | None = None,
        fix: str | None = None,
    ) -> None:
        """Note a problem at a place in the file."""
        where = f"{self._path}:{position.line + 1}:{position.column + 1}"
        problem = Problem(where=where, what=what, expected=expected, found=found, fix=fix)
        self._problems.append((problem, position))

    def section(self, node: Node, section: Section, path: KeyPath) -> None:
        """Read a mapping with known keys; nothing at all is the same as none of them."""
        known = ", ".join(section.keys)
        expected = f"a mapping with the keys {known}"
        given: dict[str, Position] = {}
        for key, key_node, value in self._pairs(node, path, expected, section.keys):
            entry = section.keys.get(key)
            if entry is None:
                where = f" in {'.'.join(path)}" if path else ""
                place = document.position(key_node)
                self._hide(key, value)
                self.report(
                    f"unknown key {quoted(key)}{where}",
                    place,
                    expected=f"one of {known}",
                    fix=suggestions.for_key(key, section, path),
                )
            else:
                given[key] = document.position(key_node)
                self._entry(value, entry, (*path, key))
        is_mapping = isinstance(node, MappingNode) or document.is_nothing(node)
        if section.check is not None and is_mapping:
            self._check(section.check, given, document.position(node), path)

    def _check(
        self, check: Check, given: dict[str, Position], whole: Position, path: KeyPath
    ) -> None:
        """Report what is wrong with a mapping as a whole, at the key or the mapping itself."""
        for slip in check({key: given_at(self.layer, (*path, key)) for key in given}):
            place, what = given.get(slip.key, whole), f"{'.'.join(path)} {slip.what}"
            self.report(what, place, expected=slip.expected, found=slip.found, fix=slip.fix)

    def _hide(self, key: str, value: Node) -> None:
        """Have nothing shown of the value of an unknown key but a number: it may be a secret."""
        plain = isinstance(value, ScalarNode) and document.kind(value) is not ScalarKind.TEXT
        if not plain or suggestions.may_be_secret(key):
            self._source.hide(*document.extent(value))

    def _names(self, node: Node, names: Names, path: KeyPath) -> None:
        for key, key_node, value in self._pairs(node, path, "a mapping from names to values"):
            try:
                names.rule(key)
            except RefusedValueError as refused:
                if isinstance(names.value, Field) and names.value.secret:
                    self._source.hide(*document.extent(value))
                self.report(
                    f"{'.'.join(path)} has a key that is no name",
                    document.position(key_node),
                    expected=names.expected,
                    found=refused.found or quoted(key),
                    fix=refused.fix,
                )
            else:
                self._entry(value, names.value, (*path, key))

    def _entry(self, node: Node, entry: Field | Section | Names | FreeForm, path: KeyPath) -> None:
        match entry:
            case Section():
                self.section(node, entry, path)
            case Names():
                self._names(node, entry, path)
            case FreeForm():
                self._free_form(node, entry, path)
            case Field(mapping=Section() as mapping) if isinstance(node, MappingNode):
                self.section(node, mapping, path)
            case Field():
                self._field(node, entry, path)

    def _free_form(self, node: Node, entry: FreeForm, path: KeyPath) -> None:
        fields: dict[str, object] = {}
        for key, key_node, value in self._pairs(node, path, "a mapping from names to values"):
            try:
                entry.rule(key)
            except RefusedValueError as refused:
                self._source.hide(*document.extent(value))
                self.report(
                    f"{'.'.join(path)} cannot have the key {quoted(key)}",
                    document.position(key_node),
                    expected=entry.expected,
                    fix=refused.fix,
                )
            else:
                fields[key] = self._json(value, (*path, key), _MOST_LEVELS)
        line = document.position(node).line + 1
        self.layer[path] = SourcedValue(fields, f"file {self._path}:{line}")

    def _json(self, node: Node, path: KeyPath, levels: int) -> object:
        """Return what JSON has for a node; one that JSON has nothing for is reported."""
        if isinstance(node, ScalarNode):
            return self._json_scalar(node, path)
        self._mappings_left -= 1
        if levels == 0 or self._mappings_left == 0:
            most = f"at most {_MOST_LEVELS} levels, and {_MOST_MAPPINGS} mappings and lists"
            self.report(f"{'.'.join(path)} is too large", document.position(node), expected=most)
        if levels == 0 or self._mappings_left <= 0:
            return None
        if isinstance(node, SequenceNode):
            return [self._json(item, path, levels - 1) for item in node.value]
        pairs = self._pairs(node, path, "a mapping from names to values")
        return {key: self._json(value, (*path, key), levels - 1) for key, _, value in pairs}

    def _json_scalar(self, node: ScalarNode, path: KeyPath) -> object:
        text = str(node.value)
        match document.kind(node):
            case ScalarKind.NOTHING:
                return None
            case ScalarKind.BOOLEAN:
                return rules.yes_or_no(text)
            case ScalarKind.TEXT:
                return self._expanded(node, path) if "${" in text else text
            case ScalarKind.WHOLE | ScalarKind.DECIMAL:
                with suppress(ValueError):
                    number: object = json.loads(text.removeprefix("+"))
                    return number
        self.report(
            f"{'.'.join(path)} cannot have this value",
            document.position(node),
            expected="text, a number, true or false",
            found=found(node),
            fix=f"put it in quotes: {quoted(text)}",
        )
        return None

    def _mapping_fix(self, node: Node, path: KeyPath, keys: Collection[str] | None) -> str | None:
        """Return what turns a text into the mapping that was meant; None if that is not clear.

        `keys` are the keys that the mapping can have, None where they are the user's own.
        """
        if not isinstance(node, ScalarNode) or document.kind(node) is not ScalarKind.TEXT:
            return None
        start = document.position(node)
        own_line = self._source.is_first(start.line, start.column)
        glued = _GLUED.match(node.value)
        if glued and (glued[1] in keys if keys is not None else own_line):
            return f'put a space after "{glued[1]}:"'
        if path == ("aliases",):
            name = node.value.removeprefix("default:")
            with suppress(RefusedValueError):
                model = json.dumps(rules.model_name(name)).replace("${", "$${")
                return f"write it as aliases: {{default: {model}}}"
        return None

    def _pairs(
        self, node: Node, path: KeyPath, expected: str, keys: Collection[str] | None = None
    ) -> Iterator[tuple[str, Node, Node]]:
        if document.is_nothing(node):
            return
        if not isinstance(node, MappingNode):
            self._source.hide(*document.extent(node))
            self.report(
                f"{'.'.join(path) or 'the file'} is not a mapping of keys to values",
                document.position(node),
                expected=expected,
                found=found(node),
                fix=self._mapping_fix(node, path, keys),
            )
            return
        lines: dict[str, int] = {}
        for key_node, value in document.items(node):
            if len(self._problems) >= MOST_PROBLEMS:
                return
            position, key = document.position(key_node), self._key(key_node)
            if key is None:
                continue
            if key in lines:
                self._hide(key, value)
                first = f"a second one; the first is in line {lines[key]}"
                what = f"the key {quoted(key)} is there twice"
                self.report(what, position, expected="each key once", found=first, fix="keep one")
                continue
            lines[key] = position.line + 1
            yield key, key_node, value

    def _key(self, node: Node) -> str | None:
        kind = document.kind(node) if isinstance(node, ScalarNode) else None
        if kind is ScalarKind.TEXT:
            return str(node.value)
        fix = "put the name into quotes"
        if kind is None:
            fix = "write the name of a key"
        elif node.value == "<<":
            fix = "write the keys out; merge keys are not supported"
        self.report(
            "this is not the name of a key",
            document.position(node),
            expected="text",
            found=found(node),
            fix=fix,
        )
        return None

    def _field(self, node: Node, field: Field, path: KeyPath) -> None:
        setting = (*path[:-1], field.setting or path[-1])
        origin = f"file {self._path}:{document.position(node).line + 1}"
        if field.many and isinstance(node, SequenceNode):
            several = tuple(one for item in node.value for one in self._names_of(item, field, path))
            self.layer[setting] = SourcedValue(several, origin)
            return
        for value in self._values(node, field, path):
            self.layer[setting] = SourcedValue(value, origin)

    def _names_of(self, item: Node, field: Field, path: KeyPath) -> Iterator[object]:
        for value in self._values(item, field, path):
            yield from msgspec.convert(value, tuple[object, ...])

    def _values(self, node: Node, field: Field, path: KeyPath) -> Iterator[object]:
        """Yield the value of a scalar; none if it is empty, or refused, which is reported."""
        kind = document.kind(node) if isinstance(node, ScalarNode) else None
        if field.optional and kind is ScalarKind.NOTHING:
            return
        text = str(node.value)
        expands = kind is ScalarKind.TEXT and "${" in text
        if expands:
            expanded = self._expanded(node, path)
            if expanded is None or (field.optional and not expanded):
                return
            text = expanded
        elif kind not in field.takes:
            self._refuse(node, field, path, found=found(node, field), fix=type_fix(node, field))
            return
        try:
            yield field.rule(text)
        except RefusedValueError as refused:
            # What a variable holds may be a secret, whatever the key is.
            what = f"what {quoted(node.value)} stands for" if expands else refused.found
            fix = None if expands else refused.fix
            self._refuse(node, field, path, found=what or found(node, field), fix=fix)

    def _refuse(
        self, node: Node, field: Field, path: KeyPath, *, found: str, fix: str | None
    ) -> None:
        place = document.position(node)
        self.report(
            f"{'.'.join(path)} cannot have this value",
            msgspec.structs.replace(place, hide_from=place.column) if field.secret else place,
            expected=field.expected,
            found=found,
            fix=fix,
        )

    def _expanded(self, node: Node, path: KeyPath) -> str | None:
        try:
            return expansion.expand(node.value, self._environ)
        except BadReferenceError as error:
            start = document.position(node)
            column = self._source.find(error.reference, start.line, start.column)
            position = Position(start.line, column, len(error.reference))
            if error.name is None:
                self.report(
                    f"{'.'.join(path)} has a ${{ that starts no variable",
                    position,
                    expected="${NAME} or ${NAME:-default}",
                    fix="write $${ for a literal ${",
                )
            else:
                self.report(
                    f"the variable {error.name} is not set, or empty",
                    position,
                    expected="a variable with a value",
                    fix=f"set it, or give a default: ${{{error.name}:-value}}",
                )
            return None
