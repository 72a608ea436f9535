"""The file and commands with which each system starts cc-proxy at login."""

import html
import plistlib
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

UNIT = "cc-proxy.service"
LABEL = "cc-proxy"
# A stop lets answers finish for 8 seconds when nobody says how long.
_STOP_SECONDS = 20

Command = tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """The manager's file, and its commands.

    `start` is for a file that is as it was, `replace` for one that is new or has changed;
    `forget` follows once it is removed. `query` succeeds when the manager knows the service.
    """

    manager: Literal["systemd", "launchd", "task scheduler"]
    path: Path
    content: bytes
    register: tuple[Command, ...]
    start: tuple[Command, ...]
    replace: tuple[Command, ...]
    unregister: tuple[Command, ...]
    forget: tuple[Command, ...]
    query: Command

    @property
    def text(self) -> str:
        """The file as people read it."""
        return self.content.decode("utf-16" if self.manager == "task scheduler" else "utf-8")


def systemd(program: Sequence[str], home: Path, environ: Mapping[str, str]) -> Plan:
    """Return the plan for a systemd user unit; `program` serves until it is ended."""
    folder = Path(environ.get("XDG_CONFIG_HOME", ""))
    folder = folder if folder.is_absolute() else home / ".config"
    systemctl = ("systemctl", "--user")
    content = f"""\
[Unit]
Description=cc-proxy: Claude Code on local models
StartLimitIntervalSec=60
StartLimitBurst=5

[Service]
Type=exec
ExecStart={" ".join(map(_systemd_quoted, program))}
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=2
# Ended by Ctrl-C or because its settings are wrong: to start it again would change nothing.
RestartPreventExitStatus=2
SuccessExitStatus=130
TimeoutStopSec={_STOP_SECONDS}
UMask=0077
NoNewPrivileges=yes

[Install]
WantedBy=default.target
"""
    return Plan(
        "systemd",
        folder / "systemd" / "user" / UNIT,
        content.encode(),
        register=((*systemctl, "daemon-reload"), (*systemctl, "enable", UNIT)),
        start=((*systemctl, "start", UNIT),),
        replace=((*systemctl, "restart", UNIT),),
        unregister=((*systemctl, "disable", "--now", UNIT),),
        forget=((*systemctl, "daemon-reload"),),
        query=(*systemctl, "is-enabled", UNIT),
    )


def launchd(program: Sequence[str], home: Path, uid: int) -> Plan:
    """Return the plan for a launchd agent; `program` serves until it is ended."""
    path = home / "Library" / "LaunchAgents" / f"{LABEL}.plist"
    content = plistlib.dumps(
        {
            "Label": LABEL,
            "ProgramArguments": list(program),
            "RunAtLoad": True,
            # Again after a crash, not after `cc-proxy stop`.
            "KeepAlive": {"SuccessfulExit": False},
            "ThrottleInterval": 10,
            "ExitTimeOut": _STOP_SECONDS,
            "ProcessType": "Interactive",
            "Umask": 0o077,
        }
    )
    domain = f"gui/{uid}"
    service = f"{domain}/{LABEL}"
    return Plan(
        "launchd",
        path,
        content,
        register=(),
        start=(("launchctl", "kickstart", service),),
        replace=(("launchctl", "bootstrap", domain, str(path)),),
        unregister=(("launchctl", "bootout", service),),
        forget=(),
        query=("launchctl", "print", service),
    )


def task_scheduler(program: Sequence[str], folder: Path, user: str) -> Plan:
    """Return the plan for a Windows task; `program` starts the background process and ends."""
    path = folder / "cc-proxy.task.xml"
    who = f"<UserId>{html.escape(user)}</UserId>"
    content = f"""\
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>cc-proxy: Claude Code on local models</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger>{who}</LogonTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">{who}<LogonType>InteractiveToken</LogonType></Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{html.escape(program[0])}</Command>
      <Arguments>{html.escape(subprocess.list2cmdline(program[1:]))}</Arguments>
    </Exec>
  </Actions>
</Task>
"""
    run = ("schtasks", "/Run", "/TN", LABEL)
    return Plan(
        "task scheduler",
        path,
        # schtasks takes a file as UTF-16 with its mark, and no other encoding for certain.
        content.replace("\n", "\r\n").encode("utf-16"),
        register=(("schtasks", "/Create", "/TN", LABEL, "/XML", str(path), "/F"),),
        start=(run,),
        replace=(run,),
        unregister=(("schtasks", "/Delete", "/TN", LABEL, "/F"),),
        forget=(),
        query=("schtasks", "/Query", "/TN", LABEL),
    )


def _systemd_quoted(word: str) -> str:
    """Return a word of a command line as systemd.service(5) and systemd.syntax(7) read it."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return '"' + escaped.replace("\n", "\\n") + '"'
