/**
 * Black or white, whichever is easier to read on a color.
 * @param color `#rrggbb`, or `rgb(r, g, b)`.
 * @see https://www.w3.org/TR/WCAG21/#dfn-relative-luminance
 */
export function inkOn(color: string): '#000' | '#fff' {
  // With a luminance of 0.179 both have the same contrast.
  return luminanceOf(color) > 0.179 ? '#000' : '#fff';
}

/** Relative luminance by WCAG, 0 to 1. */
export function luminanceOf(color: string): number {
  const parts = color.startsWith('#')
    ? [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16))
    : (color.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
  if (parts.length !== 3 || parts.some(Number.isNaN)) throw new Error(`not a color: ${color}`);
  const [red, green, blue] = parts.map((part) => {
    const value = part / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
