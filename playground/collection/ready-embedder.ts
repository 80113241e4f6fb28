import { embedder, embedders, isWithoutEmbedder, loadModels } from '../api/models.ts';

/** An embedding model that answers. */
export interface ReadyModel {
  /** Its served name. */
  model: string;
  fingerprint: string;
  dimensions: number;
}

export const WITHOUT_EMBEDDER = 'This server has no embedding model, and without one texts have no vectors.';

const ASK_AGAIN_MS = 1000;

/** The chosen embedding model, once the server has loaded it. @throws {Error} it has none, in words for people. */
export async function readyEmbedder(): Promise<ReadyModel> {
  for (;;) {
    const { id, fingerprint, dimensions } = embedder.value ?? {};
    if (id !== undefined && typeof fingerprint === 'string' && dimensions !== undefined) {
      return { model: id, fingerprint, dimensions };
    }
    if (isWithoutEmbedder.value) throw new Error(WITHOUT_EMBEDDER);
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
    await loadModels();
  }
}

/** The name under which the model of a fingerprint is served now; null: it is not, as far as the page knows. */
export function servedAs(fingerprint: string): string | null {
  return embedders.value.find((model) => model.fingerprint === fingerprint)?.id ?? null;
}
