import {
  ConfigurationError,
  StoreUnavailableError,
  type AppendAnswer,
  type AppendRequest,
  type AuditFinding,
  type ConsumerAddress,
  type ConsumerHome,
  type DurabilityKind,
  type EntryId,
  type MoveAnswer,
  type MoveRequest,
  type RegisteredConsumer,
  type Retention,
  type StreamCursor,
  type StreamReader,
  type StreamStore,
} from '@ars/core';
import { auditServer } from './audit/audit-server.js';
import type { RedisDriver } from './driver.js';
import { hashSlot } from './hash-slot.js';
import { homeKeys } from './home/keys.js';
import { RedisHome } from './home/redis-home.js';
import { KeyLayout } from './key-layout.js';
import { CommitLinks } from './link/commit-links.js';
import { storeSettings, type RedisStoreOptions, type StoreSettings } from './options.js';
import { Appender } from './outside/appender.js';
import { Caretaker } from './outside/caretaker.js';
import { ControlLinks } from './outside/control-links.js';
import { ReaderLink } from './reader/reader-link.js';
import { RedisReader } from './reader/redis-reader.js';

/** Makes a stream store of a driver. Throws `ConfigurationError` for wrong options. Nothing is connected yet. */
export function createRedisStore(driver: RedisDriver, options: RedisStoreOptions = {}): StreamStore {
  const settings = storeSettings(options);
  return new RedisStore(driver, options.name ?? driver.name, settings);
}

class RedisStore implements StreamStore {
  readonly name: string;
  readonly durability: readonly DurabilityKind[] = ['replicas', 'fsync'];
  readonly #driver: RedisDriver;
  readonly #settings: StoreSettings;
  readonly #layout: KeyLayout;
  readonly #links: ControlLinks;
  readonly #commitLinks: CommitLinks;
  readonly #appender: Appender;
  readonly #caretaker: Caretaker;
  /** Readers and homes that are open. */
  readonly #open = new Set<{ close(): void }>();
  #isHistoryKnown = true;
  #isClosed = false;

  constructor(driver: RedisDriver, name: string, settings: StoreSettings) {
    this.#driver = driver;
    this.name = name;
    this.#settings = settings;
    this.#layout = new KeyLayout(driver.keyPrefix, driver.isCluster);
    this.#links = new ControlLinks(driver, settings);
    this.#commitLinks = new CommitLinks(driver, settings);
    const outside = { links: this.#links, layout: this.#layout, settings, storeName: name };
    this.#appender = new Appender(outside);
    this.#caretaker = new Caretaker(outside);
  }

  /**
   * On Redis Cluster the streams say which node to connect to. Without them it is known at the first read only, and
   * so is the history; then homes do not tell theirs either, for a reader's must never seem to differ from it.
   */
  async openReader(streams: readonly string[] = []): Promise<StreamReader> {
    this.#refuseWhenClosed();
    const link = new ReaderLink(this.#driver, this.#settings, this.#layout);
    this.#isHistoryKnown = streams.length > 0 || !this.#driver.isCluster;
    if (this.#isHistoryKnown) await link.forStreams(streams);
    const onClose = (closed: StreamReader) => this.#open.delete(closed);
    const { parserCost } = this.#driver;
    return this.#keep(new RedisReader({ link, layout: this.#layout, storeName: this.name, parserCost, onClose }));
  }

  async openHome(address: ConsumerAddress): Promise<ConsumerHome> {
    this.#refuseWhenClosed();
    const keys = homeKeys(this.#layout, address);
    const targetProblem = (stream: string) => this.#targetProblem(address, keys.record, stream);
    for (const stream of address.readsHere ? address.streams : []) {
      const problem = targetProblem(stream);
      if (problem !== undefined) throw new ConfigurationError(problem, { stream, consumer: address.consumerId });
    }
    const { link, history } = await this.#commitLinks.lease(keys.record);
    const onClose = (closed: ConsumerHome) => this.#open.delete(closed);
    return this.#keep(
      new RedisHome({
        link,
        server: history,
        openAnother: () => this.#commitLinks.open(keys.record),
        history: this.#isHistoryKnown ? history : undefined,
        keys,
        layout: this.#layout,
        storeName: this.name,
        targetProblem,
        onClose,
      }),
    );
  }

  append(request: AppendRequest): Promise<AppendAnswer> {
    return this.#appender.append(request);
  }

  tail(streams: readonly string[]): Promise<readonly EntryId[]> {
    return this.#appender.tail(streams);
  }

  trim(stream: string, retention: Retention): Promise<number> {
    return this.#caretaker.trim(stream, retention);
  }

  consumers(stream: string): Promise<readonly RegisteredConsumer[]> {
    return this.#caretaker.consumers(stream);
  }

  register(address: ConsumerAddress, cursors: readonly StreamCursor[]): Promise<void> {
    return this.#caretaker.register(address, cursors);
  }

  unregister(address: ConsumerAddress): Promise<boolean> {
    return this.#caretaker.unregister(address);
  }

  move(request: MoveRequest): Promise<MoveAnswer> {
    return this.#caretaker.move(request);
  }

  async audit(): Promise<readonly AuditFinding[]> {
    this.#refuseWhenClosed();
    return auditServer(this.#driver, this.#settings);
  }

  placementProblem(home: string, stream: string): string | undefined {
    return this.#layout.placementProblem(home, stream);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const opened of this.#open) opened.close();
    this.#links.close();
    await this.#driver.close();
  }

  /** Exact where the record's key is known, unlike `placementProblem`, which must tell from names alone. */
  #targetProblem(address: ConsumerAddress, recordKey: string, stream: string): string | undefined {
    const problem = this.#layout.placementProblem(address.home, stream);
    if (!this.#driver.isCluster || this.#layout.isReserved(stream)) return problem;
    if (hashSlot(this.#layout.stream(stream)) === hashSlot(recordKey)) return undefined;
    return problem ?? `stream '${stream}' is not in the hash slot of the consumer's own keys; give both one hash tag`;
  }

  #keep<T extends { close(): void }>(opened: T): T {
    if (this.#isClosed) opened.close();
    this.#refuseWhenClosed();
    this.#open.add(opened);
    return opened;
  }

  #refuseWhenClosed(): void {
    if (this.#isClosed)
      throw new StoreUnavailableError(`${this.name}: the store is closed`, { reason: 'CLOSED', ran: false });
  }
}
