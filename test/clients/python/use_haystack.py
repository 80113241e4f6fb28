from importlib.metadata import version

from haystack import Document
from haystack.components.embedders import OpenAIDocumentEmbedder, OpenAITextEmbedder
from haystack.utils import Secret
from run_client import run_client


class Client:
    def __init__(self, url, model="starter", max_retries=0, dimensions=None):
        options = {
            "api_key": Secret.from_token("unused"),
            "api_base_url": f"{url}/v1",
            "dimensions": dimensions,
            "max_retries": max_retries,
        }
        # Left out, a failed batch is only logged, and its documents have no vector.
        self.documents = OpenAIDocumentEmbedder(model=model, progress_bar=False, raise_on_failure=True, **options)
        self.queries = OpenAITextEmbedder(model=f"{model}-query", **options)

    def embed(self, texts):
        return [
            document.embedding for document in self.documents.run([Document(content=text) for text in texts])["documents"]
        ]

    def embed_queries(self, texts):
        return [self.queries.run(text)["embedding"] for text in texts]


def explain(error):
    return {"status": error.status_code, "code": error.code, "param": error.param}


run_client(f"haystack-ai {version('haystack-ai')}", Client, explain)
