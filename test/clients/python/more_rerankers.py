from haystack import Document
from haystack.utils import Secret
from haystack_integrations.components.rankers.cohere import CohereRanker
from haystack_integrations.components.rankers.huggingface_api import HuggingFaceTEIRanker
from haystack_integrations.components.rankers.jina import JinaRanker
from langchain_cohere import CohereRerank
from langchain_core.documents import Document as LangChainDocument
from llama_index.core.schema import NodeWithScore, TextNode
from llama_index.postprocessor.cohere_rerank import CohereRerank as LlamaIndexCohereRerank
from llama_index.postprocessor.jinaai_rerank import JinaRerank
from llama_index.postprocessor.tei_rerank import TextEmbeddingInference
from rerank_report import documents, query, url, write_reports

key = Secret.from_token("unused")


def of_haystack(ranker_for):
    def rank(model, top_n):
        given = [Document(content=text, meta={"i": i}) for i, text in enumerate(documents)]
        ranked = ranker_for(model, top_n).run(query=query, documents=given)["documents"]
        return [[document.meta["i"], document.score] for document in ranked]

    return rank


def of_llama_index(reranker_for):
    def rank(model, top_n):
        nodes = [NodeWithScore(node=TextNode(text=text, id_=str(i)), score=0) for i, text in enumerate(documents)]
        ranked = reranker_for(model, top_n).postprocess_nodes(nodes, query_str=query)
        return [[int(node.node.id_), node.score] for node in ranked]

    return rank


def of_langchain(model, top_n):
    reranker = CohereRerank(model=model, top_n=top_n, cohere_api_key="unused", base_url=url)
    given = [LangChainDocument(text, metadata={"i": i}) for i, text in enumerate(documents)]
    return [
        [document.metadata["i"], document.metadata["relevance_score"]]
        for document in reranker.compress_documents(given, query)
    ]


write_reports(
    [
        ("langchain-cohere", "", of_langchain),
        (
            "cohere-haystack",
            "",
            of_haystack(lambda model, top_k: CohereRanker(model, top_k, api_key=key, api_base_url=url)),
        ),
        (
            "jina-haystack",
            "",
            of_haystack(lambda model, top_k: JinaRanker(model, api_key=key, top_k=top_k, base_url=f"{url}/v1/rerank")),
        ),
        # It cannot name a model.
        (
            "huggingface-api-haystack",
            "",
            of_haystack(lambda _, top_k: HuggingFaceTEIRanker(url=url, top_k=top_k, token=key)),
        ),
        (
            "llama-index-postprocessor-cohere-rerank",
            "",
            of_llama_index(
                lambda model, top_n: LlamaIndexCohereRerank(top_n=top_n, model=model, api_key="unused", base_url=url)
            ),
        ),
        (
            "llama-index-postprocessor-jinaai-rerank",
            "",
            of_llama_index(
                lambda model, top_n: JinaRerank(top_n=top_n, model=model, base_url=f"{url}/v1", api_key="unused")
            ),
        ),
        # Nor can this one.
        (
            "llama-index-postprocessor-tei-rerank",
            "",
            of_llama_index(lambda _, top_n: TextEmbeddingInference(top_n=top_n, base_url=url)),
        ),
    ]
)
