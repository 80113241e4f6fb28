import type { BatchMeter } from '../batching/batch-meter.ts';
import type { Batch, BatchResult, Device, EngineSettings } from '../engine/protocol.ts';
import type { FileHashes } from '../model-files/file-hashes.ts';
import type { PoolingSetting } from '../model-files/folder/choose-pooling.ts';
import type { ModelFiles } from '../model-files/folder/model-files.ts';
import type { Json } from '../model-files/folder/read-json.ts';
import type { SentenceModules } from '../model-files/folder/sentence-modules.ts';
import type { TokenizerDescription } from '../model-files/folder/tokenizer/describe-tokenizer.ts';
import type { OnInt8Event } from '../model-files/int8/int8-events.ts';
import type { Dtype, ModelManifest, TaskName, WeightKind } from '../model-files/manifest.ts';

/**
 * How a graph takes a batch: tokens packed, and what sequences begin with in common once; tokens packed; or every sequence
 * padded to the longest.
 */
export type Layout = 'shared' | 'packed' | 'padded';

/** Whether a folder is of a format, by its file names and its small files. */
export type Recognition =
  /** `dtypes`: the precisions that its file names promise, the best first. */
  | { isOwn: true; dtypes: readonly Dtype[] }
  /** `reason`: what it lacks, or has that is not computed, in whole sentences; null: it is of another kind altogether. */
  | { isOwn: false; reason: string | null };

/** What every format reads of a folder before anything of its own. */
export interface FolderFacts {
  /** {} where there is no config.json, which only formats that read texts by rules of their own do without. */
  config: Json;
  /** null where there is no modules.json. */
  modules: SentenceModules | null;
  /** null where the files leave it open. */
  task: TaskName | null;
}

/** What a folder is described for. */
export interface DescribeFacts extends FolderFacts {
  tokenizer: TokenizerDescription;
  task: TaskName;
  pooling: PoolingSetting;
}

/** The part of a manifest that only the format can tell. */
export type FormatDescription<Weights> = Pick<
  ModelManifest<Weights>,
  'weights' | 'pooling' | 'hiddenSize' | 'vocabularySize' | 'cost' | 'givesTokenVectors' | 'selfCheck'
> & {
  /** Longest sequence that the weights have positions for; undefined where nothing bounds it. */
  positions: number | undefined;
  /** Left out: texts are read, and vectors finished, as the files of transformers and sentence-transformers say. */
  reading?: OwnReading;
};

/** How texts are read and vectors finished by a format with rules of its own. */
export type OwnReading = Pick<
  ModelManifest,
  'tokenizerFile' | 'tokenizer' | 'namedTokens' | 'maxTokens' | 'normalize' | 'textRules'
>;

/** What a format may need to make files of its own from those of the model. */
export interface PrepareOptions {
  /** Where they may be, in order of preference. Asked for only where one is needed: it throws where there is none. */
  folders: () => readonly string[];
  files: FileHashes;
  onEvent: OnInt8Event;
  /** Files are written after this only. Left out: at once. */
  mayWrite?: Promise<unknown> | undefined;
  /** Told of a manifest that is probably the one to be returned, long before its files have been read to prove it. */
  onPresumed?: ((manifest: ModelManifest) => void) | undefined;
}

/**
 * How a kind of model folder is read; how it is computed is `load` next to it, which only the engine process may import
 * (load-model.ts). `Weights` is plain data that no other code looks into.
 */
export interface ModelFormat<Weights = unknown> {
  /** As in manifests, and the name of its folder. */
  readonly name: string;
  /** What it reads weights from. */
  readonly weightKind: WeightKind;
  /** Values of `model_type` that it computes, for messages; empty where that is not what it goes by. */
  readonly modelTypes: readonly string[];
  readonly layout: Layout;
  /**
   * Whether each precision is in files of its own. If such a folder is incomplete, there is no way to know which would
   * have been the best.
   */
  readonly hasFilesForEachDtype: boolean;
  /**
   * Who says how texts become token ids: transformers, whose classes overrule a tokenizer.json; or the format, by
   * {@link OwnReading}, which then needs no config.json, and no tokenizer.json beside it.
   */
  readonly textsAreReadBy: 'transformers' | 'format';
  /** null: its rerankers read two texts as the tokenizer joins them. */
  readonly pairWords: PairWords | null;
  recognize(files: ModelFiles, facts: FolderFacts): Promise<Recognition>;
  /**
   * The files that computing in `dtype` reads, relative to the folder, besides those that describe every model.
   * @throws {StartError} for what is not implemented or missing, before anything large is fetched.
   */
  chooseFiles(files: ModelFiles, facts: FolderFacts, dtype: Dtype | 'auto'): Promise<string[]>;
  /**
   * Describes a folder that it recognized and whose files are all on this disk. For reranking its rows are what the head
   * gives: one number.
   * @throws {StartError} for what is not implemented, missing or damaged, naming file and field.
   */
  describe(files: ModelFiles, facts: DescribeFacts): Promise<FormatDescription<Weights>>;
  /** The precisions that `device` computes the model in; the first is that of `auto`. */
  dtypes(manifest: ModelManifest<Weights>, device: Device): readonly Dtype[];
  /** A fresh meter for one batch of at most `batchTokens`, in what a batch of this model costs. */
  meter(manifest: ModelManifest<Weights>, dtype: Dtype, batchTokens: number): BatchMeter;
  /** Every file whose bytes the vectors of `dtype` depend on, in the order they are used where that matters. */
  weightFiles(manifest: ModelManifest<Weights>, dtype: Dtype): string[];
  /** Memory that the weights of an engine take in `dtype`, in bytes, at least. */
  residentBytes(manifest: ModelManifest<Weights>, dtype: Dtype): number;
  /** Every file that an engine may load, whatever the precision. */
  engineFiles(manifest: ModelManifest<Weights>): string[];
  /** What is done around the weights, for the fingerprint. */
  architecture(manifest: ModelManifest<Weights>): unknown;
  /** The name of hotvec's own way of quantizing to `dtype` on this processor; undefined where the files are in it already. */
  quantization(dtype: Dtype): Promise<string | undefined>;
  /**
   * Makes what an engine of one of `dtypes` needs and the folder does not have.
   * @returns the manifest for that engine.
   * @throws {StartError} where there is no place for it.
   */
  prepare(
    manifest: ModelManifest<Weights>,
    dtypes: ReadonlySet<Dtype>,
    options: PrepareOptions,
  ): Promise<ModelManifest<Weights>>;
}

/** What the language models of a format were trained to read of a pair. */
export interface PairWords {
  /** Who says so. */
  source: string;
  /** `model_type` of what was trained so; a relative needs a template of its own. */
  modelType: string;
  /** With `{instruction}`, `{query}` and `{document}` in it. */
  words: string;
  /** Tokens in it, which the tokenizer must have. */
  tokens: readonly string[];
  /** What is asked where nobody says it. */
  instruction: string;
}

/** What a model makes of a batch: rows, row-major [rows, hiddenSize], not normalized, in the order sent. */
export type ComputedBatch = Pick<BatchResult, 'rows' | 'computedTokens'>;

/** A model in memory, in the engine process. */
export interface LoadedModel {
  run(batch: Batch): Promise<ComputedBatch>;
}

/**
 * What the engine process has of a format.
 * @throws {StartError} for a precision or a device that the model cannot be computed in.
 */
export type LoadModel<Weights = unknown> = (
  manifest: ModelManifest<Weights>,
  settings: EngineSettings,
) => Promise<LoadedModel>;
