"""The scripted model in the two forms in which engines read it."""

import json
from itertools import pairwise
from pathlib import Path

from bench.engines import hugging_face, turns
from cc_proxy.tests.upstreams.openai import script_model


def test_each_script_is_a_chain_of_tokens_of_its_own() -> None:
    made = script_model.vocabulary(turns.SCRIPTS)
    pairs = [pair for chain in made.chains for pair in pairwise(chain)]
    assert len({one for one, _ in pairs}) == len(pairs)
    said = ["".join(made.tokens[at] for at in chain[1:-1]) for chain in made.chains]
    assert said == list(turns.SCRIPTS.values())


def test_the_folder_for_vllm_has_a_number_for_each_token_and_all_its_tensors(
    tmp_path: Path,
) -> None:
    hugging_face.write(tmp_path, turns.SCRIPTS)
    made = script_model.vocabulary(turns.SCRIPTS)
    tokenizer = json.loads((tmp_path / "tokenizer.json").read_text())
    numbers = tokenizer["model"]["vocab"]
    assert list(numbers.values()) == list(range(len(made.tokens)))
    assert all(numbers[one["content"]] == one["id"] for one in tokenizer["added_tokens"])
    data = (tmp_path / "model.safetensors").read_bytes()
    length = int.from_bytes(data[:8], "little")
    head = json.loads(data[8 : 8 + length])
    assert head["lm_head.weight"]["shape"] == [len(made.tokens), made.width]
    ends = [one["data_offsets"][1] for name, one in head.items() if name != "__metadata__"]
    assert 8 + length + max(ends) == len(data)
