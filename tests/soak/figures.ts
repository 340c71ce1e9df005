/** What a soak has counted, and what it found wrong. */
export class Figures {
  readonly faults: Map<string, number> = new Map();
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

  /** Counts a fault. */
  fault(kind: string, count = 1): void {
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + count);
  }

  /** Something is off. */
  find(finding: string): void {
    this.findings.push(finding);
  }

  /** All of it, as lines for people. */
  lines(): string[] {
    const sorted = (counts: ReadonlyMap<string, number>) =>
      [...counts].sort(([a], [b]) => a.localeCompare(b)).map(([name, count]) => `  ${name.padEnd(34)}${count}`);
    const total = [...this.faults.values()].reduce((sum, count) => sum + count, 0);
    return [
      `faults                              ${total}`,
      ...sorted(this.faults),
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
