import { computed, signal } from '@preact/signals';
import type { TokenizeRequest } from '../api/api-types.ts';
import { latestAnswer } from '../api/latest-answer.ts';
import { embedder } from '../api/models.ts';
import { type PromptKind, promptKinds } from '../fields/prompt-kinds.ts';
import { showTokens, type TokenPiece } from './shown-tokens.ts';

const PAUSE_MS = 250;

/** Whole words, parts of words, and characters that take several tokens. */
const EXAMPLE = `What does the model read of a naïve café in Αθήνα?
Frequent words are one token, unfrequentable ones are several.`;

export const text = signal(EXAMPLE);
export const chosenKind = signal<PromptKind | null>(null);
/** The user's own task; empty: none. */
export const instruction = signal('');
/** Which side of a text that is too long is cut off. */
export const side = signal<'end' | 'start'>('end');

export const kinds = computed(() => promptKinds('queries', embedder.value?.prompts ?? {}));
export const kind = computed(() => {
  const chosen = chosenKind.value;
  return chosen !== null && kinds.value.includes(chosen) ? chosen : (kinds.value[0] as PromptKind);
});

/** The text as it would be embedded; null: there is none. */
const plainBody = computed((): TokenizeRequest | null => {
  const model = embedder.value;
  if (model === null || text.value === '') return null;
  const own = instruction.value.trim();
  return {
    model: model.id,
    input: text.value,
    ...(kind.value === 'default' ? {} : { input_type: kind.value }),
    ...(own === '' ? {} : { instruction: own }),
  };
});

/** What is on screen. Cut, it has no more tokens than the model reads, however long the text is. */
export const tokensBody = computed((): TokenizeRequest | null =>
  plainBody.value === null ? null : { ...plainBody.value, truncate: side.value, return_pieces: true },
);
export const tokens = latestAnswer('/v1/tokenize', tokensBody, PAUSE_MS);

/** How many tokens the whole text has is another question where it was cut. */
const wholeBody = computed((): TokenizeRequest | null => {
  const latest = tokens.latest.value;
  if (latest?.answer.data[0]?.truncated !== true) return null;
  const { truncate: _, return_pieces: __, ...whole } = latest.body;
  return whole;
});
const whole = latestAnswer('/v1/tokenize', wholeBody, 0);

/** What is shown; null: nothing was asked yet. */
export const tokenized = computed(() => {
  const latest = tokens.latest.value;
  const item = latest?.answer.data[0];
  if (latest == null || item === undefined) return null;
  const { pieces = [], prompt = '', truncated, count } = item;
  const cut = truncated ? (latest.body.truncate as 'end' | 'start') : null;
  const parts = showTokens({ pieces: pieces as TokenPiece[], prompt, input: latest.body.input as string, cut });
  return { parts, prompt, cut, kept: count, limit: latest.answer.max_input_tokens };
});

/** Tokens of the whole text; null: not yet known. */
export const totalCount = computed(() => {
  const shown = tokenized.value;
  if (shown === null) return null;
  return shown.cut === null ? shown.kept : (whole.latest.value?.answer.count ?? null);
});
