import { inspect } from 'node:util'
import { createWaybill, openToken, sealToken } from '@waybill/core'
import { describe, expect, it } from 'vitest'
import { keysFromParameter } from '../src/parameter.ts'
import { keysFromSecret } from '../src/secret.ts'
import { bench, documentOf, k1, k2, secretOf, serviceError } from './key-fixture.ts'

describe('keys of a store', () => {
  it('are none before the first load, and what the document says after it', async () => {
    const { options } = bench(documentOf(k1))
    const keys = keysFromParameter('/keys', options)
    expect([keys.current().empty, keys.status()]).toEqual([true, { state: 'empty', failures: 0 }])
    await keys.refresh()
    expect(keys.current().signer?.id).toBe('k1')
    expect(keys.status()).toEqual({ state: 'live', failures: 0, confirmedAtMs: 1_000_000 })
  })

  it('are loaded once for all who ask at the same time', async () => {
    const { state, options } = bench(documentOf(k1))
    const keys = keysFromParameter('/keys', options)
    await Promise.all([keys.refresh(), keys.refresh(['k1']), keys.refresh(['k9'])])
    expect(state.loads).toBe(1)
  })

  it('cost no promise while they are fresh, and one load when their time is over', async () => {
    const { state, options, pass } = bench(documentOf(k1))
    const keys = keysFromParameter('/keys', options)
    await keys.refresh()
    pass(299)
    expect(keys.refresh(['k1'])).toBeUndefined()
    pass(1)
    state.answer = documentOf(k2, k1)
    await keys.refresh(['k1'])
    expect([keys.current().signer?.id, state.loads]).toEqual(['k2', 2])
  })

  it('are loaded up to a fifth earlier, at random, so that environments spread', async () => {
    const { options, pass } = bench(documentOf(k1))
    const keys = keysFromParameter('/keys', { ...options, random: () => 0.999999 })
    await keys.refresh()
    pass(239)
    expect(keys.refresh()).toBeUndefined()
    pass(2)
    expect(keys.refresh()).toBeInstanceOf(Promise)
  })

  it('are loaded anew after the clock went back, as in an environment restored from a snapshot', async () => {
    const { options, pass } = bench(documentOf(k1))
    const keys = keysFromParameter('/keys', options)
    await keys.refresh()
    pass(-3600)
    expect(keys.refresh()).toBeInstanceOf(Promise)
  })

  it('stay the same ring while the document does, so that tokens seen before stay known', async () => {
    const { state, options, pass } = bench(documentOf(k1))
    const keys = keysFromParameter('/keys', options)
    await keys.refresh()
    const before = keys.current()
    pass(300)
    await keys.refresh()
    expect([keys.current() === before, state.loads]).toEqual([true, 2])
  })

  it('may be binary', async () => {
    const { options } = bench(new TextEncoder().encode(documentOf(k1)))
    const keys = keysFromSecret('keys', options)
    await keys.refresh()
    expect(keys.current().signer?.id).toBe('k1')
  })

  it('replace what they were: a key that was retired is no longer believed', async () => {
    const { state, options, pass } = bench(documentOf(k1))
    const keys = keysFromParameter('/keys', options)
    await keys.refresh()
    const waybill = createWaybill({ decisions: [{ flag: 'f', variation: 'on', value: true }] })
    const { token = '' } = sealToken(waybill, keys.current())
    expect(openToken(token, keys.current())).toHaveProperty('waybill')
    pass(300)
    state.answer = documentOf(k2)
    await keys.refresh()
    expect(openToken(token, keys.current())).toEqual({ refusal: 'unknown_key' })
  })
})

describe('a token of an unknown key', () => {
  it('makes the keys be loaded, which finds the new one', async () => {
    const { state, options, pass } = bench(documentOf(k1))
    const keys = keysFromParameter('/keys', options)
    await keys.refresh(['k1'])
    pass(1)
    state.answer = documentOf(k1, k2)
    await keys.refresh(['k2'])
    expect([keys.current().verifier('k2')?.id, state.loads]).toEqual(['k2', 2])
  })

  it('costs one load in 30 seconds, whatever the number of tokens and of ids', async () => {
    const { state, options, pass } = bench(documentOf(k1))
    const keys = keysFromParameter('/keys', options)
    await keys.refresh()
    const strangers = Array.from({ length: 100 }, (_, index) => `x${index}`)
    for (const id of strangers) await keys.refresh([id, 'k1'])
    pass(29)
    for (const id of strangers) await keys.refresh([id])
    expect(state.loads).toBe(2)
    pass(1)
    for (const id of strangers) await keys.refresh([id])
    expect(state.loads).toBe(3)
  })

  it('waits with the others for a load under way, and the ids that are known do not', async () => {
    const { state, options, pass } = bench(documentOf(k1))
    const keys = keysFromParameter('/keys', options)
    await keys.refresh()
    pass(1)
    const { promise, resolve } = Promise.withResolvers<string>()
    state.answer = promise
    const looks = [keys.refresh(['k2']), keys.refresh(['k3'])]
    expect(looks.every((look) => look instanceof Promise)).toBe(true)
    expect(keys.refresh(['k1'])).toBeUndefined()
    resolve(documentOf(k2, k1))
    await Promise.all(looks)
    expect([state.loads, keys.current().signer?.id]).toEqual([2, 'k2'])
  })
})

