import { itInstalls } from './it-installs.ts';

itInstalls(22, 12, '--ignore-scripts');
