"""Runs exported models with llama.cpp, and says how far its log-probabilities are from transformers' and PEFT's.

Reads a JSON list of cases from stdin, writes a list of reports to stdout; see exported-gguf.test.ts.
Tried with xllamacpp 2026.10.11549, torch 2.15.0, transformers 5.23.0, peft 0.21.2.
"""

import json
import os
import sys

import numpy as np
import torch
import xllamacpp
from peft import PeftModel
from transformers import AutoModelForCausalLM
from transformers.utils import logging

IDS = [5, 17, 40, 33, 9, 61, 22, 80, 13, 7, 50, 31]


def serve(model: str, adapter: str | None, port: int) -> xllamacpp.Server:
    """One thread, everything in float32."""
    params = xllamacpp.CommonParams()
    params.model.path, params.port, params.verbosity = model, port, -1
    params.n_ctx, params.n_parallel, params.warmup, params.n_gpu_layers = 64, 1, False, 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
    if adapter:
        lora = xllamacpp.CommonAdapterLoraInfo()
        lora.path, lora.scale = adapter, 1.0
        params.lora_adapters = [lora]
    return xllamacpp.Server(params)


def of_llama_cpp(server: xllamacpp.Server, ids: list[int], vocabulary: int) -> np.ndarray:
    answer = {}
    request = {"prompt": ids, "n_predict": 1, "n_probs": vocabulary, "temperature": 1.0, "cache_prompt": False, "samplers": []}
    server.handle_completions(request, lambda part: answer.update(part if isinstance(part, dict) else json.loads(part)))
    found = answer.get("completion_probabilities") or answer["choices"][0]["logprobs"]["content"]
    values = np.full(vocabulary, np.nan)
    for token in found[0]["top_logprobs"]:
        values[token["id"]] = token["logprob"]
    return values


@torch.no_grad()
def of_transformers(model: torch.nn.Module, ids: list[int]) -> np.ndarray:
    return torch.log_softmax(model(torch.tensor([ids])).logits[0, -1].float(), -1).numpy()


def report(base: str, gguf: str, adapter: str | None, gguf_adapter: str | None, port: int) -> float:
    model = AutoModelForCausalLM.from_pretrained(base, attn_implementation="eager").eval()
    if adapter:
        model = PeftModel.from_pretrained(model, adapter).eval()
    server = serve(gguf, gguf_adapter, port)
    vocabulary = model.config.vocab_size
    pairs = [(of_llama_cpp(server, IDS[:n], vocabulary), of_transformers(model, IDS[:n])) for n in (1, 4, len(IDS))]
    return max(float(np.abs(ours - theirs).max()) for ours, theirs in pairs)


def main() -> None:
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    reports = [report(**case, port=8100 + i) for i, case in enumerate(json.load(sys.stdin))]
    print("\n" + json.dumps(reports), flush=True)
    os._exit(0)  # its servers do not end by themselves


if __name__ == "__main__":
    main()
