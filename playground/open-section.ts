import { signal } from '@preact/signals';

/** The id of the section that is shown; empty: none yet. */
export const openSection = signal('');
