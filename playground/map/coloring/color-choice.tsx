import { clusterCount, colorBy, columnNames, FEWEST_CLUSTERS, isClustering, MOST_CLUSTERS } from './color-by.ts';

/** What colors the points: nothing, a column of the file, or clusters. */
export function ColorChoice() {
  const by = colorBy.value;
  const change = (value: string) => {
    const name = columnNames.value[Number(value)];
    if (value === 'nothing' || value === 'clusters') colorBy.value = { kind: value };
    else if (name !== undefined) colorBy.value = { kind: 'column', name };
  };
  const value = by.kind === 'column' ? String(columnNames.value.indexOf(by.name)) : by.kind;
  return (
    <div class="map-color">
      <label>
        Color by{' '}
        <select value={value} onChange={({ currentTarget }) => change(currentTarget.value)}>
          <option value="nothing">nothing</option>
          <option value="clusters">clusters (k-means)</option>
          {columnNames.value.length > 0 && (
            <optgroup label="Columns">
              {columnNames.value.map((name, place) => (
                <option key={name} value={String(place)}>
                  {name}
                </option>
              ))}
            </optgroup>
          )}
        </select>
      </label>
      {by.kind === 'clusters' && (
        <label>
          k{' '}
          <input
            type="range"
            min={FEWEST_CLUSTERS}
            max={MOST_CLUSTERS}
            value={clusterCount.value}
            aria-label="Number of clusters"
            aria-valuetext={`${clusterCount.value} clusters`}
            onInput={({ currentTarget }) => {
              clusterCount.value = Number(currentTarget.value);
            }}
          />{' '}
          <output>{clusterCount.value}</output>
        </label>
      )}
      <span role="status" class="map-fact">
        {isClustering.value ? 'Clustering…' : ''}
      </span>
    </div>
  );
}
