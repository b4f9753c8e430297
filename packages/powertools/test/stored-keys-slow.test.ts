import { describe, expect, it, vi } from 'vitest'
import { keysFromParameter } from '../src/parameter.ts'
import { bench, documentOf, k1, k2, serviceError } from './key-fixture.ts'

describe('when the store is slow', () => {
  it('a request waits until its deadline, and what comes later is used by the next', async () => {
    const { state, options } = bench(documentOf(k1))
    const { promise, resolve } = Promise.withResolvers<string>()
    state.answer = promise
    const keys = keysFromParameter('/keys', { ...options, deadlineMs: 5 })
    await keys.refresh()
    expect([keys.current().empty, keys.status().trouble]).toEqual([true, 'keys_unavailable'])
    expect(state.lines[0]).toMatchObject({ code: 'keys_unavailable', error: 'DeadlineExceeded' })
    resolve(documentOf(k1))
    await vi.waitUntil(() => !keys.current().empty)
    expect([keys.status().state, keys.refresh()]).toEqual(['live', undefined])
  })

  it('a late answer never replaces a newer one', async () => {
    const { state, options, pass } = bench(documentOf(k1))
    const { promise, resolve } = Promise.withResolvers<string>()
    state.answer = promise
    const keys = keysFromParameter('/keys', { ...options, deadlineMs: 5 })
    await keys.refresh()
    pass(1)
    state.answer = documentOf(k2, k1)
    await keys.refresh()
    resolve(documentOf(k1))
    await promise
    await new Promise((done) => setImmediate(done))
    expect(keys.current().signer?.id).toBe('k2')
  })

  it('a load that was frozen with its environment is not waited for', async () => {
    const { state, options, pass } = bench(documentOf(k1))
    state.answer = Promise.withResolvers<string>().promise
    const keys = keysFromParameter('/keys', { ...options, deadlineMs: 60_000 })
    void keys.refresh()
    pass(3600)
    state.answer = documentOf(k1)
    await keys.refresh()
    expect([keys.current().signer?.id, state.loads]).toEqual(['k1', 2])
  })

  it('a load that fails after its deadline has failed once, not twice', async () => {
    const { state, options } = bench(documentOf(k1))
    const { promise, reject } = Promise.withResolvers<string>()
    state.answer = promise
    const keys = keysFromParameter('/keys', { ...options, deadlineMs: 5 })
    await keys.refresh()
    reject(serviceError('ThrottlingException'))
    await new Promise((done) => setImmediate(done))
    expect([keys.status().failures, state.lines.length]).toEqual([1, 1])
  })

  it('a frozen load that fails at last says nothing against the one that took its place', async () => {
    const { state, options, pass } = bench(documentOf(k1))
    const { promise, reject } = Promise.withResolvers<string>()
    state.answer = promise
    const keys = keysFromParameter('/keys', { ...options, deadlineMs: 60_000 })
    const frozen = keys.refresh()
    pass(3600)
    state.answer = documentOf(k1)
    await keys.refresh()
    reject(serviceError('ThrottlingException'))
    await frozen
    expect([keys.status().state, state.lines]).toEqual(['live', []])
  })

  it('leaves no timer behind that would keep the process awake', async () => {
    const { options } = bench(documentOf(k1))
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const before = timers()
    await keysFromParameter('/keys', { ...options, deadlineMs: 60_000 }).refresh()
    expect(timers()).toBe(before)
  })
})
