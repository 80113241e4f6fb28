/**
 * Ways of building a tokenizer, each with the classes of transformers that share it, without a final `Fast`. `file`:
 * tokenizer.json as it is. Read from the sources of transformers 4.57.6 and 5.24.0.
 */
const CLASSES_OF_FAMILIES = {
  file: 'PreTrainedTokenizer TokenizersBackend',
  albert: 'AlbertTokenizer FNetTokenizer',
  barthez: 'BarthezTokenizer',
  bert: 'BertTokenizer ConvBertTokenizer DPRContextEncoderTokenizer DPRQuestionEncoderTokenizer DistilBertTokenizer ElectraTokenizer LayoutLMTokenizer LxmertTokenizer MobileBertTokenizer RealmTokenizer RetriBertTokenizer SqueezeBertTokenizer',
  camembert: 'CamembertTokenizer',
  deberta: 'DebertaTokenizer',
  deberta_v2: 'DebertaV2Tokenizer',
  gemma: 'GemmaTokenizer',
  gpt2: 'GPT2Tokenizer',
  gpt_neox: 'GPTNeoXTokenizer',
  llama: 'LlamaTokenizer',
  mpnet: 'MPNetTokenizer',
  qwen2: 'Qwen2Tokenizer',
  qwen3_5: 'Qwen3_5Tokenizer',
  roberta: 'BartTokenizer LEDTokenizer LongformerTokenizer MvpTokenizer RobertaTokenizer',
  t5: 'MT5Tokenizer T5Tokenizer',
  xlm_roberta: 'XLMRobertaTokenizer',
};
export type TokenizerFamily = keyof typeof CLASSES_OF_FAMILIES;

/** Classes whose building is known. */
export const FAMILIES: Readonly<Record<string, TokenizerFamily>> = Object.fromEntries(
  (Object.keys(CLASSES_OF_FAMILIES) as TokenizerFamily[]).flatMap((family) =>
    CLASSES_OF_FAMILIES[family].split(' ').map((name) => [name, family] as const),
  ),
);

/** Not in transformers 4: `from_pretrained` fails there. */
export const NEW_IN_VERSION_5: ReadonlySet<string> = new Set(['TokenizersBackend', 'Qwen3_5Tokenizer']);

/** Not in transformers 5 any more, which then takes tokenizer.json as it is. */
export const GONE_IN_VERSION_5: ReadonlySet<string> = new Set(['MT5Tokenizer', 'RealmTokenizer', 'RetriBertTokenizer']);

/** Other classes of transformers: in Python, without tokenizer.json, or built in a way that is not written down here. */
export const UNKNOWN_CLASSES: ReadonlySet<string> = new Set(
  `Bartpho BertGeneration BertJapanese Bertweet BigBird BioGpt Blenderbot BlenderbotSmall Bloom ByT5 CLIP CTRL Canine Clvp
  CodeGen CodeLlama Cohere Cpm CpmAnt DPRReader Dia Esm Esmc FSMT FastSpeech2Conformer Flaubert Funnel GPTNeoXJapanese
  GPTSanJapanese GPTSw3 Herbert Jukebox Lasr LayoutLMv2 LayoutLMv3 LayoutXLM Luke M2M100 MBart MBart50 MLuke Marian MarkupLM
  Mgpstr MyT5 Nllb Nougat OpenAIGPT PLBart Parakeet ParakeetCTC Pegasus Perceiver Phobert Pop2Piano ProphetNet Rag Reformer
  RemBert RoCBert RoFormer SeamlessM4T Siglip Siglip2 Speech2Text Speech2Text2 SpeechT5 Splinter Tapas Tapex Tipsv2 TransfoXL
  Udop VideoPrism Vits Wav2Vec2 Wav2Vec2CTC Wav2Vec2PhonemeCTC Whisper XGLM XLM XLNet`
    .split(/\s+/)
    .map((name) => `${name}Tokenizer`),
);

