import type { Decision } from '../decision.ts'
import { type Waybill, waybillOf } from '../waybill.ts'
import { MAX_FLAGS, splitToken, unescapeText } from './format-1.ts'

/** What a re-sealed token must still say although this version does not understand it. */
export interface Originals {
  /** Extras that this version does not know. */
  readonly extras: readonly string[]
  /** Entry texts by flag: re-sealed unchanged. */
  readonly entries: ReadonlyMap<string, string>
}

/**
 * A waybill that came in a token, or was merged of such. What it was read from is kept out of sight: a waybill is data
 * to be logged and compared, and the text is as good as a password. A private field, since a WeakMap of all waybills
 * costs the garbage collector more than reading them costs us.
 */
export class CarriedWaybill implements Waybill {
  readonly subject?: string
  readonly decidedAtSeconds: number
  readonly decisions: ReadonlyMap<string, Decision>
  readonly droppedCount: number
  readonly #source: string | Originals

  constructor({ subject, decidedAtSeconds, decisions, droppedCount }: Waybill, source: string | Originals) {
    if (subject !== undefined) this.subject = subject
    this.decidedAtSeconds = decidedAtSeconds
    this.decisions = decisions
    this.droppedCount = droppedCount
    this.#source = source
  }

  /** The token as it came: forwarded as it is where it fits. A merged waybill has none. */
  static textOf(waybill: Waybill): string | undefined {
    return #source in waybill && typeof waybill.#source === 'string' ? waybill.#source : undefined
  }

  static originalsOf(waybill: Waybill): Originals | undefined {
    if (!(#source in waybill)) return undefined
    return typeof waybill.#source === 'string' ? readOriginals(waybill.#source) : waybill.#source
  }
}

/** Read again when a token is sealed anew, which is rare; not when it is opened, which is all the time. */
function readOriginals(text: string): Originals {
  const { extras = [], body = '' } = splitToken(text) ?? {}
  return {
    extras: extras.filter((extra) => !extra.startsWith('d') && !extra.startsWith('a')),
    entries: new Map(entryTexts(body).map((entry) => [unescapeText(entry.slice(0, entry.indexOf(':'))) ?? '', entry])),
  }
}

/** A waybill of which some decisions were made anew; the others keep their texts and their moments. */
export function madeAnew(waybill: Waybill, anew: readonly Decision[]): Waybill {
  const decisions = new Map(waybill.decisions)
  for (const decision of anew) decisions.set(decision.flag, decision)
  const next = waybillOf(decisions, waybill.subject, waybill.droppedCount)
  const { extras = [], entries: texts = [] } = CarriedWaybill.originalsOf(waybill) ?? {}
  const entries = new Map<string, string>()
  for (const [flag, text] of texts) {
    // An entry without a moment of its own is of the token's: while there is one, that stays what it is.
    if (decisions.get(flag) === waybill.decisions.get(flag)) entries.set(flag, text)
  }
  return new CarriedWaybill(next, { extras, entries })
}

/** The entries of a body; one more than allowed where there are too many. */
export function entryTexts(body: string): readonly string[] {
  return body === '' ? [] : body.split('~', MAX_FLAGS + 1)
}
