"""Ray Serve LLM with a replica of vLLM on the CPU. usage: ray_serve.py MODEL PORT FOLDER."""

import os
import signal
import sys
import threading
from pathlib import Path

import ray
from ray import serve
from ray.serve.config import RequestRouterConfig
from ray.serve.llm import LLMConfig, build_openai_app

_ROUTER = "ray.serve.experimental.consistent_hash_router.ConsistentHashRouter"
_PASSED_ON = ("HF_", "TRANSFORMERS_", "VLLM_", "OMP_", "DO_NOT_TRACK", "CUDA_")


def main(model: str, port: str, folder: str) -> None:
    """Serve a model under the name `script` until the process is told to end."""
    variables = {name: of for name, of in os.environ.items() if name.startswith(_PASSED_ON)}
    Path(folder).mkdir(exist_ok=True)
    ray.init(
        num_cpus=8,
        include_dashboard=False,
        object_store_memory=100 * 1024 * 1024,
        # It turns 127.0.0.1 into the machine's outside address.
        _node_ip_address="127.0.0.2",
        _temp_dir=folder,
        logging_level="WARNING",
        runtime_env={"env_vars": variables},
    )
    serve.start(http_options={"host": "127.0.0.1", "port": int(port)})
    config = LLMConfig(
        model_loading_config={"model_id": "script", "model_source": model},
        accelerator_config={"kind": "cpu"},
        placement_group_config={"bundles": [{"CPU": 1}]},
        engine_kwargs={
            "dtype": "float32",
            "max_model_len": 65_536,
            "max_num_seqs": 8,
            "enforce_eager": True,
            "enable_auto_tool_choice": True,
            "tool_call_parser": "hermes",
            "enable_prompt_tokens_details": True,
            "distributed_executor_backend": "mp",
        },
        runtime_env={"env_vars": variables},
        log_engine_metrics=False,
        deployment_config={
            "num_replicas": 1,
            "request_router_config": RequestRouterConfig(request_router_class=_ROUTER),
        },
    )
    serve.run(build_openai_app({"llm_configs": [config]}), name="llm")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    stop.wait()
    serve.shutdown()
    ray.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
