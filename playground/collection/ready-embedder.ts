import { embedder, loadModels } from '../api/models.ts';

const ASK_AGAIN_MS = 1000;

/** The chosen embedding model, once the server has loaded it. */
export async function readyEmbedder(): Promise<{ model: string; fingerprint: string; dimensions: number }> {
  for (;;) {
    const { id, fingerprint, dimensions } = embedder.value ?? {};
    if (id !== undefined && typeof fingerprint === 'string' && dimensions !== undefined) {
      return { model: id, fingerprint, dimensions };
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
    await loadModels();
  }
}
