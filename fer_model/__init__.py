"""Train a net on balanced and unbalanced pipelines, and compare the runs with statistics.

The public names stand in ``__init__.pyi``; each is imported when it is first used, so that what
needs no keras imports none.
"""

import lazy_loader

from fer_data.util.quiet import quietly

_get, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
_get = quietly(_get)


def __getattr__(name: str) -> object:
    try:
        return _get(name)
    except (ModuleNotFoundError, ValueError) as error:
        from fer_data.extras import explain

        raise explain(error) from None
