import type { FleetRequest } from '../../src/bulk/fleet/fleet-policy.ts';
import { SeededRandom } from '../../test/support/seeded-random.ts';
import { EventQueue } from './event-queue.ts';
import type { Dispatcher } from './round-robin.ts';
import { normal, ServerLife, type Weather } from './server-life.ts';
import { SimulatedServer } from './simulated-server.ts';

export interface FleetRun {
  servers: number;
  requests: number;
  /** What a request takes a server of speed 1, on average. */
  requestMs: number;
  /** Spread of that, which the client knows (long and short texts), and of what it does not know. */
  costSpread: number;
  surpriseSpread: number;
  /** In each direction. */
  latencyMs: number;
  /** The client gives a request up that is not answered by then. */
  timeoutMs: number;
  /** Requests that may be under way or done behind the first that is not done: results are written in the order of the input. */
  readAhead: number;
  weather: Weather;
  seed: number;
}

export interface FleetResult {
  /** Until the last request was answered. */
  ms: number;
  /** Until the same servers, slow, down and silent when they were, could have done the work: none idle, nothing done twice. */
  idealMs: number;
  /** The second over the first. */
  efficiency: number;
  /** Requests sent for each one that was to be computed. */
  sent: number;
}

/** Lets a dispatcher have a seeded fleet compute some requests, on a simulated clock. */
export function simulateFleet(run: FleetRun, dispatcher: Dispatcher): FleetResult {
  const random = new SeededRandom(run.seed);
  const events = new EventQueue();
  const lives = Array.from(
    { length: run.servers },
    () => new ServerLife(run.weather, new SeededRandom(random.integer(1, 2 ** 31))),
  );
  const servers = lives.map((life) => new SimulatedServer(events, life, run.latencyMs));
  const works: number[] = [];
  const answered = new Set<number>();
  let firstUnanswered = 0;
  let sent = 0;
  let wake = Number.POSITIVE_INFINITY;

  function readOn(): void {
    while (works.length < run.requests && works.length < firstUnanswered + run.readAhead) {
      const cost = run.requestMs * Math.exp(run.costSpread * normal(random));
      const request: FleetRequest = { number: works.length, cost };
      works.push(cost * Math.exp(run.surpriseSpread * normal(random)));
      dispatcher.add(request);
    }
  }

  function sendOn(): void {
    readOn();
    for (const { server, request } of dispatcher.assign(events.now)) {
      const { number } = request;
      sent += 1;
      let isOver = false;
      const break_ = () => {
        if (isOver) return;
        isOver = true;
        dispatcher.failed(server, number, events.now);
        sendOn();
      };
      events.at(events.now + run.timeoutMs, break_);
      servers[server]?.send({
        number,
        work: works[number] as number,
        done: () => {
          if (isOver) return;
          isOver = true;
          const losers = dispatcher.answered(server, number, events.now);
          if (losers !== null) {
            answered.add(number);
            while (answered.delete(firstUnanswered)) firstUnanswered += 1;
            for (const loser of losers) servers[loser]?.cancel(number);
          }
          sendOn();
        },
        broken: break_,
      });
    }
    const time = dispatcher.wakeAt(events.now);
    if (time === null || time >= wake) return;
    wake = time;
    events.at(time, () => {
      if (wake === time) wake = Number.POSITIVE_INFINITY;
      sendOn();
    });
  }

  sendOn();
  while (firstUnanswered < run.requests) events.step();
  const idealMs = timeToDo(
    works.reduce((sum, work) => sum + work, 0),
    lives,
  );
  return { ms: events.now, idealMs, efficiency: idealMs / events.now, sent: sent / run.requests };
}

/** When the servers together can have done the work, by bisection. */
function timeToDo(work: number, lives: readonly ServerLife[]): number {
  const done = (time: number) => lives.reduce((sum, life) => sum + life.capacity(time), 0);
  let [low, high] = [0, work / lives.length];
  while (done(high) < work) [low, high] = [high, 2 * high];
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    if (done(middle) < work) low = middle;
    else high = middle;
  }
  return high;
}
