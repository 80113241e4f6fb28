import { formatTable } from '../format-table.ts';
import { figure, mebibytes, milliseconds } from '../report.ts';
import type { Accuracy } from './gate-peer.ts';

/** A load on hotvec in a precision and on a peer, taking turns. */
export interface LoadLine {
  /** hotvec's precision. */
  precision: string;
  load: string;
  /** hotvec, then the peer. */
  tokensPerSecond: readonly [number, number];
  p50: readonly [number, number];
  /** Tokens per second of hotvec ÷ those of the peer: the median of the rounds. */
  ratio: number;
  rounds: number;
  /** Requests that failed, of hotvec and of the peer. */
  failures: readonly [number, number];
}

/** What one server is like: hotvec in a precision, or the peer. */
export interface ServerLine {
  name: string;
  accuracy: Accuracy;
  /** Bytes of all processes, when the gate was passed and after the loads; null: not known on this system. */
  memory: readonly [number | null, number | null];
}

/** What is known of a model on a peer. */
export interface PeerSection {
  model: string;
  title: string;
  /** When, where and with which versions it was taken: whole sentences. */
  taken: string;
  loads: readonly LoadLine[];
  servers: readonly ServerLine[];
  /** What the gate has against a server. */
  complaints: readonly string[];
  /** Why it was not measured; undefined: it was. */
  failure?: string;
}

const PREAMBLE = `# hotvec and its peers

Made by \`npm run bench:peers\`, one section for each model and peer, each with what it was taken on; how to read it: README.md
beside this file.
`;

/** The section in Markdown. */
export function formatSection(section: PeerSection): string {
  const { taken, loads, servers, complaints, failure } = section;
  const parts = [titleOf(section), taken];
  if (failure !== undefined) parts.push(`**Not measured.** ${failure}`);
  for (const complaint of complaints) parts.push(`**Wrong:** ${complaint}`);
  if (loads.length > 0) {
    const header = [
      'hotvec in',
      'load',
      'hotvec, tokens/s',
      'peer, tokens/s',
      'hotvec ÷ peer',
      'p50 of hotvec',
      'of the peer',
      'rounds',
    ];
    parts.push(formatTable([header, ...loads.map(describeLoad)]));
  }
  if (servers.length > 0) {
    const header = [
      '',
      'lowest cosine to PyTorch',
      'alone against in a batch',
      'token counts',
      'PSS loaded',
      'PSS after the loads',
    ];
    parts.push(formatTable([header, ...servers.map(describeServer)]));
  }
  return `${parts.join('\n\n')}\n`;
}

/** The report with the sections in it, each in the place of the one of the same model and peer, or at the end. */
export function mergeSections(report: string | undefined, sections: readonly PeerSection[]): string {
  const parts = (report ?? '').split(/^(?=## )/m).filter((part) => part.startsWith('## '));
  for (const section of sections) {
    const text = formatSection(section);
    const place = parts.findIndex((part) => part.split('\n', 1)[0] === titleOf(section));
    if (place === -1) parts.push(text);
    else parts[place] = text;
  }
  return [PREAMBLE, ...parts.map((part) => `${part.trimEnd()}\n`)].join('\n');
}

function titleOf({ model, title }: PeerSection): string {
  return `## ${model}: ${title}`;
}

function describeLoad({ precision, load, tokensPerSecond, p50, ratio, rounds, failures }: LoadLine): string[] {
  const of = (side: 0 | 1) =>
    figure(tokensPerSecond[side]) + (failures[side] === 0 ? '' : `, ${failures[side]} requests failed`);
  return [
    precision,
    load,
    of(0),
    of(1),
    `${figure(ratio)}×`,
    milliseconds(p50[0]),
    milliseconds(p50[1]),
    String(rounds),
  ];
}

function describeServer({ name, accuracy, memory }: ServerLine): string[] {
  const { lowestCosine, aloneDifference, miscounted } = accuracy;
  const counts = miscounted === null ? 'not reported' : miscounted === 0 ? 'right' : `wrong in ${miscounted} texts`;
  const bytes = memory.map((value) => (value === null ? 'not known' : mebibytes(value)));
  const difference = aloneDifference === 0 ? '0' : aloneDifference.toExponential(1);
  return [name, lowestCosine.toFixed(7), difference, counts, ...bytes];
}
