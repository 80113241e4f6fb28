import { ErrorMessage } from '../fields/error-message.tsx';
import { InstructionField } from '../fields/instruction-field.tsx';
import { KIND_NAMES, type PromptKind } from '../fields/prompt-kinds.ts';
import { chosenKind, instruction, kind, kinds, side, text, tokens } from './tokenization.ts';

/** The text, and what decides about its tokens. */
export function TokenFields() {
  const error = tokens.error.value;
  return (
    <div class="fields">
      <div class="field">
        <label for="tokens-text">Text</label>
        <textarea
          id="tokens-text"
          rows={4}
          dir="auto"
          spellcheck={false}
          value={text.value}
          aria-describedby="tokens-text-error"
          onInput={({ currentTarget }) => {
            text.value = currentTarget.value;
          }}
        />
        <ErrorMessage id="tokens-text-error" error={error} field="input" />
      </div>
      <div class="options">
        <div class="field">
          <label for="tokens-kind">Read</label>
          <select
            id="tokens-kind"
            value={kind.value}
            onChange={({ currentTarget }) => {
              chosenKind.value = currentTarget.value as PromptKind;
            }}
          >
            {kinds.value.map((one) => (
              <option key={one} value={one}>
                {KIND_NAMES[one]}
              </option>
            ))}
          </select>
          <ErrorMessage error={error} field="input_type" />
        </div>
        <InstructionField id="tokens-instruction" of="a query" value={instruction} error={error} />
        <div class="field">
          <label for="tokens-side">Where it is too long</label>
          <select
            id="tokens-side"
            value={side.value}
            onChange={({ currentTarget }) => {
              side.value = currentTarget.value as 'end' | 'start';
            }}
          >
            <option value="end">cut off the end</option>
            <option value="start">cut off the start</option>
          </select>
        </div>
      </div>
      <ErrorMessage error={error} elsewhere={['input', 'input_type', 'instruction']} />
    </div>
  );
}
