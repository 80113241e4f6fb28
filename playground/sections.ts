import type { ComponentType } from 'preact';

export interface Section {
  /** In the address, after `#`. */
  id: string;
  title: string;
  /** What one sees there, in a line. */
  about: string;
  /** Loaded when it is opened: the first page has no more than what it shows. */
  load: () => Promise<ComponentType>;
}

export const sections: readonly Section[] = [
  {
    id: 'compare',
    title: 'Compare',
    about: 'How close texts are to each other, and where a reranker sees it differently.',
    load: async () => (await import('./compare/compare-section.tsx')).CompareSection,
  },
  {
    id: 'search',
    title: 'Search',
    about: 'Your own texts, embedded here and searched as you type. Vectors stay in this browser.',
    load: async () => (await import('./search/search-section.tsx')).SearchSection,
  },
  {
    id: 'map',
    title: 'Map',
    about: 'The same texts in two dimensions: near means similar.',
    load: async () => (await import('./map/map-section.tsx')).MapSection,
  },
  {
    id: 'tokens',
    title: 'Tokens',
    about: 'What the model reads of a text, prompt and special tokens included.',
    load: async () => (await import('./tokens/tokens-section.tsx')).TokensSection,
  },
  {
    id: 'model',
    title: 'Model',
    about: 'What is served, and what it is doing right now.',
    load: async () => (await import('./model/model-section.tsx')).ModelSection,
  },
];
