#!/usr/bin/env bash
# A good guess: get_query_embedding of llama-index's NVIDIAEmbedding embeds a query as a query, as its async twin does, so
# that a model with a query prompt searches equally well with both.
# What is true: llama-index-embeddings-nvidia 0.6.0 sends `input_type: passage` from get_query_embedding and `query` from
# aget_query_embedding: one text has two vectors, and a synchronous search silently embeds its queries as documents.
# Source: llama_index/embeddings/nvidia/base.py of 0.6.0, _get_query_embedding and _aget_query_embedding.
# Prints versions and what is sent; exits with 1 if that changes. Needs python3 and a registry; removes what it installs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/show.py" <<'PYTHON'
import asyncio, importlib.metadata, json, sys, threading
from http.server import BaseHTTPRequestHandler, HTTPServer

sent = []


class Service(BaseHTTPRequestHandler):
    def answer(self, body):
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.answer({"object": "list", "data": [{"id": "a-model", "object": "model", "created": 0, "owned_by": "x"}]})

    def do_POST(self):
        sent.append(json.loads(self.rfile.read(int(self.headers["content-length"])))["input_type"])
        vector = {"object": "embedding", "index": 0, "embedding": [1.0]}
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        self.answer({"object": "list", "data": [vector], "model": "a-model", "usage": usage})

    def log_message(self, *_):
        pass


service = HTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=service.serve_forever, daemon=True).start()

from llama_index.embeddings.nvidia import NVIDIAEmbedding

model = NVIDIAEmbedding(base_url=f"http://127.0.0.1:{service.server_port}/v1", model="a-model", api_key="none")
model.get_query_embedding("What is the capital of China?")
asyncio.run(model.aget_query_embedding("What is the capital of China?"))
print("llama-index-embeddings-nvidia", importlib.metadata.version("llama-index-embeddings-nvidia"))
print("get_query_embedding sends input_type", sent[0])
print("aget_query_embedding sends input_type", sent[1])
sys.exit(0 if sent == ["passage", "query"] else 1)
PYTHON
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet llama-index-embeddings-nvidia==0.6.0 openai==3.57.0
"$folder/venv/bin/python" "$folder/show.py"
