"""How long the server takes from the start of its process until it listens.

    python bench/startup.py [--directory DIR] [--runs N]

prints seconds of wall time: of the first start (it makes the authority, a certificate and the database), and of later
ones, median and worst of N, when all of that and an account are there; with the CPU time they take, in which a busy
neighbour does not count.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

from running import RunningServer, machine


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--directory", type=Path, help="where the folder is made (default: the temporary folder)")
    parser.add_argument("--runs", type=int, default=10)
    given = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory(dir=given.directory) as name:
        folder = Path(name)
        with RunningServer(folder) as server:
            first = server.start_seconds
            server.admin("user", "add", "anna", "--password-stdin", answer="correct horse battery\n")
        later, cpu = [], []
        for _ in range(given.runs):
            with RunningServer(folder) as server:
                later.append(server.start_seconds)
                cpu.append(server.cpu_seconds())
                memory = server.memory_mib()
    print(f"first start     {first:.2f} s")
    print(f"later starts    {statistics.median(later):.2f} s median, {max(later):.2f} s worst of {given.runs}")
    print(f"of it CPU       {statistics.median(cpu):.2f} s median, {max(cpu):.2f} s worst")
    print(f"memory then     {memory:.0f} MiB")


if __name__ == "__main__":
    main()
