import { Type } from 'typebox';
import { requestExamples } from '../../openapi/documented-examples.ts';
import { commonFields, ErrorFields, oneOf } from '../../openapi/schemas.ts';
import { rerankExamples } from './examples.ts';

const Document = Type.Object({ text: Type.String() }, { additionalProperties: false, title: 'RerankDocument' });
const { truncate, user } = commonFields;

/** The request's body. */
export function rerankBody(maxInputs: number) {
  return Type.Object(
    {
      query: Type.String({ description: 'What the documents are ranked for; an empty one is an error' }),
      documents: Type.Array(Type.Union([Type.String(), Document]), {
        minItems: 1,
        maxItems: maxInputs,
        description: 'Strings, or objects with `text`; an empty one is an error',
      }),
      model: Type.Optional(
        Type.String({
          description: 'A served name or alias. Default: the served reranker; with several, one must be named',
        }),
      ),
      top_n: Type.Optional(
        Type.Integer({ minimum: 1, description: 'Number of results, the best ones. Default: all documents' }),
      ),
      return_documents: Type.Optional(
        Type.Boolean({ description: 'Whether results repeat the texts. Default: `false`' }),
      ),
      instruction: Type.Optional(
        Type.String({
          minLength: 1,
          description:
            'The task in your own words, for models that take one: see `default_instruction` in `/v1/models`, which is the default',
        }),
      ),
      raw_scores: Type.Optional(
        Type.Boolean({
          description: "Whether scores are what the model's head gives, before its activation. Default: `false`",
        }),
      ),
      max_tokens_per_doc: Type.Optional(
        Type.Integer({
          minimum: 1,
          description: 'Tokens that are read of each document; what follows is cut off, whatever `truncate` says',
        }),
      ),
      truncate,
      truncation: Type.Optional(
        Type.Boolean({
          description:
            "Used by Jina's and Voyage's clients: `true` means `truncate: end`, `false` means `truncate: error`",
        }),
      ),
      on_error: Type.Optional(
        oneOf(['fail', 'partial'], {
          description:
            'What to do if a document cannot be scored: `fail` the request, or rank the rest, with the errors behind them (`partial`). Default: `fail`',
        }),
      ),
      truncate_prompt_tokens: Type.Optional(
        Type.Unsafe<-1>({
          type: 'integer',
          enum: [-1],
          description: "Used by vLLM's clients: −1 means `truncate: end`",
        }),
      ),
      rank_fields: Type.Optional(
        Type.Array(oneOf(['text']), {
          minItems: 1,
          description: "Used by Cohere's clients: fields of a document that are read. `text` is the only one",
        }),
      ),
      truncation_side: Type.Optional(
        oneOf(['right', 'left'], {
          description: "Used by vLLM's clients: which side is cut off where something is, `right` means the end",
        }),
      ),
      max_tokens_per_query: Type.Optional(
        Type.Unsafe<0>({
          type: 'integer',
          enum: [0],
          description: "Used by vLLM's clients: only 0, no limit of the query's own",
        }),
      ),
      max_chunks_per_doc: Type.Optional(
        Type.Integer({
          minimum: 1,
          description:
            'Used by clients of Cohere and SiliconFlow: a bound that always holds, since a document is never split',
        }),
      ),
      overlap_tokens: Type.Optional(
        Type.Integer({
          minimum: 0,
          description: "Used by SiliconFlow's clients: of no effect, since a document is never split",
        }),
      ),
      return_embeddings: Type.Optional(
        Type.Unsafe<false>({ type: 'boolean', enum: [false], description: "Used by Jina's clients: only `false`" }),
      ),
      return_len: Type.Optional(
        Type.Unsafe<false>({
          type: 'boolean',
          enum: [false],
          description: "Used by Xinference's client: only `false`",
        }),
      ),
      kwargs: Type.Optional(oneOf(['{}'], { description: "Used by Xinference's client: only without any" })),
      user,
    },
    { additionalProperties: false, title: 'RerankRequest', 'x-examples': requestExamples(rerankExamples) },
  );
}

const index = Type.Integer({ minimum: 0, description: 'Position of the document' });

const Ranked = Type.Object(
  {
    index,
    relevance_score: Type.Number({
      description: 'The higher, the more relevant: nine digits, enough to get the same float32 back',
    }),
    truncated: Type.Optional(Type.Literal(true, { description: 'Only present if the pair was truncated' })),
    tokens: Type.Optional(
      Type.Integer({ description: 'Tokens of the pair that were read; only present if it was truncated' }),
    ),
    document: Type.Optional(Document),
  },
  { title: 'RankedDocument' },
);

const FailedDocument = Type.Object(
  { object: Type.Literal('error'), index, error: ErrorFields },
  { title: 'FailedDocument', description: 'Only present with `on_error: partial`: why a document has no score' },
);

const RerankUsage = Type.Object(
  {
    prompt_tokens: Type.Integer({
      description:
        'Tokens of all pairs of the query and a document, including template and special tokens, excluding padding',
    }),
    total_tokens: Type.Integer({ description: 'The same number' }),
    computed_tokens: Type.Integer({
      description: 'As many of them as were computed: what pairs begin with in common is computed once',
    }),
    shared_tokens: Type.Integer({ description: 'The others' }),
  },
  { title: 'RerankUsage' },
);

/** What Cohere's clients read of an answer besides its results. */
export const rerankMeta = Type.Object(
  {
    api_version: Type.Object({ version: Type.String() }),
    billed_units: Type.Object({
      search_units: Type.Integer({ description: 'One for each 100 documents of the request, or part of that' }),
    }),
  },
  { title: 'RerankMeta', description: "For Cohere's clients" },
);

export const RerankResponse = Type.Object(
  {
    id: Type.String({ description: "The request's id, as in `x-request-id`" }),
    model: Type.String({ description: 'The served name' }),
    results: Type.Array(Type.Union([Ranked, FailedDocument]), {
      description: 'Best first; of equal scores the earlier document',
    }),
    usage: RerankUsage,
    meta: rerankMeta,
  },
  { title: 'RerankResponse' },
);
