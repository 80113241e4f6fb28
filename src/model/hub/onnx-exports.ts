import { StartError } from '../../errors.ts';
import type { Dtype } from '../manifest.ts';
import { ONNX_DTYPES, onnxFileNames, TRANSFORMERS_JS_DTYPES } from '../onnx-file-names.ts';

/** 2 GB each: more than any embedding model has. */
const MAX_DATA_FILES = 1_000;

/**
 * The ONNX exports of a repository: precision → graph and external data, most precise first.
 *
 * Which files a precision consists of is the knowledge of transformers.js, asked with the repository's own config.json;
 * it touches neither network nor disk for that. Exports it would not find, a graph in the root folder or data files that
 * config.json does not mention, are found by name.
 *
 * @param paths every file of the repository.
 * @throws {StartError} for a model of several graphs, and for an export whose data files are missing.
 */
export async function findOnnxExports(
  repository: string,
  config: Record<string, unknown>,
  paths: ReadonlySet<string>,
): Promise<Map<Dtype, string[]>> {
  const exports = new Map<Dtype, string[]>();
  if (![...paths].some((path) => path.endsWith('.onnx'))) return exports;
  // Loaded here only: it takes a second and brings an image library along.
  const { env, LogLevel, ModelRegistry } = await import('@huggingface/transformers');
  env.allowRemoteModels = false;
  env.allowLocalModels = false;
  env.logLevel = LogLevel.ERROR;
  refuseManyDataFiles(repository, config);
  for (const dtype of ONNX_DTYPES) {
    const names = onnxFileNames(dtype);
    const name = names.find((one) => paths.has(one));
    if (!TRANSFORMERS_JS_DTYPES.includes(dtype)) {
      if (name !== undefined) exports.set(dtype, [name, ...[...paths].filter((path) => isDataOf(path, name))]);
      continue;
    }
    // A type for the library: it reads what is there.
    const files = await ModelRegistry.get_model_files(repository, {
      config: config as never,
      dtype: dtype as never,
      device: 'cpu',
    });
    const graphs = files.filter((file) => file.endsWith('.onnx'));
    if (graphs.length !== 1 || graphs[0] !== names[0]) {
      if (name === undefined && !graphs.some((graph) => paths.has(graph))) continue;
      throw new StartError(
        `${repository} computes with ${graphs.map((graph) => graph.split('/').at(-1)).join(', ')}: hotvec serves text-embedding models of one graph. Choose another model.`,
      );
    }
    if (name === undefined) continue;
    const announced = name === names[0] ? files.filter((file) => file.startsWith(`${name}_data`)) : [];
    const missing = announced.find((file) => !paths.has(file));
    if (missing !== undefined) {
      throw new StartError(
        `${repository} lacks ${missing}, which its config.json says belongs to ${name}. Choose another DTYPE or revision.`,
      );
    }
    const found = [...paths].filter((path) => isDataOf(path, name));
    exports.set(dtype, [name, ...new Set([...announced, ...found])]);
  }
  return exports;
}

/** transformers.js makes a list as long as config.json says, by precision or for all. */
function refuseManyDataFiles(repository: string, config: Record<string, unknown>): void {
  const settings = config['transformers.js_config'] as { use_external_data_format?: unknown } | undefined | null;
  const counts = [settings?.use_external_data_format ?? 0].flatMap((one) =>
    typeof one === 'object' && one !== null ? Object.values(one) : [one],
  );
  const tooMany = counts.find((count) => Number(count) > MAX_DATA_FILES);
  if (tooMany === undefined) return;
  throw new StartError(
    `${repository}: config.json says that a graph has ${tooMany} data files; hotvec believes in ${MAX_DATA_FILES} at most. Choose another revision.`,
  );
}

/** `model.onnx_data`, `model.onnx_data_1` (transformers.js), `model.onnx.data` (PyTorch's exporter). */
function isDataOf(path: string, graph: string): boolean {
  return path.startsWith(graph) && /^(_data(_\d+)?|\.data)$/.test(path.slice(graph.length));
}
