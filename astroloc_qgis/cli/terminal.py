"""Output on the terminal: results on stdout, one line of error on stderr."""

from __future__ import annotations

import contextlib
import os
import sys

from astroloc_qgis.engine.errors import AstroLocError


def tell(text: str) -> None:
    """Print; where nobody reads the output any more, or it cannot be written, the work and its report continue."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        silence()
    except OSError as error:
        silence()
        complain(f"The results cannot be printed ({error.strerror}): --json writes them into a file.")


def silence() -> None:
    """Discard further output; without this, Python complains when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def complain(what: object) -> None:
    """Print one line on stderr, if that can be written."""
    with contextlib.suppress(OSError):
        print("astroloc:", *str(what).split(), file=sys.stderr)


def defect(error: Exception) -> str:
    """The sentence for an unexpected error."""
    if isinstance(error, AstroLocError):
        return str(error)
    return f"This is a defect of AstroLoc: {type(error).__name__}: {error}"
