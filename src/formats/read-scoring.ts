import { readFile } from 'node:fs/promises';
import { StartError } from '../errors.ts';
import { checkFields, type FieldRules, objectField, refuseField } from '../model-files/folder/check-fields.ts';
import type { ModelFiles } from '../model-files/folder/model-files.ts';
import type { Json } from '../model-files/folder/read-json.ts';
import type { SentenceConfig } from '../model-files/folder/sentence-config.ts';
import type { TokenizerDescription } from '../model-files/folder/tokenizer/describe-tokenizer.ts';
import type { TransformerConfig } from '../model-files/folder/transformer-config.ts';
import type { PairTemplate, Scoring } from '../model-files/manifest.ts';
import { partsOfWords, readChatTemplate } from './chat-template.ts';
import type { PairWords } from './model-format.ts';

/** PyTorch's classes that a folder may name, and what they do to one number. */
const ACTIVATIONS: ReadonlyMap<string, Scoring['activation']> = new Map([
  ['torch.nn.modules.activation.Sigmoid', 'sigmoid'],
  ['torch.nn.Sigmoid', 'sigmoid'],
  ['torch.nn.modules.linear.Identity', 'identity'],
  ['torch.nn.Identity', 'identity'],
]);

/** Of the object that sentence-transformers 4 and 5 add to config.json. */
const CONFIG_FIELDS: FieldRules = {
  activation_fn: 'applied',
  version: { noEffect: 'the version that wrote it' },
};

export interface ScoringFacts {
  config: Json;
  sentence: SentenceConfig;
  transformer: TransformerConfig;
  tokenizer: TokenizerDescription;
  /** Of a language model: what it reads where the folder has no template; null: it reads two texts as they are. */
  pairWords: PairWords | null;
}

/**
 * Reads how a reranker comes to its scores, but for its head.
 * @throws {StartError} naming file and field, for what hotvec does not do.
 */
export async function readScoring(files: ModelFiles, facts: ScoringFacts): Promise<Scoring> {
  const { pairWords } = facts;
  const template = pairWords === null ? plainPairs(facts) : await readPairTemplate(files, facts, pairWords);
  return { template, activation: readActivation(facts) };
}

/** The rule of sentence-transformers 6.2.0 for models of one label: a sigmoid, unless the folder says otherwise. */
function readActivation({ config, sentence }: ScoringFacts): Scoring['activation'] {
  const ofConfig = objectField('config.json', config, 'sentence_transformers');
  checkFields('config.json: sentence_transformers', ofConfig, CONFIG_FIELDS);
  // A null of the second is as good as none, and the third is not asked then.
  const inConfig: [string, unknown] = Object.hasOwn(ofConfig, 'activation_fn')
    ? ['sentence_transformers.activation_fn', ofConfig.activation_fn]
    : ['sbert_ce_default_activation_function', config.sbert_ce_default_activation_function];
  const [file, field, value] =
    (sentence.activation ?? null) === null
      ? ['config.json', ...inConfig]
      : ['config_sentence_transformers.json', 'activation_fn', sentence.activation];
  if ((value ?? null) === null) return 'sigmoid';
  const activation = ACTIVATIONS.get(String(value));
  if (activation !== undefined) return activation;
  throw refuseField(file, field, value, [...ACTIVATIONS.keys()].join(' or '));
}

/** Encoders take both texts as they are. */
function plainPairs({ sentence, tokenizer }: ScoringFacts): PairTemplate {
  const complaint = tokenizer.pairs?.complaint ?? null;
  if (complaint !== null) throw new StartError(complaint);
  if (sentence.defaultPrompt !== '') {
    throw new StartError(
      'config_sentence_transformers.json: default_prompt_name sets a prompt, which hotvec does not put before the pairs of a cross-encoder. Remove it if scores are wanted without.',
    );
  }
  return { source: 'tokenizer', parts: null, instructedParts: null, defaultInstruction: null };
}

async function readPairTemplate(files: ModelFiles, facts: ScoringFacts, usual: PairWords): Promise<PairTemplate> {
  const json = ((await files.readJson('tokenizer.json')) ?? {}) as Json;
  const added = (facts.tokenizer.changes?.added_tokens ?? json.added_tokens ?? []) as { content: string }[];
  const tokens = added.map(({ content }) => content);
  const found = await findChatTemplate(files);
  if (found !== null && /['"](query|document)['"]/.test(found.text)) {
    const tokenizerConfig = ((await files.readJson('tokenizer_config.json')) ?? {}) as Json;
    const named = (field: string) => {
      const token = tokenizerConfig[field];
      return typeof token === 'string' ? token : (((token ?? {}) as Json).content ?? null);
    };
    const variables = {
      add_generation_prompt: false,
      ...facts.transformer.templateVariables,
      bos_token: named('bos_token'),
      eos_token: named('eos_token'),
    };
    return readChatTemplate({ ...found, variables, defaultPrompt: facts.sentence.defaultPrompt || null, tokens });
  }
  // Without one of its own, or with the one that the base model chats with.
  if (facts.config.model_type !== usual.modelType) {
    throw new StartError(
      `${files.name} has no chat template with the roles query and document, which says what a reranker of the architecture ${facts.config.model_type} reads. Add the model's chat_template.jinja.`,
    );
  }
  const missing = usual.tokens.filter((token) => !tokens.includes(token));
  if (missing.length > 0) {
    throw new StartError(
      `${files.name} has no chat template with the roles query and document, and its tokenizer.json lacks ${missing.join(', ')}, which the template of ${usual.source} consists of. Add the model's chat_template.jinja.`,
    );
  }
  const instruction = facts.sentence.defaultPrompt || usual.instruction;
  return {
    source: usual.source,
    parts: partsOfWords(
      usual.words.replace('{instruction}', () => instruction),
      tokens,
    ),
    instructedParts: partsOfWords(usual.words, tokens),
    defaultInstruction: instruction,
  };
}

/** Where transformers looks for it, in this order. */
async function findChatTemplate(files: ModelFiles): Promise<{ text: string; file: string } | null> {
  if (files.has('chat_template.jinja')) {
    const file = 'chat_template.jinja';
    return { text: await readFile(await files.locate(file), 'utf8'), file };
  }
  for (const file of ['chat_template.json', 'tokenizer_config.json']) {
    const json = (await files.readJson(file)) as Json | undefined;
    const template = json?.chat_template;
    if (typeof template === 'string') return { text: template, file };
    if (Array.isArray(template)) {
      const named = template.find((one) => one?.name === 'default') as Json | undefined;
      if (typeof named?.template === 'string') return { text: named.template, file };
    }
  }
  return null;
}
