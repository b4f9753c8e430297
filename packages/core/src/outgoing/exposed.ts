import type { Exposed, Shipment } from '../carriers/carrier.ts'
import { WaybillError } from '../errors.ts'
import { decodeEntry, splitToken } from '../token/format-1.ts'
import { entryTexts } from '../token/originals.ts'

/** What attributes may be called on SQS and SNS, less the prefix: letters, digits, `_`, `-`, and single periods. */
const FLAG = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/
/** An attribute's name has at most 256 characters, of which the prefix takes 13. */
const MAX_FLAG_LENGTH = 240
/**
 * A variation that a filter can name: SQS and SNS refuse control characters, and a text that looks like JSON is read as
 * such by filter policies, which then match nothing.
 */
const VARIATION = /^[^\p{C}["{][^\p{C}]{0,255}$/u

/** Throws `bad_option`. */
export function checkExposed(expose: readonly string[] | undefined): readonly string[] {
  const isFlag = (one: unknown): boolean => typeof one === 'string' && one.length <= MAX_FLAG_LENGTH && FLAG.test(one)
  if (expose === undefined) return []
  if (!Array.isArray(expose) || !expose.every(isFlag) || new Set(expose).size < expose.length) {
    throw new WaybillError(
      'bad_option',
      'stampClient: `expose` must be a list of flags, of letters, digits, "_", "-" and "."',
    )
  }
  return expose
}

/** The flags that filters may read in one slot: the first ones of those that are wanted, as many as fit. */
export function exposedFitting(
  shipment: Shipment,
  index: number,
  token: string,
  wanted: readonly string[],
  roomBytes: number,
): { readonly flags?: Exposed; readonly bytes: number; readonly unexposedCount: number } {
  const { shown, hiddenCount } = exposedOf(token, wanted)
  if (shipment.exposedBytes === undefined) return { bytes: 0, unexposedCount: 0 }
  for (let count = shown.length; count > 0; count -= 1) {
    const flags = shown.slice(0, count)
    const bytes = shipment.exposedBytes(index, flags)
    if (bytes !== undefined && bytes <= roomBytes) {
      return { flags, bytes, unexposedCount: hiddenCount + shown.length - count }
    }
  }
  return { bytes: 0, unexposedCount: hiddenCount + shown.length }
}

/** The variations that a token holds of these flags, in their order: what the token does not say, nobody shows. */
function exposedOf(token: string, flags: readonly string[]): { readonly shown: Exposed; readonly hiddenCount: number } {
  const parts = splitToken(token)
  const variations = new Map<string, string>()
  for (const entry of parts === undefined ? [] : entryTexts(parts.body)) {
    const decision = decodeEntry(entry, 0)
    if (decision !== undefined) variations.set(decision.flag, decision.variation)
  }
  const shown: (readonly [string, string])[] = []
  let hiddenCount = 0
  for (const flag of flags) {
    const variation = variations.get(flag)
    if (variation === undefined) continue
    if (VARIATION.test(variation)) shown.push([flag, variation])
    else hiddenCount += 1
  }
  return { shown, hiddenCount }
}
