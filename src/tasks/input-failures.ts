import { HotvecError } from '../errors.ts';

/** What fails when an input of a request does: the request, or that input alone. */
export type OnError = 'fail' | 'partial';

/** Inputs of a request that have no answer, by position. Every stage works on those that are left. */
export class InputFailures {
  readonly byPosition: ReadonlyMap<number, HotvecError>;
  private readonly errors = new Map<number, HotvecError>();
  private readonly onError: OnError;

  constructor(onError: OnError) {
    this.onError = onError;
    this.byPosition = this.errors;
  }

  /**
   * Records what was thrown for a single input.
   * @throws it, where it fails the request; also with `partial` anything that is not a HotvecError: a defect is not the
   * fault of an input.
   */
  add(position: number, error: unknown): void {
    if (this.onError === 'fail' || !(error instanceof HotvecError)) throw error;
    this.errors.set(position, error);
  }

  /** Those of `inputs` that have not failed. */
  spare<Input extends { position: number }>(inputs: readonly Input[]): readonly Input[] {
    return this.errors.size === 0 ? inputs : inputs.filter(({ position }) => !this.errors.has(position));
  }
}
