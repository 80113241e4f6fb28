import { toBatch } from '../../src/engine/protocol.ts';
import { fakeEngineEntry, scriptFakeEngine, superviseEngine } from './supervised-engine.ts';

// A main process whose engine is in an endless computation; tells its parent the engine's process id.
scriptFakeEngine({ faults: [{ batch: 0, fault: 'hang' }] });
const { engine } = await superviseEngine(fakeEngineEntry);
await engine.start();
void engine.run(toBatch([[1]]));
process.send?.(engine.processId);
