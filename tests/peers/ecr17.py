"""The ecr17-protocol crate as a till, at the simulated terminal, and its codec beside ours."""

import subprocess
import sys

from peers import simulator

with simulator("terminal", "--ecr17", "--listen", "127.0.0.1:0") as address:
    sys.exit(subprocess.run([sys.argv[1], address], timeout=120).returncode)
