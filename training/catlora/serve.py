"""Serves a candidate adapter inside this process, with the settings that the product uses."""

import os
from pathlib import Path
from typing import Any

import xllamacpp

from .paths import SHIPPED, TEMPLATE, base_model

AGENT_SAMPLING = {"temperature": 0.0, "max_tokens": 256}
TOOL_SAMPLING = {
    "temperature": 0.7,
    "top_p": 0.95,
    "max_tokens": 160,
    "frequency_penalty": 0.5,
    "repeat_last_n": 160,
}


def start(adapter: Path = SHIPPED / "adapter.gguf", slots: int = 1, threads: int = 0) -> Any:
    """Start llama.cpp's server on a free port of loopback; it stops with the returned object."""
    params = xllamacpp.CommonParams()
    params.model.path = str(base_model())
    params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(adapter), 1.0)]
    params.use_jinja = params.enable_chat_template = True
    params.chat_template = TEMPLATE.read_text()
    params.n_ctx, params.n_parallel = 2048 * slots, slots
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.cpuparams.n_threads = threads or os.cpu_count() or 1
    params.verbosity, params.warmup, params.cache_ram_mib = -1, False, 0
    return xllamacpp.Server(params)
