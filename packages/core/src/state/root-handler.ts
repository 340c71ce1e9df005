import type { AttributeRules } from './attribute-rules.js';
import { ObjectHandler, type Properties } from './object-handler.js';
import type { HandlerScope } from './tracked-handler.js';

/** The container of the attributes: every property is an attribute, and declared ones keep their kind. */
export class RootHandler extends ObjectHandler {
  readonly #rules: AttributeRules;

  constructor(scope: HandlerScope, container: Properties, rules: AttributeRules) {
    super(scope, container, undefined, '');
    this.#rules = rules;
  }

  /**
   * Most writes replace one number by another. An attribute that holds a number may hold any other, the container inherits
   * nothing, and a number needs no copy; so nothing remains to be asked.
   */
  override set(target: Properties, key: PropertyKey, value: unknown, receiver: unknown): boolean {
    const old = target[key as string];
    if (typeof value !== 'number' || typeof old !== 'number' || receiver !== this.proxy || !this.scope.isOpen)
      return super.set(target, key, value, receiver);
    this.scope.log.replaceNumber(key as string, target, old, value);
    return true;
  }

  /** What the container has for a prototype is nobody's business. */
  override getPrototypeOf(_target: Properties): null {
    this.demandOpen();
    return null;
  }

  override attributeOf(key: string): string {
    return key;
  }

  override check(key: string, value: unknown): void {
    this.#rules.check(key, value);
  }
}
