import { exampleTexts } from './example-texts.ts';
import { openRows } from './open-rows.ts';

export const exampleName = 'Example: sixty sentences';
/** Each has an answer among them that says it in other words. */
export const exampleQueries = ['borrowing to buy a home', 'How can I protect my files?', 'storm on another planet'];

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
