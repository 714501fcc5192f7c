"""``xsim robot``: its actions."""

from dataclasses import dataclass
from typing import Annotated

from tyro.conf import subcommand

from .compare import RobotEvaluate
from .recordings import RobotIngest
from .robot import RobotRun
from .serve_robot import RobotServe


@dataclass(frozen=True)
class RobotCommands:
    """Robots: serve one on the wire, let policies act, take in what was recorded."""

    action: (
        Annotated[RobotServe, subcommand("serve")]
        | Annotated[RobotRun, subcommand("run")]
        | Annotated[RobotIngest, subcommand("ingest")]
        | Annotated[RobotEvaluate, subcommand("evaluate")]
    )

    def run(self) -> int:
        """Pass on."""
        return self.action.run()
