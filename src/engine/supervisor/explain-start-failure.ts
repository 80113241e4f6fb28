import type { Device } from '../protocol.ts';

/** Why the first process did not become ready, with what that most often means. */
export function explainStartFailure(detail: string, device: Device): string {
  let hint = '';
  if (detail.includes('SIGKILL')) hint = ' Most often the machine ran out of memory for the model.';
  else if (device !== 'cpu' && detail.includes('The engine process ')) {
    hint = ` Most often the driver of the ${device} device crashed it: update the driver, or set DEVICE=cpu.`;
  }
  return `The engine did not start. ${detail}${hint}`;
}
