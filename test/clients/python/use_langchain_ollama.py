from importlib.metadata import version

from langchain_ollama import OllamaEmbeddings
from run_client import run_client


class Client:
    """All texts in one request; it never retries."""

    def __init__(self, url, model="starter", max_retries=0, dimensions=None):
        options = {
            "base_url": url,
            "dimensions": dimensions,
            "client_kwargs": {"headers": {"authorization": "Bearer unused"}},
        }
        self.documents = OllamaEmbeddings(model=model, **options)
        self.queries = OllamaEmbeddings(model=f"{model}-query", **options)

    def embed(self, texts):
        return self.documents.embed_documents(texts)

    def embed_queries(self, texts):
        return [self.queries.embed_query(text) for text in texts]


run_client(
    f"langchain-ollama {version('langchain-ollama')}", Client, lambda error: {"status": error.status_code}
)
