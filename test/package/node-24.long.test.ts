import { itInstalls } from './it-installs.ts';

itInstalls(24, 11);
