import { writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { readConfig } from '../src/config.ts';
import { PackedModel } from '../src/engine/packed/packed-model.ts';
import { chooseDtype } from '../src/model/choose-dtype.ts';
import { loadManifest } from '../src/model/load-manifest.ts';
import { resolveModel } from '../src/model/resolve-model.ts';
import { packageRoot } from '../src/package-info.ts';
import { loadNativeTokenizer } from '../src/tokenization/native-tokenizer.ts';
import { type EngineBench, measureEngine } from './engine-section.ts';
import { measureEventLoop } from './event-loop-section.ts';
import { gateGolden } from './gate.ts';
import { createGemm } from './gemm.ts';
import { int8Weights, measureInt8 } from './int8-section.ts';
import { measureLatency } from './latency-section.ts';
import { readOptions } from './options.ts';
import { figure, formatReport, type Row } from './report.ts';
import { startService } from './service.ts';
import { measureService } from './service-section.ts';
import { measureStart, memoryRow } from './start-section.ts';
import { openWorkloads } from './workloads.ts';

// `npm run bench`: measures every model named, prints one table, and writes it to RESULTS.md unless it was a quick run.
const options = readOptions();
const wants = (section: string) => options.only.length === 0 || options.only.includes(section);
const rows: Row[] = [];
let inputs = '';
for (const model of options.models) {
  for await (const row of measureModel(model)) {
    rows.push(row);
    // The table comes at the end, and a full run takes a while.
    process.stderr.write(`${row.model}: ${row.measure}: ${row.result} (${row.against})\n`);
  }
}
const report = formatReport(rows, inputs);
console.log(report);
if (!options.quick) writeFileSync(path.join(packageRoot, 'bench', 'RESULTS.md'), report);

async function* measureModel(model: string): AsyncGenerator<Row> {
  const bench = await openBench(model);
  inputs = bench.workloads.source;
  const { name } = bench.manifest;
  const speed = `${figure((await bench.gemm.measure()) / 1e9)} GFLOP/s`;
  yield { model: name, measure: bench.gemm.description, result: speed, against: 'what MFU is a share of' };
  if (wants('engine')) yield* measureEngine(bench);
  if ((wants('engine') || wants('int8')) && options.dtype === 'int8') yield* measureInt8(bench);
  if (wants('service') || wants('latency') || wants('event-loop')) {
    const service = await startService(model, { DEVICE: options.device, DTYPE: options.dtype });
    try {
      if (wants('latency')) yield* measureLatency(bench, service);
      if (wants('service')) yield* measureService(bench, service);
      if (wants('event-loop')) yield* measureEventLoop(bench, service);
      yield memoryRow(name, 'all of that', service);
    } finally {
      await service.stop();
    }
  }
  if (wants('start')) yield* measureStart(model, name, options);
}

/** @throws {GateError} when the model's vectors are wrong: then there is no speed to report. */
async function openBench(name: string): Promise<EngineBench> {
  const location = resolveModel(name);
  const manifest = await loadManifest(location);
  if (manifest.weights.kind !== 'packed')
    throw new Error(`${name} is an ONNX export; the benchmark measures the packed path.`);
  const tokenizer = await loadNativeTokenizer(manifest.tokenizerFile);
  // As the service sets it up, which runs with its defaults.
  const maxTokens = Math.min(8192, manifest.maxTokens);
  const { device } = options;
  const dtype = chooseDtype(manifest.weights, device, options.dtype);
  const { hfHome } = readConfig(process.env);
  const weights = dtype === 'int8' ? await int8Weights(location, manifest.weights, hfHome) : manifest.weights;
  // Int8 is compared with what the machine does in fp32.
  const gemmDtype = dtype === 'int8' ? 'fp32' : dtype;
  const model = await PackedModel.load(weights, {
    device,
    deviceId: 0,
    dtype,
    threads: 0,
    maxTokens,
    maxBatchTokens: 1_024,
    prepacking: true,
    mustBeatCpu: false,
  });
  if (manifest.name === 'starter') await gateGolden(model, manifest.hiddenSize, { device, dtype });
  return {
    model,
    manifest,
    weights,
    workloads: await openWorkloads(tokenizer, manifest.vocabularySize),
    gemm: await createGemm(weights.architecture.hiddenSize, weights.architecture.intermediateSize, {
      device,
      dtype: gemmDtype,
    }),
    options,
  };
}
