import assert from 'node:assert/strict';
import { largestDifference, normalized } from './difference.ts';
import { hashRow } from './hash-row.ts';
import type { RunningService } from './running-service.ts';
import { SeededRandom } from './seeded-random.ts';

/** A request of token ids, whose vectors the fake engine derives from them: a wrong one has another owner. */
export interface Request {
  input: number[][];
  headers?: Record<string, string>;
}

export interface Answer {
  status: number;
  code: string | null;
  headers: Headers;
}

/** Sends a request; every vector of a 200 is asserted to be its own input's, finite and of length 1. */
export async function ask(service: RunningService, { input, headers = {} }: Request): Promise<Answer> {
  const response = await service.post('/v1/embeddings', { input, token_ids: 'as_is' }, headers);
  const body = (await response.json()) as {
    data?: { index: number; embedding: number[] }[];
    error?: { code: string };
  };
  if (response.status === 200) {
    assert.equal(body.data?.length, input.length);
    for (const [i, { index, embedding }] of (body.data ?? []).entries()) {
      assert.equal(index, i);
      const expected = normalized(hashRow(Int32Array.from(input[i] as number[]), embedding.length));
      assert.ok(largestDifference(embedding, expected) < 1e-6, 'the vector of another input');
    }
  }
  return { status: response.status, code: body.error?.code ?? null, headers: response.headers };
}

/**
 * Asks that no other does: a client of its own tokens. `mark`: a token that every input has; there are several then, so
 * that what fails is a batch and not for certain its only input.
 */
export function inputsOf(client: number, request: number, random: SeededRandom, mark?: number): number[][] {
  return Array.from({ length: random.integer(mark === undefined ? 1 : 2, 6) }, (_, i) => [
    mark ?? 7,
    1_000 + client,
    2_000 + request,
    3_000 + i,
    ...Array.from({ length: random.integer(0, 20) }, () => random.integer(4_000, 9_000)),
  ]);
}

/**
 * Clients that ask one after the other, until each was answered so many times.
 * @param mark a token of every input of each client's third request.
 */
export async function askAll(
  service: RunningService,
  clients: number,
  requests: number,
  mark?: number,
): Promise<Answer[]> {
  const answers = await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      const random = new SeededRandom(client);
      const own: Answer[] = [];
      for (let request = 0; request < requests; request++) {
        own.push(await ask(service, { input: inputsOf(client, request, random, request === 2 ? mark : undefined) }));
      }
      return own;
    }),
  );
  return answers.flat();
}
