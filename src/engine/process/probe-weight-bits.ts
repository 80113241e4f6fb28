import process from 'node:process';
import { findWrongProducts } from './probe-products.ts';
import { sessionOptions } from './session-options.ts';

// Entry of a process of its own, for the main process does not load ONNX Runtime: prints how many bits a weight of hotvec's
// integer products may have on this processor, 7 or 8. Started by formats/own-graph/weight-bits.ts.

const OPSET = 21;
const options = sessionOptions({ device: 'cpu', deviceId: 0, threads: 1, prepacking: true });
const wrong = await findWrongProducts(OPSET, options);
process.stdout.write(wrong.includes('MatMulIntegerToFloat') ? '7' : '8');
