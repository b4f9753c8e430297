import { describe, expect, it } from 'vitest'
import { readCommandLine } from '../../src/demo/options.ts'

describe('the command line of the demo', () => {
  it('has defaults for everything', () => {
    expect(readCommandLine([])).toEqual({
      options: { orders: 2000, users: 500, percent: 10, seed: 8, json: false },
      page: { serving: 'after', rate: 8, port: 0 },
    })
  })

  it('takes numbers with or without an equals sign, and dashes handed on by a package manager', () => {
    expect(readCommandLine(['--', '--orders', '40', '--users=7', '--percent=25', '--seed', '0', '--json'])).toEqual({
      options: { orders: 40, users: 7, percent: 25, seed: 0, json: true },
      page: { serving: 'no', rate: 8, port: 0 },
    })
  })

  it('serves the page at once, after the comparison, or never', () => {
    const pageOf = (...args: readonly string[]) => (readCommandLine(args) as { readonly page?: unknown }).page
    expect(pageOf('--serve', '--port', '8080', '--rate=3')).toEqual({ serving: 'yes', rate: 3, port: 8080 })
    expect(pageOf('--orders', '40')).toMatchObject({ serving: 'after' })
    expect(pageOf('--no-serve')).toMatchObject({ serving: 'no' })
    expect(pageOf('--json')).toMatchObject({ serving: 'no' })
  })

  it('explains itself', () => {
    expect(readCommandLine(['--help'])).toMatchObject({ help: expect.stringContaining('--orders N') })
  })

  it.each([
    [['--order', '5'], '--order'],
    [['--orders'], '--orders'],
    [['--orders', 'many'], '--orders must be a whole number from 20 to 100000, not "many"'],
    [['--orders', '-5'], '--orders'],
    [['--orders', '1e3'], 'not "1e3"'],
    [['--users', '0'], '--users must be a whole number from 1 to 100000, not "0"'],
    [['--percent', '101'], '--percent must be a whole number from 1 to 100, not "101"'],
    [['--seed', '1.5'], '--seed'],
    [['--rate', '0'], '--rate must be a whole number from 1 to 50'],
    [['--port', '70000'], '--port'],
    [['--serve', '--json'], '--json is the result of a run that ends'],
    [['now'], 'now'],
  ])('refuses %j in one line', (args, said) => {
    const { error = '' } = readCommandLine(args) as { readonly error?: string }
    expect(error).toContain(said)
    expect(error).not.toContain('\n')
  })
})
