import { StartError } from '../../errors.ts';
import type { Device, EngineInfo } from '../protocol.ts';

/**
 * The start of an engine's first process: its caller waits for it, and if the process is lost it is not tried again.
 */
export class FirstStart {
  /** @throws {StartError} when the process is lost before it is ready. */
  readonly outcome: Promise<EngineInfo>;
  private resolve!: (info: EngineInfo) => void;
  private reject!: (error: StartError) => void;
  private readonly device: Device;

  constructor(device: Device) {
    this.device = device;
    this.outcome = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  ready(info: EngineInfo): void {
    this.resolve(info);
  }

  lost(detail: string): void {
    this.reject(new StartError(explainStartFailure(detail, this.device)));
  }
}

/** Why the process did not become ready, with what that most often means. */
function explainStartFailure(detail: string, device: Device): string {
  let hint = '';
  if (detail.includes('SIGKILL')) hint = ' Most often the machine ran out of memory for the model.';
  else if (device !== 'cpu' && detail.includes('The engine process ')) {
    hint = ` Most often the driver of the ${device} device crashed it: update the driver, or set DEVICE=cpu.`;
  }
  return `The engine did not start. ${detail}${hint}`;
}
