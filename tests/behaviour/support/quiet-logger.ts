import type { Logger } from '@ars/core';

/** One line that a consumer logged. */
export interface LogLine {
  readonly level: keyof Logger;
  readonly message: string;
  readonly details: unknown;
}

/** Keeps what is logged and prints nothing. */
export class QuietLogger implements Logger {
  readonly lines: LogLine[] = [];

  debug(message: string, details?: unknown): void {
    this.lines.push({ level: 'debug', message, details });
  }

  info(message: string, details?: unknown): void {
    this.lines.push({ level: 'info', message, details });
  }

  /** Servers of tests keep nothing on disk on purpose, which every audit of them says. */
  warn(message: string, details?: unknown): void {
    if (!message.includes('NO_PERSISTENCE')) this.lines.push({ level: 'warn', message, details });
  }

  error(message: string, details?: unknown): void {
    this.lines.push({ level: 'error', message, details });
  }

  /** The texts of one level. */
  texts(level: keyof Logger): string[] {
    return this.lines.filter((line) => line.level === level).map(({ message }) => message);
  }
}
