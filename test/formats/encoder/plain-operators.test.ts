import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { InferenceSession } from 'onnxruntime-node';
import { sessionOptions } from '../../../src/engine/process/session-options.ts';
import { rowAt, toBatch } from '../../../src/engine/protocol.ts';
import { describeModel } from '../../../src/formats/describe-model.ts';
import type { EncoderWeights } from '../../../src/formats/encoder/encoder-weights.ts';
import { EncoderModel } from '../../../src/formats/encoder/load.ts';
import { writeEncoderGraph } from '../../../src/formats/encoder/write-encoder-graph.ts';
import { writeEmbeddingLookup } from '../../../src/formats/graph-writer/embedding-lookup.ts';
import type { TensorLocation } from '../../../src/model-files/folder/safetensors.ts';
import type { ModelManifest } from '../../../src/model-files/manifest.ts';
import { largestDifference, normalized } from '../../support/difference.ts';
import { encoderFolders } from '../../support/encoder-references.ts';

/** Of a component, of rows of length one. */
const TOLERANCE = 2e-6;

describe('the graphs for devices without the operators of ONNX Runtime itself', () => {
  for (const { name, folder, reference } of encoderFolders()) {
    it(`give the rows of PyTorch on the CPU too, embeddings fed: ${name}`, async (context) => {
      const manifest = (await describeModel({ name, folder }, { pooling: 'mean' })) as ModelManifest<EncoderWeights>;
      if (manifest.format !== 'encoder') return context.skip(`of the format ${manifest.format}`);
      const { weights } = manifest;
      const { graph, fedTable } = writeEncoderGraph(weights, {
        fileName: ({ file }) => path.basename(file),
        operators: 'plain',
        longest: manifest.maxTokens,
        everyRow: true,
      });
      assert.ok(fedTable !== undefined);
      const table = weights.tensors[fedTable] as TensorLocation;
      const options = sessionOptions(
        { device: 'cpu', deviceId: 0, threads: 2, prepacking: true },
        { weightsFolder: path.dirname(table.file) },
      );
      const lookup = await InferenceSession.create(
        writeEmbeddingLookup(table, ({ file }) => path.basename(file)),
        options,
      );
      const session = await InferenceSession.create(graph, options);
      const finish = async (rows: Float32Array) => rows;
      const longestTogether = manifest.maxTokens;
      const model = new EncoderModel({ session, lookup, manifest, finish, longestTogether });
      const { rows } = await model.run(toBatch(reference.sequences.map(({ ids }) => ids)));
      for (const [i, { ids, mean }] of reference.sequences.entries()) {
        const given = normalized(rowAt(rows, i, manifest.hiddenSize));
        const difference = largestDifference(given, normalized(mean));
        assert.ok(difference <= TOLERANCE, `${ids.length} tokens: ${difference}`);
      }
    });
  }
});
