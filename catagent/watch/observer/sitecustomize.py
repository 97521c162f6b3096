"""Run by every Python whose PYTHONPATH begins with this folder: arms the observer.

Then the `sitecustomize` that this one stands before runs as if it were alone: it takes this one's
place in `sys.modules`, and what it raises is reported by Python as ever.
"""

import os
import sys

try:
    from _catagent_observer import arm

    arm()
except Exception:  # noqa: S110  whatever it is, the program runs as it would have
    pass


def _run_the_next(own: object, here: str) -> None:
    before = list(sys.path)
    without = [folder for folder in before if os.path.abspath(folder) != here]
    sys.path[:] = without
    try:
        import sitecustomize  # noqa: F401
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
        sys.modules["sitecustomize"] = own  # type: ignore[assignment]
    finally:
        sys.path[:] = before if sys.path == without else [here, *sys.path]


if __name__ == "sitecustomize":
    _run_the_next(sys.modules.pop(__name__), os.path.dirname(os.path.abspath(__file__)))
