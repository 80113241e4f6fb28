/** Settings of an engine that computes on two threads of the CPU; how long sequences may be depends on the model. */
export const cpuSettings = {
  device: 'cpu',
  deviceId: 0,
  dtype: 'fp32',
  threads: 2,
  maxBatchTokens: 1024,
  prepacking: true,
  mustBeatCpu: false,
} as const;
