import type { JsonValue } from '@waybill/core'
import type { Clause } from '../model.ts'
import { compareMoments, parseMoment } from './date.ts'
import { compilePattern, type Pattern } from './pattern.ts'
import { compareVersions, parseVersion } from './semver.ts'

type Test = (value: JsonValue) => boolean

/**
 * Compiles what an operator asks of one value of the context: a match with any of the clause's values is one. Values of
 * the wrong type match nothing, and so does an operator that nobody knows, as in Go. `undefined`: a pattern that we do not take.
 */
export function compileOperator({ op, values: given }: Clause): Test | undefined {
  // Go writes an empty list as null.
  const values = given ?? []
  switch (op) {
    case 'in': {
      const scalars = new Set(values)
      return (value) => typeof value !== 'object' && scalars.has(value)
    }
    case 'startsWith':
      return texts(values, (value, one) => value.startsWith(one))
    case 'endsWith':
      return texts(values, (value, one) => value.endsWith(one))
    case 'contains':
      return texts(values, (value, one) => value.includes(one))
    case 'matches':
      return patterns(values)
    case 'lessThan':
      return numbers(values, (value, one) => value < one)
    case 'lessThanOrEqual':
      return numbers(values, (value, one) => value <= one)
    case 'greaterThan':
      return numbers(values, (value, one) => value > one)
    case 'greaterThanOrEqual':
      return numbers(values, (value, one) => value >= one)
    case 'before':
      return ordered(values, parseMoment, compareMoments, (order) => order < 0)
    case 'after':
      return ordered(values, parseMoment, compareMoments, (order) => order > 0)
    case 'semVerEqual':
      return ordered(values, parseVersion, compareVersions, (order) => order === 0)
    case 'semVerLessThan':
      return ordered(values, parseVersion, compareVersions, (order) => order < 0)
    case 'semVerGreaterThan':
      return ordered(values, parseVersion, compareVersions, (order) => order > 0)
    default:
      return () => false
  }
}

function texts(values: readonly JsonValue[], matches: (value: string, one: string) => boolean): Test {
  const all = values.filter((one) => typeof one === 'string')
  return (value) => typeof value === 'string' && all.some((one) => matches(value, one))
}

function numbers(values: readonly JsonValue[], matches: (value: number, one: number) => boolean): Test {
  const all = values.filter((one) => typeof one === 'number')
  return (value) => typeof value === 'number' && all.some((one) => matches(value, one))
}

function ordered<T>(
  values: readonly JsonValue[],
  parse: (value: JsonValue) => T | undefined,
  compare: (a: T, b: T) => number,
  matches: (order: number) => boolean,
): Test {
  const all = values.map(parse).filter((one) => one !== undefined)
  return (value) => {
    const parsed = parse(value)
    return parsed !== undefined && all.some((one) => matches(compare(parsed, one)))
  }
}

/** What is no pattern matches nothing, as in Go. */
function patterns(values: readonly JsonValue[]): Test | undefined {
  const compiled = values.filter((one) => typeof one === 'string').map(compilePattern)
  if (compiled.includes('too large')) return undefined
  const all = compiled.filter((one): one is Pattern => typeof one === 'function')
  return (value) => typeof value === 'string' && all.some((matches) => matches(value))
}
