import { ARRAY_METHODS } from './array-methods.js';
import { ArrayWriter } from './array-writer.js';
import { demandPlainData, setElsewhere } from './tracked-handler.js';

/**
 * Makes an array of the state look and behave as one. Methods that write are replaced by those of `array-methods.ts`,
 * which record one range instead of each element; all others are the language's own, working through these traps, and
 * so are the writing ones when called as `Array.prototype.splice.call(array, …)`.
 */
export class ArrayHandler extends ArrayWriter {
  override get(target: unknown[], key: PropertyKey): unknown {
    if (!this.scope.isOpen) this.demandOpen();
    const value: unknown = target[key as number];
    if (typeof value === 'function') return ARRAY_METHODS.get(key) ?? value;
    if (typeof value !== 'object' || value === null) return value === undefined ? this.inherited(target, key) : value;
    return Object.hasOwn(target, key) ? this.scope.wrap(value, this, this.attribute) : this.inherited(target, key);
  }

  override set(_target: unknown[], key: PropertyKey, value: unknown, receiver: unknown): boolean {
    this.demandOpen();
    if (receiver !== this.proxy) return setElsewhere(receiver, key, value);
    if (key === 'length') this.setLength(value);
    else this.setElement(this.#indexOf(key), value);
    return true;
  }

  override defineProperty(target: unknown[], key: PropertyKey, property: PropertyDescriptor): boolean {
    this.demandOpen();
    const isNew = !Object.hasOwn(target, key);
    if (key !== 'length') demandPlainData(property, isNew);
    else if (property.writable === false || property.get !== undefined)
      throw new TypeError('the length of an array of the state must stay writable');
    return isNew || 'value' in property ? this.set(target, key, property.value, this.proxy) : true;
  }

  override deleteProperty(target: unknown[], key: PropertyKey): boolean {
    this.demandOpen();
    if (key === 'length') return false;
    if (Object.hasOwn(target, key)) this.deleteElement(this.#indexOf(key));
    return true;
  }

  /** Reads a canonical index (`0`, `17`); any other property is refused. */
  #indexOf(key: PropertyKey): number {
    const index = typeof key === 'string' ? Number(key) : NaN;
    if (!Number.isInteger(index) || index < 0 || String(index) !== key) throw this.noSuchProperty(key);
    return index;
  }
}
