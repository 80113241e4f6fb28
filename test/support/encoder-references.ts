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
  return readdirSync(encoderFixtures, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => {
      const folder = path.join(encoderFixtures, name);
      const read = (file: string) => JSON.parse(readFileSync(path.join(folder, file), 'utf8'));
      return { name, folder, modelType: read('config.json').model_type, reference: read('reference.json') };
    });
}
