import middy from '@middy/core'
import { expect, it } from 'vitest'
import { honourDecisions } from '../src/honour-decisions.ts'
import { flags, keys } from './fixture.ts'

it('waits for what observers still write, after an answer and after an error, and changes neither', async () => {
  const said: string[] = []
  const observer = {
    end: () => void said.push('end'),
    flush: async () => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      said.push('flushed')
      return 'no response'
    },
  }
  const use = honourDecisions({ flags, keys, observers: [observer] })
  const answering = middy(async () => ({ statusCode: 204 })).use(use)
  expect(await answering({}, {} as never)).toEqual({ statusCode: 204 })
  const failing = middy(async () => {
    throw new Error('boom')
  }).use(honourDecisions({ flags, keys, observers: [observer] }))
  await expect(failing({}, {} as never)).rejects.toThrow('boom')
  expect(said).toEqual(['end', 'flushed', 'end', 'flushed'])
})
