"""How long the client takes to be there: `securechat-client --help`, beside a Python that does nothing.

    python bench/client_start.py [--runs N]

prints seconds of wall time, median and worst.
"""

import argparse
import statistics
import subprocess
import sys
import time

from running import ENVIRONMENT, machine

COMMANDS = {
    "securechat-client --help": ["-m", "securechat.cli.client", "--help"],
    "python -c pass": ["-c", "pass"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    given = parser.parse_args()
    print(machine())
    for name, arguments in COMMANDS.items():
        times = []
        for _ in range(given.runs + 1):
            begin = time.perf_counter()
            subprocess.run([sys.executable, *arguments], env=ENVIRONMENT, stdout=subprocess.DEVNULL, check=True)
            times.append(time.perf_counter() - begin)
        del times[0]  # it may have compiled the modules
        print(f"{name:26}{statistics.median(times):.3f} s median, {max(times):.3f} s worst of {given.runs}")


if __name__ == "__main__":
    main()
