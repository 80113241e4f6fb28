import { exampleTexts } from './example-texts.ts';
import { openRows } from './open-rows.ts';

/** Opens sixty English sentences as a collection and embeds them. Their column `topic` says what each is about. */
export async function openExample(): Promise<void> {
  const topics = Object.entries(exampleTexts);
  await openRows({
    name: 'Example: sixty sentences',
    texts: topics.flatMap(([, texts]) => texts),
    textName: 'text',
    columns: { topic: topics.flatMap(([topic, texts]) => texts.map(() => topic)) },
  });
}
