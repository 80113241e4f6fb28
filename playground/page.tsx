import { signal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import { KeyForm } from './api/key-form.tsx';
import { chooseEmbedder, chooseReranker, embedder, embedders, loadModels, reranker, rerankers } from './api/models.ts';
import { keyRefusal } from './api/server.ts';
import { WaitingNotice } from './api/waiting-notice.tsx';
import { ModelChoice } from './fields/model-choice.tsx';
import icon from './icon.svg';
import { type Section, sections } from './sections.ts';

const first = sections[0] as Section;
const named = () => sections.find(({ id }) => `#${id}` === location.hash) ?? first;
const open = signal(named());
const loaded = signal<Readonly<Record<string, ComponentType>>>({});

async function show(section: Section): Promise<void> {
  open.value = section;
  document.title = `${section.title} · hotvec playground`;
  if (loaded.value[section.id] !== undefined) return;
  const component = await section.load();
  loaded.value = { ...loaded.value, [section.id]: component };
}

/** The whole page: which model, which section. Sections that were opened stay as they are while others are shown. */
export function Page() {
  useEffect(() => {
    void loadModels();
    void show(open.value);
    const follow = () => void show(named());
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
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
            <a key={id} href={`#${id}`} aria-current={open.value.id === id ? 'page' : undefined}>
              {title}
            </a>
          ))}
        </nav>
        <div class="models">
          <ModelChoice label="Model" models={embedders.value} chosen={embedder.value} onChoose={chooseEmbedder} />
          {rerankers.value.length > 0 && (
            <ModelChoice label="Reranker" models={rerankers.value} chosen={reranker.value} onChoose={chooseReranker} />
          )}
        </div>
      </header>
      <WaitingNotice />
      {keyRefusal.value !== null && <KeyForm />}
      <main id="content" tabIndex={-1}>
        {sections.map(({ id, title, about }) => {
          const Content = loaded.value[id];
          return (
            <section key={id} aria-labelledby={`${id}-title`} hidden={open.value.id !== id}>
              <h2 id={`${id}-title`}>{title}</h2>
              <p class="about">{about}</p>
              {Content === undefined ? <p class="loading">Loading…</p> : <Content />}
            </section>
          );
        })}
      </main>
      <footer>
        <a href="docs">API</a> · <a href="playground/licenses.txt">Licenses</a> · vectors and texts stay between this
        browser and this server
      </footer>
    </>
  );
}

/** A link to it would change the address, which names the section. */
function focusContent(): void {
  document.getElementById('content')?.focus();
}
