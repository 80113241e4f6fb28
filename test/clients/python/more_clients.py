"""Embeds the texts of the task on standard input with each client, and writes what it saw (more-clients.ts)."""

import json
import sys
from importlib.metadata import version

from agno.knowledge.embedder.openai import OpenAIEmbedder
from chromadb.utils.embedding_functions import OpenAIEmbeddingFunction
from llama_index.embeddings.ollama import OllamaEmbedding
from llama_index.embeddings.openai_like import OpenAILikeEmbedding
from llama_index.embeddings.text_embeddings_inference import TextEmbeddingsInference

task = json.load(sys.stdin)
url = task["serviceUrl"]


def chroma():
    embed = OpenAIEmbeddingFunction(api_key="unused", api_base=f"{url}/v1", model_name="starter")
    # OpenAI's limit of a request, which it leaves to its user.
    return lambda texts: [[float(x) for x in row] for i in range(0, len(texts), 2048) for row in embed(texts[i : i + 2048])]


def agno():
    # Left out, it asks for the 1,536 dimensions of OpenAI's model.
    embedder = OpenAIEmbedder(id="starter", base_url=f"{url}/v1", api_key="unused", dimensions=256)
    return lambda texts: [embedder.get_embedding(text) for text in texts]


def llama_index(embedder):
    return lambda texts: embedder.get_text_embedding_batch(texts)


clients = [
    ("chromadb", chroma()),
    # One request a text.
    ("agno", agno()),
    (
        "llama-index-embeddings-openai-like",
        llama_index(OpenAILikeEmbedding(model_name="starter", api_base=f"{url}/v1", api_key="unused")),
    ),
    ("llama-index-embeddings-ollama", llama_index(OllamaEmbedding("starter", base_url=url))),
    (
        "llama-index-embeddings-text-embeddings-inference",
        llama_index(TextEmbeddingsInference(model_name="starter", base_url=url)),
    ),
]
json.dump(
    [
        {
            "client": name,
            "version": version(name),
            "vectors": embed(task["texts"]),
            "many": len(embed(task["many"])),
        }
        for name, embed in clients
    ],
    sys.stdout,
)
