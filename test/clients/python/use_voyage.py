import voyageai
from run_client import run_client


class Client:
    def __init__(self, url, model="starter", max_retries=0, dimensions=None):
        # What it calls retries are attempts.
        self.sdk = voyageai.Client(api_key="unused", base_url=f"{url}/v1", max_retries=max_retries + 1)
        self.model = model
        self.dimensions = dimensions

    def embed(self, texts, input_type="document"):
        answer = self.sdk.embed(texts, model=self.model, input_type=input_type, output_dimension=self.dimensions)
        return answer.embeddings

    def embed_queries(self, texts):
        return self.embed(texts, "query")


run_client(f"voyageai {voyageai.__version__}", Client, lambda error: {"status": error.http_status})
