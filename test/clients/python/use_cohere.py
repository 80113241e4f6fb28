import cohere
from cohere.core import ApiError
from run_client import run_client


class Client:
    def __init__(self, url, model="starter", max_retries=0, dimensions=None):
        self.sdk = cohere.ClientV2(api_key="unused", base_url=url)
        self.model = model
        self.dimensions = dimensions
        self.options = {"max_retries": max_retries}

    def embed(self, texts, input_type="search_document"):
        # A list with an empty text is split by the package; one call a request keeps the batch whole.
        answer = self.sdk.embed(
            model=self.model,
            texts=texts,
            input_type=input_type,
            embedding_types=["float"],
            output_dimension=self.dimensions,
            request_options=self.options,
            batching=False,
        )
        return answer.embeddings.float_

    def embed_queries(self, texts):
        return self.embed(texts, "search_query")


def explain(error):
    return {"class": "ApiError" if isinstance(error, ApiError) else type(error).__name__, "status": error.status_code}


run_client(f"cohere {cohere.__version__}", Client, explain)
