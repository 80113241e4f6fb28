import process from 'node:process';
import { parseArgs } from 'node:util';
import { TASK_NAMES, type TaskName } from '../src/model-files/manifest.ts';
import type { Server } from './api-server.ts';

export interface AgainstOptions {
  /** What the servers are compared at. */
  task: TaskName;
  servers: [Server, Server];
  /** A file of texts, one a line; undefined: the repository's own. */
  texts: string | undefined;
  noGate: boolean;
  lowestCosine: number;
  /** What scores may differ by. */
  tolerance: number;
  clients: number;
  /** Texts of a request that embeds. */
  batch: number;
  /** Documents of a request that reranks. */
  documents: number;
  seconds: number;
  rounds: number;
  format: 'float' | 'base64';
}

const USAGE = `node dist/bench/against.js --url A --url B [--model-a NAME] [--model-b NAME] [--key-a KEY] [--key-b KEY]
       [--texts FILE] [--clients N] [--seconds N] [--rounds N] [--no-gate]
       [--batch N] [--format float|base64] [--cosine N] | --task rerank [--documents N] [--tolerance N]

Compares two running servers that embed by OpenAI's API, or that rerank: the same texts to both, taking turns A B B A.

--url:      twice, A and B, e.g. http://127.0.0.1:8080; /v1 at the end is optional.
--model-*:  the model to ask for; left out, the first that the server lists.
--key-*:    sent as "Authorization: Bearer"; left out, HOTVEC_KEY_A and HOTVEC_KEY_B of the environment.
--texts:    a file with one text a line; left out, pieces of this repository's documents.
--clients:  requests at a time (8).      --batch: texts a request (16).      --documents: documents a request (32).
--seconds:  length of a turn on the slower server (3).      --rounds: each is four turns (5).
--cosine:   lowest at which the two models count as the same (0.999).
--tolerance: what scores may differ by, between the servers, and alone and together (0.01).
--no-gate:  measure even where the vectors or scores are different or depend on the batch.
`;

/** Ends the process with the usage where the arguments make no sense. */
export function readAgainstOptions(): AgainstOptions {
  try {
    return parse();
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

function parse(): AgainstOptions {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      url: { type: 'string', multiple: true, default: [] },
      'model-a': text,
      'model-b': text,
      'key-a': text,
      'key-b': text,
      task: { type: 'string', default: 'embed' },
      texts: text,
      clients: { type: 'string', default: '8' },
      batch: { type: 'string', default: '16' },
      documents: { type: 'string', default: '32' },
      seconds: { type: 'string', default: '3' },
      rounds: { type: 'string', default: '5' },
      format: { type: 'string', default: 'base64' },
      cosine: { type: 'string', default: '0.999' },
      tolerance: { type: 'string', default: '0.01' },
      'no-gate': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    process.exit(0);
  }
  const [urlA, urlB] = values.url;
  if (urlA === undefined || urlB === undefined || values.url.length > 2) {
    throw new Error(`--url must be given twice; got ${values.url.length}.`);
  }
  const { format } = values;
  if (format !== 'float' && format !== 'base64') throw new Error(`--format is float or base64, not ${format}.`);
  const task = TASK_NAMES.find((name) => name === values.task);
  if (task === undefined) throw new Error(`--task is ${TASK_NAMES.join(' or ')}, not ${values.task}.`);
  const { HOTVEC_KEY_A, HOTVEC_KEY_B } = process.env;
  return {
    task,
    servers: [
      server('A', urlA, values['model-a'], values['key-a'] ?? HOTVEC_KEY_A),
      server('B', urlB, values['model-b'], values['key-b'] ?? HOTVEC_KEY_B),
    ],
    texts: values.texts,
    noGate: values['no-gate'],
    lowestCosine: number('cosine', values.cosine),
    tolerance: number('tolerance', values.tolerance),
    clients: count('clients', values.clients),
    batch: count('batch', values.batch),
    documents: count('documents', values.documents),
    seconds: number('seconds', values.seconds),
    rounds: count('rounds', values.rounds),
    format,
  };
}

function server(name: string, url: string, model: string | undefined, key: string | undefined): Server {
  return { name, url, ...(model === undefined ? {} : { model }), ...(key === undefined ? {} : { key }) };
}

function number(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value > 0)) throw new Error(`--${name} is a number above 0, not ${text}.`);
  return value;
}

function count(name: string, text: string): number {
  const value = number(name, text);
  if (!Number.isInteger(value)) throw new Error(`--${name} must be an integer; got ${text}.`);
  return value;
}
