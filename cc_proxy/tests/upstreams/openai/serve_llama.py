"""A process that is a llama.cpp server as its users start it.

`python -m …serve_llama MODEL CONTEXT SLOTS [FOLDER]` prints its address. It ends with its input.
"""

import sys

import xllamacpp


def main(model: str, context: str, slots: str, folder: str = "") -> None:
    """Serve a model under the name `script`, with a window of CONTEXT tokens for each slot.

    With a FOLDER, slots can be saved there.
    """
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.model_alias = {"script"}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = int(context) * int(slots)
    params.n_parallel = int(slots)
    params.slot_save_path = folder
    params.kv_unified = False
    params.use_jinja = True
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.n_threads_http = int(slots) + 2
    params.warmup = params.fit_params = False
    params.endpoint_slots = params.endpoint_props = params.endpoint_metrics = True
    server = xllamacpp.Server(params)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
