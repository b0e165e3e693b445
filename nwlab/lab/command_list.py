"""`nwlab list`."""

from __future__ import annotations

import argparse
import json

from nwlab.lab.listing import listing

KINDS = ("protocols", "benches", "chips", "drivers", "steps", "laws")


def main(options: argparse.Namespace) -> int:
    """Print what there is of each kind asked for."""
    kinds = options.kinds or KINDS
    found = {kind: listing(kind) for kind in kinds}
    if options.json:
        print(json.dumps(found if len(kinds) != 1 else found[kinds[0]]))
        return 0
    for kind, entries in found.items():
        print(f"{kind}:")
        width = max((len(entry["name"]) for entry in entries), default=0)
        for entry in entries:
            print(f"  {entry['name']:{width}}  {entry['about']}")
    return 0
