import process from 'node:process';
import { describe } from 'node:test';
import { itStops } from '../support/stopped-starts.ts';

describe('hotvec serve, asked to stop while it starts', {
  skip: process.platform !== 'linux' && 'reads /proc',
}, () => {
  for (const signal of ['SIGTERM', 'SIGINT']) {
    for (const milliseconds of [0, 50, 150, 400, 800, 1_200]) itStops(signal, milliseconds);
  }
});
