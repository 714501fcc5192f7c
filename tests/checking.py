"""How annotations are checked: as PEP 484 has it, an int is a float too."""

from functools import cached_property
from types import FunctionType

import jaxtyping
import pytest
from beartype import BeartypeConf, beartype

checked = beartype(conf=BeartypeConf(is_pep484_tower=True))


def shapes_checked(*modules):
    """A fixture for one file of tests: these modules' annotations are checked at every call in it.

    For what other tests call so often that ``CHECKED`` of ``tests/conftest.py`` would take minutes.
    """

    @pytest.fixture(autouse=True, scope="module")
    def fixture(request):
        with pytest.MonkeyPatch.context() as patch:
            for module in modules:
                for name, value in _own(module):
                    if isinstance(value, type):
                        _check_methods(patch, value)
                    else:
                        checking = _checking(value)
                        patch.setattr(module, name, checking)
                        if getattr(request.module, name, None) is value:
                            patch.setattr(request.module, name, checking)
            yield

    return fixture


def _own(module):
    """Functions and classes that the module defines."""
    for name, value in list(vars(module).items()):
        if isinstance(value, FunctionType | type) and value.__module__ == module.__name__:
            yield name, value


def _check_methods(patch, owner):
    for name, member in list(vars(owner).items()):
        match member:
            case FunctionType():
                patch.setattr(owner, name, _checking(member))
            case staticmethod():
                patch.setattr(owner, name, staticmethod(_checking(member.__func__)))
            case property():
                patch.setattr(owner, name, property(_checking(member.fget)))
            case cached_property():
                patch.setattr(member, "func", _checking(member.func))
            case _:
                pass


def _checking(function):
    return jaxtyping.jaxtyped(typechecker=checked)(function)
