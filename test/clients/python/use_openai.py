import openai
from run_client import run_client


class Client:
    def __init__(self, url, model="starter", max_retries=0, dimensions=None, **options):
        self.sdk = openai.OpenAI(base_url=f"{url}/v1", api_key="unused", max_retries=max_retries, **options)
        self.model = model
        self.dimensions = {} if dimensions is None else {"dimensions": dimensions}

    def embed(self, texts, **options):
        request = {"model": self.model, "input": texts, **self.dimensions, **options}
        return [item.embedding for item in self.sdk.embeddings.create(**request).data]

    def embed_queries(self, texts):
        return self.embed(texts, model=f"{self.model}-query")


def explain(error):
    return {
        "status": getattr(error, "status_code", None),
        "code": getattr(error, "code", None),
        "param": getattr(error, "param", None),
    }


def more(task):
    client = Client(task["serviceUrl"])
    one = client.sdk.embeddings.create(model="starter", input=task["texts"][0])

    partial = client.sdk.embeddings.create(
        model="starter", input=[task["texts"][0], ""], encoding_format="float", extra_body={"on_error": "partial"}
    ).data

    def failure(call):
        try:
            call()
            return None
        except openai.APIError as error:
            return {"class": type(error).__name__, **explain(error)}

    def stub(**options):
        return Client(task["stubUrl"], model="stub", **options)

    return {
        "float": client.embed(task["texts"], encoding_format="float"),
        "oneText": one.data[0].embedding,
        "partial": [
            [item.object, len(item.embedding) if item.object == "embedding" else item.error["code"]] for item in partial
        ],
        "tokens": one.usage.total_tokens,
        "models": [model.id for model in client.sdk.models.list()],
        "model": client.sdk.models.retrieve("starter").id,
        "unknownModel": failure(lambda: client.sdk.models.retrieve("gpt")),
        "timeout": failure(lambda: stub(timeout=0.2).embed(["hang"])),
        "conflict": failure(lambda: stub(max_retries=2).embed(["fingerprint_mismatch"])),
    }


run_client(f"openai {openai.__version__}", Client, explain, more)
