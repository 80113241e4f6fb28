import type { EngineHealth, Model } from '../api/api-types.ts';
import { live } from './live.ts';
import { figuresOf, type Reading } from './live-figures.ts';
import { Sparkline } from './sparkline.tsx';
import { bytes, count, duration, rate } from './units.ts';

const SECONDS = 60;
const STATES: Record<EngineHealth['state'], string> = {
  starting: 'is being loaded',
  ready: 'ready',
  checking: 'is being checked: batches failed',
  restarting: 'restarts',
  failed: 'was given up',
  closed: 'has ended',
};

/** What a model is doing right now. */
export function LivePanel({ model }: { model: Model }) {
  const { health, readings, error } = live.value;
  const engine = health?.engine ?? health?.models?.find(({ name }) => name === model.root)?.engine;
  return (
    <section class="live" aria-labelledby="live-title">
      <h3 id="live-title">Right now</h3>
      {error !== null && <p class="error">{error.message}</p>}
      {engine !== undefined && (
        <p class="engine" data-state={engine.state}>
          <strong>{STATES[engine.state]}</strong> for {duration(engine.since_seconds)}
          {engine.processes_ready > 1 && `, on ${engine.processes_ready} devices`}
        </p>
      )}
      {readings === null ? (
        <p class="elsewhere">
          This server gives its metrics on a port of their own (METRICS_PORT), not here: tokens per second, queue and
          batches are to be seen there.
        </p>
      ) : (
        <Traffic model={model} readings={readings} />
      )}
      {health !== null && <p class="uptime">The server has been up for {duration(health.uptime_seconds)}.</p>}
    </section>
  );
}

function Traffic({ model, readings }: { model: Model; readings: readonly Reading[] }) {
  const all = readings.slice(1).map((now, i) => figuresOf(model.root, readings[i] as Reading, now));
  const now = all.at(-1);
  const rates = all.map(({ tokensPerSecond }) => tokensPerSecond);
  const most = Math.max(0, ...rates);
  const inputs = model.task === 'embed' ? 'Texts' : 'Documents';
  const figures: [name: string, value: string | undefined][] = [
    [`${inputs} per second`, now && rate(now.inputsPerSecond)],
    ['Batches per second', now && rate(now.batchesPerSecond)],
    [`${inputs} in a batch`, now && (now.inputsPerBatch === null ? '–' : rate(now.inputsPerBatch))],
    ['Engine busy', now && `${count(now.busy * 100)} %`],
    ['Waiting', now && waitingWords(now.queuedTokens, now.queuedRequests)],
    ['Longest wait', now && (now.oldestSeconds === 0 ? '–' : `${rate(now.oldestSeconds)} s`)],
    ['Memory of the engine', now && (now.memoryBytes === null ? '–' : bytes(now.memoryBytes))],
    ['Engines lost', now && count(now.restarts)],
  ];
  return (
    <>
      <p class="tokens">
        <strong>{now === undefined ? '…' : rate(now.tokensPerSecond)}</strong> tokens per second
      </p>
      <Sparkline
        values={rates}
        room={SECONDS}
        label={`Tokens per second in the last ${SECONDS} seconds, at most ${rate(most)}`}
      />
      <p class="scale">
        last minute, at most {rate(most)}. {most === 0 && 'Nobody asks anything right now.'}
      </p>
      <dl class="figures">
        {figures.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value ?? '…'}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

function waitingWords(tokens: number, requests: number): string {
  if (tokens === 0) return 'nothing';
  return `${count(tokens)} tokens of ${count(requests)} request${requests === 1 ? '' : 's'}`;
}
