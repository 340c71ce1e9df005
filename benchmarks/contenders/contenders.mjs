/** Who takes part in the throughput benchmark. Each is loaded only in the child that runs it. */
export const CONTENDERS = {
  ars: { title: 'ars', load: async () => (await import('./ars.mjs')).ars },
  adaptive: { title: 'hand-written, batched, adaptive', load: async () => (await import('./batched.mjs')).adaptive },
  sequential: {
    title: 'hand-written, batched, sequential',
    load: async () => (await import('./batched.mjs')).sequential,
  },
  naive: { title: 'naive safe loop', isSlow: true, load: async () => (await import('./unbatched.mjs')).naive },
  group: { title: 'consumer group', isSlow: true, load: async () => (await import('./unbatched.mjs')).consumerGroup },
  bullmq: { title: 'BullMQ', isSlow: true, load: async () => (await import('./bullmq.mjs')).bullmq },
};
