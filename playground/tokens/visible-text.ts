/** Pictures of the characters that are not seen: line breaks stay, too, so that the text keeps its lines. */
export function visibleText(text: string): string {
  return text.replace(/\r\n|[\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu, pictureOf);
}

function pictureOf(found: string): string {
  if (found === '\r\n') return '␍⏎\n';
  if (found === '\n') return '⏎\n';
  if (found === '\t') return '⇥\t';
  const code = found.charCodeAt(0);
  // Unicode's control pictures; joiners stay, since they make one emoji of several.
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return '␡';
  return code === 0x200d || code === 0x200c ? found : `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
}
