import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';

export type ExportEvent =
  | { kind: 'failing'; reason: string }
  /** `lost`: spans that were given up meanwhile; those for which the queue had no room are not counted. */
  | { kind: 'working'; lost: number };

type Done = Parameters<SpanExporter['export']>[1];

/** Of `ExportResultCode`, which is in a package that nothing else here needs. */
const SUCCESS = 0;
/** A collector may answer with a page. */
const MAX_REASON = 200;

/** Wraps an exporter, and tells of an outage once: when it begins, and when it is over. */
export class ExportOutages implements SpanExporter {
  private readonly exporter: SpanExporter;
  private readonly onEvent: (event: ExportEvent) => void;
  private isFailing = false;
  private lost = 0;

  constructor(exporter: SpanExporter, onEvent: (event: ExportEvent) => void) {
    this.exporter = exporter;
    this.onEvent = onEvent;
  }

  export(spans: ReadableSpan[], done: Done): void {
    this.exporter.export(spans, (result) => {
      if (result.code === SUCCESS) this.succeed();
      else this.fail(spans.length, result.error);
      done(result);
    });
  }

  shutdown(): Promise<void> {
    return this.exporter.shutdown();
  }

  private succeed(): void {
    if (!this.isFailing) return;
    this.isFailing = false;
    this.onEvent({ kind: 'working', lost: this.lost });
    this.lost = 0;
  }

  private fail(spans: number, error: Error | undefined): void {
    this.lost += spans;
    if (this.isFailing) return;
    this.isFailing = true;
    this.onEvent({ kind: 'failing', reason: reasonOf(error) });
  }
}

function reasonOf(error: (Error & { code?: unknown }) | undefined): string {
  // Of a refused connection to a name with several addresses Node says the code only.
  const parts = [error?.code, error?.message].filter((part) => part !== undefined && part !== '');
  return parts.join(' ').slice(0, MAX_REASON) || 'no reason given';
}
