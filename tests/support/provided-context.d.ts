import 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** The server shared by the run: use keys of your own, and neither FLUSHALL nor CONFIG SET it. */
    redisUrl: string;
  }
}
