import { Template } from '@huggingface/jinja';
import { messageOf, StartError } from '../errors.ts';
import type { PairTemplate, Slot, TemplatePart, Words } from '../model-files/manifest.ts';

const SLOTS: readonly Slot[] = ['instruction', 'query', 'document'];

/** What stands for a text of a request while a template is rendered: no tokenizer and no template has such words. */
const markOf = (slot: Slot) => `\u{F0001}hotvec-${slot}\u{F0001}`;
/** With white space around it that no template has, which shows whether the template takes that of a text away. */
const padded = (slot: Slot) => `\v${markOf(slot)}\v`;

export interface ChatTemplate {
  /** The template, in Jinja, and the file that it is in. */
  text: string;
  file: string;
  /** Variables it is rendered with, besides `messages`: `add_generation_prompt`, say. */
  variables: Readonly<Record<string, unknown>>;
  /** What the system message says where a request has no instruction; null: there is none. */
  defaultPrompt: string | null;
  /** Tokens that the tokenizer knows by name. */
  tokens: readonly string[];
}

/**
 * A chat template as the sequence of a pair: sentence-transformers gives it messages of the roles `query` and `document`,
 * and the prompt as one of the role `system`. It is rendered with marks in their places, so that what users write can
 * never become one of its tokens.
 *
 * @throws {StartError} for a template that cannot be rendered, or that leaves out query or document, or changes them.
 */
export function readChatTemplate(chat: ChatTemplate): PairTemplate {
  const { file, tokens, defaultPrompt } = chat;
  let template: Template;
  try {
    template = new Template(chat.text);
  } catch (error) {
    throw new StartError(`${file}: the chat template cannot be read (${oneLine(messageOf(error))}).`);
  }
  const render = (prompt: string | null): string => {
    const messages = [
      ...(prompt === null ? [] : [{ role: 'system', content: prompt }]),
      { role: 'query', content: padded('query') },
      { role: 'document', content: padded('document') },
    ];
    // Templates of models that also see pictures expect a list of parts.
    const parted = messages.map(({ role, content }) => ({ role, content: [{ type: 'text', text: content }] }));
    // This implementation of Jinja fails at the first of an empty list, where Jinja finds it undefined: a system message
    // that says nothing is undefined in both.
    const silent = [{ role: 'system' }, ...messages];
    let failure = '';
    for (const form of prompt === null ? [messages, silent, parted] : [messages, parted]) {
      try {
        const text = template.render({ ...chat.variables, messages: form });
        if (isWhole(text)) return text;
      } catch (error) {
        failure = ` (${oneLine(messageOf(error))})`;
      }
    }
    throw new StartError(
      `${file}: the chat template does not give query and document once each${failure}. hotvec supports templates with messages of the roles query and document.`,
    );
  };
  const whole = render(defaultPrompt);
  const instructed = render(padded('instruction'));
  const around = instructed.split(new RegExp(`\\v?${markOf('instruction')}\\v?`, 'u'));
  const takesInstructions = around.length === 2;
  return {
    source: file,
    parts: partsOf(whole, tokens),
    instructedParts: takesInstructions ? partsOf(instructed, tokens) : null,
    defaultInstruction: takesInstructions ? between(whole, around) : null,
  };
}

/** Whether query and document are in it, each once. */
function isWhole(text: string): boolean {
  return (['query', 'document'] as const).every((slot) => text.split(markOf(slot)).length === 2);
}

/** What the rendered text has where the other one has the instruction. */
function between(text: string, [before = '', after = '']: string[]): string | null {
  if (!text.startsWith(before) || !text.endsWith(after) || text.length < before.length + after.length) return null;
  return text.slice(before.length, text.length - after.length);
}

/** Divides a template at the tokens and at the marks in it. The longest token wins where several begin. */
export function partsOf(text: string, tokens: readonly string[]): TemplatePart[] {
  const longestFirst = [...tokens].filter((token) => token !== '').sort((a, b) => b.length - a.length);
  const parts: TemplatePart[] = [];
  let words: Words[] = [];
  const endWords = () => {
    if (words.length > 0) parts.push({ words });
    words = [];
  };
  const slots = SLOTS.map((slot) => `(?<${slot}>\\v?${markOf(slot)}\\v?)`);
  const pattern = new RegExp([...slots, ...longestFirst.map(escapeRegExp)].join('|'), 'gu');
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > end) words.push(text.slice(end, match.index));
    end = match.index + match[0].length;
    const slot = SLOTS.find((one) => match.groups?.[one] !== undefined);
    if (slot !== undefined) words.push(match[0] === padded(slot) ? { slot } : { slot, trim: true });
    else {
      endWords();
      parts.push({ token: match[0] });
    }
  }
  if (end < text.length) words.push(text.slice(end));
  endWords();
  return parts;
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}

/** A template of words with `{instruction}`, `{query}` and `{document}` in it. */
export function partsOfWords(text: string, tokens: readonly string[]): TemplatePart[] {
  const marked = text.replace(/\{(instruction|query|document)\}/g, (_, slot: Slot) => padded(slot));
  return partsOf(marked, tokens);
}
