interface Event {
  time: number;
  happen: () => void;
}

/** What is to happen on a simulated clock: a binary heap, the earliest first; of two at the same time, any. */
export class EventQueue {
  /** Time of the event that happened last. */
  now = 0;
  private readonly heap: Event[] = [];

  at(time: number, happen: () => void): void {
    const { heap } = this;
    const event = { time, happen };
    let place = heap.length;
    heap.push(event);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = heap[parent] as Event;
      if (above.time <= time) break;
      heap[place] = above;
      place = parent;
    }
    heap[place] = event;
  }

  /** Lets the earliest event happen. @throws {Error} there is none: whoever waits would wait for ever. */
  step(): void {
    const { heap } = this;
    const [first] = heap;
    const last = heap.pop();
    if (first === undefined || last === undefined) throw new Error('Nothing will ever happen again.');
    if (heap.length > 0) this.sink(last);
    this.now = first.time;
    first.happen();
  }

  private sink(event: Event): void {
    const { heap } = this;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && (heap[child + 1] as Event).time < (heap[child] as Event).time) child += 1;
      const below = heap[child] as Event;
      if (below.time >= event.time) break;
      heap[place] = below;
      place = child;
    }
    heap[place] = event;
  }
}
