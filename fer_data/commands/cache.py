"""The cache of decoded images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from fer_data.commands.options import AsJson, Cache
from fer_data.terminal.cli_support import print_json, print_table, say
from fer_data.util.words import counted, sized


def cache(
    action: Annotated[Literal["list", "clear"], Parameter(help="Show stores, or remove them.")],
    /,
    *,
    data: Annotated[
        Path | None, Parameter(metavar="PATH", help="Only those of this data set.")
    ] = None,
    unused_days: Annotated[
        float,
        Parameter(metavar="N", help="Only those not used for N days.", validator=Number(gte=0)),
    ] = 0,
    cache: Cache = None,
    as_json: AsJson = False,
) -> None:
    """Show the stores of decoded images in the cache, or remove them.

    Examples::

        fer-data cache list
        fer-data cache clear --unused-days 30
        fer-data cache clear --data fer2013.csv

    A store is built again when its data set is next opened. Only stores are removed.
    """
    from fer_data.data.cache import cache_folder, cached_stores, clear_cache
    from fer_data.terminal.cache_table import cache_table

    listed = cached_stores(cache, data=data, unused_days=unused_days)
    total = sum(store.num_bytes for store in listed)
    if action == "clear":
        clear_cache(listed)
    if as_json:
        stores = [store.to_dict() for store in listed]
        print_json({"cache": str(cache_folder(cache)), "num_bytes": total, "stores": stores})
        return
    if action == "list" and listed:
        print_table([cache_table(listed)])
    said = "removed from" if action == "clear" else "in"
    say(f"{counted(len(listed), 'store')}, {sized(total)}, {said} {cache_folder(cache)}")
