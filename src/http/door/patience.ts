/** How long slow clients are waited for, in milliseconds. */
export interface Patience {
  /** A large body that brings less than LEAST_BYTES in this time is given up. */
  receiveMs: number;
  /** A request that has not arrived whole in this time is given up, whatever its pace. */
  wholeMs: number;
  /** The same of one with a file. */
  fileMs: number;
  /** A client that takes less than LEAST_BYTES of its answer in this time is cut off. */
  sendMs: number;
  /** The same while no more bytes may be held: those who wait outside would read. */
  sendWhenFullMs: number;
}

/** 6.4 KiB/s up and 2.1 KiB/s down, measured over the whole time: no network is that slow, and attackers are. */
export const LEAST_BYTES = 64 * 1024;

export const usualPatience: Patience = {
  receiveMs: 10_000,
  wholeMs: 60_000,
  fileMs: 3_600_000,
  sendMs: 30_000,
  sendWhenFullMs: 5_000,
};
