import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** A retrieval test: texts, questions, and which text answers which question. */
export interface RetrievalSet {
  name: string;
  documents: { id: string; text: string }[];
  queries: { text: string; relevant: ReadonlySet<string> }[];
}

/** The sets that the project's shared data has; missing ones are left out. */
export function retrievalSets(data: string): RetrievalSet[] {
  return [scifact(path.join(data, 'eval', 'scifact')), cranfield(path.join(data, 'eval', 'cranfield'))].filter(
    (set) => set !== null,
  );
}

/** In the layout of BEIR. */
function scifact(folder: string): RetrievalSet | null {
  if (!existsSync(folder)) return null;
  const lines = (...file: string[]) =>
    readFileSync(path.join(folder, ...file), 'utf8')
      .trim()
      .split('\n');
  const entries = (file: string) =>
    lines(file).map((line) => JSON.parse(line) as Record<'_id' | 'title' | 'text', string>);
  const relevant = relevance(
    lines('qrels', 'test.tsv')
      .slice(1)
      .map((line) => line.split('\t') as [string, string]),
  );
  return {
    name: 'SciFact test',
    documents: entries('corpus.jsonl').map(({ _id, title, text }) => ({ id: _id, text: `${title}\n${text}` })),
    queries: entries('queries.jsonl').flatMap(({ _id, text }) => {
      const ids = relevant.get(_id);
      return ids === undefined ? [] : [{ text, relevant: ids }];
    }),
  };
}

/** In the layout of SMART: `.I 1`, `.T`, `.W`, …; queries are counted from 1. */
function cranfield(folder: string): RetrievalSet | null {
  if (!existsSync(folder)) return null;
  const read = (file: string) => readFileSync(path.join(folder, file), 'utf8').replaceAll('\r', '');
  const entries = (file: string) =>
    read(file)
      .split(/^\.I /m)
      .slice(1)
      .map((entry) => {
        const field = (name: string) =>
          (new RegExp(`^\\.${name}\n(.*?)(?=^\\.[A-Z]$|$(?![^]))`, 'ms').exec(entry)?.[1] ?? '')
            .replace(/\s+/g, ' ')
            .trim();
        return { id: entry.slice(0, entry.indexOf('\n')).trim(), title: field('T'), text: field('W') };
      });
  const judged = read('cranqrel')
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  // A judgment of -1 or 5 says that the document is of no interest.
  const relevant = relevance(
    judged
      .filter(([, , grade]) => Number(grade) >= 1 && Number(grade) <= 4)
      .map(([query, id]) => [query ?? '', id ?? '']),
  );
  return {
    name: 'Cranfield',
    documents: entries('cran.all.1400').filter(({ text }) => text !== ''),
    queries: entries('cran.qry').flatMap(({ text }, i) => {
      const ids = relevant.get(String(i + 1));
      return ids === undefined ? [] : [{ text, relevant: ids }];
    }),
  };
}

function relevance(
  judgments: readonly [query: string, document: string, ...rest: string[]][],
): Map<string, Set<string>> {
  const relevant = new Map<string, Set<string>>();
  for (const [query, document] of judgments) {
    const ids = relevant.get(query) ?? new Set();
    relevant.set(query, ids.add(document));
  }
  return relevant;
}
