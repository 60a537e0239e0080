"""Names of QGIS that the stand-in has not: they can be imported and subclassed, and say what they are once used."""

from __future__ import annotations


class NotHereError(NotImplementedError):
    """A class of QGIS was used that the stand-in does not have."""


class _Missing(type):
    def __call__(cls, *_arguments: object, **_named: object) -> object:
        raise NotHereError(f"{cls.__mro__[-2].__name__} is not part of the stand-in for QGIS 4.")

    def __getattr__(cls, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Missing(f"{cls.__name__}.{name}", (), {})


def missing(name: str) -> type:
    """The class that takes the place of a class of QGIS."""
    if not name.startswith("Qg"):
        raise AttributeError(name)
    return _Missing(name, (), {})
