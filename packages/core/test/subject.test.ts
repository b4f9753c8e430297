import { describe, expect, test } from 'vitest'
import { keyRing } from '../src/keys.ts'
import type { EvaluationContext } from '../src/source.ts'
import { canonicalKey } from '../src/subject.ts'

describe('the canonical key of a context', () => {
  test.each<[EvaluationContext, string]>([
    [{ key: 'ada' }, 'ada'],
    [{ kind: 'user', key: 'ada', plan: 'gold' }, 'ada'],
    [{ kind: 'org', key: 'acme' }, 'org:acme'],
    [{ kind: 'org', key: 'a:b%c' }, 'org:a%3Ab%25c'],
    [{ kind: 'multi', user: { key: 'ada' }, org: { key: 'acme' } }, 'org:acme:user:ada'],
    [{ kind: 'multi', org: { key: 'acme' }, user: { key: 'ada' } }, 'org:acme:user:ada'],
  ])('of %j is %s', (context, key) => {
    expect(canonicalKey(context)).toBe(key)
  })

  test('of one kind is the same with and without the wrapping', () => {
    expect(canonicalKey({ kind: 'multi', user: { key: 'ada' } })).toBe(canonicalKey({ key: 'ada' }))
    expect(canonicalKey({ kind: 'multi', org: { key: 'acme' } })).toBe(canonicalKey({ kind: 'org', key: 'acme' }))
  })

  test('is never that of another subject, whatever users call themselves', () => {
    const others = ['org:acme', 'org:acme:user:ada', 'org%3Aacme', 'user:ada']
    const keys = others.map((key) => canonicalKey({ key }))
    const real = [
      canonicalKey({ kind: 'org', key: 'acme' }),
      canonicalKey({ kind: 'multi', org: { key: 'acme' }, user: { key: 'ada' } }),
      canonicalKey({ key: 'ada' }),
    ]
    expect(new Set([...keys, ...real]).size).toBe(others.length + real.length)
  })

  test.each<[string, unknown]>([
    ['no context', undefined],
    ['null', null],
    ['a text', 'ada'],
    ['a list', ['ada']],
    ['no key', {}],
    ['an empty key', { key: '' }],
    ['a key that is a number', { key: 42 }],
    ['a kind that is no name', { kind: 'a:b', key: 'x' }],
    ['an empty kind', { kind: '', key: 'x' }],
    ['a multi-kind context without kinds', { kind: 'multi' }],
    ['a multi-kind context of which one kind has no key', { kind: 'multi', user: { key: 'ada' }, org: {} }],
    ['a multi-kind context of which one kind is text', { kind: 'multi', user: 'ada' }],
  ])('is absent where there is no subject: %s', (_what, context) => {
    expect(canonicalKey(context as EvaluationContext)).toBeUndefined()
  })
})

test('a fingerprint says nothing of the id, and is another under another secret', () => {
  const ring = (fill: number) => keyRing({ subjectSecret: Buffer.alloc(32, fill) })
  const fingerprint = ring(1).fingerprint('ada@example.com') ?? ''
  expect(fingerprint).toMatch(/^[A-Za-z0-9_-]{16}$/)
  expect(fingerprint).toBe(ring(1).fingerprint('ada@example.com'))
  expect(fingerprint).not.toBe(ring(2).fingerprint('ada@example.com'))
  expect(Buffer.from(fingerprint, 'base64url').toString('latin1')).not.toContain('ada')
})
