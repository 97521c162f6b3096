"""What an agent takes for an option: which keys of which types, and an example."""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from .kinds import UnusableError
from .schemas import Field


class Taken(NamedTuple):
    """What is taken for an option: an object of these fields, or a value where there are none.

    One that `is_closed` takes no other keys, any other none that is nearly one of them; one that
    `is_declared` must have those required.
    """

    option: str
    fields: Mapping[str, Field]
    value: Field = Field()
    is_closed: bool = False
    is_declared: bool = False

    @property
    def wanted(self) -> list[str]:
        """The keys that must be given."""
        return [key for key, field in self.fields.items() if field.is_required * self.is_declared]

    @property
    def takes(self) -> str:
        """The keys with their types, or the type."""
        return ", ".join(f"{key}: {field}" for key, field in self.fields.items()) or str(self.value)

    @property
    def example(self) -> str:
        """The option with what it wants, as on a command line."""
        if self.option == "--configurable":
            return f"{self.option} KEY=VALUE"
        keys = self.wanted or self.fields
        value = {key: self.fields[key].example for key in keys} if keys else self.value.example
        return f"{self.option} '{json.dumps(value, ensure_ascii=False)}'"

    def checked(self, given: Any, name: str) -> Any:
        """What was given, with messages made of what stands for some. Raises UnusableError."""
        try:
            return self._made_of(given)
        except ValueError as error:
            hint = f"it takes {self.takes}; for example {self.example}"
            raise UnusableError(f"the agent {name} cannot run: {error}", hint) from None

    def _made_of(self, given: Any) -> Any:
        if not self.fields:
            return self.value.made_of(given)
        if not isinstance(given, dict):
            raise ValueError(f"{self.option} is not a JSON object")
        for key in given.keys() - self.fields.keys():
            near = get_close_matches(key, self.fields, n=1, cutoff=0.6 if self.is_closed else 0.8)
            if near or self.is_closed:
                meant = "".join(f", did you mean {name}?" for name in near)
                raise ValueError(f"there is no {key} in {self.option}{meant}")
        if missing := [key for key in self.wanted if key not in given]:
            raise ValueError(f"there is no {', '.join(missing)} in {self.option}")
        return {key: self._value(key, value) for key, value in given.items()}

    def _value(self, key: str, value: Any) -> Any:
        try:
            return self.fields.get(key, Field()).made_of(value)
        except ValueError as error:
            raise ValueError(f"{key} of {self.option}: {error}") from None
