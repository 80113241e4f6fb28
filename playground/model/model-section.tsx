import './model.css';
import { computed, signal, untracked, useSignalEffect } from '@preact/signals';
import { useState } from 'preact/hooks';
import type { Model } from '../api/api-types.ts';
import { embedder, models, reranker } from '../api/models.ts';
import { CopyAs } from '../copy-as/copy-as.tsx';
import { openSection } from '../open-section.ts';
import { Fingerprint } from './fingerprint.tsx';
import { watchServer } from './live.ts';
import { LivePanel } from './live-panel.tsx';
import { modelFacts } from './model-facts.ts';
import { Prompts } from './prompts.tsx';

const isTabVisible = signal(document.visibilityState === 'visible');
document.addEventListener('visibilitychange', () => {
  isTabVisible.value = document.visibilityState === 'visible';
});

/** Chosen for the other sections. */
const chosenReranker = computed(() => reranker.value?.root);
const chosenEmbedder = computed(() => embedder.value?.root);

/** What is served, and what it is doing right now. The server is asked only while somebody can see the answer. */
export function ModelSection() {
  const [chosen, choose] = useState<string | undefined>(undefined);
  // Whoever chooses a model above wants to see it; at first it is the one that makes vectors.
  useSignalEffect(() => choose(chosenReranker.value));
  useSignalEffect(() => choose(chosenEmbedder.value ?? untracked(() => chosenReranker.value)));
  useSignalEffect(() => {
    return openSection.value === 'model' && isTabVisible.value ? untracked(watchServer) : undefined;
  });
  const all = models.value ?? [];
  const served = all.filter(({ id, root }) => id === root);
  const model = served.find(({ id }) => id === chosen) ?? served[0];
  if (model === undefined) return <p>The server has not said yet what it serves.</p>;
  const aliases = all.filter(({ id, root }) => root === model.id && id !== root).map(({ id }) => id);
  return (
    <div class="model">
      <Choice served={served} chosen={model.id} onChoose={choose} />
      <div class="columns">
        <div>
          <Facts model={model} aliases={aliases} />
          {model.prompts !== undefined && <Prompts prompts={model.prompts} />}
        </div>
        <LivePanel model={model} />
      </div>
      <CopyAs request={{ method: 'GET', route: '/v1/models' }} />
    </div>
  );
}

interface ChoiceProps {
  served: readonly Model[];
  chosen: string;
  onChoose: (id: string) => void;
}

function Choice({ served, chosen, onChoose }: ChoiceProps) {
  if (served.length === 1) return null;
  return (
    <fieldset class="choice">
      <legend>Served models</legend>
      {served.map(({ id, task }) => (
        <label key={id}>
          <input type="radio" name="described-model" checked={id === chosen} onChange={() => onChoose(id)} />
          {id} <span class="task">{task === 'embed' ? 'embeddings' : 'reranking'}</span>
        </label>
      ))}
    </fieldset>
  );
}

function Facts({ model, aliases }: { model: Model; aliases: readonly string[] }) {
  const what = model.task === 'embed' ? 'Vectors' : 'Scores';
  return (
    <>
      <h3 class="id">{model.id}</h3>
      {aliases.length > 0 && <p class="about">Also served as {aliases.join(', ')}.</p>}
      <Fingerprint
        value={model.fingerprint}
        about={`${what} are comparable only with those of the same fingerprint. Keep it beside what you store.`}
      />
      <div class="groups">
        {modelFacts(model).map(({ title, facts }) => (
          <section key={title} aria-label={title}>
            <h4>{title}</h4>
            <dl>
              {facts.map(({ name, value, about }) => (
                <div key={`${name} ${value}`}>
                  <dt>{name}</dt>
                  <dd>
                    {value}
                    {about !== undefined && <span class="about">{about}</span>}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </>
  );
}
