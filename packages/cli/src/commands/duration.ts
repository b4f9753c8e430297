import { InvalidArgumentError } from 'commander'

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const

/** `30s`, `45m`, `12h` or `14d` in seconds. */
export function duration(text: string): number {
  const [, amount, unit] = /^([1-9]\d{0,8})([smhd])$/.exec(text) ?? []
  if (amount === undefined) throw new InvalidArgumentError('It must be a duration: 45m, 12h or 14d.')
  return Number(amount) * SECONDS[unit as keyof typeof SECONDS]
}
