/** To come. */
export function ModelSection() {
  return <p>Model</p>;
}
