/** To come. */
export function TokensSection() {
  return <p>Tokens</p>;
}
