import path from 'node:path';
import { StartError } from '../../errors.ts';
import { checkFields, type FieldRules, refuseField } from '../../model-files/folder/check-fields.ts';
import type { ModelFiles } from '../../model-files/folder/model-files.ts';
import { checkSingleLabel, isClassifier } from '../../model-files/folder/model-kind.ts';
import type { Json } from '../../model-files/folder/read-json.ts';
import { tokenizerPartsOf } from '../../model-files/folder/tokenizer/tokenizer-parts.ts';
import type { FolderFacts, PairWords } from '../model-format.ts';
import type { ScoreHead } from './causal-weights.ts';

/** The words whose logits Qwen3-Reranker is asked for, by its model card. */
const YES = 'yes';
const NO = 'no';

/** What Qwen3-Reranker was trained to read, by its model card; folders made of its weights seldom repeat it. */
export const qwen3PairWords: PairWords = {
  source: 'the model card of Qwen3-Reranker',
  modelType: 'qwen3',
  words:
    '<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct provided. Note that the answer can only be "yes" or "no".<|im_end|>\n<|im_start|>user\n<Instruct>: {instruction}\n<Query>: {query}\n<Document>: {document}<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n',
  tokens: ['<|im_start|>', '<|im_end|>', '<think>', '</think>'],
  instruction: 'Given a web search query, retrieve relevant passages that answer the query',
};

const LOGIT_SCORE_FIELDS: FieldRules = {
  true_token_id: 'applied',
  false_token_id: 'applied',
  module_input_name: { only: ['causal_logits'] },
};

/**
 * Finds the rows that make a score of the last hidden state, by what the folder says of its head.
 * @throws {StartError} naming file and field, for what it is not known of, or a classifier of several labels.
 */
export async function findScoreHead(files: ModelFiles, { config, modules }: FolderFacts): Promise<ScoreHead> {
  const kinds = modules?.kinds ?? ['Transformer'];
  const isLogitScore = kinds.join() === 'Transformer,LogitScore';
  if (kinds.join() !== 'Transformer' && !isLogitScore) {
    throw new StartError(
      `modules.json lists ${kinds.join(', ')}; of a reranker hotvec supports Transformer alone, or Transformer and LogitScore.`,
    );
  }
  if (isClassifier(config)) {
    if (isLogitScore) throw refuseField('modules.json', 'type', 'LogitScore', 'it only after a language model');
    checkSingleLabel(files.name, config);
    return { tensor: 'score.weight', rows: [0, null] };
  }
  // As transformers: a checkpoint of this architecture that does not say so is not tied.
  const tensor = config.tie_word_embeddings === true ? 'embed_tokens.weight' : 'lm_head.weight';
  if (!isLogitScore) {
    if (config.model_type !== qwen3PairWords.modelType) throw noLogitScore('1_LogitScore/config.json');
    return { tensor, rows: await yesAndNo(files) };
  }
  return { tensor, rows: await readLogitScore(files, modules?.folders[1] ?? '') };
}

async function readLogitScore(files: ModelFiles, folder: string): Promise<ScoreHead['rows']> {
  const file = path.posix.join(folder || '1_LogitScore', 'config.json');
  const config = (await files.readJson(file)) as Json | undefined;
  if (config === undefined) throw noLogitScore(file);
  checkFields(file, config, LOGIT_SCORE_FIELDS);
  const { true_token_id: yes, false_token_id: no = null } = config;
  if (!isTokenId(yes)) throw refuseField(file, 'true_token_id', yes, 'only the id of a token');
  if (no !== null && !isTokenId(no)) throw refuseField(file, 'false_token_id', no, 'only the id of a token, or null');
  return [yes, no as number | null];
}

function noLogitScore(file: string): StartError {
  return new StartError(`The model has no ${file}, so the tokens that it answers with are unknown.`);
}

/** Of Qwen3-Reranker as published, which does not name them. */
async function yesAndNo(files: ModelFiles): Promise<ScoreHead['rows']> {
  const json = ((await files.readJson('tokenizer.json')) ?? {}) as Json;
  const { idOf } = tokenizerPartsOf(json);
  const [yes, no] = [idOf(YES), idOf(NO)];
  if (yes !== undefined && no !== undefined) return [yes, no];
  throw new StartError(
    `tokenizer.json has no token ${yes === undefined ? YES : NO}, whose logit is the score of a reranker without 1_LogitScore/config.json. Check MODEL and TASK.`,
  );
}

function isTokenId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
