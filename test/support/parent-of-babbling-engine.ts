import process from 'node:process';
import { handleUncaughtErrors } from '../../src/commands/uncaught-errors.ts';
import { toBatch } from '../../src/engine/protocol.ts';
import { createLogger } from '../../src/log/logger.ts';
import { fakeEngineEntry, scriptFakeEngine, superviseEngine, until } from './supervised-engine.ts';

// A main process whose first engine writes bytes that are no message. Tells its parent what became of it, and then has
// an error of its own. A process for itself: in others the test runner catches what nobody else does.
handleUncaughtErrors(createLogger('info'));
scriptFakeEngine({ faults: [{ epoch: 1, batch: 1, fault: 'unreadable' }] });
const { engine, events } = await superviseEngine(fakeEngineEntry);
await engine.start();
const batch = toBatch([[1, 2], [3]]);
const { rows: before } = await engine.run(batch);
const failure = await engine.run(batch).then(
  () => 'answered',
  (error: Error) => error.constructor.name,
);
await until(() => engine.state === 'ready');
const { rows: after } = await engine.run(batch);
const losses = events.flatMap((event) => (event.kind === 'lost' ? [event.reason] : []));
process.send?.({ failure, losses, before: Array.from(before), after: Array.from(after) });
// While an engine is there that could be blamed.
setImmediate(() => {
  throw new Error('of our own, not\n    at parseChannelMessages (node:internal/child_process/serialization:1:1)');
});
