/** Writes a vector, base64 of little-endian float32 as `/v1/embeddings` answers it, into `target` from `offset` on. */
export function decodeVector(base64: string, target: Float32Array, offset: number): void {
  const bytes = atob(base64);
  const view = new DataView(new ArrayBuffer(4));
  const length = bytes.length / 4;
  for (let i = 0; i < length; i++) {
    for (let byte = 0; byte < 4; byte++) view.setUint8(byte, bytes.charCodeAt(4 * i + byte));
    target[offset + i] = view.getFloat32(0, true);
  }
}
