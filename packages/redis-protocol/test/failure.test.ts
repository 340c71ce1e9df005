import { describe, expect, test } from 'vitest';
import { ConnectionLostError, RedisReplyError } from '@ars/redis-protocol';
import { connectFailure, failureOf, refusal } from '../src/failure.js';

const context = { store: 'redis://h:1/0', verb: 'commit', isCommit: true };
const failure = (text: string, changes: object = {}) =>
  failureOf(new RedisReplyError(text), { ...context, ...changes });

describe('a refusal of the server', () => {
  test.each([
    ['LOADING', 'LOADING Redis is loading the dataset in memory'],
    ['READONLY', "READONLY You can't write against a read only replica. script: 5b3, on @user_script:1."],
    ['OOM', "OOM command not allowed when used memory > 'maxmemory'. script: 5b3, on @user_script:1."],
    ['BUSY', 'BUSY Redis is busy running a script.'],
    ['MASTERDOWN', "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."],
    ['CLUSTERDOWN', 'CLUSTERDOWN The cluster is down'],
    ['TRYAGAIN', 'TRYAGAIN Multiple keys request during rehashing of slot'],
    ['MOVED', 'MOVED 3999 127.0.0.1:6381'],
    ['ASK', 'ASK 3999 127.0.0.1:6381'],
    ['MISCONF', 'MISCONF Redis is configured to save RDB snapshots'],
    ['NOREPLICAS', 'NOREPLICAS Not enough good replicas to write.'],
    ['UNBLOCKED', 'UNBLOCKED client unblocked via CLIENT UNBLOCK'],
    ['NOAUTH', 'NOAUTH Authentication required.'],
    ['MAXCLIENTS', 'ERR max number of clients reached'],
  ])('with %s is for now, and nothing ran', (reason, text) => {
    expect(failure(text)).toMatchObject({ code: 'ARS_STORE_UNAVAILABLE', details: { reason, ran: false } });
  });

  test.each([
    ['NOPERM', "NOPERM this user has no permissions to run the 'xadd' command"],
    ['NOPERM', "NOPERM User bob has no permissions to run the 'xadd' command"],
    ['NOPERM', "ERR The user executing the script can't run this command or subcommand"],
    [
      'NOPERM',
      "ERR The user executing the script can't access at least one of the keys mentioned in the command arguments",
    ],
    ['NOPERM', "ERR ACL failure in script: User bob has no permissions to run the 'xadd' command"],
    ['WRONGTYPE', 'WRONGTYPE Operation against a key holding the wrong kind of value'],
    ['EXHAUSTED', 'ERR The stream has exhausted the last possible ID, unable to add more items'],
    ['ERR', 'ERR unknown command'],
  ])('with %s is about the content: %s', (reason, text) => {
    const expected = { code: 'ARS_COMMIT', details: { reason, stream: 'orders' } };
    expect(failure(text, { stream: 'orders' })).toMatchObject(expected);
    expect(failure(text, { isCommit: false })).toMatchObject({ code: 'ARS_CONFIGURATION', details: { reason } });
  });

  test.each([
    ['NOPERM', "UNDO NOPERM this user has no permissions to run the 'xdel' command"],
    ['NOPERM', "UNDO ERR The user executing the script can't run this command or subcommand"],
    ['OOM', 'UNDO OOM command not allowed'],
    ['READONLY', "UNDO READONLY You can't write against a read only replica."],
    ['EXHAUSTED', 'UNDO ERR The stream has exhausted the last possible ID'],
  ])('that hit the undo of a commit, with %s, is neither for now nor about the content: %s', (reason, text) => {
    const error = refusal(text, { ...context, command: 'XDEL' });
    expect(error).toMatchObject({ code: 'ARS_TORN_COMMIT', details: { reason, command: 'XDEL' } });
  });

  test('never repeats what was sent, nor who sent it', () => {
    for (const text of [
      "ERR unknown command 'XADD', with args beginning with: 'orders' '*' 'card' '4111' ",
      "ERR user_script:1: bad value '4111' script: abc",
      'ERR value "4111" is not an integer',
      'UNDO ERR value "4111" is odd',
      "NOPERM User 4111 has no permissions to run the 'xadd' command",
    ]) {
      const error = failure(text) as Error;
      expect(`${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain('4111');
    }
  });
});

test('a lost connection leaves open whether it ran', () => {
  const error = failureOf(new ConnectionLostError('read ECONNRESET'), context);
  expect(error).toMatchObject({ code: 'ARS_STORE_UNAVAILABLE', details: { reason: 'CONNECTION', ran: 'unknown' } });
});

test('a lost connection on which nothing was sent says that nothing ran', () => {
  const error = failureOf(new ConnectionLostError('the connection has ended', false), context);
  expect(error).toMatchObject({
    code: 'ARS_STORE_UNAVAILABLE',
    message: 'redis://h:1/0: cannot commit, the connection is lost (the connection has ended)',
    details: { reason: 'CONNECTION', ran: false },
  });
});

test('a bug stays a bug', () => {
  const bug = new TypeError('x');
  expect(failureOf(bug, context)).toBe(bug);
});

describe('a connection that is refused', () => {
  test.each([
    ['WRONGPASS invalid username-password pair or user is disabled.', 'ARS_CONFIGURATION'],
    ['NOAUTH Authentication required.', 'ARS_CONFIGURATION'],
    ['ERR DB index is out of range', 'ARS_CONFIGURATION'],
    ['LOADING Redis is loading the dataset in memory', 'ARS_STORE_UNAVAILABLE'],
    ['CLUSTERDOWN The cluster is down', 'ARS_STORE_UNAVAILABLE'],
  ])('%s', (text, code) => {
    expect(connectFailure(new RedisReplyError(text), 'redis://h:1/0')).toMatchObject({ code });
  });
});
