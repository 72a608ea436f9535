"""The types of `data` in the output of `--json`, command by command.

The one source of it: commands are checked against these types, and the JSON Schemas in
`data/schemas.json` are made from them (`python -m tools.generate`). Imported for types only.
"""

from cc_proxy.app.cli.json_data.models import (
    AutoModeTest,
    ModelsData,
    ModelsPull,
    ModelsRecommend,
    ModelsShow,
    ModelsTest,
)
from cc_proxy.app.cli.json_data.process import (
    Logs,
    NotRunning,
    Reload,
    ReplayData,
    Restart,
    ServiceInstalled,
    ServiceStatus,
    ServiceUninstalled,
    ServiceUnit,
    Start,
    Status,
    StatusLine,
    Stop,
    Ui,
    UsageData,
)
from cc_proxy.app.cli.json_data.setup import (
    CompletionData,
    ConfigCheck,
    ConfigInit,
    ConfigKey,
    ConfigPath,
    ConfigShow,
    Demo,
    Doctor,
    Env,
    PrintEnv,
    Schema,
    Version,
)
from cc_proxy.app.cli.json_data.wire import Nothing
from cc_proxy.app.control.activity import Activity
from cc_proxy.app.control.why import Why
from cc_proxy.app.control.wire import CaptureState

# A command that is not here fails a test. More than one type: `data` is one of them.
DATA: dict[str, tuple[type, ...]] = {
    "start": (Start, Nothing),  # nothing after --foreground
    "stop": (Stop,),
    "restart": (Restart,),
    "reload": (Reload,),
    "status": (Status, NotRunning),
    "logs": (Logs,),
    "claude": (PrintEnv,),
    "env": (Env,),
    "top": (Activity,),
    "why": (Why,),
    "ui": (Ui,),
    "capture start": (CaptureState,),
    "capture stop": (CaptureState,),
    "capture status": (CaptureState,),
    "replay": (ReplayData,),
    "usage": (UsageData,),
    "statusline": (StatusLine,),
    "models": (ModelsData,),
    "models pull": (ModelsPull,),
    "models show": (ModelsShow,),
    "models test": (ModelsTest, AutoModeTest),
    "models recommend": (ModelsRecommend,),
    "doctor": (Doctor,),
    "config init": (ConfigInit,),
    "config show": (ConfigShow,),
    "config check": (ConfigCheck,),
    "config key": (ConfigKey,),
    "config path": (ConfigPath,),
    "config schema": (Schema,),
    "service install": (ServiceInstalled, ServiceUnit),
    "service uninstall": (ServiceUninstalled,),
    "service status": (ServiceStatus,),
    "demo": (Demo,),
    "completion": (CompletionData,),
    "schema": (Schema,),
    "version": (Version,),
    # These only have commands of their own, and an error for whoever names none.
    "cc-proxy": (Nothing,),
    "capture": (Nothing,),
    "config": (Nothing,),
    "service": (Nothing,),
}
