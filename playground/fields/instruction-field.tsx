import type { Signal } from '@preact/signals';
import type { ApiError } from '../api/api-error.ts';
import { ErrorMessage } from './error-message.tsx';

interface Props {
  id: string;
  /** Of which texts it is the task: `the queries`. */
  of: string;
  /** What is written; empty: the model's own. */
  value: Signal<string>;
  error: ApiError | null;
}

/** The user's own task in the place of the model's, with what the API says of it. */
export function InstructionField({ id, of, value, error }: Props) {
  return (
    <div class="field wide">
      <label for={id}>
        Instruction <span class="fact">your own task for {of}, in English</span>
      </label>
      <input
        id={id}
        value={value.value}
        placeholder="Given a question, retrieve passages that answer it"
        aria-describedby={`${id}-error`}
        onInput={({ currentTarget }) => {
          value.value = currentTarget.value;
        }}
      />
      <ErrorMessage id={`${id}-error`} error={error} field="instruction" />
    </div>
  );
}
