"""The fields of request structs, and JSON that encoders refuse to write."""

import copy
import json
from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

import msgspec

from tests.guards.requests import Place

Json = dict[str, Any]


class Raw(str):
    """A part of JSON as it is to be sent."""

    __slots__ = ()


def encoded(value: Any) -> bytes:
    """JSON with raw parts."""
    raw: list[str] = []

    def marked(item: Any) -> Any:
        match item:
            case Raw():
                raw.append(item)
                return f"@{len(raw) - 1}@"
            case dict():
                return {key: marked(each) for key, each in item.items()}
            case list():
                return [marked(each) for each in item]
            case _:
                return item

    text = json.dumps(marked(value))
    for index, part in enumerate(raw):
        text = text.replace(f'"@{index}@"', part)
    return text.encode()


def fields_of(kind: Any, value: Any, place: Place = ()) -> Iterator[Place]:
    """Where every field of a request stands, those of structs inside of `value` too."""
    for mapping in _parts(kind, dict):
        if isinstance(value, dict):
            for key, item in value.items():
                yield from fields_of(get_args(mapping)[1], item, (*place, key))
    for struct in _structs(kind):
        if isinstance(value, list) and value:
            yield from fields_of(struct, value[0], (*place, 0))
        if isinstance(value, dict):
            for field in msgspec.structs.fields(struct):
                inside = (*place, field.encode_name)
                yield inside
                yield from fields_of(field.type, value.get(field.encode_name), inside)


def _parts(kind: Any, origin: type) -> list[Any]:
    """Those of the alternatives of a type that are of an origin."""
    return [kind] if get_origin(kind) is origin else [part for part in get_args(kind) if get_origin(part) is origin]


def _structs(kind: Any) -> list[Any]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return [kind]
    if get_origin(kind) is dict:
        return []  # its values' fields stand below its keys
    if get_origin(kind) is Annotated:
        return _structs(get_args(kind)[0])
    return list(dict.fromkeys(struct for part in get_args(kind) for struct in _structs(part)))


def replaced(body: Json, place: Place, value: Any) -> Json:
    """The body with another value in one place."""
    changed = copy.deepcopy(body)
    target: Any = changed
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = value
    return changed


def fits(content: bytes, kind: Any) -> bool:
    """Whether a body can be read as its struct, whatever its values mean."""
    try:
        msgspec.json.decode(content, type=kind)
    except (msgspec.MsgspecError, RecursionError):
        return False
    return True
