/** 16,384 */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** With two digits that matter, at least: 0.42, 3.1, 1,250. */
export function rate(value: number): string {
  if (value >= 10 || value === 0) return count(value);
  return value.toLocaleString('en-US', { maximumSignificantDigits: 2 });
}

const BYTE_UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

/** 16 MiB */
export function bytes(value: number): string {
  let unit = 0;
  let size = value;
  for (; size >= 1024 && unit < BYTE_UNITS.length - 1; unit++) size /= 1024;
  return `${rate(size)} ${BYTE_UNITS[unit]}`;
}

const TIME_UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

/** 3 minutes */
export function duration(seconds: number): string {
  const [name, length] = TIME_UNITS.find(([, least]) => seconds >= least) ?? (['second', 1] as const);
  const whole = Math.floor(seconds / length);
  return `${count(whole)} ${name}${whole === 1 ? '' : 's'}`;
}
