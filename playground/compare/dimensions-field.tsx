import { useState } from 'preact/hooks';
import type { ApiError } from '../api/api-error.ts';
import { embedder } from '../api/models.ts';
import { ErrorMessage } from '../fields/error-message.tsx';
import { dimensions } from './comparison.ts';
import { dimensionSteps, nearestStep } from './dimension-steps.ts';

/** How much of each vector is compared: the slider has the sizes that the model was trained for, the field any. */
export function DimensionsField({ error }: { error: ApiError | null }) {
  const model = embedder.value;
  const most = model?.dimensions ?? 0;
  const steps = dimensionSteps(model ?? {});
  const size = dimensions.value ?? most;
  /** What is being written of a size, which may be nothing as yet; null: nobody writes. */
  const [draft, setDraft] = useState<string | null>(null);
  const sizeOf = (written: string) => (written === '' ? most : Math.round(Number(written)));
  const set = (value: number) => {
    dimensions.value = value === most ? null : value;
  };
  return (
    <div class="field">
      <label for="compare-dimensions">Dimensions</label>
      <div class="dimensions">
        {steps.length > 1 && (
          <input
            type="range"
            aria-label="Dimensions, by steps"
            aria-valuetext={`${size} of ${most}`}
            min={0}
            max={steps.length - 1}
            value={nearestStep(steps, size)}
            onInput={({ currentTarget }) => set(steps[Number(currentTarget.value)] ?? most)}
          />
        )}
        <input
          id="compare-dimensions"
          type="number"
          min={1}
          value={draft !== null && sizeOf(draft) === size ? draft : size}
          aria-describedby="compare-dimensions-error"
          onInput={({ currentTarget: { value } }) => {
            setDraft(value);
            set(sizeOf(value));
          }}
          onBlur={() => setDraft(null)}
        />
        <span class="fact">{steps.length > 1 ? `of ${most}` : 'this model gives no fewer'}</span>
      </div>
      <ErrorMessage id="compare-dimensions-error" error={error} field="dimensions" />
    </div>
  );
}