/** `model_type` of config.json → the class that is taken where no file names one. */
export const CLASSES_BY_MODEL_TYPE: ReadonlyMap<string, string> = new Map(
  Object.entries({
    TokenizersBackend:
      'bigbird_pegasus ernie4_5 falcon glm glm4 gpt_bigcode granite granitemoe jamba minicpm3 ministral ministral3 mistral mistral3 mixtral modernbert modernbert-decoder nemotron nystromformer olmo2 olmo3 pegasus_x persimmon phi3 phimoe smollm3 stablelm umt5 xlm-roberta-xl',
    AlbertTokenizer: 'albert yoso',
    BertTokenizer:
      'bert convbert distilbert electra ernie layoutlm megatron-bert nezha nomic_bert qdqbert realm retribert squeezebert visual_bert',
    BarthezTokenizer: 'barthez',
    BartphoTokenizer: 'bartpho',
    BertGenerationTokenizer: 'bert-generation',
    BertJapaneseTokenizer: 'bert-japanese',
    BertweetTokenizer: 'bertweet',
    BigBirdTokenizer: 'big_bird',
    BioGptTokenizer: 'biogpt',
    BlenderbotTokenizer: 'blenderbot',
    BloomTokenizer: 'bloom',
    ByT5Tokenizer: 'byt5',
    CLIPTokenizer: 'clip clipseg',
    CTRLTokenizer: 'ctrl',
    CamembertTokenizer: 'camembert',
    CanineTokenizer: 'canine',
    CohereTokenizer: 'cohere cohere2',
    DPRQuestionEncoderTokenizer: 'dpr',
    DebertaTokenizer: 'deberta',
    DebertaV2Tokenizer: 'deberta-v2',
    EsmTokenizer: 'esm',
    FNetTokenizer: 'fnet',
    FlaubertTokenizer: 'flaubert',
    FunnelTokenizer: 'funnel',
    GPT2Tokenizer: 'codegen gpt2 gpt_neo gptj opt phi starcoder2',
    GPTNeoXTokenizer: 'gpt_neox mamba mamba2 mpt olmo olmoe rwkv',
    GemmaTokenizer: 'gemma gemma2 gemma3 gemma3_text gemma3n_text recurrent_gemma t5gemma',
    HerbertTokenizer: 'herbert',
    LEDTokenizer: 'led',
    LlamaTokenizer: 'llama',
    LukeTokenizer: 'luke',
    LxmertTokenizer: 'lxmert',
    M2M100Tokenizer: 'm2m_100',
    MBartTokenizer: 'mbart',
    MPNetTokenizer: 'mpnet',
    MarianTokenizer: 'marian',
    MobileBertTokenizer: 'mobilebert',
    MvpTokenizer: 'mvp',
    NllbTokenizer: 'nllb nllb-moe',
    OpenAIGPTTokenizer: 'openai-gpt',
    PegasusTokenizer: 'pegasus',
    PhobertTokenizer: 'phobert',
    ProphetNetTokenizer: 'prophetnet',
    Qwen2Tokenizer: 'qwen2 qwen2_moe qwen2_vl qwen2_5_vl qwen3 qwen3_moe qwen3_next qwen3_vl',
    Qwen3_5Tokenizer: 'qwen3_5 qwen3_5_moe qwen3_5_text',
    ReformerTokenizer: 'reformer',
    RemBertTokenizer: 'rembert',
    RoCBertTokenizer: 'roc_bert',
    RoFormerTokenizer: 'roformer',
    RobertaTokenizer: 'bart data2vec-text ibert longformer mega mra roberta roberta-prelayernorm',
    SplinterTokenizer: 'splinter',
    T5Tokenizer: 'longt5 mt5 switch_transformers t5',
    XGLMTokenizer: 'xglm',
    XLMTokenizer: 'xlm',
    XLMRobertaTokenizer: 'gte jina_embeddings_v3 xlm-roberta xmod',
    XLNetTokenizer: 'xlnet',
  }).flatMap(([name, types]) => types.split(' ').map((type) => [type, name] as const)),
);

/** Where transformers 5 has no entry, and takes tokenizer.json as it is. */
export const WITHOUT_CLASS_IN_VERSION_5: ReadonlySet<string> = new Set([
  'bloom',
  'falcon',
  'llama',
  'longt5',
  'smollm3',
]);

/** Where transformers 5 takes the class of the model type, whatever tokenizer_config.json says. */
export const CLASS_BY_TYPE_IN_VERSION_5: ReadonlySet<string> = new Set(['qwen2', 'qwen3_5', 'qwen3_5_moe']);
