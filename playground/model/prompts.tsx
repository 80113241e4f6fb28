/** What is put before a text, by the name under which a request asks for it. */
export function Prompts({ prompts }: { prompts: Readonly<Record<string, string>> }) {
  const all = Object.entries(prompts);
  return (
    <section class="prompts" aria-labelledby="prompts-title">
      <h3 id="prompts-title">Prompts</h3>
      <p class="about">What the model reads before your text, chosen by input_type or prompt_name.</p>
      {all.length === 0 && <p>None: it reads your text alone.</p>}
      <dl>
        {all.map(([name, prompt]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <pre>
                {prompt}
                <span class="text">your text</span>
              </pre>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
