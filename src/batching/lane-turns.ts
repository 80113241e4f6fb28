import type { PendingRequest } from './pending-request.ts';

/** Requests of a lane that did not fit before a batch counts as full: bounds the search when thousands wait. */
const LOOKAHEAD = 64;

export type TurnOutcome = 'passed_over' | 'turn_over' | 'empty';

/** The turns of one lane's requests while a batch is formed. */
export class LaneTurns {
  private readonly turns: PendingRequest[];
  private at = 0;
  private readonly passedOver: PendingRequest[] = [];

  constructor(requests: Iterable<PendingRequest>) {
    this.turns = [...requests];
  }

  get isOver(): boolean {
    return this.at === this.turns.length || this.passedOver.length === LOOKAHEAD;
  }

  next(): PendingRequest {
    return this.turns[this.at++] as PendingRequest;
  }

  end(request: PendingRequest, outcome: TurnOutcome): void {
    if (outcome === 'passed_over') this.passedOver.push(request);
    else if (outcome === 'turn_over') this.turns.push(request);
  }

  /** In the order of their next turn. */
  left(): Set<PendingRequest> {
    return new Set([...this.passedOver, ...this.turns.slice(this.at)]);
  }
}
