/** A source file, by its path below src. */
export interface SourceText {
  path: string;
  text: string;
}

/** Words of the code that only some rooms may use. */
export interface WordRule {
  /** Why others may not, to stand behind the word. */
  reason: string;
  words: RegExp;
  /** Beginnings of the paths that may. */
  allowed: readonly string[];
}

/** Names of models, files and fields that are data, whatever they contain. */
const DATA = /Qwen\/Qwen3-[\w.-]+|sentence_[\w-]+_config\.json|sbert_\w+/g;

export const WORD_RULES: readonly WordRule[] = [
  {
    reason: 'names an architecture, which only src/formats/ does',
    // A `model_type` as a literal, or in an identifier: those that hotvec is asked for.
    words:
      /(?<![A-Za-z])(?:qwen\d*|[a-z]*bert|[a-z]*roberta|mpnet|gemma\d*|llama|mistral|t5|nomic)(?![A-Za-z])|(?:Qwen|Bert|Roberta|Mpnet|Gemma|Llama|Mistral)\d*(?![a-z])/,
    allowed: [
      'formats/',
      // Classes of tokenizers are called after the model that had them first; many architectures share one.
      'model-files/folder/tokenizer/',
      // What somebody published about single models, by their names.
      'model-files/known/',
    ],
  },
  {
    reason: 'says what a row means, which only src/tasks/ does',
    words: /\b(?:cosine|finishVectors?|hasDirection|sigmoid)\(/,
    allowed: [
      'tasks/',
      // What a graph computes.
      'formats/',
      // Answers.
      'http/',
      // Opens and verifies the models that serve a task.
      'served-models/',
    ],
  },
];

/** Every word in the code of `files`, comments left out, that its room may not use. */
export function wordProblems(files: readonly SourceText[], rules: readonly WordRule[] = WORD_RULES): string[] {
  return files.flatMap(({ path, text }) => {
    const code = withoutComments(text).replace(DATA, '');
    return rules
      .filter(({ allowed }) => !allowed.some((start) => path.startsWith(start)))
      .flatMap(({ words, reason }) => {
        const [word] = words.exec(code) ?? [];
        return word === undefined ? [] : [`${path}: ${JSON.stringify(word)} ${reason}`];
      });
  });
}

/** The code as Biome formats it: comments begin a line, or stand behind a semicolon or comma. */
function withoutComments(text: string): string {
  return text.replace(/^\s*\/\*[\s\S]*?\*\//gm, '').replace(/(^|[;,{}]) *\/\/ .*$/gm, '$1');
}
