import type { components } from '../../dist/playground/api-types';

type Schemas = components['schemas'];

/** Bodies of the API as openapi.yaml describes them: what the server no longer says is a type error here. */
export type EmbeddingsRequest = Schemas['EmbeddingsRequest'];
export type EmbeddingsResponse = Schemas['EmbeddingsResponse'];
export type SimilarityRequest = Schemas['SimilarityRequest'];
export type SimilarityResponse = Schemas['SimilarityResponse'];
export type RerankRequest = Schemas['RerankRequest'];
export type RerankResponse = Schemas['RerankResponse'];
export type TokenizeRequest = Schemas['TokenizeRequest'];
export type TokenizeResponse = Schemas['TokenizeResponse'];
export type ModelList = Schemas['ModelList'];
export type Model = Schemas['Model'];
/** Well or not. */
export type Health = Schemas['Health'] | Schemas['HealthError'];
export type EngineHealth = Schemas['EngineHealth'];

/** The routes that the page posts to, with their bodies and answers. */
export interface Posted {
  '/v1/embeddings': { body: EmbeddingsRequest; answer: EmbeddingsResponse };
  '/v1/similarity': { body: SimilarityRequest; answer: SimilarityResponse };
  '/v1/rerank': { body: RerankRequest; answer: RerankResponse };
  '/v1/tokenize': { body: TokenizeRequest; answer: TokenizeResponse };
}
