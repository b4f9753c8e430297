/** One flag of a token, as far as the model looks. */
export interface WireEntry {
  readonly variation: string
  readonly version: number
  /** When it was decided. */
  readonly atSeconds: number
}

export interface WireToken {
  readonly keyId: string
  readonly subject: string
  readonly dropped: number
  readonly entries: ReadonlyMap<string, WireEntry>
}

/** Reads a token's text by docs/wire-format.md, believing everything: what travelled is compared with what was sealed. */
export function wireToken(text: string): WireToken | undefined {
  const pieces = text.split('.')
  const [format, keyId = '', moment = '', subject = '', extras = ''] = pieces
  if (format !== 'wb1' || pieces.length < 7) return undefined
  const body = pieces.slice(5, -1).join('.')
  const dropped = extras.split('~').find((extra) => extra.startsWith('d'))
  const entries = new Map<string, WireEntry>()
  for (const entry of body === '' ? [] : body.split('~')) {
    const [flag = '', variation = '', , version, , ...fields] = entry.split(':')
    const own = fields.find((field) => field.startsWith('i'))?.slice(1)
    entries.set(decodeURIComponent(flag), {
      variation: decodeURIComponent(variation),
      version: Number(version),
      atSeconds: Number.parseInt(own ?? moment, 36),
    })
  }
  return { keyId, subject, dropped: Number(dropped?.slice(1) ?? 0), entries }
}
