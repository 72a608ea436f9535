"""A process that is a llama.cpp server: `python -m …engine.llama_server MODEL CONTEXT SLOTS`.

It prints its address, and ends with its standard input.
"""

import sys

import xllamacpp

_BATCH = 2048
_KEPT_AT_THE_FRONT = 4
_RAM_CACHE_MIB = 8192


def main(model: str, context: str, slots: str) -> None:
    """Serve a model with the flags of Ollama's runner, until nobody holds standard input."""
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = int(context)
    # Ollama 0.33: -np 1 -b 2048 -ub 2048 --context-shift --keep 4, and the default cache in RAM.
    params.n_parallel = int(slots)
    params.kv_unified = False
    params.n_batch = params.n_ubatch = _BATCH
    params.ctx_shift = True
    params.n_keep = _KEPT_AT_THE_FRONT
    params.cache_ram_mib = _RAM_CACHE_MIB
    # Light: the model is small, and tests run side by side.
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.n_threads_http = int(slots) + 1
    params.warmup = params.fit_params = False
    params.endpoint_slots = True
    server = xllamacpp.Server(params)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
