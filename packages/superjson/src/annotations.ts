import type { SerializationError } from '@ars/core';
import { corrupt } from './corrupt.js';
import { demandShape, type TypeTag, typeTagOf } from './type-tag.js';

/** One place in the JSON that annotations have led to so far. */
interface AnnotatedNode {
  readonly json: unknown;
  type: TypeTag | undefined;
  /** By segment; created when there is a first one. */
  children: Map<string, AnnotatedNode> | undefined;
}

const ELEMENT = /^(?:0|[1-9]\d{0,9})$/;

/**
 * Checks the annotations that say which JSON values stand for other types. Each must lead, through own properties and
 * elements that exist, to a value of the right shape, and no two may touch the same place: superjson would follow a
 * path into what another annotation has made already. Recursion ends because every level of annotations is a level of JSON.
 */
export function demandAnnotations(json: unknown, annotations: unknown): void {
  const root: AnnotatedNode = { json, type: undefined, children: undefined };
  if (Array.isArray(annotations)) annotate(root, annotations);
  else annotateInside(root, annotations);
}

function annotate(node: AnnotatedNode, annotation: unknown): void {
  if (!Array.isArray(annotation) || annotation.length < 1 || annotation.length > 2) {
    throw corrupt('an annotation is not a list of a type and what is inside');
  }
  node.type = typeTagOf(annotation[0]);
  demandShape(node.type, node.json);
  if (annotation.length === 2) annotateInside(node, annotation[1]);
}

function annotateInside(node: AnnotatedNode, annotations: unknown): void {
  if (typeof annotations !== 'object' || annotations === null || Array.isArray(annotations)) {
    throw corrupt('annotations are not an object');
  }
  for (const [path, annotation] of Object.entries(annotations)) {
    const segments = segmentsOf(path);
    demandInside(node.type, segments);
    annotate(descend(node, segments), annotation);
  }
}

/** The pairs of a Map or of named entries are no values, and the names stay strings. */
function demandInside(type: TypeTag | undefined, segments: readonly string[]): void {
  const hasPairs = type === 'map' || type === 'entries';
  if (hasPairs && segments.length < 2) throw corrupt('a pair of a key and a value has a type');
  if (type === 'entries' && segments[1] === '0') throw corrupt('a name of a property has a type');
}

function descend(node: AnnotatedNode, segments: readonly string[]): AnnotatedNode {
  let at = node;
  let isNew = false;
  for (const segment of segments) {
    const known = at.children?.get(segment);
    isNew = known === undefined;
    const next = known ?? { json: heldBy(at.json, segment), type: undefined, children: undefined };
    if (next.type !== undefined) throw overlapping();
    if (isNew) (at.children ??= new Map()).set(segment, next);
    at = next;
  }
  if (!isNew) throw overlapping();
  return at;
}

function overlapping(): SerializationError {
  return corrupt('two annotations are about the same place');
}

function heldBy(container: unknown, segment: string): unknown {
  const canHold = Array.isArray(container)
    ? ELEMENT.test(segment)
    : typeof container === 'object' && container !== null;
  if (!canHold || !Object.hasOwn(container as object, segment)) throw corrupt('an annotation leads nowhere');
  return (container as Record<string, unknown>)[segment];
}

/** Splits a path at its dots, where `\.` is a dot and `\\` a backslash of a name. */
function segmentsOf(path: string): string[] {
  const segments: string[] = [];
  let segment = '';
  for (let index = 0; index < path.length; index++) {
    const character = path[index]!;
    if (character === '.') {
      segments.push(segment);
      segment = '';
    } else if (character === '\\') {
      const escaped = path[++index];
      if (escaped !== '.' && escaped !== '\\') throw corrupt('a path has a wrong escape');
      segment += escaped;
    } else segment += character;
  }
  segments.push(segment);
  return segments;
}
