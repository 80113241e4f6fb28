import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Pairs of texts, each with what people say of how alike they are. */
export interface SimilaritySet {
  name: string;
  pairs: { a: string; b: string; score: number }[];
}

/** A file of pairs: its place below `eval/`, what separates columns, and which of them hold a pair. */
interface PairFile {
  name: string;
  file: string[];
  separator: string;
  columns: readonly [a: number, b: number, score: number];
  hasHeader?: boolean;
}

const FILES: readonly PairFile[] = [
  { name: 'STS-B test, English', file: ['stsb-en', 'sts-test.csv'], separator: '\t', columns: [5, 6, 4] },
  {
    name: 'SICK test, English',
    file: ['sick', 'SICK_test_annotated.txt'],
    separator: '\t',
    columns: [1, 2, 3],
    hasHeader: true,
  },
  { name: 'STS-B test, Chinese', file: ['zh', 'cnsd-sts-test.txt'], separator: '||', columns: [1, 2, 3] },
  { name: 'AFQMC dev, Chinese', file: ['zh', 'AFQMC', 'dev.txt'], separator: '\t', columns: [0, 1, 2] },
  { name: 'LCQMC test, Chinese', file: ['zh', 'LCQMC', 'test.txt'], separator: '\t', columns: [0, 1, 2] },
];

/** The sets that the project's shared data has; missing ones are left out. */
export function similaritySets(data: string): SimilaritySet[] {
  return FILES.flatMap(({ name, file, separator, columns: [a, b, score], hasHeader = false }) => {
    const place = path.join(data, 'eval', ...file);
    if (!existsSync(place)) return [];
    const lines = readFileSync(place, 'utf8')
      .trim()
      .split(/\r?\n/)
      .slice(hasHeader ? 1 : 0);
    const pairs = lines.map((line) => {
      const columns = line.split(separator);
      return { a: columns[a] ?? '', b: columns[b] ?? '', score: Number(columns[score]) };
    });
    return [{ name, pairs }];
  });
}
