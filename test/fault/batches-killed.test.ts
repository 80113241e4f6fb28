import { describe } from 'node:test';
import { itSurvivesKills } from './it-survives-kills.ts';

describe('A server with a batch, killed with SIGKILL', () => {
  itSurvivesKills({ lines: 500, kills: 1, seed: 1 });
});
