/** Where a consumer reports what its user should know; the shape of `console` and of the usual logging libraries. */
export interface Logger {
  debug(message: string, details?: unknown): void;
  info(message: string, details?: unknown): void;
  warn(message: string, details?: unknown): void;
  error(message: string, details?: unknown): void;
}

/**
 * The same logger, but for what it throws, or rejects with where its methods are asynchronous: a log that cannot be
 * written must not end what it tells of, and an unhandled rejection would end the process.
 */
export function steadyLogger(logger: Logger): Logger {
  const steady =
    (level: keyof Logger) =>
    (message: string, details?: unknown): void => {
      try {
        const written: unknown = logger[level](message, details);
        if (typeof written === 'object') Promise.resolve(written).catch(() => {});
      } catch {
        // There is nobody left to tell.
      }
    };
  return { debug: steady('debug'), info: steady('info'), warn: steady('warn'), error: steady('error') };
}

/** Warnings and errors go to the console, the rest nowhere. */
export const consoleLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: (message, details) => (details === undefined ? console.warn(message) : console.warn(message, details)),
  error: (message, details) => (details === undefined ? console.error(message) : console.error(message, details)),
};
