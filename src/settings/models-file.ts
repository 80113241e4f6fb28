import { readFileSync } from 'node:fs';
import type { TSchema } from 'typebox';
import { Check } from 'typebox/schema';
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { messageOf } from '../errors.ts';
import { modelSettings } from './model-settings.ts';
import { variableOf, wanted } from './setting-text.ts';
import type { Config } from './settings.ts';

/** Settings of a model that `MODELS_FILE` may give it. */
export type ModelEntry = Partial<Pick<Config, Exclude<keyof typeof modelSettings, 'modelsFile'>>>;

export interface ModelsFile {
  /** In the order of the file. */
  entries: ModelEntry[];
  /** All that is wrong with the file, each with its place in it. */
  problems: string[];
}

/** Settings by what the file calls them: the variable in lower case, such as `served_model_name`. */
const FIELDS = new Map<string, [keyof ModelEntry, TSchema]>(
  Object.entries(modelSettings)
    .filter(([name]) => name !== 'modelsFile')
    .map(([name, schema]) => [variableOf(name).toLowerCase(), [name as keyof ModelEntry, schema]]),
);
const SHAPE = 'a list of models under `models:`, each with `model` and its settings';

/** Reads `MODELS_FILE`, a list of models under `models`, each with the settings of its own. */
export function readModelsFile(file: string): ModelsFile {
  const lines = new LineCounter();
  const problems: string[] = [];
  const say = (node: Node | null, problem: string) => {
    const line = node?.range == null ? '' : `:${lines.linePos(node.range[0]).line}`;
    problems.push(`MODELS_FILE ${file}${line}: ${problem}`);
  };
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return { entries: [], problems: [`MODELS_FILE=${file} cannot be read: ${messageOf(error)}.`] };
  }
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  for (const { pos, message } of [...document.errors, ...document.warnings]) {
    problems.push(`MODELS_FILE ${file}:${lines.linePos(pos[0]).line}: ${message}`);
  }
  if (problems.length > 0) return { entries: [], problems };

  /** The fields of a map that are among `known`; says which are not. */
  const fieldsOf = (map: Node | null, known: ReadonlySet<string>) => {
    const fields = new Map<string, Node | null>();
    if (!isMap<Node, Node | null>(map)) say(map, `expected ${SHAPE}.`);
    else {
      for (const { key, value } of map.items) {
        const name = isScalar(key) ? String(key.value) : '…';
        if (known.has(name)) fields.set(name, value);
        else say(key, `${name} is not a setting of a model; expected ${[...known].join(', ')}.`);
      }
    }
    return fields;
  };
  const readEntry = (map: Node): ModelEntry => {
    const entry: Record<string, unknown> = {};
    const fields = fieldsOf(map, new Set(FIELDS.keys()));
    for (const [field, node] of fields) {
      const [name, schema] = FIELDS.get(field) as [string, TSchema];
      const value: unknown = node?.toJS(document) ?? null;
      if (Check(schema, value)) entry[name] = value;
      else say(node, `${field} is ${JSON.stringify(value)}; expected ${wanted(schema)}.`);
    }
    if (isMap(map) && !fields.has('model')) say(map, 'model is missing.');
    return entry;
  };
  const top = document.contents as Node | null;
  const list = isMap(top) ? fieldsOf(top, new Set(['models'])).get('models') : undefined;
  if (isSeq<Node>(list) && list.items.length > 0) return { entries: list.items.map(readEntry), problems };
  if (problems.length === 0) say(list ?? top, `expected ${SHAPE}.`);
  return { entries: [], problems };
}
