import { isArsError } from '@ars/core';
import { expect, test } from 'vitest';
import { describeStores } from './stores.js';

describeStores((kit) => {
  test('a consumer whose store is closed under it ends, and says why', async () => {
    const consumer = kit.consumer({ handler: () => {} });
    await consumer.start();
    await kit.store.close();
    const end = await consumer.closed.catch((error: unknown) => error);
    expect(isArsError(end, 'ARS_STORE_UNAVAILABLE')).toBe(true);
    expect(isArsError(end) && end.details['reason']).toBe('CLOSED');
  });
});
