/** To come. */
export function SearchSection() {
  return <p>Search</p>;
}
