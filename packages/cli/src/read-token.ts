import { type KeyRing, openToken, type Refusal, type Waybill } from '@waybill/core'

/** What a token says of itself, whoever wrote it. */
export interface TokenContents {
  readonly format: string
  readonly keyId: string
  readonly audience: string | undefined
  readonly waybill: Waybill
}

/** Accepts every signature: for looking only, never for believing. */
export const BELIEVES_ALL: KeyRing = {
  signer: undefined,
  verifier: (id) => ({ id, sign: () => '', verify: () => true }),
  empty: false,
  fingerprint: () => undefined,
}

/** Reads a token without checking its signature; the refusal where it cannot even be read. */
export function readUnverified(token: string): TokenContents | { readonly refusal: Refusal } {
  const audience = audienceOf(token)
  const opened = openToken(token, BELIEVES_ALL, audience === undefined ? {} : { audience })
  if ('refusal' in opened) return opened
  const [format = '', keyId = ''] = token.split('.', 2)
  return { format, keyId, audience, waybill: opened.waybill }
}

/** The extra that begins with `a`, from the fifth part: docs/wire-format.md. */
export function audienceOf(token: string): string | undefined {
  const extra = token
    .split('.', 5)[4]
    ?.split('~')
    .find((one) => one.startsWith('a'))
  if (extra === undefined) return undefined
  try {
    return decodeURIComponent(extra.slice(1))
  } catch {
    return undefined
  }
}
