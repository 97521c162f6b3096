"""Run by every Python whose PYTHONPATH begins with this folder: arms the observer.

Then the `sitecustomize` that this one stands before runs as if it were alone: it takes this one's
place in `sys.modules`, and what it raises is reported by Python as ever.
"""

import os
import sys


def _arm() -> None:
    try:
        from _catagent_observer import arm

        arm()
    except Exception:  # whatever it is, the program runs as it would have
        return


def _run_the_next() -> None:
    own, here = sys.modules.pop(__name__), os.path.dirname(os.path.abspath(__file__))
    path = list(sys.path)
    sys.path[:] = [each for each in path if os.path.abspath(each) != here]
    without = list(sys.path)
    try:
        import sitecustomize  # noqa: F401
    except ImportError as error:
        if error.name != __name__:
            raise
        sys.modules[__name__] = own
    finally:
        if sys.path == without:
            sys.path[:] = path
        else:  # the other one has changed it
            sys.path.insert(0, here)


if __name__ == "sitecustomize":
    _arm()
    _run_the_next()
