import { InferenceSession } from 'onnxruntime-node';
import { findWrongProducts, PRODUCT_OPERATORS } from '../../engine/process/probe-products.ts';
import { sessionOptions } from '../../engine/process/session-options.ts';
import type { EngineSettings } from '../../engine/protocol.ts';
import { messageOf, StartError } from '../../errors.ts';
import { hasWideValues } from './int8-tensors.ts';
import { readOnnxFacts } from './onnx-facts.ts';

/**
 * Loads an export for the CPU. ONNX Runtime's sums of products of unsigned and signed bytes overflow on x86-64 processors
 * without VNNI, and the vectors are wrong. Where some products, computed to see it, come out so, it is asked for exact
 * ones, which take longer (docs/decisions/0101).
 *
 * @param others precisions that the folder has besides this one, for the refusal.
 * @throws {StartError} for weights that would overflow all the same.
 */
export async function createCpuSession(
  graphFile: string,
  settings: EngineSettings,
  others: readonly string[],
): Promise<InferenceSession> {
  const options = sessionOptions(settings);
  const { operators, opset, int8Tensors } = readOnnxFacts(graphFile);
  const products = PRODUCT_OPERATORS.filter((operator) => operators.has(operator));
  if (products.length === 0 || (await findWrongProducts(opset, options)).length === 0) {
    return InferenceSession.create(graphFile, options);
  }
  const refusal = (detail: string) => {
    const another = others.length === 0 ? 'Use' : `Set DTYPE to another one in the folder (${others.join(', ')}), use`;
    return new StartError(
      `DTYPE=${settings.dtype}: the 8-bit weights of this export overflow in this processor's integer products, for it has no VNNI, and ONNX Runtime has no exact ones for it (${detail}). ${another} an export made with reduce_range, or a processor with AVX-512 VNNI or AVX-VNNI.`,
    );
  };
  const exactOptions = sessionOptions(settings, { exactProducts: true });
  const wrong = await findWrongProducts(opset, exactOptions);
  const inexact = products.filter((operator) => wrong.includes(operator));
  if (inexact.length > 0 && hasWideValues(int8Tensors)) throw refusal(`${inexact.join(', ')} of opset ${opset}`);
  try {
    return await InferenceSession.create(graphFile, exactOptions);
  } catch (error) {
    // Weights or zero points that several products share, for one: ONNX Runtime 1.30 converts them twice, and fails.
    throw hasWideValues(int8Tensors) ? refusal(messageOf(error).trim()) : error;
  }
}
