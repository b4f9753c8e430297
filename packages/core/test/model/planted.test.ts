import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { arrivals as Arrivals } from '../../src/carriers/arrivals.ts'
import type { Ledger as LedgerType } from '../../src/ledger.ts'
import type { cargoOf as CargoOf } from '../../src/lifecycle/cargo.ts'
import type { Scope } from '../../src/scope.ts'
import type { ViolationKind } from './world.ts'

/*
 * A model that finds nothing proves something only if it would have found it. Each mistake here is one that a tracer or a
 * flag library has made.
 */
beforeEach(() => {
  vi.resetModules()
  vi.restoreAllMocks()
  for (const module of MOCKED) vi.doUnmock(module)
})

const MOCKED = ['../../src/carriers/arrivals.ts', '../../src/lifecycle/cargo.ts', '../../src/outgoing/bind.ts']
const MOST_CHAINS = 200

/** The kinds of violations in the first chain that fails; with the modules as they are mocked now. */
async function found(): Promise<readonly ViolationKind[]> {
  const { runModel } = await import('./run-model.ts')
  const { failures } = await runModel(20_260_101, MOST_CHAINS, 0, 20)
  return [...new Set(failures.flatMap(({ report }) => report.violations.map(({ kind }) => kind)))]
}

describe('the model finds', { timeout: 300_000 }, () => {
  it('nothing in what is not broken', async () => {
    expect(await found()).toEqual([])
  })

  it('a scope that is global to the module', async () => {
    const { scopeStorage } = await import('../../src/scope.ts')
    let current: Scope | undefined
    vi.spyOn(scopeStorage, 'run').mockImplementation(((scope: Scope, fn: () => unknown) => {
      current = scope
      return fn()
    }) as never)
    vi.spyOn(scopeStorage, 'getStore').mockImplementation(() => current)
    expect(await found()).toEqual(expect.arrayContaining(['leak']))
  })

  it('a batch in which only the first record’s token is read', async () => {
    vi.doMock('../../src/carriers/arrivals.ts', async (original) => {
      const real = await original<{ arrivals: typeof Arrivals }>()
      const arrivals: typeof Arrivals = (event, context) => {
        const arrived = real.arrivals(event, context)
        if (arrived.kind === 'single') return arrived
        const [first = []] = arrived.tokensById.values()
        const records = Object.values(event as object).find(Array.isArray) as Record<string, unknown>[]
        const ids = records.flatMap((record) => arrived.idOf(record) ?? [])
        return { ...arrived, tokensById: new Map(ids.map((id) => [id, first])) }
      }
      return { ...real, arrivals }
    })
    expect(await found()).toEqual(expect.arrayContaining(['leak', 'counts']))
  })

  it('a memory of tokens that forgets to ask whose they are', async () => {
    vi.doMock('../../src/lifecycle/cargo.ts', async (original) => {
      const real = await original<{ cargoOf: typeof CargoOf }>()
      const known = new Set<string>()
      const cargoOf: typeof CargoOf = (tokens, scope, settings, owner) => {
        const [token = ''] = tokens
        const cargo = real.cargoOf(tokens, scope, settings, known.has(token) ? undefined : owner)
        if ('waybill' in cargo) known.add(token)
        return cargo
      }
      return { ...real, cargoOf }
    })
    expect(await found()).toEqual(expect.arrayContaining(['leak', 'counts']))
  })

  it('a buffer that is stamped when it is sent, with the decisions of whoever sends it', async () => {
    vi.doMock('../../src/outgoing/bind.ts', () => ({
      bindWaybill: (entry: object) => ({ ...entry }),
      boundStamper: () => undefined,
    }))
    expect(await found()).toEqual(expect.arrayContaining(['leak', 'stamp']))
  })

  it('a loss that nobody counts', async () => {
    const { Ledger } = await import('../../src/ledger.ts')
    const real = Ledger.prototype.count
    vi.spyOn(Ledger.prototype, 'count').mockImplementation(function (this: LedgerType, code, by) {
      if (code !== 'uncarried') real.call(this, code, by)
    })
    expect(await found()).toEqual(['counts'])
  })
})
