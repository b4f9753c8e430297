import { isWaybillError } from '@waybill/core'
import { describe, expect, it } from 'vitest'
import { ringOf } from '../src/key-document.ts'
import { documentOf, k1, k2, secretOf } from './key-fixture.ts'

const refusalOf = (text: string): string => {
  try {
    ringOf(text)
  } catch (error) {
    if (isWaybillError(error) && error.code === 'bad_key')
      return `${error.message} ${error.stack} ${String(error.cause)}`
    throw error
  }
  throw new Error('it was taken')
}

describe('a document of keys', () => {
  it('names the key that signs, those that verify, and the subjects’ secret', () => {
    const ring = ringOf(JSON.stringify({ signing: k2, verifying: [k1], subjectSecret: secretOf(9) }))
    expect(ring.signer?.id).toBe('k2')
    expect([ring.verifier('k1')?.id, ring.verifier('k2')?.id, ring.verifier('k3')]).toEqual(['k1', 'k2', undefined])
    expect(ring.fingerprint('user:ada')).toHaveLength(16)
  })

  it('may hold keys that only verify, for whoever honours and never decides', () => {
    const ring = ringOf(JSON.stringify({ verifying: [k1] }))
    expect([ring.signer, ring.verifier('k1')?.id, ring.empty]).toEqual([undefined, 'k1', false])
  })

  it('may say more of a key than is needed', () => {
    expect(ringOf(documentOf({ ...k1, madeOn: '2026-11-21' })).signer?.id).toBe('k1')
  })

  const short = Buffer.alloc(31, 0x41).toString('base64')
  it.each([
    ['an empty text', '', /not JSON/],
    ['garbage around a secret', `${k1.secret}, and so on`, /not JSON/],
    ['a document that was cut off', documentOf(k1, k2).slice(0, -9), /not JSON/],
    ['a list', JSON.stringify([k1]), /not an object/],
    ['null', 'null', /not an object/],
    ['a document without a key', '{}', /no key/],
    ['nothing but a subject secret', JSON.stringify({ subjectSecret: k1.secret }), /no key/],
    ['a misspelt member', JSON.stringify({ signing: k1, verifiers: [k2] }), /members other than/],
    ['a secret for a member', JSON.stringify({ [k1.secret]: 'k1' }), /members other than/],
    ['a key that is a text', JSON.stringify({ signing: `k1:${k1.secret}` }), /"signing" is not an object/],
    ['a key of null', JSON.stringify({ signing: null }), /"signing" is not an object/],
    ['keys that are no list', JSON.stringify({ signing: k1, verifying: k2 }), /not a list/],
    ['a key without a secret', documentOf(k1, { id: 'k2' }), /entry 1 of "verifying" lacks/],
    ['an id and a secret that were swapped', documentOf({ id: k1.secret, secret: 'k1' }), /id of a signing key/],
    ['a document of unsigned keys', JSON.stringify({ signing: { id: '-', secret: '' } }), /id of a signing key/],
    ['a secret of 31 bytes', documentOf({ id: 'k1', secret: short }), /31 bytes, at least 32/],
    ['a verifying secret of 31 bytes', documentOf(k1, { id: 'k2', secret: short }), /31 bytes, at least 32/],
    ['a subject secret of 31 bytes', JSON.stringify({ signing: k1, subjectSecret: short }), /31 bytes, at least 32/],
    ['a subject secret that is no text', JSON.stringify({ signing: k1, subjectSecret: 7 }), /not a text/],
    ['a secret that is not base64', documentOf({ id: 'k1', secret: `${k1.secret}!` }), /not base64/],
    ['an id used twice', documentOf(k1, { ...k2, id: 'k1' }), /"k1" is used twice/],
  ])('is refused whole, and not quoted, when it is %s', (_what, text, why) => {
    const refusal = refusalOf(text)
    expect(refusal).toMatch(why)
    for (const secret of [k1.secret, k2.secret, short]) expect(refusal).not.toContain(secret.slice(0, 12))
  })
})
