/** What a service says of itself now: the value of a metric by its name without `hotvec_`; NaN when there is none. */
export async function readMetrics(url: string): Promise<(name: string) => number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return (name) => Number(new RegExp(`^hotvec_${name}(?:{.*})? (\\S+)$`, 'm').exec(text)?.[1]);
}
