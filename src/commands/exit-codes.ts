/** EX_CONFIG of sysexits.h: the settings cannot be used. */
export const EXIT_CONFIG = 78;
/** EX_SOFTWARE: the engine was given up. */
export const EXIT_ENGINE = 70;
