"""Playing drives and keeping what happens, in one call."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from nwlab.core.chip import Chip
from nwlab.core.events import Outline, Subscriber, Telling
from nwlab.core.record import RunInfo
from nwlab.runs.background import Background, Listener
from nwlab.runs.continuation import Continuation
from nwlab.runs.oracle import Oracle
from nwlab.runs.player import Drives, play
from nwlab.runs.recording import Run, load_run
from nwlab.runs.requests import Requests
from nwlab.runs.store import Store


def record_run(
    drives: Drives,
    chip: Chip,
    folder: str | Path,
    info: RunInfo,
    *,
    subscribers: Iterable[Subscriber] = (),
    listeners: Iterable[Listener] = (),
    label: Callable[[], str] | None = None,
    outline: Outline | None = None,
    close: bool = False,
    requests: Requests | None = None,
    idle: Callable[[], None] | None = None,
    after: Continuation | None = None,
    telling: Telling | None = None,
    oracle: Oracle | None = None,
) -> Run:
    """Play drives and keep them in `folder`, which must not hold a run yet (see `new_folder`).

    `subscribers` listen in the background, and so do `listeners`, whose findings are kept. `requests` may end or pause
    the run, and so may files in its folder; `idle` is called several times a second while it pauses. With `after` the
    drives are what that has left, and the record begins with what is on record there. What `telling` tells beside the
    readings is kept, too; `oracle` answers what the protocol asks of a twin. Raises whatever ended the run, with a note
    where the record is.
    """
    requests = requests or Requests()
    store = Store(folder, info, after=None if after is None else after.run)
    keep, first = (store, 0) if after is None else (after.keeping(store), after.first)
    background = [*listeners, *(_listener(subscriber, after) for subscriber in subscribers)]
    requests.watch(store.folder)
    try:
        play(
            drives,
            chip if after is None else after.on(chip),
            (keep,),
            background=background,
            label=label,
            outline=outline,
            close=close,
            requests=requests,
            idle=idle,
            first=first,
            telling=telling,
            oracle=oracle,
        )
    except BaseException as error:
        error.add_note(f"the record is in {store.folder}")
        raise
    finally:
        requests.close()
        store.close()
    return load_run(store.folder)


def _listener(subscriber: Subscriber, after: Continuation | None) -> Background:
    name = type(subscriber).__name__
    return Background(subscriber if after is None else after.watching(subscriber), name)
