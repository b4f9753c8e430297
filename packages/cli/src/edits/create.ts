import { type JsonValue, jsonKind } from '@waybill/core'
import { type NamedFlag, namesOf } from '@waybill/flags'
import { Failure } from '../failure.ts'
import { indexOfVariation } from './variation.ts'

export interface CreateEdit {
  readonly key: string
  /** `name=value`, or a value alone; JSON, otherwise text. Default `control=false` and `canary=true`. */
  readonly variations?: readonly string[]
  readonly on?: boolean
  /** Default: the first. */
  readonly off?: string
  /** Default: the off variation. */
  readonly fallthrough?: string
}

/** As LaunchDarkly and declared flags both have it. */
const KEY = /^[A-Za-z0-9._-]{1,256}$/
const NAME = /^[\x21-\x7e]{1,64}$/
const NAMED = /^([A-Za-z0-9._-]{1,64})=(.*)$/s

/** A new flag, off unless asked otherwise. Fails with `bad_input`. */
export function createFlag(edit: CreateEdit, salt: string): NamedFlag {
  const { key, variations: texts = ['control=false', 'canary=true'] } = edit
  checkKey(key)
  if (texts.length < 2) throw new Failure('bad_input', 'A flag needs two variations at least: --variation name=value')
  const parsed = texts.map(parseVariation)
  const [first, ...others] = [...new Set(parsed.map(({ value }) => jsonKind(value)))]
  if (others.length > 0)
    throw new Failure('bad_input', `Variations must be of one kind, found ${first} and ${others[0]}`)
  const flag: NamedFlag = {
    key,
    version: 0,
    on: edit.on ?? false,
    salt,
    variations: parsed.map(({ value }) => value),
    variationNames: parsed.map(({ name }) => name ?? ''),
  }
  const named = { ...flag, variationNames: namesOf(flag) }
  const twice = named.variationNames.find((name, index) => named.variationNames.indexOf(name) !== index)
  if (twice !== undefined)
    throw new Failure('bad_input', `Two variations are called "${twice}": give each its own name`)
  const offVariation = edit.off === undefined ? 0 : indexOfVariation(named, edit.off)
  const fallthrough = edit.fallthrough === undefined ? offVariation : indexOfVariation(named, edit.fallthrough)
  return { ...named, offVariation, fallthrough: { variation: fallthrough } }
}

export function checkKey(key: string, kind: 'flag' | 'segment' = 'flag'): void {
  if (KEY.test(key)) return
  throw new Failure('bad_input', `"${key}" is no ${kind} key: 1 to 256 letters, digits, ".", "_" and "-"`)
}

function parseVariation(text: string): { readonly name?: string; readonly value: JsonValue } {
  const [, name, rest] = NAMED.exec(text) ?? []
  if (name === undefined || rest === undefined) return { value: parseValue(text) }
  if (!NAME.test(name)) throw new Failure('bad_input', `"${name}" is no variation name`)
  return { name, value: parseValue(rest) }
}

/** JSON where it is JSON, otherwise the text itself; what begins like an object or a list must be one. */
export function parseValue(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue
  } catch {
    if (/^\s*[[{"]/.test(text)) throw new Failure('bad_input', `The value ${text} is not JSON`)
    return text
  }
}
