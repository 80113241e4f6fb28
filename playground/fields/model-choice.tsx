import type { Model } from '../api/api-types.ts';

interface Props {
  label: string;
  models: readonly Model[];
  chosen: Model | null;
  onChoose: (id: string) => void;
}

/** Which model is asked; its name alone where there is no choice. */
export function ModelChoice({ label, models, chosen, onChoose }: Props) {
  if (models.length < 2) {
    return (
      <span>
        {label} <strong>{chosen?.id ?? '…'}</strong>
      </span>
    );
  }
  return (
    <label>
      {label}{' '}
      <select value={chosen?.id ?? ''} onChange={({ currentTarget }) => onChoose(currentTarget.value)}>
        {models.map(({ id }) => (
          <option key={id} value={id}>
            {id}
          </option>
        ))}
      </select>
    </label>
  );
}
