import { SingleBar } from 'cli-progress';
import { type ComputedWeights, settingsFor } from '../log/left-aside.ts';
import { formatBytes } from '../model-files/hub/format-bytes.ts';
import type { HubEvent } from '../model-files/hub/hub-events.ts';

/** Shows a download on a terminal. */
export class PullBar {
  private readonly terminal: NodeJS.WriteStream;
  private bar: SingleBar | null = null;

  constructor(terminal: NodeJS.WriteStream) {
    this.terminal = terminal;
  }

  readonly onEvent = (event: HubEvent): void => {
    switch (event.kind) {
      case 'resolved':
        this.say(`${event.model}@${event.asked} is ${event.revision} (${event.hub})`);
        return;
      case 'left_aside':
        this.say(sayLeftAside(event));
        return;
      case 'download':
        this.stop();
        this.bar = new SingleBar({
          format: `{bar} {percentage} % of ${formatBytes(event.bytes)}, {eta_formatted} left`,
          stream: this.terminal,
          clearOnComplete: true,
          etaBuffer: 200,
        });
        this.bar.start(event.bytes, event.presentBytes);
        return;
      case 'progress':
        this.bar?.update(event.receivedBytes);
        return;
      case 'retry':
        this.say(`${event.file}: ${event.reason}; trying again in ${Math.ceil(event.waitMs / 1000)} s`);
        return;
      case 'damaged':
        this.say(`${event.file} in the cache is damaged, downloading it again`);
        return;
      case 'cached':
      case 'downloaded':
        this.stop();
    }
  };

  /** Gives the terminal back: the bar hides the cursor. */
  stop(): void {
    this.bar?.stop();
    this.bar = null;
  }

  private say(line: string): void {
    this.terminal.write(`${this.bar === null ? '' : '\n'}${line}\n`);
  }
}

function sayLeftAside({ model, weights, leftAside }: ComputedWeights): string {
  const { kind, reason } = leftAside;
  return `${model} has ${weights} and ${kind}; ${weights} it is. ${reason ?? `For ${kind}: ${settingsFor(leftAside)}.`}`;
}
