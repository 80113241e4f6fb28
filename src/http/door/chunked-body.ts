const LINE_FEED = 0x0a;
/** Of a line: sixteen digits of a size are more than any body has. */
const LOOKED_AT = 20;

/** Follows a chunked body (RFC 9112, 7.1), piece by piece, to where it ends. Whether it is valid is for Node's parser to say. */
export class ChunkedBody {
  /** Bytes of the current chunk that have not arrived, including its line end. */
  private left = 0;
  /** How the present line begins: the size of a chunk, or a trailer. */
  private line = '';
  private isTrailer = false;

  /** @returns how many of these bytes, the next ones that came, are of the body. */
  lengthIn(bytes: Buffer): number {
    let at = 0;
    while (at < bytes.length) {
      if (this.left > 0) {
        const taken = Math.min(this.left, bytes.length - at);
        this.left -= taken;
        at += taken;
        continue;
      }
      const found = bytes.indexOf(LINE_FEED, at);
      const end = found === -1 ? bytes.length : found;
      if (this.line.length < LOOKED_AT) this.line += bytes.toString('latin1', at, Math.min(end, at + LOOKED_AT));
      at = end + 1;
      if (found !== -1 && this.endLine()) return at;
    }
    return bytes.length;
  }

  /** @returns whether the body ends with it. */
  private endLine(): boolean {
    const line = this.line.trimEnd();
    this.line = '';
    if (this.isTrailer) return line === '';
    const size = Number.parseInt(line, 16);
    if (size > 0) this.left = size + '\r\n'.length;
    else this.isTrailer = true;
    return false;
  }
}
