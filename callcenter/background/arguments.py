"""What stands in a tool's signature: types beyond Python's own, and the check of arguments against them."""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, NewType

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema, create_model

from callcenter import numbers
from callcenter.background.outcome import ToolError

Accept = Callable[[Mapping[str, Any]], dict[str, Any]]
"""Arguments as given -> arguments as called; raises ToolError("invalid")."""


Key = NewType("Key", str)
"""A parameter of this type is no argument: the toolbox fills it with the key of the change."""


def _minor(value: object) -> int:
    found = re.fullmatch(r"\$?(\d{1,9})(?:\.(\d{1,2}))?(?: ?(?:USD|dollars?))?", str(value).strip().replace(",", ""))
    if not found:
        raise ValueError("should be an amount such as 12.50")
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def _digits(value: object) -> str:
    text = re.sub(r"[\s.-]", "", str(value))
    if not re.fullmatch(r"\d{1,20}", text):
        raise ValueError("should be a number in digits")
    return text


def _e164(value: object) -> str:
    try:
        number = numbers.read(str(value))
    except numbers.NumberError:
        number = None
    if not isinstance(number, numbers.Number):
        raise ValueError("should be a complete telephone number")
    return number.e164


Money = Annotated[int, BeforeValidator(_minor), WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d\d)?$"})]
"""An amount: minor units inside (1250), written out as "12.50"."""

Digits = Annotated[str, BeforeValidator(_digits), WithJsonSchema({"type": "string", "pattern": r"^\d+$"})]
"""A number that names something; groups as people say them ("42 17") are joined."""

Phone = Annotated[str, BeforeValidator(_e164)]
"""A telephone number as people say it; inside it has one spelling."""

Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s.]+$", max_length=120)]
Name = Annotated[str, Field(description="First and last name.", min_length=2, max_length=80)]
Subject = Annotated[str, Field(min_length=3, max_length=120)]
Text = Annotated[str, Field(max_length=2_000)]


def money(minor: int, currency: str = "USD") -> str:
    """The way amounts stand in every tool's answer: "12.50 USD"."""
    sign, minor = ("-", -minor) if minor < 0 else ("", minor)
    return f"{sign}{minor // 100}.{minor % 100:02d} {currency}"


def checked(name: str, fields: dict[str, Any]) -> tuple[Accept, dict[str, Any]]:
    """A checker and a JSON schema for arguments, from pydantic field definitions."""
    config = ConfigDict(extra="forbid", coerce_numbers_to_str=True, str_strip_whitespace=True)
    model = create_model(name, __config__=config, **fields)

    def accept(arguments: Mapping[str, Any]) -> dict[str, Any]:
        try:
            made = model.model_validate(dict(arguments))
        except ValidationError as error:
            raise ToolError("invalid", _complaint(error)) from None
        return {key: getattr(made, key) for key in fields}

    schema: dict[str, Any] = _untitled(model.model_json_schema())
    return accept, schema


def _complaint(error: ValidationError) -> str:
    told = []
    for one in error.errors(include_input=False, include_url=False):
        where = ".".join(str(part) for part in one["loc"]) or "arguments"
        told.append(f"{where}: {one['msg'].removeprefix('Value error, ')}")
    return "; ".join(dict.fromkeys(told)) + "."


def _untitled(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {key: _untitled(item) for key, item in schema.items() if not (key == "title" and isinstance(item, str))}
    return [_untitled(item) for item in schema] if isinstance(schema, list) else schema
