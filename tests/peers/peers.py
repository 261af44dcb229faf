"""What the checks share: tilld's programs as processes, and one line for each check."""

import contextlib
import os
import random
import re
import signal
import subprocess
import tempfile
import time
import traceback

PATIENCE = 60
BIN = os.environ["TILLD_BIN"]
_failed = 0


def check(name, run):
    """Runs a check, and says in one line how it ended."""
    global _failed
    try:
        run()
        print(f"ok      {name}", flush=True)
    except Exception as error:  # whatever it is, the other checks go on
        _failed += 1
        where = traceback.extract_tb(error.__traceback__)[-1]
        said = re.sub(r"\s+", " ", f"{type(error).__name__}: {error}")
        print(f"FAILED  {name}: {said[:400]} ({os.path.basename(where.filename)}:{where.lineno})", flush=True)


def failed():
    return _failed


def equal(found, expected, what="it"):
    if found != expected:
        raise AssertionError(f"{what} is {found!r}, not {expected!r}")


def until(what, holds):
    """Waits until something holds, and gives it."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = holds()
        if found:
            return found
        time.sleep(0.02)
    raise TimeoutError(f"not within {PATIENCE} s: {what}")


@contextlib.contextmanager
def program(*args):
    """One of the product's programs; gives the process and a way to read what it has said."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [BIN, *args], stdin=subprocess.PIPE, stdout=said, stderr=subprocess.STDOUT
        )

        def text():
            return os.pread(said.fileno(), 1 << 20, 0).decode(errors="replace")

        try:
            yield process, text
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdin.close()


class Simulated:
    """A simulated device: what stands after the scheme of its link, what it says, and a line to it."""

    def __init__(self, at, text, stdin):
        self.at = at
        self.text = text
        self._stdin = stdin

    def hand(self, line):
        self._stdin.write(f"{line}\n".encode())
        self._stdin.flush()


@contextlib.contextmanager
def simulated(*args):
    with program("simulate", *args) as (process, text):
        def address():
            if process.poll() is not None:
                raise RuntimeError(f"the simulator ended: {text()}")
            return re.search(r'"(?:tcp|serial):(.+)"', text())

        at = until("the simulator is there", address).group(1)
        yield Simulated(at, text, process.stdin)


@contextlib.contextmanager
def simulator(*args):
    """A simulator; gives what stands after the scheme of its link."""
    with simulated(*args) as device:
        yield device.at


def a_loopback_address():
    """One of millions, for peers that know one port only."""
    return f"127.{random.randint(1, 254)}.{random.randint(1, 254)}.{random.randint(2, 254)}"
