import { WaybillError } from '@waybill/core'

/**
 * A secret text: itself, or a function that fetches it, as Powertools' `getSecret` and `getParameter` do. It is asked each
 * time, so that a rotated one is followed: let it cache.
 */
export type TextSource = string | (() => Text | Promise<Text>)

type Text = string | Uint8Array | undefined

/**
 * What fetches the text: the option, or else the environment variable. Throws `bad_option` where neither says anything: an
 * empty secret is one that everybody knows. What is fetched and is no text comes out as `undefined`.
 */
export function textFrom(
  what: string,
  option: TextSource | undefined,
  variable: string,
): () => Promise<string | undefined> {
  const source = option ?? process.env[variable]
  if (typeof source !== 'function' && !isText(source)) {
    throw new WaybillError('bad_option', `${what} is missing: pass it, or set ${variable}`)
  }
  return async () => {
    const text = typeof source === 'function' ? await source() : source
    // A binary secret is one whose author had a file.
    const said = (typeof text === 'object' ? Buffer.from(text).toString('utf8') : text)?.trim()
    return isText(said) ? said : undefined
  }
}

/** A header can hold nothing else, and the SDK would put a line break of the secret's file into its error. */
function isText(text: string | undefined): text is string {
  return typeof text === 'string' && /^[\x20-\x7e]*[\x21-\x7e]$/.test(text.trim())
}
