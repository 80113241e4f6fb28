import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Canary, ScoreCanary } from '../canary.ts';
import type { FileHashes } from '../file-hashes.ts';
import { RELEASES, type Release } from './published-hashes.ts';
import { qwen3RerankerScores } from './published-scores.ts';

/** Vectors that someone published, as far as they did. */
export interface PublishedVectors {
  /** Who published them, where, and what computed them. */
  source: string;
  /** Largest difference to be expected in a component: they were rounded, or computed by another program. */
  tolerance: number;
  cases: {
    text: string;
    /** Whether the model's query prompt stands before the text. */
    isQuery: boolean;
    /** The first components of the L2-normalized vector. */
    components: number[];
  }[];
}

/** What is known of a model's vectors from others than hotvec. Facts of public pages, Apache-2.0 where code. */
export interface PublishedTruth {
  model: string;
  /** By it the model's files are known again, wherever they lie. */
  release: Release;
  /** Checked before the model is served; null of a reranker. */
  canary: Canary | null;
  /** The same, of a reranker. */
  scoreCanary?: ScoreCanary;
  /** Shown by `hotvec verify`. */
  vectors: PublishedVectors[];
}

const QUERY_PROMPT = 'Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:';

export const PUBLISHED_TRUTHS: PublishedTruth[] = [
  {
    model: 'Qwen/Qwen3-Embedding-0.6B',
    release: RELEASES['Qwen/Qwen3-Embedding-0.6B'],
    canary: {
      reference: "the model card's score matrix (transformers, float32)",
      tolerance: 2e-3,
      cases: [
        {
          text: `${QUERY_PROMPT}What is the capital of China?`,
          ids: [
            641, 1235, 25, 16246, 264, 3482, 2711, 3239, 11, 17179, 9760, 46769, 429, 4226, 279, 3239, 198, 2859, 25,
            3838, 374, 279, 6722, 315, 5616, 30, 151643,
          ],
          vector: [],
        },
        {
          text: `${QUERY_PROMPT}Explain gravity`,
          ids: [
            641, 1235, 25, 16246, 264, 3482, 2711, 3239, 11, 17179, 9760, 46769, 429, 4226, 279, 3239, 198, 2859, 25,
            840, 20772, 23249, 151643,
          ],
          vector: [],
        },
        { text: 'The capital of China is Beijing.', ids: [785, 6722, 315, 5616, 374, 26549, 13, 151643], vector: [] },
        {
          text: 'Gravity is a force that attracts two bodies towards each other. It gives weight to physical objects and is responsible for the movement of planets around the sun.',
          ids: [
            38409, 374, 264, 5344, 429, 60091, 1378, 12866, 6974, 1817, 1008, 13, 1084, 6696, 4680, 311, 6961, 6171,
            323, 374, 8480, 369, 279, 7203, 315, 32875, 2163, 279, 7015, 13, 151643,
          ],
          vector: [],
        },
      ],
      scores: {
        queries: [0, 1],
        documents: [2, 3],
        // README.md of QwenLM/Qwen3-Embedding at f4ad0c43, "Transformers Usage".
        cosines: [
          [0.7645568251609802, 0.14142508804798126],
          [0.13549736142158508, 0.5999549627304077],
        ],
        tolerance: 2e-3,
        halfPrecisionTolerance: 5e-3,
      },
    },
    vectors: [
      {
        source: 'fastembed, float32 (qdrant/fastembed at c48247f1, tests/test_text_onnx_embeddings.py)',
        tolerance: 1e-3,
        cases: [
          {
            text: 'hello world',
            isQuery: false,
            components: [-0.01476084, 0.01723184, -0.01195498, -0.07275258, 0.00281229],
          },
          {
            text: 'hello world',
            isQuery: true,
            components: [-0.01908712, 0.01635596, -0.00356586, -0.03947155, -0.01387356],
          },
        ],
      },
      {
        source:
          'sentence-transformers, rounded to 5 decimals (a test of medialab-sciencespo, Qwen3-Embedding-0.6B-ONNX)',
        tolerance: 1e-3,
        cases: [
          {
            text: 'Yuzu is a citrus fruit and plant in the family Rutaceae of Chinese origin.',
            isQuery: false,
            components: [-0.03746, 0.07047, -0.00833, -0.00348, 0.02958],
          },
          {
            text: "Le yuzu est un agrume acide originaire de l'est de l'Asie.",
            isQuery: false,
            components: [-0.00964, 0.05086, -0.0024, -0.00086, 0.00859],
          },
          {
            text: "Yuzukoshō (柚子胡椒 / ゆずこしょう?, aussi yuzugoshō) est un type d'assaisonnement nippon.",
            isQuery: false,
            components: [0.06019, -0.03181, -0.00608, 0.02732, 0.0169],
          },
          {
            text: 'Yuzu koshō (柚子胡椒; also yuzu goshō) is a type of Japanese seasoning.',
            isQuery: false,
            components: [0.02755, 0.01381, -0.00894, -0.00323, -0.00154],
          },
          {
            text: 'Le Cochon est un documentaire français de moyen métrage coréalisé par Jean-Michel Barjol et Jean Eustache, sorti en 1970.',
            isQuery: false,
            components: [0.05729, -0.0534, -0.00716, 0.05947, 0.04664],
          },
          {
            text: "Le Cochon ('The Pig') is a fifty-minute featurette co-directed by Jean Eustache and Jean-Michel Barjol in 1970.",
            isQuery: false,
            components: [0.05684, -0.04139, -0.00813, 0.03242, 0.06028],
          },
        ],
      },
      {
        source:
          'text-embeddings-inference, float32 on a CPU (huggingface/text-embeddings-inference at 0d124dc9, test_qwen3 snapshot)',
        tolerance: 1e-3,
        cases: [
          {
            text: 'What is Deep Learning?',
            isQuery: false,
            components: [
              -0.0157214, -0.0319099, -0.010947, -0.0669549, -0.0175254, 0.0646378, -0.0621245, 0.0034428, -0.0732076,
              0.0166457, 0.0278503, -0.0690681, -0.0032986, -0.0095885, -0.0543253, 0.0647097,
            ],
          },
          {
            text: 'Deep Learning is...',
            isQuery: false,
            components: [
              -0.0287739, -0.0028681, -0.0113158, -0.0710373, -0.0002223, 0.051849, -0.06352, 0.0055726, -0.0655548,
              0.0180454, 0.0312926, -0.0692306, 0.0088287, -0.0107637, -0.0493373, 0.0740462,
            ],
          },
        ],
      },
    ],
  },
  {
    model: 'Qwen/Qwen3-Reranker-0.6B',
    release: RELEASES['Qwen/Qwen3-Reranker-0.6B'],
    canary: null,
    scoreCanary: qwen3RerankerScores,
    vectors: [],
  },
];

/**
 * What is published about a model, wherever its files are and whatever it is called: the weights' hash says which it
 * is. Gigabytes are only hashed where config.json and their size are already those of a known model.
 * @param weightFiles those that an engine may load.
 */
export async function findPublishedTruth(
  { folder, weightFiles }: { folder: string; weightFiles: readonly string[] },
  files: FileHashes,
  truths: readonly PublishedTruth[] = PUBLISHED_TRUTHS,
): Promise<PublishedTruth | undefined> {
  const [file, ...others] = new Set(weightFiles);
  if (file === undefined || others.length > 0) return undefined;
  const { size } = await stat(file);
  const ofSize = truths.filter(({ release }) => release.weightsBytes === size);
  // Not every model has one; those that are known have.
  if (ofSize.length === 0) return undefined;
  const config = await files.of(path.join(folder, 'config.json'));
  const truth = ofSize.find(({ release }) => (release.files['config.json'] ?? config) === config);
  if (truth === undefined) return undefined;
  return (await files.of(file)) === truth.release.files['model.safetensors'] ? truth : undefined;
}
