import type { FastifyReply } from 'fastify';
import type { EmbedInput } from '../../../tasks/embedding/embedder.ts';
import type { WorkResult } from '../../answers/report-work.ts';
import { workHeaders } from '../../openapi/documented-answers.ts';

const integer = (description: string) => ({ type: 'integer', description }) as const;

/** What text-embeddings-inference 1.9.3 sends with its responses, besides what every response with vectors has. */
export const teiHeaders = {
  ...workHeaders,
  'x-compute-type': { type: 'string', description: '`cpu` or `gpu`: what the model runs on' } as const,
  'x-compute-time': integer('Milliseconds from the headers of the request to the response'),
  'x-compute-characters': integer('Code points of the texts, without prompts; for token ids, their number'),
  'x-compute-tokens': integer('Tokens computed, including special tokens and prompts, excluding padding'),
  'x-total-time': integer('As `x-compute-time`'),
  'x-tokenization-time': integer('Milliseconds'),
  'x-queue-time': integer('Milliseconds'),
  'x-inference-time': integer('Milliseconds'),
};

/** Sets them. */
export function sendTeiHeaders(
  reply: FastifyReply,
  model: { readonly device: string | null },
  characters: number,
  { tokens, facts }: Pick<WorkResult, 'tokens' | 'facts'>,
): void {
  const total = Math.round(reply.elapsedTime);
  void reply.headers({
    'x-compute-type': model.device === 'cpu' ? 'cpu' : 'gpu',
    'x-compute-time': total,
    'x-compute-characters': characters,
    'x-compute-tokens': tokens.reduce((sum, count) => sum + count, 0),
    'x-total-time': total,
    'x-tokenization-time': Math.round(facts.timings.tokenize),
    'x-queue-time': Math.round(facts.timings.queue),
    'x-inference-time': Math.round(facts.timings.infer),
  });
}

/** Of all inputs: code points of texts; token ids count as one each. */
export function charactersOfInputs(inputs: readonly Pick<EmbedInput, 'content'>[]): number {
  return inputs.reduce((sum, { content }) => sum + charactersOf(content), 0);
}

export function charactersOf(content: EmbedInput['content']): number {
  if (typeof content !== 'string') return content.length;
  let count = 0;
  for (let i = 0; i < content.length; i++) if (!isLowSurrogate(content.charCodeAt(i))) count += 1;
  return count;
}

/** The second half of a pair; a text that is embedded has no halves alone. */
function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}
