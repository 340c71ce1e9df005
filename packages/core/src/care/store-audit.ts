import type { Logger } from '../domain/logger.js';
import type { StreamStore } from '../store/stream-store.js';

/** The stores that have been looked at, so that many consumers of one do not say the same. */
const audited = new WeakSet<StreamStore>();

/**
 * Looks in the background at how a store is set up, once for a store object and process, and logs at `warn` what could
 * lose data or fail later. Never throws and never delays; a store that cannot be looked at now is looked at the next time.
 */
export function auditOnce(store: StreamStore, logger: Logger): void {
  if (audited.has(store)) return;
  audited.add(store);
  audit(store, logger).catch(() => {}); // the logger itself has failed
}

async function audit(store: StreamStore, logger: Logger): Promise<void> {
  try {
    for (const { code, severity, message, details } of await store.audit()) {
      const line = `Store "${store.name}": ${code}: ${message}`;
      if (severity === 'info') logger.debug(line, details);
      else logger.warn(line, details);
    }
  } catch (error) {
    audited.delete(store);
    logger.debug(`Store "${store.name}" could not be audited.`, error);
  }
}
