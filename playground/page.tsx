import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import { ChangedNotice } from './api/changed-notice.tsx';
import { keyRefusal } from './api/key.ts';
import { KeyForm } from './api/key-form.tsx';
import {
  chooseEmbedder,
  chooseReranker,
  embedder,
  embedders,
  isWithoutEmbedder,
  loadModels,
  modelsError,
  reranker,
  rerankers,
} from './api/models.ts';
import { WaitingNotice } from './api/waiting-notice.tsx';
import { ModelChoice } from './fields/model-choice.tsx';
import { followAddress, loadedSections } from './follow-address.ts';
import icon from './icon.svg';
import { openSection } from './open-section.ts';
import { sections } from './sections.ts';

/** The whole page: which model, which section. Sections that were opened stay as they are while others are shown. */
export function Page() {
  useEffect(() => {
    void loadModels();
    return followAddress();
  }, []);
  return (
    <>
      <button type="button" class="skip" onClick={focusContent}>
        Skip to the content
      </button>
      <header>
        <h1>
          <img src={icon} alt="" width="28" height="28" /> hotvec
        </h1>
        <nav aria-label="Sections">
          {sections.map(({ id, title }) => (
            <a key={id} href={`#${id}`} aria-current={openSection.value === id ? 'page' : undefined}>
              {title}
            </a>
          ))}
        </nav>
        <div class="models">
          {!isWithoutEmbedder.value && (
            <ModelChoice label="Model" models={embedders.value} chosen={embedder.value} onChoose={chooseEmbedder} />
          )}
          {rerankers.value.length > 0 && (
            <ModelChoice label="Reranker" models={rerankers.value} chosen={reranker.value} onChoose={chooseReranker} />
          )}
        </div>
      </header>
      <section class="notices" aria-label="Messages">
        {keyRefusal.value !== null && <KeyForm />}
        <WaitingNotice />
        <ChangedNotice />
        {modelsError.value !== null && (
          <div class="notice">
            <p role="alert">What is served is not known: {modelsError.value.message}</p>
            <button type="button" class="quiet" onClick={loadModels}>
              Ask again
            </button>
          </div>
        )}
      </section>
      <main id="content" tabIndex={-1}>
        {sections.map(({ id, title, about }) => (
          <section key={id} aria-labelledby={`${id}-title`} hidden={openSection.value !== id}>
            <h2 id={`${id}-title`}>{title}</h2>
            <p class="about">{about}</p>
            <Content component={loadedSections.value[id]} />
          </section>
        ))}
      </main>
      <footer>
        <a href="docs">API</a> · <a href="playground/licenses.txt">Licenses</a> · vectors and texts stay between this
        browser and this server
      </footer>
    </>
  );
}

/** @param component undefined: it is being loaded; null: it cannot be. */
function Content({ component: Component }: { component: ComponentType | null | undefined }) {
  if (Component === undefined) return <p class="loading">Loading…</p>;
  if (Component !== null) return <Component />;
  return (
    <p class="error" role="alert">
      This section could not be loaded: the server does not answer, or is of another version by now.{' '}
      <button type="button" onClick={() => location.reload()}>
        Load the page again
      </button>
    </p>
  );
}

/** A link to it would change the address, which names the section. */
function focusContent(): void {
  document.getElementById('content')?.focus();
}
