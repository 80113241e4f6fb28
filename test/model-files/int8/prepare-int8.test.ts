import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { StartError } from '../../../src/errors.ts';
import { decoderChoice } from '../../../src/formats/causal/causal-weights.ts';
import { describeModel } from '../../../src/formats/describe-model.ts';
import { FileHashes } from '../../../src/model-files/file-hashes.ts';
import type { TensorLocation } from '../../../src/model-files/folder/safetensors.ts';
import { checkFreeSpace } from '../../../src/model-files/hub/free-space.ts';
import type { Int8Event } from '../../../src/model-files/int8/int8-events.ts';
import { prepareInt8 } from '../../../src/model-files/int8/prepare-int8.ts';
import type { Tensors, WeightBits } from '../../../src/model-files/int8/scheme.ts';
import { packageRoot } from '../../../src/package-info.ts';
import { int8Golden } from '../../support/int8.ts';
import { fixtures, packed, starterManifest } from '../../support/starter.ts';

let tensors: Tensors;
let folder: string;
before(async () => {
  ({ tensors } = packed(await starterManifest()));
});
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function prepare(folders = [folder], of = tensors, bits: WeightBits = 8) {
  const events: Int8Event[] = [];
  const onEvent = (event: Int8Event) => events.push(event);
  const int8 = await prepareInt8(of, { choice: decoderChoice(bits), folders, files: new FileHashes(), onEvent });
  const ready = events.find((event) => event.kind === 'ready');
  if (ready?.kind !== 'ready') throw new Error('never ready');
  return { int8, events, ready, kinds: [...new Set(events.map(({ kind }) => kind))] };
}

