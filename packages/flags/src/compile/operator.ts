import type { JsonValue } from '@waybill/core'
import type { Clause } from '../model.ts'
import { compareMoments, parseMoment } from './date.ts'
import { compilePattern, type Pattern } from './pattern.ts'
import { compareVersions, parseVersion } from './semver.ts'

type Test = (value: JsonValue) => boolean
type Operator = (values: readonly JsonValue[]) => Test | undefined

const isBelow = (order: number): boolean => order < 0
const isAbove = (order: number): boolean => order > 0

const OPERATORS: Readonly<Record<string, Operator>> = {
  in: (values) => {
    const scalars = new Set(values)
    return (value) => typeof value !== 'object' && scalars.has(value)
  },
  startsWith: texts((value, one) => value.startsWith(one)),
  endsWith: texts((value, one) => value.endsWith(one)),
  contains: texts((value, one) => value.includes(one)),
  matches: patterns,
  lessThan: ordered(asNumber, compareNumbers, isBelow),
  lessThanOrEqual: ordered(asNumber, compareNumbers, (order) => order <= 0),
  greaterThan: ordered(asNumber, compareNumbers, isAbove),
  greaterThanOrEqual: ordered(asNumber, compareNumbers, (order) => order >= 0),
  before: ordered(parseMoment, compareMoments, isBelow),
  after: ordered(parseMoment, compareMoments, isAbove),
  semVerEqual: ordered(parseVersion, compareVersions, (order) => order === 0),
  semVerLessThan: ordered(parseVersion, compareVersions, isBelow),
  semVerGreaterThan: ordered(parseVersion, compareVersions, isAbove),
}

/**
 * Compiles what an operator asks of one value of the context: a match with any of the clause's values is one. Values of
 * the wrong type match nothing, and so does an operator that nobody knows, as in Go. `undefined`: a pattern that we do not take.
 */
export function compileOperator({ op, values }: Clause): Test | undefined {
  const operator = Object.hasOwn(OPERATORS, op) ? OPERATORS[op] : undefined
  // Go writes an empty list as null.
  return operator === undefined ? () => false : operator(values ?? [])
}

function texts(matches: (value: string, one: string) => boolean): Operator {
  return (values) => {
    const all = values.filter((one) => typeof one === 'string')
    return (value) => typeof value === 'string' && all.some((one) => matches(value, one))
  }
}

function ordered<T>(
  parse: (value: JsonValue) => T | undefined,
  compare: (a: T, b: T) => number,
  matches: (order: number) => boolean,
): Operator {
  return (values) => {
    const all = values.map(parse).filter((one) => one !== undefined)
    return (value) => {
      const parsed = parse(value)
      return parsed !== undefined && all.some((one) => matches(compare(parsed, one)))
    }
  }
}

function asNumber(value: JsonValue): number | undefined {
  return typeof value === 'number' ? value : undefined
}

/** No subtraction: `1e999` is a number in JSON, and Infinity less itself is none. */
function compareNumbers(a: number, b: number): number {
  return a < b ? -1 : Number(a > b)
}

/** What is no pattern matches nothing, as in Go. */
function patterns(values: readonly JsonValue[]): Test | undefined {
  const compiled = values.filter((one) => typeof one === 'string').map(compilePattern)
  if (compiled.includes('too large')) return undefined
  const all = compiled.filter((one): one is Pattern => typeof one === 'function')
  return (value) => typeof value === 'string' && all.some((matches) => matches(value))
}
