import cohere
from run_client import run_client


class Client:
    def __init__(self, url, model="starter", max_retries=0, dimensions=None):
        self.sdk = cohere.ClientV2(api_key="unused", base_url=url)
        self.model = model
        self.dimensions = dimensions
        self.options = {"max_retries": max_retries}

    def embed(self, texts, input_type="search_document"):
        answer = self.sdk.embed(
            model=self.model,
            texts=texts,
            input_type=input_type,
            embedding_types=["float"],
            output_dimension=self.dimensions,
            request_options=self.options,
        )
        return answer.embeddings.float_

    def embed_queries(self, texts):
        return self.embed(texts, "search_query")


run_client(f"cohere {cohere.__version__}", Client, lambda error: {"status": error.status_code})
