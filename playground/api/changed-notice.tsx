import { changedModels, models } from './models.ts';

/** Says that a name stands for another model than when the page was opened. */
export function ChangedNotice() {
  const { value } = changedModels;
  const served = value.filter((id) => models.value?.some((model) => model.id === id));
  const gone = value.filter((id) => !served.includes(id));
  return (
    <div class="notice" hidden={value.length === 0}>
      <p role="status">
        {served.length > 0 &&
          `Another model is served as ${served.join(', ')} now: vectors and scores of before are not comparable. `}
        {gone.length > 0 && `${gone.join(', ')} is not served any more.`}
      </p>
      {value.length > 0 && (
        <button type="button" class="quiet" onClick={forget}>
          All right
        </button>
      )}
    </div>
  );
}

function forget(): void {
  changedModels.value = [];
}
