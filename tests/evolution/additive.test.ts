import { expect, test } from 'vitest';
import { describeStores } from '../behaviour/stores.js';
import { failureOf } from '../behaviour/support/deferred.js';
import { dump, runOnce, storedAttributes } from './support/versions.js';

const sum = (message: Record<string, string>, { state }: { state: { sum: number } }): void => {
  state.sum += Number(message['n']);
};

describeStores((kit) => {
  const before = { state: { sum: 0 }, handler: sum };

  test('an added attribute begins with its default and is stored by the first commit, touched or not', async () => {
    await kit.addNumbers('in', 1, 3);
    await runOnce(kit, before);
    const consumer = await kit.started({ state: { sum: 0, tags: ['a'], nested: { on: true } }, handler: sum });
    expect(consumer.state).toEqual({ sum: 6, tags: ['a'], nested: { on: true } });
    expect(await storedAttributes(kit)).toEqual({ sum: '6' });
    await kit.addNumbers('in', 4, 4);
    await consumer.caughtUp();
    expect(await storedAttributes(kit)).toEqual({ sum: '10', tags: '["a"]', nested: '{"on":true}' });
  });

  test('a default that is computed is computed once: what was stored is what later starts find', async () => {
    let calls = 0;
    const options = () => ({ state: () => ({ sum: 0, born: (calls += 1) }), handler: sum });
    await kit.addNumbers('in', 1, 1);
    await runOnce(kit, before);
    await kit.addNumbers('in', 2, 2);
    const { born } = (await runOnce(kit, options())).state;
    await kit.addNumbers('in', 3, 3);
    expect((await runOnce(kit, options())).state).toEqual({ sum: 6, born });
    expect(await storedAttributes(kit)).toEqual({ sum: '6', born: String(born) });
  });

  test('attributes added one after the other over several versions of the code are all there', async () => {
    for (let version = 0; version < 5; version += 1) {
      const added = Object.fromEntries(Array.from({ length: version }, (_, index) => [`a${index}`, index]));
      await kit.addNumbers('in', version + 1, version + 1);
      await runOnce(kit, { state: { sum: 0, ...added }, handler: sum });
    }
    expect(await storedAttributes(kit)).toEqual({ sum: '15', a0: '0', a1: '1', a2: '2', a3: '3' });
  });

  test('code that lost an attribute refuses to start, says which one, and leaves all as it was', async () => {
    await kit.addNumbers('in', 1, 1);
    await runOnce(kit, { state: { sum: 0, extra: 'x' }, handler: sum });
    const untouched = await dump(kit);
    const error = await failureOf(kit.consumer(before).start());
    expect(error).toMatchObject({
      code: 'ARS_STATE_SCHEMA',
      message: expect.stringContaining('Attribute "extra"'),
      details: { attribute: 'extra', consumer: 'consumer', stream: kit.name('in') },
    });
    expect(await dump(kit)).toEqual(untouched);
  });

  test('code that lost an attribute that was added but never stored starts', async () => {
    await kit.addNumbers('in', 1, 1);
    await runOnce(kit, before);
    await runOnce(kit, { state: { sum: 0, extra: 'x' }, handler: sum });
    await kit.addNumbers('in', 2, 2);
    expect((await runOnce(kit, before)).state).toEqual({ sum: 3 });
  });

  test('an attribute that changed its kind refuses to start', async () => {
    await kit.addNumbers('in', 1, 1);
    await runOnce(kit, before);
    const untouched = await dump(kit);
    const changed = kit.consumer({ state: { sum: [0] }, handler: () => {} });
    expect(await failureOf(changed.start())).toMatchObject({ code: 'ARS_STATE_SCHEMA', details: { attribute: 'sum' } });
    expect(await dump(kit)).toEqual(untouched);
  });

  test('an attribute that no code ever declared is kept, and may be declared later', async () => {
    await kit.addNumbers('in', 1, 1);
    await runOnce(kit, { state: {} as Record<string, number>, handler: (_, { state }) => void (state['late'] = 7) });
    const consumer = await runOnce(kit, { state: { late: 0, sum: 0 }, handler: sum });
    expect(consumer.state).toEqual({ late: 7, sum: 0 });
  });

  test('a consumer that declares no state any more refuses to start, and leaves all as it was', async () => {
    await kit.addNumbers('in', 1, 1);
    await runOnce(kit, before);
    const untouched = await dump(kit);
    expect(await failureOf(kit.consumer({ handler: () => {} }).start())).toMatchObject({ code: 'ARS_STATE_SCHEMA' });
    expect(await dump(kit)).toEqual(untouched);
  });
});
