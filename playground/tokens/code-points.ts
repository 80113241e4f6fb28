/** Reads a text by code points, as the API counts; JavaScript counts UTF-16 units. */
export interface CodePointReader {
  /**
   * The part between two places in code points; to the end of the text if there is no second. Fast where calls go through
   * the text from its start to its end.
   */
  slice: (from: number, to?: number) => string;
}

export function codePointReader(text: string): CodePointReader {
  let place = 0;
  let unit = 0;
  const unitOf = (codePoint: number) => {
    if (codePoint < place) {
      place = 0;
      unit = 0;
    }
    for (; place < codePoint && unit < text.length; place++) unit += unitsAt(text, unit);
    return unit;
  };
  return {
    slice: (from, to) => {
      const start = unitOf(from);
      return text.slice(start, to === undefined ? undefined : unitOf(to));
    },
  };
}

export function countCodePoints(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; count++) i += unitsAt(text, i);
  return count;
}

function unitsAt(text: string, unit: number): number {
  return (text.codePointAt(unit) as number) > 0xffff ? 2 : 1;
}
