import type { JsonObject } from './json-protocol.ts'

type Matcher = string | number | boolean | null | JsonObject
export type EventPattern = { readonly [key: string]: readonly Matcher[] | EventPattern }

const OPERATORS: Readonly<Record<string, (value: unknown, operand: unknown) => boolean>> = {
  prefix: (value, operand) => typeof value === 'string' && value.startsWith(String(operand)),
  exists: (value, operand) => (value !== undefined) === operand,
  'anything-but': (value, operand) =>
    value !== undefined && !(Array.isArray(operand) ? operand : [operand]).includes(value),
}

/**
 * Reads an event pattern: exact values, `prefix`, `exists` and `anything-but`, on any field of the event.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
 *
 * Throws an Error that names the part at fault, other operators included: a pattern that is half understood would
 * deliver the wrong events.
 */
export function parseEventPattern(text: string): EventPattern {
  const pattern: unknown = JSON.parse(text)
  checkPattern(pattern, 'the pattern')
  return pattern
}

function checkPattern(pattern: unknown, path: string): asserts pattern is EventPattern {
  if (!isObject(pattern) || Object.keys(pattern).length === 0) throw new Error(`${path} must be a non-empty object`)
  for (const [key, rule] of Object.entries(pattern)) {
    if (!Array.isArray(rule)) checkPattern(rule, key)
    else if (rule.length === 0) throw new Error(`${key} must be an object or a non-empty array`)
    else for (const matcher of rule as unknown[]) checkMatcher(matcher, key)
  }
}

function checkMatcher(matcher: unknown, key: string): void {
  if (!isObject(matcher)) return
  for (const operator of Object.keys(matcher)) {
    if (!Object.hasOwn(OPERATORS, operator)) throw new Error(`${key}: the operator ${operator} is not emulated`)
  }
}

/** Whether the event has, for every field of the pattern, one of the values that it lists. */
export function matchesEvent(pattern: EventPattern, event: unknown): boolean {
  return Object.entries(pattern).every(([key, rule]) => {
    const value = isObject(event) && Object.hasOwn(event, key) ? event[key] : undefined
    if (!Array.isArray(rule)) return matchesEvent(rule as EventPattern, value)
    // An array in the event matches when one of its elements does.
    const values: readonly unknown[] = Array.isArray(value) ? value : [value]
    return rule.some((matcher: Matcher) => values.some((candidate) => matchesValue(matcher, candidate)))
  })
}

function matchesValue(matcher: Matcher, value: unknown): boolean {
  if (!isObject(matcher)) return matcher === value
  return Object.entries(matcher).every(([operator, operand]) => OPERATORS[operator]?.(value, operand) === true)
}

function isObject(value: unknown): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
