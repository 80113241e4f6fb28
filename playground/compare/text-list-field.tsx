import type { ApiError } from '../api/api-error.ts';
import { embedder, isWithoutEmbedder } from '../api/models.ts';
import { ErrorMessage, isOf } from '../fields/error-message.tsx';
import { KIND_NAMES, type PromptKind, promptKinds } from '../fields/prompt-kinds.ts';
import { chosenKinds, kinds, lines, MOST_TEXTS, prompts, type Side, values } from './comparison.ts';
import { lineOfParam } from './text-lines.ts';

interface Props {
  side: Side;
  title: string;
  error: ApiError | null;
}

/** The texts of a side, and what is put before each of them. */
export function TextListField({ side, title, error }: Props) {
  const id = `compare-${side}`;
  const read = lines[side].value;
  const available = promptKinds(side, embedder.value?.prompts ?? {});
  const line = error !== null && isOf(error, side) ? lineOfParam(error.param, read) : null;
  const kindField = side === 'queries' ? 'query_input_type' : 'document_input_type';
  return (
    <div class="side">
      <label for={id}>
        {title} <span class="fact">one a line</span>
      </label>
      <textarea
        id={id}
        rows={6}
        dir="auto"
        spellcheck={false}
        value={values[side].value}
        aria-describedby={`${id}-count ${id}-error`}
        onInput={({ currentTarget }) => {
          values[side].value = currentTarget.value;
        }}
      />
      <ErrorMessage id={`${id}-error`} error={error} field={side} />
      <p class="fact" id={`${id}-count`}>
        {line !== null && <strong>That is line {line}. </strong>}
        {read.texts.length} {read.texts.length === 1 ? 'text' : 'texts'}
        {read.leftOut > 0 && `; up to ${MOST_TEXTS} are compared, the last ${read.leftOut} are left out`}
      </p>
      {!isWithoutEmbedder.value && (
        <div class="prompt">
          <label for={`${id}-kind`}>Read</label>
          <select
            id={`${id}-kind`}
            value={kinds[side].value}
            onChange={({ currentTarget }) => {
              chosenKinds[side].value = currentTarget.value as PromptKind;
            }}
          >
            {available.map((kind) => (
              <option key={kind} value={kind}>
                {KIND_NAMES[kind]}
              </option>
            ))}
          </select>
          <PutBefore side={side} />
        </div>
      )}
      <ErrorMessage error={error} field={kindField} />
    </div>
  );
}

/** The prompt as the server puts it before each text. */
function PutBefore({ side }: { side: Side }) {
  const prompt = prompts[side].latest.value?.answer.data[0]?.prompt;
  if (prompt === undefined) return null;
  if (prompt === '') return <span class="fact">with nothing put before</span>;
  return (
    <span class="put-before">
      <span class="fact">with this put before:</span> <code>{prompt.replaceAll('\n', '⏎\n')}</code>
    </span>
  );
}
