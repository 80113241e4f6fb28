from importlib.metadata import version

from langchain_openai import OpenAIEmbeddings
from run_client import run_client


class Client:
    def __init__(self, url, model="starter", max_retries=0, dimensions=None):
        options = {
            "base_url": f"{url}/v1",
            "api_key": "unused",
            "max_retries": max_retries,
            "dimensions": dimensions,
            "chunk_size": 2048,
            # Otherwise it sends token ids of OpenAI's tokenizer (raw-bodies.test.ts).
            "check_embedding_ctx_length": False,
        }
        self.documents = OpenAIEmbeddings(model=model, **options)
        self.queries = OpenAIEmbeddings(model=f"{model}-query", **options)

    def embed(self, texts):
        return self.documents.embed_documents(texts)

    def embed_queries(self, texts):
        return [self.queries.embed_query(text) for text in texts]


def explain(error):
    return {"status": error.status_code, "code": error.code, "param": error.param}


run_client(f"langchain-openai {version('langchain-openai')}", Client, explain)
