import type { ScoreCanary } from '../canary.ts';

const QUERY = 'Which planet is known as the Red Planet?';
/** Qwen3-Reranker's template with that query, up to the document. */
const BEFORE = [
  151644, 8948, 198, 60256, 3425, 279, 11789, 20027, 279, 8502, 3118, 389, 279, 11361, 323, 279, 758, 1235, 3897, 13,
  7036, 429, 279, 4226, 646, 1172, 387, 330, 9693, 1, 476, 330, 2152, 3263, 151645, 198, 151644, 872, 198, 27, 641,
  1235, 26818, 16246, 264, 3482, 2711, 3239, 11, 17179, 9760, 46769, 429, 4226, 279, 3239, 198, 27, 2859, 26818, 15920,
  11580, 374, 3881, 438, 279, 3731, 28835, 5267, 75692, 26818,
];
/** And what follows the document. */
const AFTER = [151645, 198, 151644, 77091, 198, 151667, 271, 151668, 271];

function pairOf(document: string, ids: readonly number[], score: number): ScoreCanary['cases'][number] {
  return { query: QUERY, document, ids: [...BEFORE, ...ids, ...AFTER], score };
}

/** Of Qwen3-Reranker-0.6B. A fact of a public page; the token ids are transformers'. */
export const qwen3RerankerScores: ScoreCanary = {
  // test_qwen3_reranker_original_with_identity_activation in tests/cross_encoder/test_model.py of huggingface/sentence-transformers.
  reference: "sentence-transformers' own test (float32)",
  cases: [
    pairOf(
      "Venus is often called Earth's twin because of its similar size and proximity.",
      [48976, 374, 3545, 2598, 9237, 594, 27397, 1576, 315, 1181, 4428, 1379, 323, 36743, 13],
      -3.109297752380371,
    ),
    pairOf(
      'Mars, known for its reddish appearance, is often referred to as the Red Planet.',
      [21048, 11, 3881, 369, 1181, 62144, 812, 11094, 11, 374, 3545, 13862, 311, 438, 279, 3731, 28835, 13],
      7.120389938354492,
    ),
    pairOf(
      'Jupiter, the largest planet in our solar system, has a prominent red spot.',
      [49689, 11, 279, 7772, 11580, 304, 1039, 12941, 1849, 11, 702, 264, 20469, 2518, 7702, 13],
      -0.3787546157836914,
    ),
    pairOf(
      'Saturn, famous for its rings, is sometimes mistaken for the Red Planet.',
      [49153, 11, 11245, 369, 1181, 24544, 11, 374, 7025, 36004, 369, 279, 3731, 28835, 13],
      3.541637420654297,
    ),
  ],
  // Computed on a GPU. Scores of this size move by about 0.1 in bfloat16.
  tolerance: { single: 5e-3, half: 0.3, quantized: 1 },
};
