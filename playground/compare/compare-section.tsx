/** To come. */
export function CompareSection() {
  return <p>Compare</p>;
}
