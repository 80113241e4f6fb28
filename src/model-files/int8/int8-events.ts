/** What happens while int8 weights are made ready; for the log. */
export type Int8Event =
  /** `bytes`: the most that the file will take. */
  | { kind: 'quantizing'; folder: string; bytes: number }
  /** `part`: up to 1. */
  | { kind: 'progress'; part: number }
  /** A file that does not have the hash in its name, or is not what it should be; another is made. */
  | { kind: 'damaged'; file: string }
  /** A folder that cannot take the file; the next one is tried. */
  | { kind: 'refused'; folder: string; reason: string }
  /** `keptMatrices` of the layers stay fp32: those that the format leaves out, and what would lose too much. */
  | { kind: 'ready'; file: string; isNew: boolean; matrices: number; keptMatrices: number };

export type OnInt8Event = (event: Int8Event) => void;
