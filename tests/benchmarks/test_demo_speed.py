"""The published demonstration through the whole virtual bench, messages included."""

from pathlib import Path

import nwlab


def test_demo(benchmark, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    protocol = nwlab.load_protocol("stochastic")

    def demo() -> float:
        with nwlab.open_bench("virtual") as chip:
            run = nwlab.run(protocol, chip, out=tmp_path)
        return float(run.rows().time[-1])

    experiment = benchmark.pedantic(demo, rounds=5, warmup_rounds=1)
    wall = benchmark.stats.stats.median
    print(f"\n{experiment:.0f} s of experiment in {wall:.2f} s of wall time: {experiment / wall:.0f} x real time")
    assert wall < 3.0
