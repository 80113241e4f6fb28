import { Counter, Gauge, Histogram, Registry } from 'prom-client';

const PREFIX = 'hotvec_';

type Read<Label extends string> = () => [Record<Label, string>, number][];

/** Its own registry, nothing is global; every metric defined here has the prefix `hotvec_`. */
export class PrefixedRegistry {
  readonly registry = new Registry();
  readonly prefix = PREFIX;

  counter<Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> {
    return new Counter(this.describe(name, help, labelNames));
  }

  gauge<Label extends string>(name: string, help: string, labelNames: Label[]): Gauge<Label> {
    return new Gauge(this.describe(name, help, labelNames));
  }

  histogram<Label extends string>(
    name: string,
    help: string,
    labelNames: Label[],
    buckets: number[],
  ): Histogram<Label> {
    return new Histogram({ ...this.describe(name, help, labelNames), buckets });
  }

  /** A gauge that is read when metrics are collected: a value for each set of labels. */
  observedGauge<Label extends string>(name: string, help: string, labelNames: Label[], read: Read<Label>): void {
    new Gauge({
      ...this.describe(name, help, labelNames),
      collect() {
        for (const [labels, value] of read()) this.set(labels, value);
      },
    });
  }

  /** A counter kept elsewhere: `read` gives the numbers since the start. */
  observedCounter<Label extends string>(name: string, help: string, labelNames: Label[], read: Read<Label>): void {
    new Counter({
      ...this.describe(name, help, labelNames),
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.inc(labels, value);
      },
    });
  }

  private describe<Label extends string>(name: string, help: string, labelNames: Label[]) {
    return { name: PREFIX + name, help, labelNames, registers: [this.registry] };
  }
}
