import { exampleTexts } from './example-texts.ts';
import { openRows } from './open-rows.ts';

export const exampleName = 'Example: sixty sentences';
/** None has a word of what it should find. */
export const exampleQueries = ['keeping my data safe', 'a pet taking a nap', 'borrowing to buy a home'];

/** Opens sixty English sentences as a collection and embeds them. Their column `topic` says what each is about. */
export async function openExample(): Promise<void> {
  const topics = Object.entries(exampleTexts);
  await openRows({
    name: exampleName,
    texts: topics.flatMap(([, texts]) => texts),
    textName: 'text',
    columns: { topic: topics.flatMap(([topic, texts]) => texts.map(() => topic)) },
  });
}
