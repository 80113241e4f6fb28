import type { TaskName } from '../src/model-files/manifest.ts';
import { measureBatcher } from './batcher-section.ts';
import { measureClosedLoop } from './closed-loop-section.ts';
import { measureRepeats } from './dup-section.ts';
import { measureEngine } from './engine-section.ts';
import { measureEventLoop } from './event-loop-section.ts';
import { measureGemm } from './gemm-section.ts';
import { measureGrowth } from './growth-section.ts';
import { measureInt8 } from './int8-section.ts';
import { measureLatency } from './latency-section.ts';
import { measureMemory } from './memory-section.ts';
import type { EngineBench } from './open-bench.ts';
import { measureOpenLoop } from './open-loop-section.ts';
import { measurePeers } from './peers-section.ts';
import type { Row } from './report.ts';
import { measureRerankInt8 } from './rerank-int8-section.ts';
import { measureReranking } from './rerank-section.ts';
import { measureRerankService } from './rerank-service-section.ts';
import { measureSaturation } from './saturation-section.ts';
import { measureStart } from './start-section.ts';
import { measureStatic } from './static-section.ts';
import { measureUnderBulk } from './under-bulk-section.ts';
import { measureWire } from './wire-section.ts';

/** Measures one thing of one model, and yields each line of the table as soon as it is known. */
export type Section = (bench: EngineBench) => AsyncGenerator<Row>;

/** Everything that `npm run bench` measures of the models of a task, in this order. A new section is a line here. */
export const SECTIONS: Record<TaskName, Record<string, Section>> = {
  embed: {
    gemm: measureGemm,
    engine: measureEngine,
    int8: measureInt8,
    batcher: measureBatcher,
    start: measureStart,
    latency: measureLatency,
    'closed-loop': measureClosedLoop,
    'open-loop': measureOpenLoop,
    saturation: measureSaturation,
    'under-bulk': measureUnderBulk,
    memory: measureMemory,
    'event-loop': measureEventLoop,
    wire: measureWire,
    dup: measureRepeats,
    static: measureStatic,
    growth: measureGrowth,
    peers: measurePeers,
  },
  rerank: {
    gemm: measureGemm,
    rerank: measureReranking,
    'rerank-int8': measureRerankInt8,
    'rerank-service': measureRerankService,
    memory: measureMemory,
  },
};
