/** EX_USAGE of sysexits.h: the command line cannot be meant. */
export const EXIT_USAGE = 64;
/** EX_DATAERR: some rows have no result; the others are written. */
export const EXIT_ROWS_FAILED = 65;
/** EX_SOFTWARE: the engine was given up. */
export const EXIT_ENGINE = 70;
/** EX_CONFIG of sysexits.h: the settings cannot be used. */
export const EXIT_CONFIG = 78;
/** What shells say of a process that a signal ended. */
export const EXIT_SIGNALS: Readonly<Partial<Record<NodeJS.Signals, number>>> = {
  SIGINT: 130,
  SIGTERM: 143,
  SIGHUP: 129,
};
