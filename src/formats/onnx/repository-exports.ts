import { posix } from 'node:path';
import { StartError } from '../../errors.ts';
import type { Dtype } from '../../model-files/manifest.ts';
import { ONNX_DTYPES, onnxFileNames, TRANSFORMERS_JS_DTYPES } from './onnx-file-names.ts';

/** 2 GB each: more than any embedding model has. */
const MAX_DATA_FILES = 1_000;

/**
 * The ONNX exports of a repository: precision → graph and external data, most precise first.
 *
 * Data files are those that lie beside a graph under its name, and those that config.json announces. The graph names them
 * itself, once it is there.
 *
 * @param paths every file of the repository.
 * @throws {StartError} for a model of several graphs, and for an export whose announced data files are missing.
 */
export function findOnnxExports(
  repository: string,
  config: Record<string, unknown>,
  paths: ReadonlySet<string>,
): Map<Dtype, string[]> {
  const exports = new Map<Dtype, string[]>();
  for (const dtype of ONNX_DTYPES) {
    const names = onnxFileNames(dtype);
    const graph = names.find((one) => paths.has(one));
    if (graph === undefined) continue;
    const isTransformersJs = TRANSFORMERS_JS_DTYPES.includes(dtype) && graph === names[0];
    const announced = isTransformersJs ? announcedData(repository, config, graph) : [];
    const missing = announced.find((file) => !paths.has(file));
    if (missing !== undefined) {
      throw new StartError(
        `${repository} lacks ${missing}, which its config.json says belongs to ${graph}. Choose another DTYPE or revision.`,
      );
    }
    const found = [...paths].filter((path) => isDataOf(path, graph));
    exports.set(dtype, [graph, ...new Set([...announced, ...found])]);
  }
  if (exports.size === 0) refuseParts(repository, paths);
  return exports;
}

/**
 * What config.json says for transformers.js, which wrote it or reads it: a number of data files for each graph, or one by
 * the graph's file name or its name without precision; `true` is one file.
 */
function announcedData(repository: string, config: Record<string, unknown>, graph: string): string[] {
  const settings = config['transformers.js_config'] as { use_external_data_format?: unknown } | undefined | null;
  const format = settings?.use_external_data_format ?? 0;
  const counts = new Map(typeof format === 'object' && format !== null ? Object.entries(format) : []);
  const given = typeof format === 'object' ? (counts.get(posix.basename(graph)) ?? counts.get('model')) : format;
  const count = Number(given ?? 0);
  if (count > MAX_DATA_FILES) {
    throw new StartError(
      `${repository}: config.json says that a graph has ${count} data files; hotvec believes in ${MAX_DATA_FILES} at most. Choose another revision.`,
    );
  }
  return Array.from({ length: count > 0 ? count : 0 }, (_, i) => `${graph}_data${i === 0 ? '' : `_${i}`}`);
}

/** `model.onnx_data`, `model.onnx_data_1` (transformers.js), `model.onnx.data` (PyTorch's exporter). */
function isDataOf(path: string, graph: string): boolean {
  return path.startsWith(graph) && /^(_data(_\d+)?|\.data)$/.test(path.slice(graph.length));
}

/** Encoder and decoder, text and vision: each is a graph of its own, with any precision behind its name. */
const PART = /^(onnx\/)?((encoder|decoder|text|vision|audio)(_with_past)?_model|embed_tokens)[^/]*\.onnx$/;

function refuseParts(repository: string, paths: ReadonlySet<string>): void {
  const parts = [...paths].filter((path) => PART.test(path)).map((path) => posix.basename(path));
  if (parts.length === 0) return;
  throw new StartError(
    `${repository} has the ONNX graphs ${parts.slice(0, 8).join(', ')}: hotvec serves text-embedding models of one graph, model.onnx. Choose another model.`,
  );
}
