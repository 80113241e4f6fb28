/** A text as the model reads it. */
export interface Encoding {
  /** Token ids, special tokens included, not truncated. */
  ids: Int32Array;
}

/** How many special tokens the tokenizer's post-processor puts around a text; Qwen3: none before, `<|endoftext|>` after. */
export interface SpecialTokens {
  before: number;
  after: number;
}

export interface Tokenizer {
  readonly special: SpecialTokens;
  /** One encoding a text, same order. Off the event loop. */
  tokenize(texts: readonly string[]): Promise<Encoding[]>;
}
