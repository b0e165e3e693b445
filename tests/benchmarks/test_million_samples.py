"""A million samples through model, runner and journal: bounded memory, quick export; in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import json, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
import nwlab
from peak import peak
from nwlab.runs.export import export

out = Path(sys.argv[1])
protocol = out / "million.toml"
protocol.write_text('''
name = "million"
[[step]]
do = "hold"
source = "A"
sink = "B"
level = "3.6 V"
duration = "1000 s"
sample = "1 ms"
compliance = "500 uA"
''')
told = {}
start = time.perf_counter()
with nwlab.open_model() as chip:
    run = nwlab.run(nwlab.load_protocol(protocol), chip, out=out)
told["run"] = time.perf_counter() - start
told["samples"] = run.samples
for name in ("h5", "nc"):
    start = time.perf_counter()
    export(run, out / f"million.{name}")
    told[name] = time.perf_counter() - start
told["MB"] = peak()
print(json.dumps(told))
"""


def test_million(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path), str(Path(__file__).parents[1])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    print(
        f"\nrecorded in {told['run']:.1f} s, HDF5 in {told['h5']:.1f} s, NetCDF in {told['nc']:.1f} s, "
        f"peak {told['MB']:.0f} MB"
    )
    assert told["samples"] == 1_000_000
    assert told["MB"] < 300
    assert told["h5"] < 10
