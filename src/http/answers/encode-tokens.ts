import { setImmediate } from 'node:timers/promises';
import type { DescribedInput, TokenizedInput } from '../../tasks/embedding/embedder.ts';
import { ByteWriter } from './byte-writer.ts';
import { MAX_BYTES_PER_INTEGER } from './integer-writer.ts';
import { boundOfTokenList, MOST_BYTES_OF_UNIT, writeTokenList } from './write-token-list.ts';

/** Token ids written between two yields: a millisecond or so. */
const IDS_PER_SLICE = 100_000;
/** Field names, counts and punctuation of an item, roughly. */
const BYTES_PER_ITEM = 150;

/** What `encodeTokens` makes of them, in bytes, at most: what there must be room for. */
export function boundOfTokens(inputs: readonly (TokenizedInput | DescribedInput)[]): number {
  let bytes = (inputs.length + 4) * BYTES_PER_ITEM;
  for (const input of inputs) {
    bytes += input.ids.length * MAX_BYTES_PER_INTEGER;
    if ('pieces' in input) bytes += MOST_BYTES_OF_UNIT * input.prompt.length + boundOfTokenList(input.pieces);
  }
  return bytes;
}

/**
 * Writes the answer of `/v1/tokenize`. The event loop is let in between slices.
 * @returns JSON in chunks.
 */
export async function encodeTokens(
  inputs: readonly (TokenizedInput | DescribedInput)[],
  { model, maxInputTokens }: { model: string; maxInputTokens: number },
): Promise<Buffer[]> {
  const count = inputs.reduce((sum, { ids }) => sum + ids.length, 0);
  const writer = new ByteWriter(boundOfTokens(inputs));
  writer.text('{"object":"list","data":[');
  let written = 0;
  for (const [index, input] of inputs.entries()) {
    const { ids, truncated } = input;
    const too_long = ids.length > maxInputTokens;
    const fields = JSON.stringify({ object: 'tokens', index, count: ids.length, truncated, too_long }).slice(0, -1);
    writer.text(`${index === 0 ? '' : ','}${fields},"tokens":`);
    writer.integers(ids);
    if ('pieces' in input) {
      writer.text(`,"prompt":${JSON.stringify(input.prompt)},"pieces":`);
      await writeTokenList(writer, input.pieces);
    }
    writer.text('}');
    written += ids.length;
    if (written > IDS_PER_SLICE) {
      written = 0;
      await setImmediate();
    }
  }
  writer.text(`],${JSON.stringify({ model, count, max_input_tokens: maxInputTokens }).slice(1)}`);
  return writer.finish();
}
