import { describe } from 'node:test';
import { extent } from '../soak/extent.ts';
import { itSurvivesKills } from './it-survives-kills.ts';

describe('A server with a batch of 10,000 lines, killed with SIGKILL five times', () => {
  itSurvivesKills({ lines: 10_000, kills: extent(5, 20), seed: 2 });
});
