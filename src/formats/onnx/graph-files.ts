import { posix } from 'node:path';
import type { ModelFiles } from '../../model-files/folder/model-files.ts';
import type { Dtype } from '../../model-files/manifest.ts';
import { ONNX_DTYPES, onnxFileNames } from './onnx-file-names.ts';

/** The ONNX graphs of a model: the precision that a file name says → the file, most precise first. */
export function graphFiles(files: ModelFiles): Map<Dtype, string> {
  return new Map(
    ONNX_DTYPES.flatMap((dtype) => {
      const graph = onnxFileNames(dtype).find((file) => files.has(file));
      return graph === undefined ? [] : [[dtype, graph] as const];
    }),
  );
}

/** Encoder and decoder, text and vision: each is a graph of its own, with any precision behind its name. */
const PART = /^(onnx\/)?((encoder|decoder|text|vision|audio)(_with_past)?_model|embed_tokens)[^/]*\.onnx$/;
const MOST_SHOWN = 8;

/** For a refusal: graphs that are each only a part of a model. */
export function graphParts(files: ModelFiles): string[] {
  return [...files.list()]
    .filter((file) => PART.test(file))
    .map((file) => posix.basename(file))
    .slice(0, MOST_SHOWN);
}

/** For a refusal: the graphs among `files` that have other names; '' where there are none. */
export function describeOtherGraphs(files: Iterable<string>): string {
  const graphs = [...files].filter((file) => file.endsWith('.onnx')).sort();
  if (graphs.length === 0) return '';
  const shown = graphs.slice(0, MOST_SHOWN).join(', ');
  const names = ONNX_DTYPES.map((dtype) => onnxFileNames(dtype)[1]).join(', ');
  return ` It has ${shown}${graphs.length > MOST_SHOWN ? ', …' : ''}; hotvec recognizes ${names}, in onnx/ or next to config.json: rename the one to serve.`;
}
