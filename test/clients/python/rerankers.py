import os

# Its list of models is in the package, too; and standard output is the report's.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import cohere
import litellm
from rerank_report import documents, query, url, write_reports

litellm.suppress_debug_info = True


def of_cohere(client):
    def rank(model, top_n):
        answer = client.rerank(
            model=model, query=query, documents=documents, top_n=top_n, request_options={"max_retries": 0}
        )
        return [[result.index, result.relevance_score] for result in answer.results]

    return rank


def of_litellm(provider, **options):
    def rank(model, top_n):
        answer = litellm.rerank(
            model=f"{provider}/{model}",
            query=query,
            documents=documents,
            top_n=top_n,
            api_base=url,
            api_key="unused",
            **options,
        )
        return [[result["index"], result["relevance_score"]] for result in answer.results]

    return rank


write_reports(
    [
        ("cohere", "v1", of_cohere(cohere.Client(api_key="unused", base_url=url))),
        ("cohere", "v2", of_cohere(cohere.ClientV2(api_key="unused", base_url=url))),
        ("litellm", "hosted_vllm/", of_litellm("hosted_vllm")),
        ("litellm", "jina_ai/", of_litellm("jina_ai")),
        ("litellm", "cohere/", of_litellm("cohere")),
        # infinity gives documents back as strings, the others as objects; asked for by default, ours are not understood here.
        ("litellm", "infinity/", of_litellm("infinity", return_documents=False)),
    ]
)
