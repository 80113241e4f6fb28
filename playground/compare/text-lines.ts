/** Texts, one a line; lines of white space are none. */
export interface TextLines {
  texts: readonly string[];
  /** Of each text the number of its line, counted from 1. */
  lineNumbers: readonly number[];
  /** Texts beyond those that are compared. */
  leftOut: number;
}

/** @param most texts that are taken. */
export function readLines(value: string, most: number): TextLines {
  const texts: string[] = [];
  const lineNumbers: number[] = [];
  let leftOut = 0;
  for (const [i, line] of value.split(/\r\n|\n|\r/).entries()) {
    if (line.trim() === '') continue;
    if (texts.length === most) {
      leftOut += 1;
      continue;
    }
    texts.push(line);
    lineNumbers.push(i + 1);
  }
  return { texts, lineNumbers, leftOut };
}

/** The line of the text that an error names, as `queries[3]`; null: it names none. */
export function lineOfParam(param: string | null, { lineNumbers }: TextLines): number | null {
  const index = param === null ? null : /\[(\d+)\]/.exec(param)?.[1];
  return index == null ? null : (lineNumbers[Number(index)] ?? null);
}
