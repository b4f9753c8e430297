import type { OverrideContents } from '../read-override.ts'
import { printable, type Style, table } from './text.ts'
import { age, when } from './token.ts'

export function overrideJson({ decisions, ...contents }: OverrideContents): Readonly<Record<string, unknown>> {
  return { format: 'wbo1', ...contents, decisions: Object.fromEntries(decisions) }
}

/** The token itself is left out: whoever has it is the tester. */
export function overridePage(contents: OverrideContents, nowMs: number, style: Style): string {
  const { keyId, issuedAtSeconds, expiresAtSeconds, subject, decisions } = contents
  const now = nowMs / 1000
  const rows = [
    ['format', 'wbo1, an override for a tester'],
    ['token', `wbo1.${printable(keyId)}.… (a bearer secret: not shown)`],
    ['key', printable(keyId)],
    ['issued', `${when(issuedAtSeconds)}, ${age(now - issuedAtSeconds)}`],
    [expiresAtSeconds > now ? 'expires' : 'expired', `${when(expiresAtSeconds)}, ${age(now - expiresAtSeconds)}`],
    ['subject', printable(subject)],
  ]
  const lines = [...decisions].map(([flag, variation]) => [printable(flag), printable(variation)])
  const [head = '', ...body] = table([['FLAG', 'VARIATION'], ...lines]).split('\n')
  return [table(rows), style.faint(head), ...body].join('\n')
}
