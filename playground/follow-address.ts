import { signal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { openSection } from './open-section.ts';
import { type Section, sections } from './sections.ts';

/** Sections that were shown before, by id; null: it could not be loaded. */
export const loadedSections = signal<Readonly<Record<string, ComponentType | null>>>({});

/** Shows the section that the address names, else the first, whenever it changes. @returns what ends that. */
export function followAddress(): () => void {
  const first = sections[0] as Section;
  const follow = () => {
    const section = sections.find(({ id }) => `#${id}` === location.hash) ?? first;
    openSection.value = section.id;
    document.title = `${section.title} · hotvec playground`;
    void load(section);
  };
  follow();
  addEventListener('hashchange', follow);
  return () => removeEventListener('hashchange', follow);
}

async function load({ id, load: loadSection }: Section): Promise<void> {
  if (loadedSections.value[id] != null) return;
  // Of another version of the server the files have other names.
  const component = await loadSection().catch(() => null);
  loadedSections.value = { ...loadedSections.value, [id]: component };
}
