import { Counter, Gauge, Histogram, Registry } from 'prom-client';

const PREFIX = 'hotvec_';

type Read<Label extends string> = () => [Record<Label, string>, number][];

/** Its own registry, nothing is global; every metric defined here has the prefix `hotvec_`. */
export class PrefixedRegistry {
  readonly registry = new Registry();
  readonly prefix = PREFIX;

  counter<Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> {
    return new Counter({ name: PREFIX + name, help, labelNames, registers: [this.registry] });
  }

  gauge<Label extends string>(name: string, help: string, labelNames: Label[]): Gauge<Label> {
    return new Gauge({ name: PREFIX + name, help, labelNames, registers: [this.registry] });
  }

  histogram<Label extends string>(
    name: string,
    help: string,
    labelNames: Label[],
    buckets: number[],
  ): Histogram<Label> {
    return new Histogram({ name: PREFIX + name, help, labelNames, buckets, registers: [this.registry] });
  }

  /** A gauge that is read when metrics are collected: a value for each set of labels. */
  observedGauge<Label extends string>(name: string, help: string, labelNames: Label[], read: Read<Label>): void {
    new Gauge({
      name: PREFIX + name,
      help,
      labelNames,
      registers: [this.registry],
      collect() {
        for (const [labels, value] of read()) this.set(labels, value);
      },
    });
  }

  /** A counter kept elsewhere: `read` gives the numbers since the start. */
  observedCounter<Label extends string>(name: string, help: string, labelNames: Label[], read: Read<Label>): void {
    new Counter({
      name: PREFIX + name,
      help,
      labelNames,
      registers: [this.registry],
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.inc(labels, value);
      },
    });
  }
}
