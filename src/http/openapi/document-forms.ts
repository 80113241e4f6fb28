import type { FastifySchema } from 'fastify';
import type { OtherForm } from '../answers/error-format.ts';
import type { NamedExamples } from './documented-examples.ts';

/** An answer as `answers` describes it. */
interface Answer {
  description: string;
  headers: Record<string, { description: string }>;
  content: Record<string, { schema: object; example?: unknown; examples?: NamedExamples }>;
}
type Answers = Record<string, Answer>;

interface Described extends FastifySchema {
  operationId?: string;
  summary?: string;
}

/** Said before a body is read, so before its form is known: the first form has them. */
const BEFORE_THE_BODY = new Set(['401', '403', '408', '413', '415']);
const JSON_TYPE = 'application/json';

/** A route's schema for the API's description: with the bodies and answers of its other forms, where they are told. */
export function documentForms(schema: Described, forms: readonly OtherForm[]): Described {
  return forms.reduce(addForm, schema);
}

function addForm(schema: Described, { body, mark, response }: OtherForm): Described {
  if (mark === undefined || response === undefined) return schema;
  const { operationId = '', summary = '' } = schema;
  const name = (value: unknown): NamedExamples => (value === undefined ? {} : { [operationId]: { summary, value } });
  const first = withoutExamples(schema.body as object);
  const other = withoutExamples(body);
  const ours = schema.response as Answers;
  const theirs = response as Answers;
  const both = (status: string) => merge(ours[status] as Answer, theirs[status] as Answer, mark, name);
  return {
    ...schema,
    body: {
      anyOf: [first.schema, other.schema],
      'x-examples': { ...name(first.examples[0]), ...first.named, ...other.named },
    },
    response: Object.fromEntries(
      Object.keys({ ...ours, ...theirs }).map((status) => {
        const isShared = status in ours && status in theirs && !BEFORE_THE_BODY.has(status);
        return [status, isShared ? both(status) : (ours[status] ?? theirs[status])];
      }),
    ),
  };
}

interface ExamplesOfBody {
  examples: unknown[];
  named: NamedExamples;
}

/** Examples stand beside the choice of bodies, not in it. */
function withoutExamples(body: object): ExamplesOfBody & { schema: object } {
  const {
    examples = [],
    'x-examples': named = {},
    ...schema
  } = body as Partial<ExamplesOfBody> & {
    'x-examples'?: NamedExamples;
  };
  return { schema, examples, named };
}

function merge(first: Answer, other: Answer, mark: string, name: (example: unknown) => NamedExamples): Answer {
  const [without, within] = [`Without \`${mark}\`: `, `With \`${mark}\`: `];
  const one = first.content[JSON_TYPE];
  const two = other.content[JSON_TYPE];
  if (one === undefined || two === undefined) throw new Error('only answers in JSON have several forms');
  const examples = { ...name(one.example), ...one.examples, ...two.examples };
  return {
    description: `${without}${first.description}. ${within}${other.description}`,
    headers: {
      ...onlyIn(first.headers, other.headers, without),
      ...onlyIn(other.headers, first.headers, within),
    },
    content: {
      [JSON_TYPE]: {
        schema: { anyOf: [one.schema, two.schema] },
        ...(Object.keys(examples).length > 0 ? { examples } : {}),
      },
    },
  };
}

/** Of headers that only one form has, the description says which. */
function onlyIn(headers: Answer['headers'], others: Answer['headers'], when: string): Answer['headers'] {
  return Object.fromEntries(
    Object.entries(headers).map(([header, said]) => [
      header,
      header in others ? said : { ...said, description: when + said.description },
    ]),
  );
}
