from importlib.metadata import version

import ollama
from run_client import run_client


class Client:
    """The package never retries."""

    def __init__(self, url, model="starter", max_retries=0, dimensions=None):
        self.sdk = ollama.Client(host=url, headers={"authorization": "Bearer unused"})
        self.model = model
        self.dimensions = dimensions

    def embed(self, texts, suffix=""):
        answer = self.sdk.embed(model=f"{self.model}{suffix}", input=texts, dimensions=self.dimensions)
        return [list(vector) for vector in answer.embeddings]

    def embed_queries(self, texts):
        return self.embed(texts, "-query")


def more(task):
    # Its users embed all their texts in one request, however many; and ask what there is.
    client = ollama.Client(host=task["serviceUrl"])
    texts = task["texts"]
    many = client.embed("starter:latest", [texts[i % len(texts)] for i in range(3000)])
    return {
        "many": [list(vector) for vector in many.embeddings],
        "old": list(client.embeddings("starter", texts[0]).embedding),
        "capabilities": client.show("starter").capabilities,
        "listed": [model.model for model in client.list().models],
        "loaded": [model.model for model in client.ps().models],
        "version": 3,
    }


run_client(f"ollama {version('ollama')}", Client, lambda error: {"status": error.status_code}, more)
