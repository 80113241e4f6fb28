import { writeFileSync } from 'node:fs';

export interface StoredTensor {
  dtype: string;
  shape: number[];
  /** How many, if they do not matter; or these. */
  bytes: number | Uint8Array;
}

/** Writes a safetensors file, tensors in the order given. */
export function writeSafetensors(file: string, tensors: Record<string, StoredTensor>): void {
  let end = 0;
  const header: Record<string, unknown> = {};
  const contents: Uint8Array[] = [];
  for (const [name, { dtype, shape, bytes }] of Object.entries(tensors)) {
    const content = typeof bytes === 'number' ? new Uint8Array(bytes) : bytes;
    header[name] = { dtype, shape, data_offsets: [end, end + content.length] };
    end += content.length;
    contents.push(content);
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  writeFileSync(file, Buffer.concat([length, json, ...contents]));
}
