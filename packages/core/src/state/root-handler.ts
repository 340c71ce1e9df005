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

  override attributeOf(key: string): string {
    return key;
  }

  override check(key: string, value: unknown): void {
    this.#rules.check(key, value);
  }
}
