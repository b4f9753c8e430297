import { type KeyRing, openOverride, type Refusal } from '@waybill/core'
import { BELIEVES_ALL } from './read-token.ts'

/** What an override says of itself, whoever wrote it. Without its signature, which is the secret. */
export interface OverrideContents {
  readonly keyId: string
  readonly issuedAtSeconds: number
  readonly expiresAtSeconds: number
  readonly subject: string
  readonly decisions: ReadonlyMap<string, string>
}

export type ReadOverride = { readonly override: OverrideContents } | { readonly refusal: Refusal }

/** A tester's token has a prefix of its own, so that nobody takes it for decisions. */
export function isOverride(token: string): boolean {
  return token.startsWith('wbo')
}

/** Reads one as at the moment when it was issued, believing every signature: for looking only. */
export function readUnverifiedOverride(token: string): ReadOverride {
  const { subject, issuedAtSeconds } = partsOf(token)
  return read(token, BELIEVES_ALL, { subject, nowSeconds: issuedAtSeconds })
}

/** Reads one that these keys signed and that is in force; for this subject, where one is given. */
export function verifyOverride(
  token: string,
  keys: KeyRing,
  expect: { readonly subject: string | undefined; readonly nowSeconds: number },
): ReadOverride {
  return read(token, keys, { ...expect, subject: expect.subject ?? partsOf(token).subject })
}

function read(
  token: string,
  keys: KeyRing,
  expect: { readonly subject: string; readonly nowSeconds: number },
): ReadOverride {
  const opened = openOverride(token, keys, expect)
  return 'refusal' in opened ? opened : { override: { ...partsOf(token), decisions: opened.decisions } }
}

/** `wbo1.<key id>.<issued at>.<expires at>.<subject>.…`: docs/wire-format.md. */
function partsOf(token: string): Omit<OverrideContents, 'decisions'> {
  const [, keyId = '', issued = '', expires = '', subject = ''] = token.split('.', 5)
  return {
    keyId,
    issuedAtSeconds: Number.parseInt(issued, 36),
    expiresAtSeconds: Number.parseInt(expires, 36),
    subject,
  }
}
