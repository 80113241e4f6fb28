import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fixtures } from './starter.ts';

export const encoderFixtures = path.join(fixtures, 'encoders');

/** What PyTorch makes of sequences of token ids (test/fixtures/encoders/README.md); rows are not normalized. */
export interface EncoderReference {
  sequences: { ids: number[]; cls: number[]; mean: number[]; max: number[]; last_token: number[] }[];
  /** Of one of the sequences: the hidden states of its tokens. */
  states: { sequence: number; rows: number[][] };
}

export interface EncoderFixture {
  name: string;
  folder: string;
  /** As in config.json. */
  modelType: string;
  reference: EncoderReference;
}

/** Every folder of random weights that has a reference. */
export function encoderFolders(): EncoderFixture[] {
  return foldersIn(encoderFixtures).map((name) => {
    const folder = path.join(encoderFixtures, name);
    const read = (file: string) => JSON.parse(readFileSync(path.join(folder, file), 'utf8'));
    return { name, folder, modelType: read('config.json').model_type, reference: read('reference.json') };
  });
}

/** A text and what sentence-transformers makes of it (test/fixtures/encoder-folders/README.md). */
export interface ReferenceText {
  text: string;
  /** Name of the prompt that is asked for; null: none. */
  prompt: string | null;
  /** Prompt included, cut to the model's limit. */
  ids: number[];
  vector: number[];
}

/** Every folder that sentence-transformers wrote, with what it makes of texts. */
export function sentenceFolders(): { name: string; folder: string; texts: ReferenceText[] }[] {
  const root = path.join(fixtures, 'encoder-folders');
  return foldersIn(root).map((name) => {
    const folder = path.join(root, name);
    return { name, folder, texts: JSON.parse(readFileSync(path.join(folder, 'reference.json'), 'utf8')).texts };
  });
}

function foldersIn(root: string): string[] {
  const entries = readdirSync(root, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}
