"""The command `run`: the service, until it is told to stop."""

from __future__ import annotations

import os

from syncd.cli import logs
from syncd.cli.call import Call, command
from syncd.cli.signals import starting


@command("run", example="syncd run\nsyncd --config /etc/syncd/syncd.toml run")
def run_command(call: Call) -> int:
    """Run the service: scheduled sync and the watched folder; without [graph] the folder alone.

    SIGTERM ends it cleanly, SIGHUP reads the settings again (faulty ones are refused).
    """
    with starting() as hang_ups:
        return _served(call, hang_ups)


def _served(call: Call, hang_ups: list[int]) -> int:
    from syncd.settings import load
    from syncd.wiring import Wiring
    from syncd.work.jobs import Halt, Jobs
    from syncd.work.local import Service

    halt = Halt()
    first = call.wiring
    first.sleep = halt.sleep
    made: list[Wiring] = []

    def make() -> tuple[Jobs, float]:
        wiring = first if not made else Wiring(load(call.config, os.environ), sleep=halt.sleep)
        if made:
            logs.set_up(wiring.settings.log.level, wiring.settings.log.format)
        jobs = wiring.jobs(halt), wiring.settings.inbox.every
        made.append(wiring)
        return jobs

    try:
        Service(first.store(), first.clock, halt, make, hang_ups).run()
    finally:
        for wiring in made[1:]:
            wiring.close()
    return 0
