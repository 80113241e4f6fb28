import type { FastifyError, FastifyRequest } from 'fastify';
import type { FileStore, ReceivedFile, StoredFile } from '../../../batch-jobs/file-store.ts';
import { HotvecError, invalidInput } from '../../../errors.ts';
import { LEAST_BYTES } from '../../door/patience.ts';

/** Of names and values around the file. */
const ENVELOPE_BYTES = 2 ** 16;
const FIELDS = ['purpose', 'expires_after[anchor]', 'expires_after[seconds]'] as const;
type Field = (typeof FIELDS)[number];
const LONGEST_NAME = 255;
/** What the plugin calls their being exceeded. */
const LIMITS_OF_FORM: ReadonlySet<string> = new Set(['FST_FILES_LIMIT', 'FST_FIELDS_LIMIT']);

/** What the OpenAI API allows for `expires_after`. */
export const EXPIRY = { least: 3_600, most: 2_592_000 } as const;

/**
 * Takes the file of a multipart form to the disk. Its fields may come before it or after it.
 * @param receiveMs a client that sends less than LEAST_BYTES in so many milliseconds is given up.
 * @throws {HotvecError} invalid_input, body_too_large, body_too_slow, insufficient_storage: nothing is left then.
 */
export async function receiveUpload(request: FastifyRequest, files: FileStore, receiveMs: number): Promise<StoredFile> {
  const owner = request.keyName ?? null;
  const { maxFileBytes } = files;
  const { 'content-length': length = '0' } = request.headers;
  if (Number(length) > maxFileBytes + ENVELOPE_BYTES) {
    throw new HotvecError('body_too_large', `The file is larger than ${maxFileBytes} bytes.`);
  }
  const fields = new Map<Field, string>();
  let filename = '';
  let received: ReceivedFile | undefined;
  const pace = new Pace(request, receiveMs);
  // One byte more than it may have: the store says what is wrong with it.
  const limits = { files: 1, fields: FIELDS.length, fieldSize: 1_024, fieldNameSize: 128, fileSize: maxFileBytes + 1 };
  try {
    for await (const part of pace.read(request.parts({ limits }))) {
      if (part.type === 'file') {
        if (part.fieldname !== 'file') throw invalidInput('The file must be in the field file.', 'file');
        filename = part.filename.slice(0, LONGEST_NAME);
        received = await files.receive(owner, pace.read<Buffer>(part.file), Number(length));
        request.bodyBytes = received.bytes;
        continue;
      }
      if (part.fieldname === 'file') throw invalidInput('file must be sent as a file, with a filename.', 'file');
      const name = FIELDS.find((field) => field === part.fieldname);
      if (name === undefined) {
        throw new HotvecError('unknown_field', `The form has a field other than file, ${FIELDS.join(', ')}.`, {
          param: 'body',
        });
      }
      fields.set(name, String(part.value));
    }
    if (received === undefined) throw invalidInput('file is missing.', 'file');
    checkPurpose(fields.get('purpose'));
    const expiresAfterS = expiryOf(fields);
    const kept = received;
    received = undefined;
    return await files.keep(kept, { owner, filename: filename || kept.id, expiresAfterS });
  } finally {
    pace.end();
    if (received !== undefined) await files.discard(received);
  }
}

function checkPurpose(purpose: string | undefined): void {
  if (purpose === 'batch') return;
  const found = purpose === undefined ? 'is missing' : 'is another one';
  throw invalidInput(`purpose ${found}; it must be batch: files are for batches only.`, 'purpose');
}

function expiryOf(fields: ReadonlyMap<Field, string>): number | null {
  const [anchor, seconds] = [fields.get('expires_after[anchor]'), fields.get('expires_after[seconds]')];
  if (anchor === undefined && seconds === undefined) return null;
  if (anchor !== 'created_at') throw invalidInput('expires_after.anchor must be created_at.', 'expires_after.anchor');
  const wanted = Number(seconds);
  if (Number.isInteger(wanted) && wanted >= EXPIRY.least && wanted <= EXPIRY.most) return wanted;
  throw invalidInput(
    `expires_after.seconds must be an integer from ${EXPIRY.least} to ${EXPIRY.most}.`,
    'expires_after.seconds',
  );
}

/** Sees that a client goes on sending, whatever part of its form it is at. */
class Pace {
  private readonly timer: NodeJS.Timeout;
  /** Rejected when it does not. */
  private readonly stalled: Promise<never>;

  constructor({ raw: { socket } }: FastifyRequest, receiveMs: number) {
    let before = socket.bytesRead;
    let fail = (_: HotvecError) => {};
    this.stalled = new Promise((_, reject) => {
      fail = reject;
    });
    this.stalled.catch(() => {});
    this.timer = setInterval(() => {
      if (socket.bytesRead - before < LEAST_BYTES) {
        const message = `Fewer than ${LEAST_BYTES} bytes of the file arrived in ${receiveMs / 1000} seconds.`;
        fail(new HotvecError('body_too_slow', message));
      }
      before = socket.bytesRead;
    }, receiveMs);
  }

  end(): void {
    clearInterval(this.timer);
  }

  /**
   * What is read, one after the other.
   * @throws {HotvecError} body_too_slow; invalid_input, where the client has not sent all of it.
   */
  async *read<Part>(parts: AsyncIterable<Part>): AsyncGenerator<Part> {
    const iterator = parts[Symbol.asyncIterator]();
    const next = () =>
      iterator.next().catch((error: FastifyError) => {
        if (LIMITS_OF_FORM.has(error.code))
          throw invalidInput('The form has more than one file, or too many fields.', 'body');
        // The plugin's others say what is wrong, with a status.
        if (error instanceof HotvecError || error.statusCode !== undefined) throw error;
        throw new HotvecError('invalid_input', 'The form breaks off, or is not multipart/form-data.');
      });
    try {
      for (;;) {
        const { done, value } = await Promise.race([next(), this.stalled]);
        if (done === true) return;
        yield value;
      }
    } finally {
      // Not awaited: what is stalled would first have to give its next part.
      iterator.return?.().catch(() => {});
    }
  }
}
