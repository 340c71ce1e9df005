/** The first ones tell the cause. */
const FINDINGS_MAX = 30;

/** What a soak has counted, and what it found wrong. */
export class Figures {
  readonly faults: Map<string, number> = new Map();
  /** Requests that reached a server once more. */
  repeats = 0;
  /** How processes ended, by cause. */
  readonly endings: Map<string, number> = new Map();
  readonly findings: string[] = [];
  processes = 0;
  claims = 0;
  recoveries = 0;
  checks = 0;
  orders = 0;
  /** Messages committed by all consumers. */
  messages = 0;
  deadLetters = 0;
  duplicates = 0;
  losses = 0;

  /** Is told of everything that happens. Default: nobody. */
  trace: (event: string) => void = () => {};

  /** Counts a fault; `where` it happens is only told. */
  fault(kind: string, where = ''): void {
    this.trace(`${kind} ${where}`);
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1);
  }

  /** Something is off. What is off a hundred times is told once. */
  find(finding: string): void {
    this.trace(finding);
    if (!this.findings.includes(finding) && this.findings.length < FINDINGS_MAX) this.findings.push(finding);
  }

  /** All of it, as lines for people. */
  lines(): string[] {
    const sorted = (counts: ReadonlyMap<string, number>) =>
      [...counts].sort(([a], [b]) => a.localeCompare(b)).map(([name, count]) => `  ${name.padEnd(34)}${count}`);
    const total = [...this.faults.values()].reduce((sum, count) => sum + count, 0);
    return [
      `faults                              ${total}`,
      ...sorted(this.faults),
      `requests repeated                   ${this.repeats}`,
      `processes                           ${this.processes}`,
      ...sorted(this.endings),
      `claims                              ${this.claims}`,
      `recoveries (of ended processes)     ${this.recoveries}`,
      `checks                              ${this.checks}`,
      `orders                              ${this.orders}`,
      `messages committed                  ${this.messages}`,
      `dead letters                        ${this.deadLetters}`,
      `duplicates                          ${this.duplicates}`,
      `losses                              ${this.losses}`,
      `findings                            ${this.findings.length}`,
      ...this.findings.map((finding) => `  ${finding}`),
    ];
  }
}
