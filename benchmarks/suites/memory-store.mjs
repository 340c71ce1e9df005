import { atLeast } from '../harness/checks.mjs';
import { short, spread } from '../harness/format.mjs';
import { alternate, failures, series } from '../harness/rounds.mjs';
import { median, summary } from '../harness/statistics.mjs';
import { WORKLOADS } from '../workload.mjs';

/** The memory store against a plain loop over an array, with the same handler on the same tracked state. */
export const memoryStore = {
  name: 'memory-store',
  title: 'Memory store against a plain loop',
  async run(context) {
    const { messages, rounds } = context.options;
    const contestants = Object.entries(WORKLOADS).flatMap(([workload, publishEvery]) => [
      { title: `${workload}: memory store`, workload, publishEvery, contender: 'store' },
      { title: `${workload}: plain loop`, workload, publishEvery, contender: 'plain' },
    ]);
    const entries = await alternate(rounds, contestants, ({ contender, publishEvery }) =>
      context.inChild(
        'contenders/memory-run.mjs',
        'memoryRun',
        { contender, publishEvery, messages },
        { nodeArgs: ['--expose-gc'] },
      ),
    );
    const find = (workload, contender) => entries.find((e) => e.workload === workload && e.contender === contender);
    const rows = entries
      .filter(({ results }) => results.length > 0)
      .map((entry) => [entry.title, spread(summary(series(entry, 'rate'))), short(median(series(entry, 'clientUs')))]);
    return {
      tables: [{ title: 'Memory store', columns: ['', 'messages/s', 'CPU µs'], rows }],
      charts: [],
      checks: Object.keys(WORKLOADS).map((workload) =>
        atLeast(`${workload}: memory store ÷ plain loop`, find(workload, 'store'), find(workload, 'plain'), {
          must: 0.5,
        }),
      ),
      notes: [
        ...failures(entries),
        'The ratio is of messages a second. Each runs in a process of its own and waits for nothing.',
      ],
    };
  },
};
