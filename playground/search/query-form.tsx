import { collection } from '../collection/collection.ts';
import { exampleName, exampleQueries } from '../collection/open-example.ts';
import { CopyAs } from '../copy-as/copy-as.tsx';
import { ErrorMessage } from '../fields/error-message.tsx';
import { instruction, query, queryBody, searchError, searchedModel } from './query.ts';
import { searchProblem } from './vector-search.ts';

/** What is searched for, and with which instruction. */
export function QueryForm() {
  const open = collection.value;
  const prompt = searchedModel.value?.prompts?.query;
  const body = queryBody.value;
  if (open === null) return null;
  return (
    <search class="query">
      <label for="search-query">Search these texts</label>
      <input
        id="search-query"
        type="search"
        dir="auto"
        autocomplete="off"
        placeholder="What they are about, not the words they have"
        value={query.value}
        disabled={searchedModel.value === null}
        aria-describedby="search-query-error"
        onInput={({ currentTarget }) => {
          query.value = currentTarget.value;
        }}
      />
      <ErrorMessage id="search-query-error" error={searchError.value} elsewhere={['instruction']} />
      <p class="error" role="alert" hidden={searchProblem.value === null}>
        {searchProblem.value}
      </p>
      {open.name === exampleName && (
        <div class="buttons">
          <span class="fact">For example</span>
          {exampleQueries.map((example) => (
            <button
              key={example}
              type="button"
              class="quiet"
              onClick={() => {
                query.value = example;
              }}
            >
              {example}
            </button>
          ))}
        </div>
      )}
      <details>
        <summary>Instruction and request</summary>
        <label for="search-instruction">Instruction before the query</label>
        <input
          id="search-instruction"
          value={instruction.value}
          placeholder={prompt === undefined ? 'This model has none of its own' : "Empty: the model's own"}
          aria-describedby="search-instruction-error search-prompt"
          onInput={({ currentTarget }) => {
            instruction.value = currentTarget.value;
          }}
        />
        <ErrorMessage id="search-instruction-error" error={searchError.value} field="instruction" />
        {prompt !== undefined && instruction.value.trim() === '' && (
          <p class="fact" id="search-prompt">
            The model reads before it: <code>{prompt}</code>
          </p>
        )}
        <CopyAs request={body === null ? null : { method: 'POST', route: '/v1/embeddings', body }} />
      </details>
    </search>
  );
}
