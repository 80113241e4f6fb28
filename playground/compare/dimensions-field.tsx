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
          value={size}
          aria-describedby="compare-dimensions-error"
          onInput={({ currentTarget }) =>
            set(currentTarget.value === '' ? most : Math.round(Number(currentTarget.value)))
          }
        />
        <span class="fact">{steps.length > 1 ? `of ${most}` : 'this model gives no fewer'}</span>
      </div>
      <ErrorMessage id="compare-dimensions-error" error={error} field="dimensions" />
    </div>
  );
}
