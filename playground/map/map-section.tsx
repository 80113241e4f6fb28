/** To come. */
export function MapSection() {
  return <p>Map</p>;
}
