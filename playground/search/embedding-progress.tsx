import { cancelEmbedding } from '../collection/close-collection.ts';
import type { Collection } from '../collection/collection.ts';
import { embedding, goOnEmbedding, pauseEmbedding } from '../collection/embedding-job.ts';
import { ErrorMessage } from '../fields/error-message.tsx';
import { searchedModel } from './query.ts';
import { timeLeft } from './time-left.ts';

const rounded = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

/** How far embedding is, how fast it goes, and the buttons that stop it and let it go on. */
export function EmbeddingProgress({ open: { texts, embedded } }: { open: Collection }) {
  const { running, error, pace } = embedding.value;
  const left = texts.length - embedded;
  return (
    <div class="progress">
      <progress max={texts.length} value={embedded} aria-label="Texts embedded" />
      <p class="fact">
        {embedded.toLocaleString('en')} of {texts.length.toLocaleString('en')} embedded
        {running && pace !== null && (
          <>
            {' '}
            · {rounded.format(pace.textsPerSecond)} texts/s · {rounded.format(pace.tokensPerSecond)} tokens/s ·{' '}
            {timeLeft(left / pace.textsPerSecond)}
          </>
        )}
        {!running && ' · stopped'}
      </p>
      <div class="buttons">
        {running ? (
          <button type="button" class="quiet" onClick={() => void pauseEmbedding()}>
            Pause
          </button>
        ) : (
          <button type="button" disabled={searchedModel.value === null} onClick={goOnEmbedding}>
            Resume
          </button>
        )}
        <button type="button" class="quiet" onClick={() => void cancelEmbedding()}>
          {embedded === 0 ? 'Cancel' : 'Cancel the rest'}
        </button>
      </div>
      <ErrorMessage error={error} />
    </div>
  );
}
