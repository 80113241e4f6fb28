import { itInstalls } from './it-installs.ts';

itInstalls(20, 10);
