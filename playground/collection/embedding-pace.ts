/** Older answers say little about how fast the rest will go. */
const WINDOW_MS = 15_000;

export interface Pace {
  textsPerSecond: number;
  tokensPerSecond: number;
}

/** How fast answers come, over the last {@link WINDOW_MS}. */
export class PaceMeter {
  private readonly answers: { endMs: number; texts: number; tokens: number }[] = [];
  private startMs: number;

  constructor(nowMs: number) {
    this.startMs = nowMs;
  }

  /** Counts an answer that came at that time. */
  add(nowMs: number, texts: number, tokens: number): Pace {
    this.answers.push({ endMs: nowMs, texts, tokens });
    while (this.answers.length > 1 && (this.answers[0]?.endMs ?? 0) < nowMs - WINDOW_MS) {
      this.startMs = this.answers.shift()?.endMs ?? this.startMs;
    }
    const seconds = (nowMs - this.startMs) / 1000;
    const sum = (what: 'texts' | 'tokens') => this.answers.reduce((total, answer) => total + answer[what], 0);
    return { textsPerSecond: sum('texts') / seconds, tokensPerSecond: sum('tokens') / seconds };
  }
}
