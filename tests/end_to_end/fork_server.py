"""A process that has imported all of the harvester, and forks one for each command that it is told.

Each line on standard input is a command as JSON, and is answered with the new process's number in a line. A line
with a number and an exit code, negative for a signal, tells that a process has ended.
"""

import ctypes
import gc
import json
import os
import select
import signal
import sys
from typing import Any, Final

import uvloop  # noqa: F401  # imported, as those below, for whoever is forked

import harvester.cli.harvesting
import harvester.cli.run
import harvester.cli.simulate
import harvester.cli.verify
import harvester.simulator.process
import harvester.verify.report  # noqa: F401
from harvester.cli.main import main
from tests.end_to_end.failing_calls import fail_at

PR_SET_PTRACER: Final = 0x59616D61
LOOK_EVERY_S: Final = 0.005
ANYBODY: Final = ctypes.c_ulong(-1)


def serve() -> None:
    """Until standard input ends. Returns in each process that is to be a harvester, ready to be it."""
    commands, answers = open(0, "rb", buffering=0, closefd=False), os.dup(1)  # noqa: SIM115
    running: set[int] = set()
    gc.freeze()
    while True:
        if select.select([0], [], [], LOOK_EVERY_S if running else None)[0]:
            if not (line := commands.readline()):
                for process in running:
                    os.kill(process, signal.SIGKILL)
                os._exit(0)
            if not (process := os.fork()):
                os.close(answers)
                become(json.loads(line))
                return
            os.write(answers, b"%d\n" % process)
            running.add(process)
        while running and (ended := os.waitpid(-1, os.WNOHANG))[0]:
            os.write(answers, b"%d %d\n" % (ended[0], os.waitstatus_to_exitcode(ended[1])))
            running.remove(ended[0])


def become(command: dict[str, Any]) -> None:
    """Take on what a process of its own would have."""
    os.chdir(command["cwd"])
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        redirect(descriptor, name, command[name])
    os.environ.clear()
    os.environ.update(command["env"])
    sys.argv = ["harvester", *command["arguments"]]
    if command["gate"]:
        # Where only parents may trace their children, this one lets others.
        ctypes.CDLL(None).prctl(PR_SET_PTRACER, ANYBODY)
        with open(command["gate"], "rb") as gate:  # noqa: PTH123  # waits for who opens the other end
            gate.read()
    if command["fault"]:
        fail_at(*command["fault"])


def redirect(descriptor: int, name: str, path: str | None) -> None:
    """Let a standard stream be that file, standard output too for "&1", or closed for None, as a shell does."""
    if path is None:
        os.close(descriptor)
        # What an interpreter gives that starts without it.
        setattr(sys, name, None)
        setattr(sys, f"__{name}__", None)
    elif path == "&1":
        os.dup2(1, descriptor)
    else:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC if descriptor else os.O_RDONLY)
        os.dup2(handle, descriptor)
        os.close(handle)


if __name__ == "__main__":
    serve()
    main()
