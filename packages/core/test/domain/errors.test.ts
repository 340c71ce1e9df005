import { expect, test } from 'vitest';
import * as core from '../../src/index.js';

const { ArsError, isArsError } = core;
type ErrorClass = new (message: string, details?: core.ErrorDetails, cause?: unknown) => core.ArsError;

const codes: Record<core.ArsErrorCode, ErrorClass> = {
  ARS_FENCED: core.FencedError,
  ARS_STATE_SCHEMA: core.StateSchemaError,
  ARS_STATE_OWNERSHIP: core.StateOwnershipError,
  ARS_STATE_LOST: core.StateLostError,
  ARS_SERIALIZATION: core.SerializationError,
  ARS_STREAM_GAP: core.StreamGapError,
  ARS_STREAM_REGRESSED: core.StreamRegressedError,
  ARS_TRANSACTION_CLOSED: core.TransactionClosedError,
  ARS_MESSAGE_VALIDATION: core.MessageValidationError,
  ARS_COMMIT: core.CommitError,
  ARS_TORN_COMMIT: core.TornCommitError,
  ARS_STORE_UNAVAILABLE: core.StoreUnavailableError,
  ARS_CONFIGURATION: core.ConfigurationError,
  ARS_DURABILITY: core.DurabilityError,
  ARS_HANDLER: core.HandlerError,
  ARS_STOPPED: core.StoppedError,
};

test.each(Object.entries(codes))('%s is the code of its class, which is named after itself', (code, Class) => {
  const cause = new Error('why');
  const error = new Class('what happened', { stream: 'orders', lost: 3 }, cause);
  expect(error).toBeInstanceOf(ArsError);
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({
    code,
    name: Class.name,
    message: 'what happened',
    details: { stream: 'orders', lost: 3 },
  });
  expect(error.cause).toBe(cause);
  expect(isArsError(error)).toBe(true);
  expect(isArsError(error, code as core.ArsErrorCode)).toBe(true);
});

test('every error class that the package exports has a code of its own', () => {
  const exported = Object.values(core).filter(
    (value) => typeof value === 'function' && value.prototype instanceof ArsError,
  );
  expect(new Set(exported)).toEqual(new Set(Object.values(codes)));
});

test('an error is recognised by another code than its own as little as by none', () => {
  expect(isArsError(new core.FencedError('x'), 'ARS_COMMIT')).toBe(false);
});

test('an error of another installation of the library is recognised by its brand', () => {
  const foreign = Object.assign(new Error('x'), { [Symbol.for('@ars/error')]: true, code: 'ARS_FENCED' });
  expect(foreign).not.toBeInstanceOf(ArsError);
  expect([isArsError(foreign), isArsError(foreign, 'ARS_FENCED'), isArsError(foreign, 'ARS_COMMIT')]).toEqual([
    true,
    true,
    false,
  ]);
});

test('nothing else is taken for one of our errors', () => {
  const others = [
    undefined,
    null,
    'ARS_FENCED',
    7,
    {},
    new Error('x'),
    Object.assign(new Error('x'), { code: 'ARS_FENCED' }),
  ];
  for (const other of others) expect(isArsError(other)).toBe(false);
});

test('without a cause there is no cause property, and details are never missing', () => {
  const error = new core.FencedError('x');
  expect('cause' in error).toBe(false);
  expect(error.details).toEqual({});
});