describe('when the store fails', () => {
  const denied = serviceError('AccessDeniedException', 'role/r is not authorized to perform ssm:GetParameter')
  const faults: [what: string, answer: Error | string | undefined, code: string, error: string][] = [
    ['is down', Object.assign(new Error('connect ECONNREFUSED'), { name: 'Error' }), 'keys_unavailable', 'Error'],
    ['throttles', serviceError('ThrottlingException'), 'keys_unavailable', 'ThrottlingException'],
    ['denies access', denied, 'keys_unavailable', 'AccessDeniedException'],
    ['has nothing under the name', undefined, 'keys_unavailable', 'Error'],
    ['holds garbage', `{"signing": ${k2.secret}`, 'bad_key', 'WaybillError'],
    ['holds a key too short', documentOf({ id: 'k2', secret: 'c2hvcnQ=' }), 'bad_key', 'WaybillError'],
    ['holds an id twice', documentOf(k2, k2), 'bad_key', 'WaybillError'],
  ]

  it.each(faults)('because it %s: the last good keys stay, it is said once, and no request fails', async (...fault) => {
    const [, answer, code, error] = fault
    const { state, options, pass } = bench(documentOf(k1))
    const keys = keysFromParameter('/keys', options)
    await keys.refresh()
    state.answer = answer
    for (const seconds of [300, 1, 2, 4]) {
      pass(seconds)
      await expect(keys.refresh()).resolves.toBeUndefined()
    }
    expect(keys.current().signer?.id).toBe('k1')
    expect(keys.isBehind()).toBe(true)
    expect(keys.status()).toEqual({ state: 'stale', failures: 4, confirmedAtMs: 1_000_000, trouble: code })
    expect(state.lines).toHaveLength(1)
    expect(state.lines[0]).toMatchObject({ level: 'WARN', code, error })
    expect(state.lines[0]?.['message']).toBe(
      'waybill: keysFromParameter("/keys") brought no keys, the last good ones are used',
    )
    expect(JSON.stringify(state.lines)).not.toContain(k2.secret.slice(0, 12))
  })

  it.each(faults)('because it %s, from the start: there are no keys, and no request fails', async (...fault) => {
    const [, answer, code] = fault
    const { state, options } = bench(answer)
    const keys = keysFromSecret('keys', options)
    await expect(keys.refresh(['k1'])).resolves.toBeUndefined()
    expect(keys.current().empty).toBe(true)
    expect(keys.status()).toEqual({ state: 'empty', failures: 1, trouble: code })
    expect(state.lines[0]?.['message']).toMatch(/there are none: tokens are neither sealed nor believed/)
  })

  it('says what AWS said, and of others no more than the name', async () => {
    const { state, options, pass } = bench(denied)
    const keys = keysFromParameter('/keys', options)
    await keys.refresh()
    pass(1)
    state.answer = new Error(`could not parse ${k1.secret}`)
    await keys.refresh()
    expect(state.lines.map((line) => line['detail'])).toEqual([denied.message, undefined])
  })

  it('says it again when it fails again after it was well', async () => {
    const { state, options, pass } = bench(denied)
    const keys = keysFromParameter('/keys', options)
    for (const answer of [denied, documentOf(k1), denied]) {
      state.answer = answer
      await keys.refresh()
      pass(300)
    }
    expect(state.lines).toHaveLength(2)
  })

  it('is tried again after 1, 2, 4 … seconds, and never later than a time to live', async () => {
    const { state, options, pass } = bench(denied)
    const keys = keysFromParameter('/keys', { ...options, ttlSeconds: 10 })
    await keys.refresh()
    const waits: number[] = []
    for (let seconds = 0; waits.length < 6; ) {
      pass(1)
      seconds += 1
      const loads = state.loads
      await keys.refresh()
      if (state.loads > loads) {
        waits.push(seconds)
        seconds = 0
      }
    }
    expect(waits).toEqual([1, 2, 4, 8, 10, 10])
  })

  it('takes up what it finds when it is back', async () => {
    const { state, options, pass } = bench(denied)
    const keys = keysFromParameter('/keys', options)
    await keys.refresh()
    pass(1)
    state.answer = documentOf(k2, k1)
    await keys.refresh()
    expect([keys.current().signer?.id, keys.status().state, keys.isBehind()]).toEqual(['k2', 'live', false])
  })

  it('does not fail a request by a sink for lines that throws', async () => {
    const { options } = bench(denied)
    const warn = () => {
      throw new Error('no sink')
    }
    await expect(keysFromParameter('/keys', { ...options, warn }).refresh()).resolves.toBeUndefined()
  })
})

describe('set-up', () => {
  it.each([
    ['no name', '', {}],
    ['a time to live of 0', '/keys', { ttlSeconds: 0 }],
    ['a deadline of NaN', '/keys', { deadlineMs: Number.NaN }],
    ['a deadline that is a text', '/keys', { deadlineMs: '1s' as never }],
    ['a jitter above 1', '/keys', { jitter: 2 }],
  ])('refuses %s', (_what, name, options) => {
    for (const make of [keysFromParameter, keysFromSecret]) {
      expect(() => make(name, options)).toThrow(expect.objectContaining({ code: 'bad_option' }))
    }
  })

  it('shows no secret of the keys it holds', async () => {
    const { options } = bench(documentOf(k1, { id: 'k2', secret: secretOf(0x42) }))
    const keys = keysFromParameter('/keys', options)
    await keys.refresh()
    const shown = inspect([keys, keys.current()], { depth: 9, showHidden: true, getters: true }) + JSON.stringify(keys)
    for (const secret of [k1.secret, secretOf(0x42)]) expect(shown).not.toContain(secret.slice(0, 12))
  })
})
