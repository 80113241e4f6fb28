import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { sessionOptions } from '../src/engine/process/session-options.ts';
import { toBatch } from '../src/engine/protocol.ts';
import { planInputs } from '../src/formats/onnx/graph-inputs.ts';

// Writes what ONNX Runtime's profiler says of an ONNX export on WebGPU, of equal operators only the first:
//   node dist/scripts/make-profile-fixture.js GRAPH.onnx PROFILE.json
// On SwiftShader with VK_ICD_FILENAMES as in test/support/software-vulkan.ts. test/fixtures/profiles/ was written by
// onnxruntime-node 1.30.0 for three graphs of test/fixtures/padded/ and for bert-fused: a BertModel of transformers
// 4.57.6 (2 layers, 4 heads, hidden size 256), exported by torch.onnx and then fused by onnxruntime.transformers.optimizer.

interface TraceEvent {
  cat: string;
  name: string;
  args: Record<string, unknown>;
}

const KEPT = ['op_name', 'provider', 'input_type_shape', 'output_type_shape', 'activation_size', 'parameter_size'];

const [graphFile, profileFile] = process.argv.slice(2);
if (graphFile === undefined || profileFile === undefined) throw new Error('GRAPH.onnx PROFILE.json');
const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
const session = await InferenceSession.create(graphFile, {
  ...sessionOptions({ device: 'webgpu', deviceId: 0, threads: 1, prepacking: true }, { allowCpuNodes: true }),
  enableProfiling: true,
  profileFilePrefix: path.join(folder, 'profile'),
});
const layout = { batchSize: 2, longest: 4, lengths: Int32Array.of(4, 2) };
await session.run(
  planInputs(session.inputMetadata, 0)(
    toBatch([
      [0, 1, 2, 3],
      [0, 1],
    ]),
    layout,
  ),
);
session.endProfiling();
const events = JSON.parse(readFileSync(path.join(folder, readdirSync(folder)[0] as string), 'utf8')) as TraceEvent[];
const excerpt = new Map<string, TraceEvent>();
for (const { args, ...event } of events) {
  const kept = Object.fromEntries(KEPT.filter((key) => key in args).map((key) => [key, args[key]]));
  const key = event.cat + JSON.stringify(kept);
  if (!excerpt.has(key)) excerpt.set(key, { ...event, args: kept });
}
writeFileSync(profileFile, `[\n${[...excerpt.values()].map((event) => JSON.stringify(event)).join(',\n')}\n]\n`);