function bytesOf({ file, offset, byteLength }: TensorLocation<'I8' | 'F32'>): Buffer {
  return readFileSync(file).subarray(offset, offset + byteLength);
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('prepareInt8()', () => {
  for (const bits of [7, 8] as const) {
    it(`quantizes to the integers of ${bits} bits and scales that NumPy gives, and leaves the matrices it would spoil`, async () => {
      const { matrices } = int8Golden[bits];
      const { int8, ready } = await prepare([folder], tensors, bits);
      for (const [name, wanted] of Object.entries(matrices)) {
        const found = int8[name];
        assert.equal(found && sha256(bytesOf(found.values)), wanted.values_sha256, name);
        assert.equal(found && sha256(bytesOf(found.scales)), wanted.scales_sha256, name);
      }
      const kept = Object.values(matrices).filter((matrix) => matrix.values_sha256 === undefined).length;
      assert.deepEqual([ready.matrices, ready.keptMatrices], [Object.keys(matrices).length - kept, kept]);
    });
  }

  it('keeps the key under which files of the starter have been stored since there are any', async () => {
    const { ready } = await prepare();
    assert.match(path.basename(ready.file), /^int8-f1e8db69f0fbfae7-/);
  });

  it('does it once: the next start finds the file, under a name that holds its hash', async () => {
    const first = await prepare();
    assert.deepEqual(first.kinds, ['quantizing', 'progress', 'ready']);
    assert.deepEqual(
      first.events.flatMap((event) => (event.kind === 'progress' ? [event.part] : [])).at(-1),
      1,
      'all of it',
    );
    const { ready, kinds, int8 } = await prepare();
    assert.deepEqual(kinds, ['ready']);
    assert.deepEqual(ready, { ...first.ready, isNew: false });
    assert.deepEqual(int8, first.int8);
    assert.deepEqual(readdirSync(folder), [path.basename(ready.file)]);
    assert.match(path.basename(ready.file), new RegExp(`^int8-[0-9a-f]{16}-${sha256(readFileSync(ready.file))}\\.`));
  });

  it('finds a file before anything may be written, and makes none', async () => {
    const never = new Promise(() => {});
    const asked = (mayWrite: Promise<unknown>) =>
      prepareInt8(tensors, {
        choice: decoderChoice(8),
        folders: [folder],
        files: new FileHashes(),
        onEvent: () => {},
        mayWrite,
      });
    const waiting = asked(never).then(() => 'made');
    assert.equal(await Promise.race([waiting, setTimeout(500, 'waits')]), 'waits');
    assert.deepEqual(readdirSync(folder), []);
    const made = await asked(Promise.resolve());
    assert.deepEqual(await asked(never), made);
  });

  it('tells of the newest file before it has read anything to prove it', async () => {
    const { int8, ready } = await prepare();
    const other = path.join(folder, `int8-${'0'.repeat(16)}-${'1'.repeat(64)}.safetensors`);
    cpSync(ready.file, other);
    const presumedOf = async (newest: string) => {
      for (const file of [ready.file, other]) utimesSync(file, new Date(0), new Date(file === newest ? 2_000 : 1_000));
      const told: unknown[] = [];
      const options = { choice: decoderChoice(8), folders: [folder], files: new FileHashes(), onEvent: () => {} };
      const found = await prepareInt8(tensors, { ...options, onPresumed: (presumed) => told.push(presumed) });
      assert.deepEqual(found, int8, 'whatever was presumed');
      return told;
    };
    assert.deepEqual(await presumedOf(ready.file), [int8]);
    assert.notDeepEqual(await presumedOf(other), [int8]);
    const bytes = readFileSync(other);
    const scheme = bytes.indexOf('"scheme":"') + 10;
    bytes[scheme] = (bytes[scheme] as number) ^ 1;
    writeFileSync(other, bytes);
    assert.deepEqual(await presumedOf(other), [int8], 'of another scheme');
    cpSync(ready.file, other);
    truncateSync(other, 1_000);
    assert.deepEqual(await presumedOf(other), []);
  });

  for (const [damage, spoil] of [
    ['a flipped bit', (file: string) => flipBit(file, statSync(file).size - 5)],
    ['a flipped bit in the header', (file: string) => flipBit(file, 20)],
    ['bytes that are missing', (file: string) => truncateSync(file, 100)],
    ['nothing in it', (file: string) => truncateSync(file, 0)],
  ] as const) {
    it(`refuses a file with ${damage}, and makes it again`, async () => {
      const { ready, int8 } = await prepare();
      spoil(ready.file);
      const again = await prepare();
      assert.deepEqual(again.kinds, ['damaged', 'quantizing', 'progress', 'ready']);
      assert.deepEqual(again.int8, int8);
      assert.equal(again.ready.file, ready.file);
      assert.ok(path.basename(ready.file).includes(sha256(readFileSync(ready.file))));
    });
  }

  it('refuses a file that is whole and holds other matrices', async () => {
    const { ready } = await prepare();
    // As a file of another model, renamed: its hash is right.
    const other = { ...tensors };
    for (const [name, tensor] of Object.entries(tensors)) {
      if (name.includes('q_proj')) other[name] = { ...tensor, shape: [tensor.shape[0] as number, 64] };
    }
    await assert.rejects(prepare([folder], other), {
      name: 'StartError',
      message: new RegExp(
        `^${ready.file} has layers.* with shape \\[256,384\\], expected \\[64,384\\]\\. Delete the file\\.$`,
      ),
    });
  });

  it('makes another file for other weights', async () => {
    const copy = path.join(folder, 'model');
    cpSync(path.join(packageRoot, 'models', 'starter'), copy, { recursive: true });
    const first = await prepare();
    flipBit(path.join(copy, 'model.safetensors'), statSync(path.join(copy, 'model.safetensors')).size - 2000);
    const changed = packed(await describeModel({ name: 'changed', folder: copy })).tensors;
    const second = await prepare([folder], changed);
    assert.equal(second.ready.isNew, true);
    assert.notEqual(path.basename(second.ready.file).slice(0, 21), path.basename(first.ready.file).slice(0, 21));
  });

  it('leaves nothing behind that was made of weights which were changed after they were hashed', async () => {
    const copy = path.join(folder, 'model');
    cpSync(path.join(packageRoot, 'models', 'starter'), copy, { recursive: true });
    const weights = path.join(copy, 'model.safetensors');
    const { tensors: changing } = packed(await describeModel({ name: 'changing', folder: copy }));
    const int8 = path.join(folder, 'int8');
    const preparing = prepareInt8(changing, {
      choice: decoderChoice(8),
      folders: [int8],
      files: new FileHashes(),
      onEvent: ({ kind }) => kind === 'quantizing' && flipBit(weights, statSync(weights).size - 2_000),
    });
    await assert.rejects(preparing, { name: 'StartError', message: new RegExp(`^${weights} was changed while`) });
    assert.deepEqual(readdirSync(int8), []);
  });

  for (const variant of ['sharded-f32', 'f16-mha-untied', 'bf16-deep']) {
    it(`is as near to the stored weights as 8 bits can be: ${variant}`, async () => {
      const { tensors: source } = packed(
        await describeModel({ name: variant, folder: path.join(fixtures, 'qwen3-variants', variant) }),
      );
      const { int8 } = await prepare([folder], source);
      assert.ok(Object.keys(int8).length > 0);
      for (const [name, { values, scales }] of Object.entries(int8)) {
        const [columns, rows] = values.shape as [number, number];
        const integers = new Int8Array(bytesOf(values));
        const scaleBytes = bytesOf(scales);
        const stored = source[name] as TensorLocation;
        const bytes = readFileSync(stored.file).subarray(stored.offset, stored.offset + stored.byteLength);
        for (let row = 0; row < rows; row++) {
          const scale = scaleBytes.readFloatLE(4 * row);
          for (let column = 0; column < columns; column++) {
            const integer = integers[column * rows + row] as number;
            const weight = valueAt(bytes, row * columns + column, stored.dtype);
            assert.ok(Math.abs(integer) <= 127, name);
            assert.ok(Math.abs(integer * scale - weight) <= scale * 0.5001, `${name} [${row}, ${column}]`);
          }
        }
      }
    });
  }

  it('refuses weights that are not finite, and leaves nothing behind', async () => {
    const copy = path.join(folder, 'model');
    cpSync(path.join(packageRoot, 'models', 'starter'), copy, { recursive: true });
    const file = path.join(copy, 'model.safetensors');
    const { offset } = tensors['layers.1.mlp.up_proj.weight'] as TensorLocation;
    const bytes = readFileSync(file);
    // A bfloat16 NaN.
    bytes.writeUInt16LE(0x7fc0, offset + 1000);
    writeFileSync(file, bytes);
    const broken = packed(await describeModel({ name: 'broken', folder: copy })).tensors;
    const place = path.join(folder, 'place');
    await assert.rejects(prepare([place], broken), {
      name: 'StartError',
      message: /^Tensor layers\.1\.mlp\.up_proj\.weight of .* has non-finite values\. Download it again\.$/,
    });
    assert.deepEqual(readdirSync(place), []);
  });

  it('removes what a killed process left behind, and not what another one is writing', async () => {
    const { ready } = await prepare();
    const stem = path.basename(ready.file).slice(0, 21);
    rmSync(ready.file);
    const [old, young] = ['old', 'young'].map((name) => path.join(folder, `${stem}.${name}.incomplete`)) as [
      string,
      string,
    ];
    for (const file of [old, young]) writeFileSync(file, 'x');
    utimesSync(old, new Date(0), new Date(0));
    await prepare();
    const left = [path.basename(ready.file), path.basename(young)].sort();
    assert.deepEqual(readdirSync(folder).sort(), left);
    writeFileSync(old, 'x');
    utimesSync(old, new Date(0), new Date(0));
    assert.deepEqual((await prepare()).kinds, ['ready']);
    assert.deepEqual(readdirSync(folder).sort(), left, 'when nothing had to be made, too');
  });

  it('leaves nothing behind when the process is stopped in the middle', async () => {
    const compiled = (file: string) => JSON.stringify(path.join(packageRoot, 'dist', 'src', file));
    const program = `
      import { describeModel } from ${compiled('formats/describe-model.js')};
      import { formatOf } from ${compiled('formats/formats.js')};
      import { FileHashes } from ${compiled('model-files/file-hashes.js')};
      import { resolveModel } from ${compiled('model-files/resolve-model.js')};
      const manifest = await describeModel(resolveModel('starter'));
      const onEvent = ({ kind }) => kind === 'progress' && process.exit(3);
      const folders = () => [${JSON.stringify(folder)}];
      await formatOf(manifest).prepare(manifest, new Set(['int8']), { folders, files: new FileHashes(), onEvent });
    `;
    const { status } = spawnSync(process.execPath, ['--input-type=module', '-e', program]);
    assert.equal(status, 3);
    assert.deepEqual(readdirSync(folder), []);
  });

  it('lets several make it at once, and ends with one whole file', async () => {
    const all = await Promise.all([prepare(), prepare(), prepare()]);
    const [first] = all;
    for (const { int8 } of all) assert.deepEqual(int8, first?.int8);
    assert.deepEqual(readdirSync(folder), [path.basename(first?.ready.file ?? '')]);
    assert.deepEqual((await prepare()).kinds, ['ready']);
  });
});

describe('prepareInt8() where a folder cannot take the file', () => {
  it('takes the next one, and says why', async () => {
    const file = path.join(folder, 'a-file');
    writeFileSync(file, '');
    const second = path.join(folder, 'second');
    const { kinds, events, ready } = await prepare([path.join(file, '.hotvec'), second]);
    assert.deepEqual(kinds, ['refused', 'quantizing', 'progress', 'ready']);
    assert.match(JSON.stringify(events[0]), /a-file.*cannot be used \(ENOTDIR/);
    assert.equal(path.dirname(ready.file), second);
  });

  it('finds a file made before in any of them, whether it could write there or not', async () => {
    const second = path.join(folder, 'second');
    await prepare([second]);
    assert.deepEqual((await prepare([path.join(folder, 'not there'), second])).kinds, ['ready']);
  });

  it('ends in one line when none is left', async () => {
    const file = path.join(folder, 'a-file');
    writeFileSync(file, '');
    await assert.rejects(prepare([path.join(file, 'x'), path.join(file, 'y')]), (error: Error) => {
      assert.ok(error instanceof StartError);
      assert.match(
        error.message,
        /^There is no room for the int8 weights \(1\.3 MB\)\. .*a-file\/x cannot be used.*a-file\/y/,
      );
      assert.match(error.message, /Set HF_HOME/);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    });
  });

  it('looks at the free space first', async () => {
    const full = async () => ({ bavail: 16, bsize: 4096 });
    const events: Int8Event[] = [];
    const preparing = prepareInt8(tensors, {
      choice: decoderChoice(8),
      folders: [folder],
      files: new FileHashes(),
      onEvent: (event) => events.push(event),
      checkSpace: (place, bytes) => checkFreeSpace(place, bytes, full),
    });
    await assert.rejects(preparing, {
      name: 'StartError',
      message:
        /^There is no room .* needs 1\.3 MB more disk space and a margin of 67\.1 MB, but .* has only 65\.5 kB free\. Free some space/,
    });
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['refused'],
    );
    assert.deepEqual(readdirSync(folder), []);
  });
});

describe('prepareInt8() on a disk', () => {
  let disk: string;
  let isMounted = false;
  before(() => {
    disk = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', disk]).status === 0;
  });
  after(() => {
    if (isMounted) spawnSync('umount', [disk]);
    rmSync(disk, { recursive: true, force: true });
  });

  it('that fills up: takes another one, and leaves nothing on the full one', async (context) => {
    if (!isMounted) return context.skip('mounting a small disk needs root');
    const place = path.join(disk, 'place');
    const run = (folders: string[]) =>
      prepareInt8(tensors, {
        choice: decoderChoice(8),
        folders,
        files: new FileHashes(),
        onEvent: () => {},
        checkSpace: async () => {},
      });
    await assert.rejects(run([place]), { name: 'StartError', message: /The disk of .* is full\. Free some space/ });
    assert.deepEqual(readdirSync(place), []);
    const int8 = await run([place, folder]);
    assert.equal(path.dirname(Object.values(int8)[0]?.values.file ?? ''), folder);
  });

  it('that cannot be written: takes another one', async (context) => {
    const place = path.join(folder, 'read-only');
    mkdirSync(place);
    if (spawnSync('mount', ['--bind', place, place]).status !== 0) return context.skip('mounting needs root');
    try {
      if (spawnSync('mount', ['-o', 'remount,ro,bind', place]).status !== 0) {
        return context.skip('a bind mount cannot be made read-only here');
      }
      const { ready, events } = await prepare([path.join(place, '.hotvec'), folder]);
      assert.match(JSON.stringify(events[0]), /refused.*is not writable \(EROFS/);
      assert.equal(path.dirname(ready.file), folder);
    } finally {
      spawnSync('umount', [place]);
    }
  });
});

function flipBit(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] as number) ^ 1;
  writeFileSync(file, bytes);
}

function valueAt(bytes: Buffer, index: number, dtype: TensorLocation['dtype']): number {
  if (dtype === 'F32') return bytes.readFloatLE(4 * index);
  const bits = bytes.readUInt16LE(2 * index);
  if (dtype === 'BF16') {
    const wide = Buffer.alloc(4);
    wide.writeUInt16LE(bits, 2);
    return wide.readFloatLE(0);
  }
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const magnitude = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -magnitude : magnitude;
}
